//! Who plays a role for a task: one ordered list of providers, of which the first that serves plays.
//!
//! The list stands with the role (`provider` and `fallback`), or it is that of a tier. Which tier is
//! a matter of the role, of the task's priority, and of how often the work had to be done again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Role, Team};
use crate::task::Priority;
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
    /// Tasks of this priority are for that tier, whatever the tier of the role.
    pub priority: BTreeMap<Priority, Tier>,
    /// After so many setbacks in a stage the next tier takes over; 0 is never.
    pub escalate_after: u32,
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
    /// Who plays a role for a task of that priority, after so many setbacks.
    pub fn route(&self, role: &RoleName, priority: Priority, setbacks: u32) -> Option<Route<'_>> {
        let role = self.roles.get(role)?;
        let Some(own) = role.tier else {
            let why = (!role.fallback.is_empty()).then(|| "first choice of its role".to_owned());
            return Some(Route { providers: role.chain().collect(), why });
        };
        let demanded = self.tiers.priority.get(&priority).copied();
        let begins = demanded.unwrap_or(own);
        let (tier, providers) = self.tiers.after(begins, setbacks)?;
        let for_whom = demanded
            .map_or_else(String::new, |_| format!(", for tasks that are {}", priority.word()));
        let times = if setbacks == 1 { "once".to_owned() } else { format!("{setbacks} times") };
        let up = if tier == begins {
            String::new()
        } else {
            format!(", up from {}: set back {times} in this stage", begins.word())
        };
        let why = format!("tier {}{for_whom}{up}", tier.word());
        Some(Route { providers: providers.iter().collect(), why: Some(why) })
    }

    /// Everybody who may ever play a role.
    pub fn players<'a>(&'a self, role: &'a Role) -> Vec<&'a ProviderName> {
        match role.tier {
            None => role.chain().collect(),
            Some(_) => self.tiers.lists.values().flatten().collect(),
        }
    }
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
