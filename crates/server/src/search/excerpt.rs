//! A line of a text around the first of the words that were looked for.

/// Characters before the word.
const BEFORE: usize = 40;
/// Characters in all.
const ALL: usize = 200;

/// One line around the first place where the beginning of a word that is looked for stands.
pub(super) fn excerpt(text: &str, words: &str) -> String {
    let line: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let small: Vec<char> = line.iter().map(|c| lower(*c)).collect();
    let places = words.split_whitespace().filter_map(|word| {
        let word: Vec<char> = word.chars().map(lower).collect();
        small.windows(word.len().max(1)).position(|window| window == word)
    });
    let begin = places.min().unwrap_or(0).saturating_sub(BEFORE);
    let end = (begin + ALL).min(line.len());
    let inside: String = line.get(begin..end).unwrap_or_default().iter().collect();
    let before = if begin > 0 { "…" } else { "" };
    let after = if end < line.len() { "…" } else { "" };
    format!("{before}{}{after}", inside.trim())
}

/// One letter for one letter, so that places stay places.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_around_the_first_word() {
        let check =
            |text: &str, words: &str, expect: &str| assert_eq!(excerpt(text, words), expect);
        check("a short\n  text", "text", "a short text");
        check("İstanbul and ÜBUNG", "übung", "İstanbul and ÜBUNG");
        check("", "word", "");
        let long = format!("{}needle{}", "hay ".repeat(100), " hay".repeat(100));
        let found = excerpt(&long, "nothing needle");
        assert!(found.starts_with("…hay") && found.contains("needle") && found.ends_with('…'));
        assert!(found.chars().count() <= ALL + 2, "{found}");
    }
}
