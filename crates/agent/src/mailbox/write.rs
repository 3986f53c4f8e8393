//! Writing messages, for programs that want no part in the rules of writing them.

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

    /// Takes `<role>.trigger` back.
    pub fn withdraw_trigger(&self, role: &str) -> Result<Withdrawn, MailboxError> {
        check_role(role)?;
        let was_there = self.folder(Kind::Trigger.into())?.remove(&format!("{role}.trigger"))?;
        Ok(if was_there { Withdrawn::Yes } else { Withdrawn::TooLate })
    }

    fn drop_message(&self, kind: Kind, role: &str, text: &str) -> Result<String, MailboxError> {
        check_role(role)?;
        if text.len() as u64 > TEXT_BYTES_MAX {
            return Err(MailboxError::BadText("is larger than 256 KiB".into()));
        }
        inspect::text_of(text.into()).map_err(MailboxError::BadText)?;
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

fn check_role(role: &str) -> Result<(), MailboxError> {
    if name::is_role(role) { Ok(()) } else { Err(MailboxError::BadRole(role.to_owned())) }
}
