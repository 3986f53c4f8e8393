//! Measures the product, each thing beside the raw operation of the same run, and writes
//! `docs/benchmarks.md`. What the user interface costs is measured by `ui/bench`, which adds its part.
//!
//! `make bench` runs all of it; `cargo bench -p crew-cli --bench measure -- handoff idle` runs some
//! of it and writes nothing. The daemon, the shims and the agents are those of the release build.

#![expect(clippy::print_stderr, reason = "it says what it is at")]

mod acp;
mod bare;
mod claude;
mod codex;
mod crowd;
mod handoff;
mod idle;
mod intake;
mod machine;
mod recovery;
mod report;
mod story;
#[path = "../../tests/support/mod.rs"]
mod support;
mod transitions;
mod turn;
mod worktree;

use std::path::Path;
use std::time::Instant;

use report::Section;

type Measure = fn() -> anyhow::Result<Section>;

/// Each measures one thing.
const SECTIONS: [(&str, Measure); 13] = [
    ("transitions", transitions::measure),
    ("intake", intake::measure),
    ("recovery", recovery::measure),
    ("idle", idle::measure),
    ("worktree", worktree::measure),
    ("handoff", handoff::measure),
    ("crowd", crowd::measure),
    ("claude", claude::measure),
    ("codex", codex::measure),
    ("gemini", acp::gemini),
    ("opencode", acp::opencode),
    ("claude-acp", acp::claude),
    ("codex-acp", acp::codex),
];

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let machine = machine::describe(&std::env::temp_dir());
    let mut sections = Vec::new();
    for (name, measure) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let begin = Instant::now();
            let section = measure()?;
            eprintln!("{name}: {:.0} s\n{section:#?}", begin.elapsed().as_secs_f64());
            sections.push(section);
        }
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
    if wanted.is_empty() {
        report::write(&document, &machine, &sections)?;
    } else if std::env::var_os("WRITE").is_some() {
        report::rewrite(&document, &sections)?;
    }
    Ok(())
}
