//! Who plays a role: providers by name, or a tier of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::build::named;
use super::shape::{RoleFile, TiersFile};
use crate::ProviderName;
use crate::team::{Tier, Tiers};

impl TiersFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> Tiers {
        let Self { cheap, standard, expert, priority, escalate_after } = self;
        let given = [(Tier::Cheap, cheap), (Tier::Standard, standard), (Tier::Expert, expert)];
        let lists =
            given.into_iter().filter(|(_, names)| !names.is_empty()).map(|(tier, names)| {
                (tier, providers(&names, &format!("tiers.{}", tier.word()), problems))
            });
        let lists: BTreeMap<Tier, Vec<ProviderName>> = lists.collect();
        for tier in priority.values().filter(|tier| !lists.contains_key(tier)) {
            problems.push(unknown("tiers.priority", *tier));
        }
        Tiers { lists, priority, escalate_after }
    }
}

impl RoleFile {
    /// Who plays the role, who steps in, and of which tier they are.
    pub(super) fn players(
        &self,
        place: &str,
        tiers: &Tiers,
        problems: &mut Vec<Problem>,
    ) -> Option<(ProviderName, Vec<ProviderName>, Option<Tier>)> {
        match (&self.provider, self.tier) {
            (Some(provider), None) => {
                let names: Vec<String> =
                    [provider].into_iter().chain(&self.fallback).cloned().collect();
                let mut chain = providers(&names, place, problems).into_iter();
                Some((chain.next()?, chain.collect(), None))
            }
            (None, Some(tier)) if self.fallback.is_empty() => {
                let first = tiers.lists.get(&tier).and_then(|list| list.first());
                if first.is_none() {
                    problems.push(unknown(place, tier));
                }
                Some((first?.clone(), Vec::new(), Some(tier)))
            }
            _ => {
                problems.push(Problem::new(
                    format!("{place}: either a `provider`, perhaps with a `fallback`, or a `tier`"),
                    "a tier is a list of providers itself, the preferred first",
                ));
                None
            }
        }
    }
}

fn unknown(place: &str, tier: Tier) -> Problem {
    let tier = tier.word();
    Problem::new(
        format!("{place}: nobody is of the tier `{tier}`"),
        format!("write [tiers] with {tier} = [\"a provider\"]"),
    )
}

/// A list of providers, each of which stands in it once: otherwise the first that serves would be
/// looked for in a circle.
fn providers(names: &[String], place: &str, problems: &mut Vec<Problem>) -> Vec<ProviderName> {
    let mut seen = BTreeSet::new();
    for name in names.iter().filter(|name| !seen.insert(*name)) {
        problems.push(Problem::new(
            format!("{place}: `{name}` would step in for itself"),
            "name each provider once, the preferred first",
        ));
    }
    names.iter().filter_map(|name| named(name, place, problems)).collect()
}
