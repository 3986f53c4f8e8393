//! What must not be forgotten in the middle of the work on a task.

use serde::{Deserialize, Serialize};

use super::Task;
use crate::{Refusal, Time};

/// How many anchors a task may have.
pub const ANCHORS_MAX: usize = 20;
/// Longest anchor, in characters.
pub const ANCHOR_CHARS_MAX: usize = 500;

/// Something that must not be forgotten in the middle of the work. Agents may propose it; it counts
/// when the human or the PM has pinned it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Its number, in its task.
    pub number: u64,
    /// When it was pinned or proposed.
    pub at: Time,
    /// A role, or `human`.
    pub from: String,
    /// What.
    pub text: String,
    /// Whether agents are told it.
    pub standing: Standing,
}

/// Whether an anchor counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Agents are told it.
    Pinned,
    /// An agent thinks that they should be.
    Proposed,
}

impl Task {
    /// What agents are told.
    pub fn pinned(&self) -> impl Iterator<Item = &Anchor> {
        self.anchors.iter().filter(|anchor| anchor.standing == Standing::Pinned)
    }

    /// Pins or proposes what must not be forgotten. What is pinned takes the place of a proposal where
    /// there is no other; its number.
    ///
    /// # Errors
    /// When it is empty or too long, or there are too many.
    pub(crate) fn pin(
        &mut self,
        at: Time,
        from: &str,
        text: &str,
        standing: Standing,
    ) -> Result<u64, Refusal> {
        let (text, max) = (text.trim(), ANCHOR_CHARS_MAX);
        let len = text.chars().count();
        if len > max {
            return Err(Refusal::TooLong { what: "the anchor", len, max });
        }
        if text.is_empty() {
            return Err(Refusal::EmptyAnchor);
        }
        if self.anchors.len() >= ANCHORS_MAX {
            let is_proposed = |anchor: &Anchor| anchor.standing == Standing::Proposed;
            let gives_way = self.anchors.iter().position(is_proposed);
            let gives_way = gives_way.filter(|_| standing == Standing::Pinned);
            self.anchors.remove(gives_way.ok_or(Refusal::TooManyAnchors(self.id))?);
        }
        self.anchored += 1;
        let (number, from, text) = (self.anchored, from.to_owned(), text.to_owned());
        self.anchors.push(Anchor { number, at, from, text, standing });
        Ok(number)
    }

    /// Pins what was proposed.
    ///
    /// # Errors
    /// When there is no such anchor, or it is pinned.
    pub(crate) fn promote(&mut self, number: u64) -> Result<(), Refusal> {
        let missing = Refusal::NoAnchor { task: self.id, anchor: number };
        let anchor = self.anchors.iter_mut().find(|anchor| anchor.number == number);
        let anchor = anchor.ok_or(missing)?;
        if anchor.standing == Standing::Pinned {
            return Err(Refusal::Already("it is pinned already"));
        }
        anchor.standing = Standing::Pinned;
        Ok(())
    }

    /// Lets what is pinned or proposed be forgotten.
    ///
    /// # Errors
    /// When there is no such anchor.
    pub(crate) fn unpin(&mut self, number: u64) -> Result<(), Refusal> {
        let missing = Refusal::NoAnchor { task: self.id, anchor: number };
        let at = self.anchors.iter().position(|anchor| anchor.number == number);
        self.anchors.remove(at.ok_or(missing)?);
        Ok(())
    }
}
