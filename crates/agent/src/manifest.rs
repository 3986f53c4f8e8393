//! What an installed agent could do when it was tried on this machine: a file for each program, which
//! `crew provider test` writes.
//!
//! A manifest is about one version. Of another one it says nothing: that has not been tried.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crew_core::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::program::Version;
use crate::shim::write_durably;

/// Where they are, below the data directory.
const DIRECTORY: &str = "manifests";

/// What was found when a program was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Which agent it is, as `crew provider test` names it.
    pub agent: String,
    /// The program.
    pub program: PathBuf,
    /// Its version.
    #[serde(with = "words")]
    pub version: Version,
    /// When it was tried.
    pub at: Time,
    /// The version of Crewhouse that tried it.
    pub crewhouse: String,
    /// What it can do, and what not.
    pub abilities: BTreeMap<Ability, Finding>,
}

/// Something that Crewhouse needs of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// It starts in the sandbox and asks its model.
    Start,
    /// It changes a file in its worktree, and nobody is asked.
    Tool,
    /// What it leaves is a commit.
    Commit,
    /// It asks for a permission, and does not do what it is denied.
    KeepsToANo,
    /// It asks for a permission, and does what it is allowed.
    GoesOnAfterAYes,
    /// It calls our tools.
    OurTools,
    /// It says what it consumed.
    Usage,
    /// It ends its turn when it is interrupted.
    Interrupt,
    /// It goes on with its conversation in a new process.
    Resume,
}

/// Whether it can do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Finding {
    /// It can.
    Holds,
    /// It cannot, for this reason.
    Fails {
        /// What was seen.
        why: String,
    },
    /// It did not come to that.
    Unknown,
}

impl Ability {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Start,
        Self::Tool,
        Self::Commit,
        Self::KeepsToANo,
        Self::GoesOnAfterAYes,
        Self::OurTools,
        Self::Usage,
        Self::Interrupt,
        Self::Resume,
    ];

    /// What it is, for a human.
    pub fn words(self) -> &'static str {
        match self {
            Self::Start => "starts",
            Self::Tool => "changes a file",
            Self::Commit => "leaves a commit",
            Self::KeepsToANo => "asks, and keeps to a no",
            Self::GoesOnAfterAYes => "asks, and goes on after a yes",
            Self::OurTools => "calls the tools of Crewhouse",
            Self::Usage => "says what it consumed",
            Self::Interrupt => "can be interrupted",
            Self::Resume => "goes on in a new process",
        }
    }
}

impl Manifest {
    /// What is known of this program in this version.
    pub fn of(home: &Path, program: &Path, version: Version) -> Option<Self> {
        let manifest = read(&home.join(DIRECTORY).join(file_name(program)))?;
        (manifest.program == program && manifest.version == version).then_some(manifest)
    }

    /// All that there are, by agent and program.
    pub fn all(home: &Path) -> Vec<Self> {
        let files = fs::read_dir(home.join(DIRECTORY)).into_iter().flatten().flatten();
        let mut all: Vec<Self> = files.filter_map(|file| read(&file.path())).collect();
        all.sort_by(|a, b| (&a.agent, &a.program).cmp(&(&b.agent, &b.program)));
        all
    }

    /// Writes it, in place of what was known of the program.
    pub fn write(&self, home: &Path) -> io::Result<()> {
        let directory = home.join(DIRECTORY);
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        write_durably(&directory, &file_name(&self.program), &serde_json::to_vec_pretty(self)?)
    }

    /// What it cannot do, or was not seen to do.
    pub fn missing(&self) -> Vec<Ability> {
        let holds = |ability: &Ability| self.abilities.get(ability) == Some(&Finding::Holds);
        Ability::ALL.into_iter().filter(|ability| !holds(ability)).collect()
    }
}

fn read(path: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// One for each program, wherever it is.
fn file_name(program: &Path) -> String {
    let digest = Sha256::digest(program.as_os_str().as_encoded_bytes());
    let hex: Vec<String> = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}.json", hex.concat())
}

/// A version as people write it.
mod words {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::program::Version;

    pub(super) fn serialize<S: Serializer>(version: &Version, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(version)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Version, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_about_one_program_in_one_version() {
        let home = tempfile::tempdir().unwrap();
        let program = Path::new("/opt/some");
        let manifest = Manifest {
            agent: "some".to_owned(),
            program: program.to_owned(),
            version: Version(1, 2, 3),
            at: Time(7),
            crewhouse: "0.1.0".to_owned(),
            abilities: [
                (Ability::Start, Finding::Holds),
                (Ability::Tool, Finding::Fails { why: "it made nothing".to_owned() }),
            ]
            .into(),
        };
        assert!(Manifest::all(home.path()).is_empty());
        manifest.write(home.path()).unwrap();
        manifest.write(home.path()).unwrap();
        assert_eq!(Manifest::all(home.path()), std::slice::from_ref(&manifest));
        let known = |program: &str, version| Manifest::of(home.path(), Path::new(program), version);
        assert_eq!(known("/opt/some", Version(1, 2, 3)), Some(manifest.clone()));
        assert_eq!(known("/opt/some", Version(1, 2, 4)), None);
        assert_eq!(known("/opt/other", Version(1, 2, 3)), None);
        assert_eq!(manifest.missing(), Ability::ALL[1..]);
    }
}
