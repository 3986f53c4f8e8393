//! The fuzz targets on stable: the corpus, and a fixed number of mutations of it.
//!
//! `CREW_FUZZ_RUNS=n` sets how many for each target, `CREW_FUZZ_SEED=n` where they begin; a failure
//! prints the seed of the one input that fails. `fuzz/` has the targets, and runs them for as long
//! as wanted with cargo-fuzz.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failure here fails the test"
)]

#[allow(unreachable_pub, reason = "it is a crate of its own to cargo-fuzz")]
#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Mutations of each target in an ordinary test; those that need files get fewer.
const RUNS: u64 = 4_000;
const RUNS_WITH_FILES: u64 = 300;
/// And those whose inputs are whole recordings.
const RUNS_OF_RECORDINGS: u64 = 1_000;
/// Longest input.
const BYTES_MAX: usize = 1 << 16;
/// Words that mean something to somebody.
const WORDS: [&str; 52] = [
    "DONE:",
    "REQUEST:",
    "ERROR:",
    "ISSUE: #",
    "LABEL-UPDATED: a --> b",
    "PR: ",
    "VERDICT: pass",
    "PICK: ",
    "TASK:",
    "\n",
    "\r\n",
    "\0",
    "\u{feff}",
    "ü",
    "\u{202e}",
    "```",
    "**",
    "> ",
    "[[stages]]\n",
    "[limits]\n",
    "[[scene]]\n",
    "[[scene.turn]]\n",
    "name = \"done\"",
    "= 99999999999999999999",
    "= 9223372036854775807",
    "= -1",
    "= 1e308",
    "= nan",
    "= 0",
    "= \"\"",
    "= []",
    "{",
    "}",
    "\"",
    "\\u0000",
    "{\"type\":\"done\",\"text\":\"",
    "{\"type\":\"result\",",
    "{\"token\":\"t\",\"tool\":\"finish\",\"arguments\":{",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":",
    "\"number\":4294967295",
    "\"type\":\"assistant\"",
    "\"subtype\":\"init\"",
    "\"parent_tool_use_id\":\"t\"",
    "\"is_error\":true",
    "\"type\":\"usage\"",
    "18446744073709551615",
    "null",
    "agents = 4294967295",
    "minutes = 18446744073709551615",
    ".response",
    ".trigger",
    "..",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_is_read_nothing_panics() {
    let first = number("CREW_FUZZ_SEED").unwrap_or(1);
    for (name, target) in targets::TARGETS {
        let corpus = corpus(name);
        for (file, input) in &corpus {
            run(target, input, || format!("fuzz/corpus/{name}/{file}"));
        }
        let usual = match name {
            "mailbox" | "spool" => RUNS_WITH_FILES,
            "claude" | "codex" | "acp" => RUNS_OF_RECORDINGS,
            _ => RUNS,
        };
        let runs = number("CREW_FUZZ_RUNS").unwrap_or(usual);
        for seed in first..first + runs {
            let input = mutated(&corpus, seed);
            run(target, &input, || format!("{name}, CREW_FUZZ_SEED={seed} CREW_FUZZ_RUNS=1"));
        }
        println!("fuzz: {name}: {} inputs of the corpus, {runs} mutations", corpus.len());
    }
}

fn run(target: fn(&[u8]), input: &[u8], which: impl Fn() -> String) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        let text = String::from_utf8_lossy(input);
        panic!("{}\nthe input, {} bytes: {text:?}", which(), input.len());
    }
}

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = files
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has a corpus");
    files
}

/// One input of the corpus with a few changes; the same for the same seed.
fn mutated(corpus: &[(String, Vec<u8>)], seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut input = corpus[random.below(corpus.len())].1.clone();
    for _ in 0..=random.below(6) {
        let (from, to) = random.range(input.len());
        match random.below(8) {
            0 => drop(input.drain(from..to)),
            1 => {
                let piece = input[from..to].to_vec();
                input.splice(to..to, piece);
            }
            2 => input.truncate(from),
            3 => {
                if let Some(byte) = input.get_mut(from) {
                    *byte ^= 1 << random.below(8);
                }
            }
            4 => input.insert(from, random.below(256) as u8),
            5 => {
                let other = &corpus[random.below(corpus.len())].1;
                let (begin, end) = random.range(other.len());
                input.splice(from..to, other[begin..end].iter().copied());
            }
            6 => {
                // A value gets another: what stands between `=` and the end of the line.
                let at = input[from..].iter().position(|byte| *byte == b'=');
                let begin = at.map_or(from, |at| from + at);
                let end = input[begin..].iter().position(|byte| *byte == b'\n');
                let end = end.map_or(input.len(), |end| begin + end);
                input.splice(begin..end, random.word());
            }
            _ => drop(input.splice(from..from, random.word())),
        }
        input.truncate(BYTES_MAX);
    }
    input
}

/// Numbers that are the same for the same seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    /// A piece of something so long; most are short.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 { length - from } else { (length - from).min(16) };
        (from, from + self.below(most + 1))
    }

    fn word(&mut self) -> std::vec::IntoIter<u8> {
        WORDS[self.below(WORDS.len())].as_bytes().to_vec().into_iter()
    }
}
