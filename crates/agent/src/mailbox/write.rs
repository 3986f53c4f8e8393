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

    /// Drops work for a role under a name of the caller's, `<role>.<name>.trigger`, so that it can
    /// be withdrawn and no other with it. Returns the name of the file. If it waits there already,
    /// it stays as it is.
    pub fn write_trigger_named(
        &self,
        role: &str,
        name: &str,
        text: &str,
    ) -> Result<String, MailboxError> {
        let file = trigger_name(role, name)?;
        check_text(text)?;
        self.folder(Kind::Trigger.into())?.publish(&file, text.as_bytes())?;
        Ok(file)
    }

    /// Takes `<role>.trigger` back.
    pub fn withdraw_trigger(&self, role: &str) -> Result<Withdrawn, MailboxError> {
        check_role(role)?;
        self.withdraw(&format!("{role}.trigger"))
    }

    /// Takes `<role>.<name>.trigger` back.
    pub fn withdraw_trigger_named(
        &self,
        role: &str,
        name: &str,
    ) -> Result<Withdrawn, MailboxError> {
        self.withdraw(&trigger_name(role, name)?)
    }

    fn withdraw(&self, file: &str) -> Result<Withdrawn, MailboxError> {
        let was_there = self.folder(Kind::Trigger.into())?.remove(file)?;
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

fn trigger_name(role: &str, name: &str) -> Result<String, MailboxError> {
    check_role(role)?;
    if !name::is_role(name) {
        return Err(MailboxError::BadName(name.to_owned()));
    }
    Ok(format!("{role}.{name}.trigger"))
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
