//! Who plays a role: providers by name, or a tier of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::build::named;
use super::rule::pattern;
use super::shape::{RoleFile, RuleFile, TiersFile};
use crate::ProviderName;
use crate::team::{Rule, Tier, Tiers};

/// What the name of a tier begins with where a provider could stand.
const TIER: &str = "tier:";

impl TiersFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> Tiers {
        let Self { cheap, standard, expert, rules, escalate_after } = self;
        let given = [(Tier::Cheap, cheap), (Tier::Standard, standard), (Tier::Expert, expert)];
        let lists =
            given.into_iter().filter(|(_, names)| !names.is_empty()).map(|(tier, names)| {
                (tier, providers(&names, &format!("tiers.{}", tier.word()), problems))
            });
        let lists: BTreeMap<Tier, Vec<ProviderName>> = lists.collect();
        for (rule, n) in rules.iter().zip(1_usize..) {
            let place = format!("tiers.rules.{n}");
            if !lists.contains_key(&rule.tier) {
                problems.push(unknown(&format!("{place}.tier"), rule.tier));
            }
            for file in &rule.files {
                let wrong = match pattern(file.clone()) {
                    Ok(it) if it.starts_with(['/', '~']) => (
                        format!("`{it}` is outside of the repository"),
                        "write \"src/**\" or \"**/*.sql\"",
                    ),
                    Ok(_) => continue,
                    Err(wrong) => wrong,
                };
                problems.push(Problem::at(format!("{place}.files"), wrong.0, wrong.1));
            }
            if rule.is_empty() {
                problems.push(Problem::at(
                    place,
                    "a rule that is for every task",
                    "say for which: give it `priority`, `labels`, `words`, `criteria`, `files` or `sent_back`, and no empty text",
                ));
            }
        }
        let rules = rules.into_iter().map(RuleFile::build).collect();
        Tiers { lists, rules, escalate_after }
    }
}

impl RuleFile {
    /// Whether it would fit every task.
    fn is_empty(&self) -> bool {
        let mut words = self.labels.iter().chain(&self.words);
        let says_nothing = self.labels.is_empty() && self.words.is_empty();
        let is_any = self.files.is_empty() && self.criteria == 0 && self.sent_back == 0;
        (self.priority.is_empty() && says_nothing && is_any)
            || words.any(|word| word.trim().is_empty())
    }

    fn build(self) -> Rule {
        let Self { tier, priority, labels, words, criteria, files, sent_back } = self;
        Rule { tier, priority, labels, words, criteria, files, sent_back }
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
        let first = match (&self.provider, self.tier) {
            (Some(provider), None) => named(provider, &format!("{place}.provider"), problems)?,
            (None, Some(tier)) => {
                let first = tiers.lists.get(&tier).and_then(|list| list.first());
                if first.is_none() {
                    problems.push(unknown(&format!("{place}.tier"), tier));
                }
                first?.clone()
            }
            _ => {
                problems.push(Problem::at(
                    format!("{place}.provider"),
                    "either a `provider` or a `tier`, perhaps with a `fallback`",
                    "a tier is a list of providers itself, the preferred first",
                ));
                return None;
            }
        };
        let own = self.tier.and_then(|tier| tiers.lists.get(&tier));
        let mut before = own.cloned().unwrap_or_else(|| vec![first.clone()]);
        let mut fallback = Vec::new();
        let key = format!("{place}.fallback");
        for name in &self.fallback {
            let more = match name.strip_prefix(TIER) {
                Some(tier) => {
                    let of_tier = of_tier(tier, tiers, &key, problems);
                    of_tier.into_iter().filter(|it| !before.contains(it)).collect()
                }
                None => Vec::from_iter(named(name, &key, problems)),
            };
            if more.iter().any(|provider| before.contains(provider)) {
                problems.push(twice(name, &key));
            }
            before.extend_from_slice(&more);
            fallback.extend(more);
        }
        Some((first, fallback, self.tier))
    }
}

/// The providers of a tier that steps in.
fn of_tier(name: &str, tiers: &Tiers, key: &str, problems: &mut Vec<Problem>) -> Vec<ProviderName> {
    let known =
        [Tier::Cheap, Tier::Standard, Tier::Expert].into_iter().find(|it| it.word() == name);
    let list = known.and_then(|tier| tiers.lists.get(&tier));
    if list.is_none() {
        problems.push(match known {
            Some(tier) => unknown(key, tier),
            None => Problem::at(
                key,
                format!("`{TIER}{name}` is no tier"),
                "tier:cheap, tier:standard or tier:expert",
            ),
        });
    }
    list.cloned().unwrap_or_default()
}

fn twice(name: &str, key: &str) -> Problem {
    Problem::at(
        key,
        format!("`{name}` would step in for itself"),
        "name each provider once, the preferred first",
    )
}

fn unknown(key: &str, tier: Tier) -> Problem {
    let tier = tier.word();
    Problem::at(
        key,
        format!("nobody is of the tier `{tier}`"),
        format!("write [tiers] with {tier} = [\"a provider\"]"),
    )
}

/// A list of providers, each of which stands in it once: otherwise the first that serves would be
/// looked for in a circle.
fn providers(names: &[String], key: &str, problems: &mut Vec<Problem>) -> Vec<ProviderName> {
    let mut seen = BTreeSet::new();
    for name in names.iter().filter(|name| !seen.insert(*name)) {
        problems.push(twice(name, key));
    }
    names.iter().filter_map(|name| named(name, key, problems)).collect()
}
