//! `[sandbox]`: what may be touched.

use serde::Deserialize;

use super::Problem;
use crate::team::{SandboxMode, SandboxPolicy};

/// Most paths of each kind.
const PATHS_MAX: usize = 200;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SandboxFile {
    mode: SandboxMode,
    read: Vec<String>,
    write: Vec<String>,
    ports: Option<Vec<u16>>,
}

impl SandboxFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> SandboxPolicy {
        let Self { mode, read, write, ports } = self;
        for (key, paths) in [("read", &read), ("write", &write)] {
            let bad = paths.iter().find(|path| !names_a_place(path));
            if let Some(path) = bad {
                problems.push(Problem::new(
                    format!("sandbox.{key}: `{path}` is no place that can be opened to agents"),
                    "write \"~/.cache/pip\", for example: below the home or from `/`, and not all of it",
                ));
            }
            if paths.len() > PATHS_MAX {
                problems.push(Problem::new(
                    format!("sandbox.{key} has more than {PATHS_MAX} paths"),
                    "name the directories above them",
                ));
            }
        }
        SandboxPolicy { mode, read, write, ports }
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
