//! Text from outside made harmless for terminals and for readers.
//!
//! What an agent prints may hold escape sequences that clear a screen, change a title or write to
//! a clipboard, characters that turn the order of a line around, and letters that only a model
//! sees. They are shown, not obeyed.

use std::borrow::Cow;

/// The text with control characters replaced by pictures of them; newlines and tabs stay.
pub fn neutral(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(text.chars().map(|c| if is_harmful(c) { picture(c) } else { c }).collect())
}

fn is_harmful(c: char) -> bool {
    let control = c.is_control() && c != '\n' && c != '\t';
    control || turns_order(c) || is_hidden(c)
}

fn turns_order(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that no person sees and a model reads, and line ends that no program counts.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Unicode has pictures of the old control characters; for the others the replacement character.
fn picture(c: char) -> char {
    match c as u32 {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER),
        0x7f => '\u{2421}',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let check = |text: &str, expect: &str| assert_eq!(neutral(text), expect, "{text:?}");
        check("plain\ttext\nüñ→ 日本 🦀", "plain\ttext\nüñ→ 日本 🦀");
        check("\x1b[2J\x1b]52;c;aGk=\x07", "␛[2J␛]52;c;aGk=␇");
        check("a\r\nb\rc", "a\nb␍c");
        check("\u{9b}31m\x7f", "\u{fffd}31m␡");
        check("a\u{202e}b", "a\u{fffd}b");
        check("hi\u{e0041}\u{2028}DONE:", "hi\u{fffd}\u{fffd}DONE:");
        check("👩‍👩‍👧", "👩‍👩‍👧");
    }
}
