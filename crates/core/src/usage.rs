//! What agents consume: tokens, and money where a price is known.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// Money in millionths of a US dollar.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:04}", self.0 / 1_000_000, self.0 % 1_000_000 / 100)
    }
}

/// Prices in millionths of a US dollar for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Tokens read.
    pub input: Micros,
    /// Tokens read from the provider's cache.
    pub cached: Micros,
    /// Tokens written.
    pub output: Micros,
}

impl Price {
    /// What this usage costs. `written_to_cache` of the input tokens cost a quarter more.
    pub fn of(self, usage: &Usage, written_to_cache: u64) -> Micros {
        let each = |tokens: u64, price: Micros| u128::from(tokens) * u128::from(price.0);
        let millionths = each(usage.input_tokens, self.input)
            + each(written_to_cache, self.input) / 4
            + each(usage.cached_tokens, self.cached)
            + each(usage.output_tokens, self.output);
        Micros(u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// What was consumed since the last report: a delta, never a running total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read by the model, without those served from its cache.
    #[serde(default)]
    pub input_tokens: u64,
    /// Tokens read from the provider's prompt cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Tokens written by the model, its thinking included.
    #[serde(default)]
    pub output_tokens: u64,
    /// Cost by the provider's price list. `None` is "unknown", which is not zero.
    #[serde(default)]
    pub cost: Option<Micros>,
}

impl Usage {
    /// All tokens, however they are billed.
    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.cached_tokens).saturating_add(self.output_tokens)
    }
}

impl Add for Usage {
    type Output = Self;

    /// Costs add up where both are known; a sum with an unknown part of more than no tokens is
    /// unknown.
    fn add(self, other: Self) -> Self {
        let cost = match (self.cost, other.cost) {
            (Some(a), Some(b)) => Some(Micros(a.0.saturating_add(b.0))),
            (known, None) if other.tokens() == 0 => known,
            (None, known) if self.tokens() == 0 => known,
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost,
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(tokens: u64, cost: Option<u64>) -> Usage {
        Usage { input_tokens: tokens, cost: cost.map(Micros), ..Usage::default() }
    }

    #[test]
    fn an_unknown_price_makes_the_sum_unknown_never_zero() {
        assert_eq!((usage(1, Some(5)) + usage(1, Some(6))).cost, Some(Micros(11)));
        assert_eq!((usage(1, Some(5)) + usage(1, None)).cost, None);
        assert_eq!((Usage::default() + usage(1, Some(6))).cost, Some(Micros(6)));
        assert_eq!((usage(1, None) + Usage::default()).cost, None);
    }

    #[test]
    fn costs_are_rounded_up() {
        let price =
            Price { input: Micros(3_000_000), cached: Micros(300_000), output: Micros(15_000_000) };
        let usage =
            Usage { input_tokens: 1_000, cached_tokens: 10, output_tokens: 100, cost: None };
        assert_eq!(price.of(&usage, 0), Micros(3_000 + 3 + 1_500));
        assert_eq!(price.of(&usage, 1_000), Micros(3_000 + 750 + 3 + 1_500));
        assert_eq!(price.of(&Usage { output_tokens: 1, ..Usage::default() }, 0), Micros(15));
    }

    #[test]
    fn money_prints_in_dollars() {
        assert_eq!(Micros(1_234_567).to_string(), "$1.2345");
    }
}
