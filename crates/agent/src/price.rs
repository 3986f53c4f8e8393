//! What models cost. An unknown price is unknown, never zero; models on this machine are free.

use crew_core::{Micros, Price};

/// Millionths of a dollar for a million tokens read, read from the cache, and written, at list
/// price. Names stand for themselves and their dated versions. A model whose price depends on the
/// length of the prompt is left out, as one number would be wrong for it.
const PRICES: &[(&str, u64, u64, u64)] = &[
    ("claude-opus-5-5", 4_000_000, 200_000, 20_000_000),
    ("claude-opus-5", 5_000_000, 500_000, 25_000_000),
    ("claude-opus-4-8", 5_000_000, 500_000, 25_000_000),
    ("claude-opus-4-7", 5_000_000, 500_000, 25_000_000),
    ("claude-opus-4-6", 5_000_000, 500_000, 25_000_000),
    ("claude-opus-4-5", 5_000_000, 500_000, 25_000_000),
    ("claude-sonnet-5-5", 2_000_000, 200_000, 10_000_000),
    ("claude-sonnet-5", 2_000_000, 200_000, 10_000_000),
    ("claude-sonnet-4-6", 3_000_000, 300_000, 15_000_000),
    ("claude-sonnet-4-5", 3_000_000, 300_000, 15_000_000),
    ("claude-haiku-4-5", 1_000_000, 100_000, 5_000_000),
    ("gpt-5", 1_250_000, 125_000, 10_000_000),
    ("gpt-5.1", 1_250_000, 125_000, 10_000_000),
    ("gpt-5.2", 1_750_000, 175_000, 14_000_000),
    ("gpt-5-mini", 250_000, 25_000, 2_000_000),
    ("gpt-5-nano", 50_000, 5_000, 400_000),
    ("gpt-4.1", 2_000_000, 500_000, 8_000_000),
    ("gpt-4.1-mini", 400_000, 100_000, 1_600_000),
];

/// The price of a provider's own model.
pub(crate) fn known(model: &str) -> Option<Price> {
    let is_it = |name: &str| {
        model.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("-20"))
    };
    let (_, input, cached, output) = *PRICES.iter().find(|(name, ..)| is_it(name))?;
    Some(Price { input: Micros(input), cached: Micros(cached), output: Micros(output) })
}

/// The price of nothing.
pub(crate) const FREE: Price = Price { input: Micros(0), cached: Micros(0), output: Micros(0) };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_known_for_a_model_and_its_dated_versions_only() {
        let check = |model: &str, expect: Option<u64>| {
            assert_eq!(known(model).map(|price| price.input.0), expect, "{model}");
        };
        check("claude-sonnet-4-5", Some(3_000_000));
        check("claude-sonnet-4-5-20250929", Some(3_000_000));
        check("gpt-5-mini", Some(250_000));
        check("claude-sonnet-5-5", Some(2_000_000));
        check("claude-sonnet-5-9", None);
        check("gpt-5-codex", None);
        check("my-model", None);
    }
}
