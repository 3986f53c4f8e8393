//! `[sandbox]`: what may be touched, and what of it is for one role.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Problem;
use crate::team::{Opened, SandboxMode, SandboxPolicy};

/// Most paths of each kind.
const PATHS_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SandboxFile {
    mode: SandboxMode,
    ask: bool,
    read: Vec<String>,
    write: Vec<String>,
    ports: Option<Vec<u16>>,
}

impl Default for SandboxFile {
    fn default() -> Self {
        let SandboxPolicy { mode, ask, open: Opened { read, write, ports } } =
            SandboxPolicy::default();
        Self { mode, ask, read, write, ports }
    }
}

impl SandboxFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> SandboxPolicy {
        let Self { mode, ask, read, write, ports } = self;
        let open = Opened { read, write, ports };
        check(&open, "sandbox", problems);
        SandboxPolicy { mode, ask, open }
    }
}

/// `sandbox` of a role: a yes or no, or what is open to it besides.
pub(super) enum RoleSandbox {
    Whether(bool),
    Opened(Opened),
}

impl RoleSandbox {
    /// Whether the role works outside, and what is open to it.
    pub(super) fn build(self, place: &str, problems: &mut Vec<Problem>) -> (bool, Opened) {
        match self {
            Self::Whether(inside) => (!inside, Opened::default()),
            Self::Opened(open) => {
                check(&open, &format!("{place}.sandbox"), problems);
                (false, open)
            }
        }
    }
}

impl<'de> Deserialize<'de> for RoleSandbox {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OfRole)
    }
}

/// Says what is wrong in the table, which an untagged enum would not.
struct OfRole;

impl<'de> Visitor<'de> for OfRole {
    type Value = RoleSandbox;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or a table of `read`, `write` and `ports`")
    }

    fn visit_bool<E>(self, inside: bool) -> Result<RoleSandbox, E> {
        Ok(RoleSandbox::Whether(inside))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<RoleSandbox, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[derive(Default)]
        struct Table {
            read: Vec<String>,
            write: Vec<String>,
            ports: Option<Vec<u16>>,
        }
        let Table { read, write, ports } = Table::deserialize(MapAccessDeserializer::new(table))?;
        Ok(RoleSandbox::Opened(Opened { read, write, ports }))
    }
}

fn check(open: &Opened, place: &str, problems: &mut Vec<Problem>) {
    for (key, paths) in [("read", &open.read), ("write", &open.write)] {
        let bad = paths.iter().find(|path| !names_a_place(path));
        if let Some(path) = bad {
            problems.push(Problem::at(
                format!("{place}.{key}"),
                format!("`{path}` is no place that can be opened to agents"),
                "write \"~/.cache/pip\", for example: below the home or from `/`, and not all of it",
            ));
        }
        if paths.len() > PATHS_MAX {
            problems.push(Problem::at(
                format!("{place}.{key}"),
                format!("there are more than {PATHS_MAX} paths"),
                "name the directories above them",
            ));
        }
    }
}

/// Neither everything nor a way around.
fn names_a_place(path: &str) -> bool {
    let below = path.strip_prefix("~/").or_else(|| path.strip_prefix('/'));
    let is_part = |part: &str| part != ".." && !part.contains('\0');
    below.is_some_and(|below| {
        below.split('/').all(is_part)
            && below.split('/').any(|part| !part.is_empty() && part != ".")
    })
}
