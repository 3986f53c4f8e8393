//! The mailbox: a directory through which any program can take part, by files alone.
//!
//! ```text
//!  cron, scripts, people ──▶ triggers/<role>.trigger ──┐        ┌─▶ archive/    the newest
//!  agents ────────────────▶ responses/<role>.response ─┴▶ taken/ ┴─▶ rejected/  with the reason
//!                                              rename, then read   once its event is stored
//! ```
//!
//! This module knows files only; what a text means is `crew_core::protocol`.
//!
//! Invariants:
//! * A file is taken by one rename before it is read, so one drop is taken once; and the name in
//!   `taken/` is unique per drop, so that the same text dropped twice counts twice.
//! * It stays in `taken/` until [`Mailbox::archive`] or [`Mailbox::reject`]: whatever is killed in
//!   between, [`Mailbox::pending`] finds it again, with the same key.
//! * Nothing is deleted unread. What cannot be a message is set aside with the reason next to it.
//! * Nothing in there is trusted: no symbolic link is followed, no pipe waited for, no size
//!   believed. The five directories themselves must be directories and not links.

pub(crate) mod folder;
mod inspect;
mod name;
mod watch;
mod write;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crew_core::{Millis, Time};

use folder::{Entry, Folder, Moved};
use inspect::Verdict;
use name::Named;

pub use name::Kind;
pub use watch::Watch;
pub use write::Withdrawn;

/// Largest file that can be a message.
pub const TEXT_BYTES_MAX: u64 = 256 << 10;
/// How many files one scan takes at most; the rest waits where it is.
const TAKEN_PER_SCAN_MAX: usize = 1_000;
/// How many entries of a directory one scan looks at.
const ENTRIES_PER_SCAN_MAX: usize = 20_000;
/// What was set aside is kept in this number, reasons counted.
const REJECTED_MAX: usize = 2_000;
/// The archive is pruned at one in so many additions; counting it at each would be quadratic.
const PRUNE_EVERY: usize = 128;

/// How a mailbox is read.
#[derive(Clone, Debug)]
pub struct Rules {
    /// A file that changed less than this ago may still be being written, by programs that do not
    /// write aside and rename. One that a [`Watch`] saw renamed into place does not wait.
    pub settle: Millis,
    /// An empty file is left alone for so long; most are about to be filled.
    pub empty_patience: Millis,
    /// Roles that another program plays: their triggers are for it to take.
    pub external_roles: BTreeSet<String>,
    /// How many archived files are kept.
    pub archived_max: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            settle: Millis(250),
            empty_patience: Millis::seconds(10),
            external_roles: BTreeSet::new(),
            archived_max: 1_000,
        }
    }
}

/// A file that was taken, and is ours until it is archived or rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Names this drop for ever: SHA-256 of its name in `taken/` and its text, in hex.
    pub key: String,
    /// Trigger or response.
    pub kind: Kind,
    /// Whom it is for, or from.
    pub role: String,
    /// The name that it had, with unusual characters replaced.
    pub name: String,
    /// What it says.
    pub text: String,
    /// Its name in `taken/`.
    pub file: String,
}

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its name in `rejected/`; next to it is `<name>.reason`.
    pub name: String,
    /// What was wrong with it, and a hint.
    pub reason: String,
}

/// What one look at the mailbox gave.
#[derive(Debug, Default)]
pub struct Scan {
    /// In the order in which they were dropped, as far as the file system's clock tells; it may
    /// tick every 4 ms only.
    pub taken: Vec<Taken>,
    /// What can be no message.
    pub rejected: Vec<Rejected>,
    /// How many were left for a later scan: still being written, or more than one scan takes.
    pub later: usize,
    /// What could not be done, and will be tried again by the next scan.
    pub troubles: Vec<MailboxError>,
}

/// Why the mailbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// One of its directories is something else.
    #[error("{path} is no directory (or a link to one); hint: move it away, it will be made anew")]
    NotADirectory {
        /// The directory.
        path: PathBuf,
    },
    /// Something failed on disk.
    #[error("{path}: {error}; hint: is the disk full, or does it belong to another user?")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What failed.
        error: io::Error,
    },
    /// A role that no file can be named after.
    #[error("`{0}` cannot be a role; hint: use a-z, 0-9 and -, at most 64 of them")]
    BadRole(String),
    /// A text that no mailbox would take.
    #[error("the text {0}; hint: put long or binary content into a file and name it")]
    BadText(String),
    /// Nobody takes what is there.
    #[error("{role} has too many files waiting; hint: does anyone read the mailbox?")]
    Full {
        /// The role.
        role: String,
    },
    /// The system does not tell about changes; scans still see them.
    #[error(
        "{path} cannot be watched: {message}; hint: on Linux, raise fs.inotify.max_user_watches"
    )]
    Watch {
        /// The directory.
        path: PathBuf,
        /// What failed.
        message: String,
    },
}

