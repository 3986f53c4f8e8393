//! What an agent consumed, as deltas.
//!
//! The end of a turn may say its tokens. What a conversation has cost goes on over turns and, with
//! some, over processes: the difference counts. What nobody says is unknown, never zero.

use crew_core::{Micros, Usage};
use serde::Deserialize as _;

use super::wire::{Cost, ModelUsage, Outcome, Quota, Tokens};
use crate::price;

/// Adds up.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// What the conversation had cost when that was last reported.
    reported: Option<Micros>,
    /// What it has cost by now.
    cost: Option<Micros>,
}

impl Meter {
    /// For a conversation that has cost so much before; `None` is not known.
    pub(super) fn after(cost: Option<Micros>) -> Self {
        Self { reported: cost, cost }
    }

    /// A conversation begins: it has cost nothing.
    pub(super) fn begins(&mut self) {
        *self = Self::after(Some(Micros(0)));
    }

    /// The conversation has cost so much by now.
    pub(super) fn costs(&mut self, cost: &Cost) {
        if cost.currency.eq_ignore_ascii_case("usd") {
            self.cost = Some(Micros((cost.amount.max(0.0) * 1e6).round() as u64));
        }
    }

    /// What the conversation has cost, as the agent counts.
    pub(super) fn total(&self) -> Option<Micros> {
        self.cost
    }

    /// A turn has ended: what was consumed in it.
    pub(super) fn turn(&mut self, outcome: &Outcome) -> Usage {
        let quota = outcome.meta.get("quota").and_then(|quota| Quota::deserialize(quota).ok());
        let quota = quota.unwrap_or_default();
        let tokens = outcome.usage.or(quota.token_count).unwrap_or_default();
        let by_list = || list_prices(&quota.model_usage);
        Usage { cost: self.rest().cost.or_else(by_list), ..usage(tokens) }
    }

    /// What was consumed and belongs to no turn that ended.
    pub(super) fn rest(&mut self) -> Usage {
        let before = std::mem::replace(&mut self.reported, self.cost);
        let cost = match (self.cost, before) {
            // A total that fell began anew.
            (Some(now), Some(before)) if now < before => Some(now),
            (Some(now), Some(before)) => Some(Micros(now.0 - before.0)),
            (Some(_), None) | (None, _) => None,
        };
        Usage { cost: cost.filter(|cost| cost.0 > 0), ..Usage::default() }
    }
}

fn usage(tokens: Tokens) -> Usage {
    Usage {
        input_tokens: tokens.input.saturating_add(tokens.written_to_cache),
        cached_tokens: tokens.cached,
        output_tokens: tokens.output,
        cost: None,
    }
}

/// What models cost at list price, if that is known of all of them.
fn list_prices(models: &[ModelUsage]) -> Option<Micros> {
    let costs = models.iter().map(|ModelUsage { model, token_count }| {
        let cost = price::known(model)?.of(&usage(*token_count), token_count.written_to_cache);
        Some(cost.0)
    });
    let sum: u64 = costs.sum::<Option<u64>>()?;
    (sum > 0).then_some(Micros(sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome(cost: f64, meter: &mut Meter) -> Option<u64> {
        meter.costs(&Cost { amount: cost, currency: "USD".into() });
        meter.turn(&Outcome::default()).cost.map(|cost| cost.0)
    }

    #[test]
    fn what_a_conversation_cost_before_is_not_paid_again() {
        let mut new = Meter::after(Some(Micros(0)));
        assert_eq!(outcome(0.02, &mut new), Some(20_000));
        assert_eq!(outcome(0.05, &mut new), Some(30_000));
        assert_eq!(outcome(0.05, &mut new), None, "nothing is unknown, not free");
        let mut resumed = Meter::after(Some(Micros(20_000)));
        assert_eq!(outcome(0.05, &mut resumed), Some(30_000));
        let mut begun_anew = Meter::after(Some(Micros(20_000)));
        assert_eq!(outcome(0.01, &mut begun_anew), Some(10_000));
        let mut unknown = Meter::after(None);
        assert_eq!(outcome(0.05, &mut unknown), None);
        assert_eq!(outcome(0.06, &mut unknown), Some(10_000));
    }

    #[test]
    fn tokens_are_read_however_they_are_called() {
        let check = |result: serde_json::Value, expect: (u64, u64, u64)| {
            let outcome: Outcome = serde_json::from_value(result).unwrap();
            let usage = Meter::default().turn(&outcome);
            assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), expect);
        };
        let camel = json!({"inputTokens": 3, "cachedReadTokens": 2, "cachedWriteTokens": 1, "outputTokens": 4});
        check(json!({"usage": camel}), (4, 2, 4));
        check(json!({"usage": null, "_meta": {"quota": {"token_count": null}}}), (0, 0, 0));
        check(
            json!({"_meta": {"quota": {"token_count": {"input_tokens": 5, "output_tokens": 6}}}}),
            (5, 0, 6),
        );
        check(json!({"usage": {"inputTokens": "many", "outputTokens": 6}}), (0, 0, 6));
    }
}
