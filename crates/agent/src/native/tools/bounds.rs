//! Keeps what goes to the model small: the beginning and the end stay, the middle is counted.

/// Bytes kept of the beginning.
const HEAD_BYTES: usize = 10_000;
/// Bytes kept of the end, where failures are reported.
const TAIL_BYTES: usize = 20_000;

/// Takes any number of bytes and keeps the first and the last of them.
#[derive(Default)]
pub(super) struct HeadAndTail {
    head: Vec<u8>,
    tail: Vec<u8>,
    left_out: u64,
}

impl HeadAndTail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let (for_head, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.head.len()));
        self.head.extend_from_slice(for_head);
        self.tail.extend_from_slice(rest);
        if self.tail.len() > 4 * TAIL_BYTES {
            self.drop_middle();
        }
    }

    fn drop_middle(&mut self) {
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// The text, with a note in place of what was left out.
    pub(super) fn text(&mut self) -> String {
        self.drop_middle();
        let (head, tail) = (text(&self.head), text(&self.tail));
        match self.left_out {
            0 => text(&[self.head.as_slice(), self.tail.as_slice()].concat()),
            bytes => format!("{head}\n… {bytes} bytes left out …\n{tail}"),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The first `chars_max` characters of a line.
pub(super) fn short_line(line: &str, chars_max: usize) -> String {
    match line.char_indices().nth(chars_max) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_flood_is_counted_and_dropped() {
        let mut kept = HeadAndTail::default();
        kept.push(b"begin\n");
        for _ in 0..10_000 {
            kept.push(&[b'x'; 1_000]);
        }
        kept.push(b"\nend");
        let text = kept.text();
        assert!(text.starts_with("begin\n") && text.ends_with("\nend"));
        assert!(text.contains("9970010 bytes left out"), "{}", &text[9_990..10_060]);
        assert!(text.len() < HEAD_BYTES + TAIL_BYTES + 100);
    }

    #[test]
    fn what_fits_is_not_touched() {
        let mut kept = HeadAndTail::default();
        kept.push("ä".repeat(6_000).as_bytes());
        assert_eq!(kept.text(), "ä".repeat(6_000));
    }
}
