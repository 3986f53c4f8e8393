//! Who plays a role: providers by name, or a tier of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::build::named;
use super::rule::pattern;
use super::shape::{RoleFile, RuleFile, TiersFile};
use crate::ProviderName;
use crate::team::{Rule, Tier, Tiers};

impl TiersFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> Tiers {
        let Self { cheap, standard, expert, rules, escalate_after } = self;
        let given = [(Tier::Cheap, cheap), (Tier::Standard, standard), (Tier::Expert, expert)];
        let lists =
            given.into_iter().filter(|(_, names)| !names.is_empty()).map(|(tier, names)| {
                (tier, providers(&names, &format!("tiers.{}", tier.word()), problems))
            });
        let lists: BTreeMap<Tier, Vec<ProviderName>> = lists.collect();
        for rule in &rules {
            if !lists.contains_key(&rule.tier) {
                problems.push(unknown("tiers.rules", rule.tier));
            }
            for file in &rule.files {
                match pattern(file.clone()) {
                    Ok(it) if it.starts_with(['/', '~']) => problems.push(Problem::new(
                        format!("tiers.rules: `{it}` is outside of the repository"),
                        "write \"src/**\" or \"**/*.sql\"",
                    )),
                    Ok(_) => {}
                    Err((what, hint)) => {
                        problems.push(Problem::new(format!("tiers.rules: {what}"), hint));
                    }
                }
            }
            if rule.is_empty() {
                problems.push(Problem::new(
                    "tiers.rules: a rule that is for every task",
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
