//! What Claude Code consumed, as deltas.
//!
//! The end of a turn says it exactly. `total_cost_usd` and `modelUsage` go on over the turns of a
//! process and, in newer versions, over resumed sessions; `model_usage_since_last_result`, where
//! there is one, does not. What a turn consumed that never came to its end is added up from its
//! messages.

use std::collections::BTreeMap;

use crew_core::{Micros, Usage};

use super::wire::{Message, ModelUsage, Tokens, TurnResult};
use crate::price;

/// Agents whose messages are told apart in one turn.
const PARENTS_MAX: usize = 256;

/// Adds up.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// What earlier results of this process said in total.
    reported: Usage,
    /// What this turn consumed so far.
    turn: Usage,
    /// The newest message of the main agent and of each subagent.
    open: BTreeMap<Option<String>, Open>,
    /// The model of the newest message of the main agent, and the tokens that its conversation had then.
    context: Option<(String, u64)>,
}

#[derive(Debug, Default)]
struct Open {
    id: String,
    model: String,
    usage: Usage,
    written_to_cache: u64,
}

impl Meter {
    /// A message was begun, or a part of it is complete. Only its first sight counts.
    pub(super) fn message(&mut self, parent: Option<&String>, message: &Message) {
        let parent = parent.cloned();
        if self.open.get(&parent).is_some_and(|open| open.id == message.id) {
            return;
        }
        if self.open.len() >= PARENTS_MAX {
            self.close_all();
        }
        let tokens = message.usage.unwrap_or_default();
        if parent.is_none() && usage(tokens).tokens() > 0 {
            self.context = Some((message.model.clone(), usage(tokens).tokens()));
        }
        let open = Open {
            id: message.id.clone(),
            model: message.model.clone(),
            usage: usage(tokens),
            written_to_cache: tokens.cache_creation_input_tokens.unwrap_or_default(),
        };
        if let Some(before) = self.open.insert(parent, open) {
            self.turn += before.close();
        }
    }

    /// The newest message has so many tokens by now.
    pub(super) fn grown(&mut self, parent: Option<&String>, tokens: Tokens) {
        if let Some(open) = self.open.get_mut(&parent.cloned()) {
            open.usage.output_tokens = tokens.output_tokens.unwrap_or(open.usage.output_tokens);
        }
    }

    /// A turn has ended: what was consumed since the last one.
    pub(super) fn result(&mut self, result: &TurnResult) -> Usage {
        self.open.clear();
        self.turn = Usage::default();
        let total = total(&result.model_usage, result.total_cost_usd);
        let before = std::mem::replace(&mut self.reported, total);
        match &result.model_usage_since_last_result {
            Some(since) => self::total(since, None),
            None => difference(total, before),
        }
    }

    /// How full the context is at the end of a turn, and how large it is, where that is said.
    pub(super) fn context(&self, result: &TurnResult) -> Option<(u64, u64)> {
        let (model, used) = self.context.as_ref()?;
        // Behind a proxy a model may call itself otherwise than Claude Code does.
        let only = || result.model_usage.values().next().filter(|_| result.model_usage.len() == 1);
        let usage = result.model_usage.get(model).or_else(only)?;
        let window = usage.context_window.filter(|window| *window > 0)?;
        Some((*used, window))
    }

    /// The process has ended: what was consumed and never reported.
    pub(super) fn rest(&mut self) -> Usage {
        self.close_all();
        std::mem::take(&mut self.turn)
    }

    fn close_all(&mut self) {
        for open in std::mem::take(&mut self.open).into_values() {
            self.turn += open.close();
        }
    }
}

impl Open {
    /// What it consumed, at list price where that is known.
    fn close(self) -> Usage {
        let cost =
            price::known(&self.model).map(|price| price.of(&self.usage, self.written_to_cache));
        Usage { cost, ..self.usage }
    }
}

fn usage(tokens: Tokens) -> Usage {
    let count = |tokens: Option<u64>| tokens.unwrap_or_default();
    Usage {
        input_tokens: count(tokens.input_tokens)
            .saturating_add(count(tokens.cache_creation_input_tokens)),
        cached_tokens: count(tokens.cache_read_input_tokens),
        output_tokens: count(tokens.output_tokens),
        cost: None,
    }
}

fn total(models: &BTreeMap<String, ModelUsage>, cost_usd: Option<f64>) -> Usage {
    let sum: Usage = models
        .values()
        .map(|model| Usage {
            input_tokens: model.input_tokens.saturating_add(model.cache_creation_input_tokens),
            cached_tokens: model.cache_read_input_tokens,
            output_tokens: model.output_tokens,
            cost: model.cost_usd.map(micros),
        })
        .sum();
    Usage { cost: cost_usd.map(micros).or(sum.cost), ..sum }
}

fn difference(total: Usage, before: Usage) -> Usage {
    let cost = match (total.cost, before.cost) {
        (Some(total), Some(before)) => Some(Micros(total.0.saturating_sub(before.0))),
        (cost, None) => cost,
        (None, Some(_)) => None,
    };
    Usage {
        input_tokens: total.input_tokens.saturating_sub(before.input_tokens),
        cached_tokens: total.cached_tokens.saturating_sub(before.cached_tokens),
        output_tokens: total.output_tokens.saturating_sub(before.output_tokens),
        cost,
    }
}

fn micros(usd: f64) -> Micros {
    Micros((usd.max(0.0) * 1_000_000.0).round() as u64)
}