/// The parts of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Triggers,
    Responses,
    Taken,
    Archive,
    Rejected,
}

impl Part {
    const ALL: [Self; 5] =
        [Self::Triggers, Self::Responses, Self::Taken, Self::Archive, Self::Rejected];

    fn directory(self) -> &'static str {
        match self {
            Self::Triggers => "triggers",
            Self::Responses => "responses",
            Self::Taken => "taken",
            Self::Archive => "archive",
            Self::Rejected => "rejected",
        }
    }

    /// Others may put mail in; what was taken is nobody else's business.
    fn mode(self) -> u32 {
        match self {
            Self::Triggers | Self::Responses => 0o755,
            Self::Taken | Self::Archive | Self::Rejected => 0o700,
        }
    }
}

impl From<Kind> for Part {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Trigger => Self::Triggers,
            Kind::Response => Self::Responses,
        }
    }
}

/// One team's mailbox, `<repo>/.crew/shared`.
#[derive(Debug)]
pub struct Mailbox {
    root: PathBuf,
    rules: Rules,
    /// Counts what went into the archive and among the rejected.
    put_away: AtomicUsize,
    /// Names in `taken/` that no scan has returned yet: what was moved, and could not be synced
    /// or read at once.
    unread: Mutex<BTreeSet<String>>,
    /// What a watch saw come in whole.
    arrivals: watch::Arrivals,
}

