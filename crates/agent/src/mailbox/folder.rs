//! One directory of a mailbox, held open: everything in it is named relative to it, and no link
//! is followed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::MailboxError;

/// A directory that is one.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// What is known of a file without opening it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: OsString,
    pub(crate) file_type: FileType,
    pub(crate) bytes: u64,
    pub(crate) inode: u64,
    /// Last write, in ms since 1970; may lie in the future.
    pub(crate) written_ms: u64,
    /// Last change of the inode, in ns since 1970. No program can set it.
    pub(crate) changed_ns: u64,
}

/// What became of a file that was to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Yes,
    /// Someone else moved or removed it before.
    Vanished,
}

impl Folder {
    /// Opens a directory, which is made if it is not there. A link to one is an error.
    pub(crate) fn open(path: &Path, mode: u32) -> Result<Self, MailboxError> {
        let io = |errno: Errno| MailboxError::Io { path: path.to_owned(), error: errno.into() };
        match rustix::fs::mkdirat(CWD, path, Mode::from_raw_mode(mode)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(io(errno)),
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Ok(fd) => Ok(Self { fd, path: path.to_owned() }),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                Err(MailboxError::NotADirectory { path: path.to_owned() })
            }
            Err(errno) => Err(io(errno)),
        }
    }

    /// Up to `max` names, in no order.
    pub(crate) fn names(&self, max: usize) -> Result<Vec<OsString>, MailboxError> {
        let dir = Dir::read_from(&self.fd).map_err(|errno| self.error(errno))?;
        let mut names = Vec::new();
        for entry in dir {
            let entry = entry.map_err(|errno| self.error(errno))?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
            if names.len() >= max {
                break;
            }
        }
        Ok(names)
    }

    /// Looks at a file; `None` when it has vanished.
    pub(crate) fn entry(&self, name: &OsStr) -> Result<Option<Entry>, MailboxError> {
        let stat = match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(self.error(errno)),
        };
        let positive = |number: i64| u64::try_from(number).unwrap_or_default();
        let (written, changed) = (positive(stat.st_mtime), positive(stat.st_ctime));
        Ok(Some(Entry {
            name: name.to_owned(),
            file_type: FileType::from_raw_mode(stat.st_mode),
            bytes: positive(stat.st_size),
            inode: stat.st_ino,
            written_ms: written.saturating_mul(1_000) + stat.st_mtime_nsec as u64 / 1_000_000,
            changed_ns: changed.saturating_mul(1_000_000_000) + stat.st_ctime_nsec as u64,
        }))
    }

    /// Opens a regular file to read, however it is replaced meanwhile; `None` when it has
    /// vanished, an error of kind `InvalidInput` when it is something else.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<Option<File>> {
        // Without NONBLOCK, opening a FIFO would wait for a writer for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(io::ErrorKind::InvalidInput.into()),
            Err(errno) => return Err(errno.into()),
        };
        if file.metadata()?.is_file() {
            Ok(Some(file))
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        }
    }

    /// Moves a file, never over another.
    pub(crate) fn move_to(
        &self,
        name: &OsStr,
        to: &Self,
        new_name: &OsStr,
    ) -> Result<Moved, MailboxError> {
        match rename_new(&self.fd, name, &to.fd, new_name) {
            Ok(()) => Ok(Moved::Yes),
            Err(Errno::NOENT) => Ok(Moved::Vanished),
            Err(errno) => Err(self.error_at(name, errno)),
        }
    }

    /// Writes a file so that it appears whole, or not at all, under a name that is free: `name`
    /// must not exist. The answer is `false` if it does.
    pub(crate) fn publish(&self, name: &str, bytes: &[u8]) -> Result<bool, MailboxError> {
        let aside = self.put_aside(bytes)?;
        match rename_new(&self.fd, aside.as_ref(), &self.fd, name.as_ref()) {
            Ok(()) => self.sync().map(|()| true),
            Err(errno) => {
                self.remove(&aside)?;
                let taken = errno == Errno::EXIST;
                if taken { Ok(false) } else { Err(self.error_at(name.as_ref(), errno)) }
            }
        }
    }

    /// Writes a file under a name that every reader leaves alone, and gives the name.
    pub(crate) fn put_aside(&self, bytes: &[u8]) -> Result<String, MailboxError> {
        let aside = temp_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, &aside, flags, Mode::from_raw_mode(0o644))
            .map_err(|errno| self.error_at(aside.as_ref(), errno))?;
        let mut file = File::from(fd);
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            self.remove(&aside)?;
            return Err(MailboxError::Io { path: self.path.join(aside), error });
        }
        self.sync()?;
        Ok(aside)
    }

    /// Lets a file that was put aside appear; `name` must be free.
    pub(crate) fn show(&self, aside: &str, name: &str) -> Result<(), MailboxError> {
        rename_new(&self.fd, aside.as_ref(), &self.fd, name.as_ref())
            .map_err(|errno| self.error_at(name.as_ref(), errno))?;
        self.sync()
    }

    /// Writes a small file of ours.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), MailboxError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW;
        let flags = flags | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::from_raw_mode(0o600))
            .map_err(|errno| self.error_at(name.as_ref(), errno))?;
        File::from(fd)
            .write_all(bytes)
            .map_err(|error| MailboxError::Io { path: self.path.join(name), error })
    }

    /// Removes a file; `false` when there was none.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, MailboxError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) => self.sync().map(|()| true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(self.error_at(name.as_ref(), errno)),
        }
    }

    /// `name`, or the first like it that neither a file nor a reason has.
    pub(crate) fn free_name(&self, name: &str) -> Result<String, MailboxError> {
        let name = if name.is_empty() { "unnamed" } else { name };
        let is_free = |name: &str| -> Result<bool, MailboxError> {
            let reason = format!("{name}.reason");
            Ok(self.entry(name.as_ref())?.is_none() && self.entry(reason.as_ref())?.is_none())
        };
        if is_free(name)? {
            return Ok(name.to_owned());
        }
        Ok(format!("{name}.{}", temp_name().trim_start_matches('.').trim_end_matches(".tmp")))
    }

    /// Removes all but the `max` files that changed last here. Directories stay: they hold what
    /// nobody looked into.
    pub(crate) fn keep_newest(&self, max: usize) -> Result<(), MailboxError> {
        let names = self.names(usize::MAX)?;
        if names.len() <= max {
            return Ok(());
        }
        let mut entries = Vec::new();
        for name in &names {
            entries.extend(self.entry(name)?.filter(|e| e.file_type != FileType::Directory));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.changed_ns));
        for entry in entries.iter().skip(max) {
            match rustix::fs::unlinkat(&self.fd, &entry.name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(self.error_at(&entry.name, errno)),
            }
        }
        Ok(())
    }

    /// Makes all moves in and out of it survive a power cut.
    pub(crate) fn sync(&self) -> Result<(), MailboxError> {
        rustix::fs::fsync(&self.fd).map_err(|errno| self.error(errno))
    }

    fn error(&self, errno: Errno) -> MailboxError {
        MailboxError::Io { path: self.path.clone(), error: errno.into() }
    }

    fn error_at(&self, name: &OsStr, errno: Errno) -> MailboxError {
        MailboxError::Io { path: self.path.join(name), error: errno.into() }
    }
}

/// Renames unless the new name is taken. Some file systems cannot do that in one step; then it is
/// looked before, which is as good while nobody else makes names like ours.
fn rename_new(from: &OwnedFd, name: &OsStr, to: &OwnedFd, new_name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::renameat_with(from, name, to, new_name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            match rustix::fs::statat(to, new_name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(Errno::EXIST),
                Err(Errno::NOENT) => rustix::fs::renameat(from, name, to, new_name),
                Err(errno) => Err(errno),
            }
        }
        result => result,
    }
}

/// A name that no scan looks at, and that nobody has: this process, this moment, this call.
fn temp_name() -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanoseconds = now.unwrap_or_default().as_nanos();
    format!(".{}-{nanoseconds}-{number}.tmp", std::process::id())
}
