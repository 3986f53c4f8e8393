//! Labels and assignees: sets that both sides may change.
//!
//! They cannot contradict each other. What both agreed on last was there or not, so of one member there
//! is one change to make, and both sides have made it or one of them has.

use std::collections::BTreeSet;

/// What was added to a set, and what was taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// What is new.
    pub added: BTreeSet<String>,
    /// What is gone.
    pub gone: BTreeSet<String>,
}

impl Changed {
    /// What people changed there since both sides agreed. What a change of ours under way adds or takes
    /// is no news, whether it is done already or not.
    pub(super) fn there(
        agreed: &BTreeSet<String>,
        flight: Option<&BTreeSet<String>>,
        there: &BTreeSet<String>,
    ) -> Self {
        let is_ours =
            |it: &&String| flight.is_some_and(|set| set.contains(*it) != agreed.contains(*it));
        let is_news = |it: &&String| !is_ours(it);
        Self {
            added: there.difference(agreed).filter(is_news).cloned().collect(),
            gone: agreed.difference(there).filter(is_news).cloned().collect(),
        }
    }

    /// What we have to change there. What people changed meanwhile is left as they want it.
    pub(super) fn ours(
        known: &[&BTreeSet<String>],
        agreed: Option<&BTreeSet<String>>,
        want: &BTreeSet<String>,
        there: &BTreeSet<String>,
    ) -> Self {
        let was_agreed = |it: &&String| agreed.is_some_and(|agreed| agreed.contains(*it));
        let is_known = |it: &&String| known.iter().any(|known| known.contains(*it));
        Self {
            added: want.difference(there).filter(|it| !was_agreed(it)).cloned().collect(),
            gone: there.difference(want).filter(is_known).cloned().collect(),
        }
    }

    /// Whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.gone.is_empty()
    }

    /// Changes a set in the same way. Upper and lower case are the same.
    pub(crate) fn apply(&self, set: &mut BTreeSet<String>) {
        set.retain(|it| !self.gone.contains(&it.to_lowercase()));
        let is_there = |it: &&String| set.iter().any(|known| known.to_lowercase() == **it);
        let new: Vec<String> = self.added.iter().filter(|it| !is_there(it)).cloned().collect();
        set.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> BTreeSet<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_people_changed_is_told_from_what_we_are_changing() {
        let check = |agreed: &str, flight: Option<&str>, there: &str, added: &str, gone: &str| {
            let flight = flight.map(set);
            let changed = Changed::there(&set(agreed), flight.as_ref(), &set(there));
            let expect = Changed { added: set(added), gone: set(gone) };
            assert_eq!(changed, expect, "{agreed:?} {flight:?} {there:?}");
        };
        check("a b", None, "a b", "", "");
        check("a b", None, "b c", "c", "a");
        check("a", Some("a b"), "a", "", "");
        check("a", Some("a b"), "a b", "", "");
        check("a b", Some("a"), "a b", "", "");
        check("a b", Some("a"), "a", "", "");
        check("a b", Some("a c"), "b d", "d", "a");
    }

    #[test]
    fn we_change_there_what_changed_here() {
        let check = |agreed: Option<&str>, want: &str, there: &str, added: &str, gone: &str| {
            let agreed = agreed.map(set);
            let changed = Changed::ours(
                &agreed.iter().collect::<Vec<_>>(),
                agreed.as_ref(),
                &set(want),
                &set(there),
            );
            let expect = Changed { added: set(added), gone: set(gone) };
            assert_eq!(changed, expect, "{agreed:?} {want:?} {there:?}");
        };
        check(None, "a", "b", "a", "");
        check(Some("a"), "b", "a", "b", "a");
        check(Some("a"), "a", "", "", "");
        check(Some("a"), "a", "a c", "", "");
        check(Some("a"), "", "", "", "");
    }

    #[test]
    fn case_does_not_matter() {
        let mut labels = set("Docs Good");
        Changed { added: set("docs new"), gone: set("good") }.apply(&mut labels);
        assert_eq!(labels, set("Docs new"));
    }
}
