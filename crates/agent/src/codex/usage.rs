//! What Codex consumed, as deltas.
//!
//! It says after each answer of the model what its conversation has consumed in total and what came
//! last; it says the same again when an answer failed. A conversation that is gone on with begins with
//! the total of earlier processes. So what counts is how the total grew; for a conversation that begins
//! here, what came last.

use std::collections::BTreeMap;

use crew_core::Usage;

use super::wire::{TokenUsage, Tokens};
use crate::price;

/// Conversations that are told apart: the agent's own, and those of the agents that it starts.
const THREADS_MAX: usize = 256;

/// Adds up.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// What each conversation has consumed in total, as it said last.
    totals: BTreeMap<String, Tokens>,
    /// The model that answers.
    model: String,
}

impl Meter {
    /// From now on this model answers.
    pub(super) fn of_model(&mut self, model: &str) {
        model.clone_into(&mut self.model);
    }

    /// What an earlier process consumed is no news.
    pub(super) fn before(&mut self, thread: &str, usage: &TokenUsage) {
        self.totals.insert(thread.to_owned(), usage.total);
    }

    /// What was consumed since the last word about it.
    pub(super) fn grown(&mut self, thread: &str, usage: &TokenUsage) -> Usage {
        if self.totals.len() >= THREADS_MAX && !self.totals.contains_key(thread) {
            self.totals.clear();
        }
        let tokens = match self.totals.insert(thread.to_owned(), usage.total) {
            None => usage.last,
            Some(before) => difference(usage.total, before),
        };
        self.priced(tokens)
    }

    /// The same for `codex exec`, which has one conversation and says its total at the end of a turn.
    pub(super) fn total(&mut self, total: Tokens) -> Usage {
        self.grown("", &TokenUsage { total, last: total, window: None })
    }

    /// At list price, where that is known.
    fn priced(&self, tokens: Tokens) -> Usage {
        let usage = Usage {
            input_tokens: tokens.input_tokens.saturating_sub(tokens.cached_input_tokens),
            cached_tokens: tokens.cached_input_tokens,
            output_tokens: tokens.output_tokens,
            cost: None,
        };
        let cost = price::known(&self.model).map(|price| price.of(&usage, 0));
        Usage { cost, ..usage }
    }
}

fn difference(total: Tokens, before: Tokens) -> Tokens {
    Tokens {
        input_tokens: total.input_tokens.saturating_sub(before.input_tokens),
        cached_input_tokens: total.cached_input_tokens.saturating_sub(before.cached_input_tokens),
        output_tokens: total.output_tokens.saturating_sub(before.output_tokens),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_counts() {
        let tokens = |input, cached, output| Tokens {
            input_tokens: input,
            cached_input_tokens: cached,
            output_tokens: output,
        };
        let mut meter = Meter::default();
        let mut check = |thread: &str, total: Tokens, last: Tokens, expect: (u64, u64, u64)| {
            let usage = meter.grown(thread, &TokenUsage { total, last, window: None });
            assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), expect);
        };
        check("a", tokens(100, 40, 7), tokens(100, 40, 7), (60, 40, 7));
        check("a", tokens(100, 40, 7), tokens(100, 40, 7), (0, 0, 0));
        check("a", tokens(250, 40, 9), tokens(150, 0, 2), (150, 0, 2));
        check("b", tokens(900, 0, 90), tokens(10, 0, 1), (10, 0, 1));
    }
}