impl Mailbox {
    /// Opens a mailbox and makes what is not there.
    pub fn open(shared_dir: &Path, rules: Rules) -> Result<Self, MailboxError> {
        std::fs::create_dir_all(shared_dir)
            .map_err(|error| MailboxError::Io { path: shared_dir.to_owned(), error })?;
        let mailbox = Self {
            root: shared_dir.to_owned(),
            rules,
            put_away: AtomicUsize::new(0),
            unread: Mutex::default(),
            arrivals: watch::Arrivals::default(),
        };
        for part in Part::ALL {
            mailbox.folder(part)?;
        }
        mailbox.prune()?;
        Ok(mailbox)
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Takes what is there. This is the truth about the mailbox; a [`Watch`] only says when to
    /// look. What it returns is on disk in `taken/` to stay.
    pub fn scan(&self, now: Time) -> Scan {
        let mut scan = Scan::default();
        for kind in [Kind::Trigger, Kind::Response] {
            if let Err(trouble) = self.take_all(kind, now, &mut scan) {
                scan.troubles.push(trouble);
            }
        }
        if let Err(trouble) = self.read_all(&mut scan) {
            scan.troubles.push(trouble);
        }
        scan
    }

    /// Everything that was taken and neither archived nor rejected yet, what a scan has returned
    /// before included: to be called on start, and again after something could not be recorded.
    pub fn pending(&self) -> Result<Scan, MailboxError> {
        let names = self.folder(Part::Taken)?.names(usize::MAX)?;
        let names = names.iter().map(|name| name.to_string_lossy().into_owned());
        self.unread().extend(names);
        let mut scan = Scan::default();
        self.read_all(&mut scan)?;
        Ok(scan)
    }

    /// Puts a file away for good, after what it says was stored. Doing it again is no error.
    pub fn archive(&self, taken: &Taken) -> Result<(), MailboxError> {
        let (from, to) = (self.folder(Part::Taken)?, self.folder(Part::Archive)?);
        from.move_to(taken.file.as_ref(), &to, taken.file.as_ref())?;
        self.count_put_away()
    }

    /// Sets a taken file aside with the reason next to it, for instance because it does not say
    /// what a response must say. `None` if it was put away before.
    pub fn reject(&self, taken: &Taken, reason: &str) -> Result<Option<Rejected>, MailboxError> {
        let from = self.folder(Part::Taken)?;
        self.set_aside(&from, taken.file.as_ref(), &taken.name, reason)
    }

    /// Moves what can be taken into `taken/`, and notes it as unread.
    fn take_all(&self, kind: Kind, now: Time, scan: &mut Scan) -> Result<(), MailboxError> {
        let inbox = self.folder(kind.into())?;
        let taken = self.folder(Part::Taken)?;
        let mut room = TAKEN_PER_SCAN_MAX.saturating_sub(self.unread().len());
        let room_before = room;
        for entry in self.mail_in(&inbox, kind, scan)? {
            let path = self.root.join(Part::from(kind).directory()).join(&entry.name);
            match inspect::look(&entry, self.arrivals.take(&path), now, &self.rules) {
                Verdict::Later => scan.later += 1,
                Verdict::Good if room == 0 => scan.later += 1,
                Verdict::Good => {
                    let file = name::taken_name(kind, &entry);
                    if inbox.move_to(&entry.name, &taken, file.as_ref())? == Moved::Yes {
                        self.unread().insert(file);
                        room -= 1;
                    }
                }
                Verdict::Bad(reason) => self.refuse(&inbox, &entry.name, &reason, scan),
            }
        }
        if room == room_before {
            return Ok(());
        }
        // Before anyone acts on them: a power cut must not put them back into the inbox.
        taken.sync()?;
        inbox.sync()
    }

    /// Reads what is unread, in the order in which it was dropped. What fails stays unread.
    fn read_all(&self, scan: &mut Scan) -> Result<(), MailboxError> {
        let taken = self.folder(Part::Taken)?;
        if self.unread().is_empty() {
            return Ok(());
        }
        // What could not be synced when it was moved must be before anyone acts on it.
        taken.sync()?;
        let mut files: Vec<String> = std::mem::take(&mut *self.unread()).into_iter().collect();
        files.sort_by_cached_key(|file| (name::dropped_at(file), file.clone()));
        for file in files {
            match inspect::read(&taken, &file) {
                Ok(Some(Ok(message))) => scan.taken.push(message),
                Ok(Some(Err(reason))) => self.refuse(&taken, file.as_ref(), &reason, scan),
                Ok(None) => {}
                Err(error) => {
                    let path = self.root.join(Part::Taken.directory()).join(&file);
                    scan.troubles.push(MailboxError::Io { path, error });
                    self.unread().insert(file);
                }
            }
        }
        Ok(())
    }

    fn unread(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What looks like mail, in the order in which it was dropped.
    fn mail_in(
        &self,
        inbox: &Folder,
        kind: Kind,
        scan: &mut Scan,
    ) -> Result<Vec<Entry>, MailboxError> {
        let mut mail = Vec::new();
        let names = inbox.names(ENTRIES_PER_SCAN_MAX)?;
        scan.later += usize::from(names.len() == ENTRIES_PER_SCAN_MAX);
        for name in names {
            match name::classify(kind, &name) {
                Named::Mail { role } if kind == Kind::Trigger && self.is_external(&role) => {}
                Named::Mail { .. } => mail.extend(inbox.entry(&name)?),
                Named::Other => {}
                Named::Bad(reason) => self.refuse(inbox, &name, &reason, scan),
            }
        }
        mail.sort_by(|a, b| (a.changed_ns, &a.name).cmp(&(b.changed_ns, &b.name)));
        Ok(mail)
    }

    fn is_external(&self, role: &str) -> bool {
        self.rules.external_roles.contains(role)
    }

    /// Sets something aside, and reports it. What cannot be moved is seen by the next scan again.
    fn refuse(&self, from: &Folder, name: &OsStr, reason: &str, scan: &mut Scan) {
        let display = name.to_string_lossy();
        match self.set_aside(from, name, name::original(&display), reason) {
            Ok(rejected) => scan.rejected.extend(rejected),
            Err(trouble) => scan.troubles.push(trouble),
        }
    }

    /// The reason first: after a crash a reason without its file is only odd. `None` if the file
    /// has vanished.
    fn set_aside(
        &self,
        from: &Folder,
        name: &OsStr,
        display: &str,
        reason: &str,
    ) -> Result<Option<Rejected>, MailboxError> {
        let aside = self.folder(Part::Rejected)?;
        let name_aside = aside.free_name(&name::sanitized(display))?;
        aside.write(&format!("{name_aside}.reason"), format!("{reason}\n").as_bytes())?;
        if from.move_to(name, &aside, name_aside.as_ref())? == Moved::Vanished {
            aside.remove(&format!("{name_aside}.reason"))?;
            return Ok(None);
        }
        self.count_put_away()?;
        Ok(Some(Rejected { name: name_aside, reason: reason.to_owned() }))
    }

    fn count_put_away(&self) -> Result<(), MailboxError> {
        let before = self.put_away.fetch_add(1, Ordering::Relaxed);
        if before % PRUNE_EVERY == PRUNE_EVERY - 1 { self.prune() } else { Ok(()) }
    }

    fn prune(&self) -> Result<(), MailboxError> {
        self.folder(Part::Archive)?.keep_newest(self.rules.archived_max)?;
        self.folder(Part::Rejected)?.keep_newest(REJECTED_MAX)
    }

    /// Opened anew each time: people remove and make these directories as they like.
    fn folder(&self, part: Part) -> Result<Folder, MailboxError> {
        Folder::open(&self.root.join(part.directory()), part.mode())
    }
}
