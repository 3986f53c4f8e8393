//! The document that a run writes: what was measured beside what it is measured against.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What belongs together: measured in one go, with the raw operation in the same run.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// What is done, and what "raw" is.
    pub(crate) how: String,
    pub(crate) rows: Vec<Row>,
    /// Where an aim is missed: why, and what would help.
    pub(crate) missed: &'static str,
}

/// One measure.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) here: String,
    pub(crate) raw: String,
    pub(crate) aim: Option<Aim>,
}

/// What was hoped for, and whether it is so.
#[derive(Debug)]
pub(crate) struct Aim {
    pub(crate) text: String,
    pub(crate) reached: f64,
    pub(crate) bound: Bound,
}

/// On which side of the number the aim lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, here: String, raw: String) -> Self {
        Self { what: what.into(), here, raw, aim: None }
    }

    /// The aim, and the number that is held against it.
    pub(crate) fn aims(mut self, text: &str, reached: f64, bound: Bound) -> Self {
        self.aim = Some(Aim { text: text.to_owned(), reached, bound });
        self
    }
}

impl Aim {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.reached >= bound,
            Bound::AtMost(bound) => self.reached <= bound,
        }
    }

    fn shown(&self) -> String {
        let word = if self.is_met() { "met" } else { "**missed**" };
        format!("{}: {}, {word}", self.text, number(self.reached))
    }
}

impl Section {
    fn shown(&self) -> String {
        let mut text = format!("\n## {}\n\n{}\n\n", self.title, self.how);
        text += "| | here | raw | aim, and what it came to |\n|---|---|---|---|\n";
        for Row { what, here, raw, aim } in &self.rows {
            let aim = aim.as_ref().map_or_else(String::new, Aim::shown);
            writeln!(text, "| {what} | {here} | {raw} | {aim} |").ok(); // a string takes anything
        }
        let missed = |row: &Row| row.aim.as_ref().is_some_and(|aim| !aim.is_met());
        if self.rows.iter().any(missed) {
            writeln!(text, "\n{}", self.missed).ok();
        }
        text
    }
}

/// What follows it is measured by `make ui-bench`, and stays.
const FACE: &str = "<!-- From here on: `make ui-bench`. -->";

/// Writes the document.
pub(crate) fn write(to: &Path, machine: &str, sections: &[Section]) -> anyhow::Result<()> {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `make bench`, which measures on your machine and writes this file \
         anew; no number here\nwas typed. Each measure stands beside the raw operation, done in the \
         same run on the same disk: the ratio\nsays more than the number. Agents are playbooks, and \
         all else is real: the release program, shims,\nworktrees, files.\n\n",
    );
    text += machine;
    text.extend(sections.iter().map(Section::shown));
    let before = fs::read_to_string(to).unwrap_or_default();
    if let Some(at) = before.find(FACE) {
        text.push('\n');
        text += &before[at..];
    }
    fs::write(to, text)?;
    Ok(())
}

/// Writes these sections in place of what was measured before, and leaves the others as they are.
pub(crate) fn rewrite(to: &Path, sections: &[Section]) -> anyhow::Result<()> {
    let mut text = fs::read_to_string(to)?;
    for section in sections {
        let title = format!("\n## {}\n", section.title);
        let face = text.find(FACE).map_or(text.len(), |at| at.saturating_sub(1));
        let begin = text.find(&title).unwrap_or(face);
        let after = (begin + 1).min(text.len());
        let end = text[after..].find("\n## ").map_or(face, |at| (after + at).min(face)).max(begin);
        text.replace_range(begin..end, &section.shown());
    }
    fs::write(to, text)?;
    Ok(())
}

/// A number with as many digits as say something.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{:.0}", value.abs());
            let groups: Vec<&str> = digits
                .as_bytes()
                .rchunks(3)
                .rev()
                .filter_map(|group| std::str::from_utf8(group).ok())
                .collect();
            let sign = if value < 0.0 { "-" } else { "" };
            format!("{sign}{}", groups.join(","))
        }
    }
}

/// The value below which `share` of all lie.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share).ceil() as usize).saturating_sub(1);
    values.get(at).copied().unwrap_or(f64::NAN)
}
