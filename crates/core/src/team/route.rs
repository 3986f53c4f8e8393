//! Who plays a role for a task: one ordered list of providers, of which the first that serves plays.
//!
//! The list stands with the role (`provider`), or it is that of a tier; `fallback` follows. Which tier is
//! a matter of the role, of rules about the task, and of how often the work had to be done again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rule::is_below;
use super::{Role, Team};
use crate::task::{Priority, Task};
use crate::{ProviderName, RoleName};

/// How able, and how dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// For what anybody can do.
    Cheap,
    /// For most of it.
    Standard,
    /// For what the others could not do.
    Expert,
}

/// The tiers of a team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiers {
    /// The providers of each, the preferred first.
    pub lists: BTreeMap<Tier, Vec<ProviderName>>,
    /// Which tasks are for a tier, whatever the tier of the role. The first that fits decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// After so many setbacks in a stage the next tier takes over; 0 is never.
    pub escalate_after: u32,
}

/// Which tasks are for a tier: those for which all holds that is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The tier.
    pub tier: Tier,
    /// One of these priorities; empty is any.
    pub priority: BTreeSet<Priority>,
    /// One of these labels; empty is any. Upper and lower case are the same.
    pub labels: BTreeSet<String>,
    /// One of these is in its title or text, such as a directory; empty is any. Upper and lower case
    /// are the same.
    pub words: BTreeSet<String>,
    /// At least so many acceptance criteria.
    pub criteria: u32,
    /// A file that it has changed so far is one of these patterns; empty is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// It came back to the same stage at least so often.
    #[serde(default)]
    pub sent_back: u32,
}

/// Who may play, and why they.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// The preferred first.
    pub providers: Vec<&'a ProviderName>,
    /// Why, where there was anything to choose.
    pub why: Option<String>,
}

impl Tier {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cheap => "cheap",
            Self::Standard => "standard",
            Self::Expert => "expert",
        }
    }
}

impl Team {
    /// Who plays a role for a task, after so many setbacks.
    pub fn route(&self, role: &RoleName, task: &Task, setbacks: u32) -> Option<Route<'_>> {
        let role = self.roles.get(role)?;
        let Some(own) = role.tier else {
            let why = (!role.fallback.is_empty()).then(|| "first choice of its role".to_owned());
            return Some(Route { providers: role.chain().collect(), why });
        };
        let ruled =
            self.tiers.rules.iter().find_map(|rule| rule.fits(task).map(|why| (rule.tier, why)));
        let begins = ruled.as_ref().map_or(own, |(tier, _)| *tier);
        let (tier, providers) = self.tiers.after(begins, setbacks)?;
        let for_whom = ruled.map_or_else(String::new, |(_, why)| format!(", for tasks {why}"));
        let up = if tier == begins {
            String::new()
        } else {
            format!(", up from {}: set back {} in this stage", begins.word(), times(setbacks))
        };
        let why = format!("tier {}{for_whom}{up}", tier.word());
        let steps_in = role.fallback.iter().filter(|other| !providers.contains(other));
        Some(Route { providers: providers.iter().chain(steps_in).collect(), why: Some(why) })
    }

    /// Everybody who may ever play a role.
    pub fn players<'a>(&'a self, role: &'a Role) -> Vec<&'a ProviderName> {
        match role.tier {
            None => role.chain().collect(),
            Some(_) => self.tiers.lists.values().flatten().chain(&role.fallback).collect(),
        }
    }
}

impl Rule {
    /// Whether a task is meant, and by what.
    fn fits(&self, task: &Task) -> Option<String> {
        let mut why = Vec::new();
        if !self.priority.is_empty() {
            self.priority.get(&task.priority)?;
            why.push(format!("that are {}", task.priority.word()));
        }
        if !self.labels.is_empty() {
            let has = |label: &&String| task.labels.iter().any(|own| is_same(own, label));
            why.push(format!("labelled `{}`", self.labels.iter().find(has)?));
        }
        if !self.words.is_empty() {
            let text = format!("{}\n{}", task.title, task.body).to_lowercase();
            let has = |word: &&String| text.contains(&word.to_lowercase());
            why.push(format!("that speak of `{}`", self.words.iter().find(has)?));
        }
        if self.criteria > 0 {
            (task.criteria.len() >= self.criteria as usize).then_some(())?;
            why.push(format!("with {} criteria or more", self.criteria));
        }
        if !self.files.is_empty() {
            let changed: Vec<&String> = task.touched.values().flatten().collect();
            let has = |pattern: &&String| changed.iter().any(|file| is_below(pattern, file));
            why.push(format!("that change `{}`", self.files.iter().find(has)?));
        }
        if self.sent_back > 0 {
            let setbacks = task.setbacks.values().max().copied().unwrap_or(0);
            (setbacks >= self.sent_back).then_some(())?;
            why.push(format!("that came back {} or more", times(self.sent_back)));
        }
        Some(why.join(" and "))
    }
}

fn times(n: u32) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

/// GitHub's labels have no case either.
fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

impl Role {
    /// Its provider, and those that step in for it.
    pub fn chain(&self) -> impl Iterator<Item = &ProviderName> {
        std::iter::once(&self.provider).chain(&self.fallback)
    }
}

impl Tiers {
    /// The tier after so many setbacks in that one; the last when there is none above.
    fn after(&self, begins: Tier, setbacks: u32) -> Option<(Tier, &[ProviderName])> {
        let steps = setbacks.checked_div(self.escalate_after).unwrap_or(0) as usize;
        let mut above = self.lists.range(begins..);
        let (tier, list) = above.nth(steps).or_else(|| self.lists.range(begins..).last())?;
        Some((*tier, list))
    }
}
