//! Writing messages, for programs that want no part in the rules of writing them.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::name::{self, Kind};
use super::{Mailbox, MailboxError, TEXT_BYTES_MAX, inspect};

/// How many files may wait for one role.
const WAITING_MAX: u32 = 10_000;

/// What became of a trigger that was withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// It was still there, and nobody will see it now.
    Yes,
    /// It was taken, or never written.
    TooLate,
}

impl Mailbox {
    /// Drops work for a role. Returns the name of the file: `<role>.trigger`, or, if one waits
    /// there already, `<role>.2.trigger` and so on: nothing unread is written over.
    pub fn write_trigger(&self, role: &str, text: &str) -> Result<String, MailboxError> {
        self.drop_message(Kind::Trigger, role, text)
    }

    /// Drops what a role says about its work, under the same rule.
    pub fn write_response(&self, role: &str, text: &str) -> Result<String, MailboxError> {
        self.drop_message(Kind::Response, role, text)
    }

    /// Drops work for a role as `<role>.trigger`, in place of one that nobody took; however often
    /// this is done with the same note, it is dropped once. The note is a file of the caller's.
    ///
    /// The text waits aside until the note has its name, and appears by being renamed. So after a
    /// crash the note and what is aside tell whether it appeared, even if it was taken since.
    pub fn write_trigger_once(
        &self,
        role: &str,
        text: &str,
        note: &Path,
    ) -> Result<(), MailboxError> {
        check_role(role)?;
        check_text(text)?;
        let folder = self.folder(Kind::Trigger.into())?;
        let io = |error| MailboxError::Io { path: note.to_owned(), error };
        let aside = match std::fs::read_to_string(note) {
            Ok(aside) if folder.entry(aside.as_ref())?.is_none() => return Ok(()),
            Ok(aside) => aside,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let aside = folder.put_aside(text.as_bytes())?;
                write_note(note, &aside).map_err(io)?;
                aside
            }
            Err(error) => return Err(io(error)),
        };
        let file = format!("{role}.{}", Kind::Trigger);
        folder.remove(&file)?;
        folder.show(&aside, &file)
    }

    /// Takes `<role>.trigger` back.
    pub fn withdraw_trigger(&self, role: &str) -> Result<Withdrawn, MailboxError> {
        check_role(role)?;
        let was_there = self.folder(Kind::Trigger.into())?.remove(&format!("{role}.trigger"))?;
        Ok(if was_there { Withdrawn::Yes } else { Withdrawn::TooLate })
    }

    fn drop_message(&self, kind: Kind, role: &str, text: &str) -> Result<String, MailboxError> {
        check_role(role)?;
        check_text(text)?;
        let folder = self.folder(kind.into())?;
        for number in 1..=WAITING_MAX {
            let name = match number {
                1 => format!("{role}.{kind}"),
                _ => format!("{role}.{number}.{kind}"),
            };
            if folder.entry(name.as_ref())?.is_none() && folder.publish(&name, text.as_bytes())? {
                return Ok(name);
            }
        }
        Err(MailboxError::Full { role: role.to_owned() })
    }
}

/// Whole or not at all, and on the disk.
fn write_note(note: &Path, text: &str) -> io::Result<()> {
    let parent = note.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let temp = note.with_extension("tmp");
    let mut file = File::create(&temp)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temp, note)?;
    File::open(parent)?.sync_all()
}

fn check_text(text: &str) -> Result<(), MailboxError> {
    if text.len() as u64 > TEXT_BYTES_MAX {
        return Err(MailboxError::BadText("is larger than 256 KiB".into()));
    }
    inspect::text_of(text.into()).map_err(MailboxError::BadText).map(drop)
}

fn check_role(role: &str) -> Result<(), MailboxError> {
    if name::is_role(role) { Ok(()) } else { Err(MailboxError::BadRole(role.to_owned())) }
}
