//! The files of a team directory that people edit: the policy, what roles are told, what all know.
//!
//! They lie in the user's checkout, under git. A text is written only over the version that was
//! read, so that nobody's edit is lost, and only if it is good: a policy in use is never replaced
//! by one that would be refused.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crew_core::team::{self, Problem, Team};
use crew_core::{Event, ProjectId, RoleName, State, Time, step};
use crew_engine::{TEAM_DIRECTORY, TEAM_FILE, read_text};
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ErrorCode};
use crate::wire::TeamFile;

/// What is known about the project, and where it is to go.
const TOPICS: [&str; 2] = ["project", "goals"];
const INSTRUCTIONS: &str = "CLAUDE.md";

/// A file that may be edited. Its path is made of names only, so it stays in the team directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// `team.toml`
    Policy,
    /// `agents/<role>/CLAUDE.md`
    Role(RoleName),
    /// `knowledge/<topic>.toml`
    Knowledge(&'static str),
}

impl Name {
    /// The file of that name, as [`Self::text`] says it.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let role = text.strip_prefix("agents/").and_then(|rest| rest.strip_suffix("/CLAUDE.md"));
        let topic = TOPICS.into_iter().find(|topic| text == format!("knowledge/{topic}.toml"));
        if text == TEAM_FILE {
            Ok(Self::Policy)
        } else if let Some(topic) = topic {
            Ok(Self::Knowledge(topic))
        } else if let Some(role) = role {
            role.parse().map(Self::Role).map_err(ApiError::invalid)
        } else {
            let message = format!("`{text}` is not a file of the team");
            Err(ApiError::new(ErrorCode::NotFound, message)
                .hint("there are team.toml, agents/<role>/CLAUDE.md and knowledge/<topic>.toml"))
        }
    }

    /// The path in the team directory.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Policy => TEAM_FILE.to_owned(),
            Self::Role(role) => format!("agents/{role}/{INSTRUCTIONS}"),
            Self::Knowledge(topic) => format!("knowledge/{topic}.toml"),
        }
    }

    /// All files of a team, whether they are there or not.
    pub(crate) fn all(team: &Team) -> Vec<Self> {
        let roles = team.roles.keys().cloned().map(Self::Role);
        std::iter::once(Self::Policy)
            .chain(roles)
            .chain(TOPICS.into_iter().map(Self::Knowledge))
            .collect()
    }

    fn path(&self, root: &Path) -> PathBuf {
        root.join(TEAM_DIRECTORY).join(self.text())
    }
}

/// A file as it is now. One that is not there is empty and has no version.
pub(crate) fn read(root: &Path, name: &Name) -> Result<TeamFile, ApiError> {
    match read_text(&name.path(root)) {
        Ok(text) => Ok(TeamFile { name: name.text(), version: Some(version(&text)), text }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(TeamFile { name: name.text(), version: None, text: String::new() })
        }
        Err(error) => Err(ApiError::new(
            ErrorCode::Refused,
            format!("{} cannot be read: {error}", name.path(root).display()),
        )
        .hint("put a plain text file there")),
    }
}

/// Names a text.
fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: Vec<String> = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    hex.concat()
}

/// What is wrong with a text for a file; nothing if it is good.
pub(crate) fn mistakes(name: &Name, text: &str) -> Vec<Problem> {
    match name {
        Name::Policy => team::parse(text).err().unwrap_or_default(),
        Name::Knowledge(_) => toml::from_str::<toml::Table>(text)
            .err()
            .map(|error| Problem::of_text(text, &error))
            .into_iter()
            .collect(),
        Name::Role(_) => Vec::new(),
    }
}

/// Whether the project could go on with this policy as it is now.
pub(crate) fn could_use(
    state: &State,
    project: ProjectId,
    policy: &Team,
    now: Time,
) -> Result<(), ApiError> {
    let loaded = Event::TeamLoaded { project, team: Box::new(policy.clone()) };
    match step(state, &loaded, now) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Writes a text over the version that was read.
pub(crate) fn write(
    root: &Path,
    name: &Name,
    text: &str,
    over: Option<&str>,
) -> Result<TeamFile, ApiError> {
    let mistakes = mistakes(name, text);
    if let Some(first) = mistakes.first() {
        let all: Vec<&str> = mistakes.iter().map(|it| it.what.as_str()).collect();
        let error = first.hint.iter().fold(ApiError::invalid(all.join("\n")), ApiError::hint);
        let key = mistakes.iter().find_map(|it| it.key.as_ref());
        return Err(key.into_iter().fold(error, ApiError::key));
    }
    let now = read(root, name)?;
    if now.version.as_deref() != over {
        return Err(ApiError::new(
            ErrorCode::Refused,
            format!("{} was changed meanwhile, and nothing was written", name.text()),
        )
        .hint("look at what is there now, then save again"));
    }
    replace(root, &name.path(root), text).map_err(|error| {
        ApiError::new(ErrorCode::NotRecorded, format!("{}: {error}", name.path(root).display()))
            .hint("nothing has changed; see whether the directory can be written")
    })?;
    Ok(TeamFile { name: name.text(), version: Some(version(text)), text: text.to_owned() })
}

/// Writes aside and renames, so that nobody ever reads a half.
fn replace(root: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let parent = path.parent().unwrap_or(root);
    fs::create_dir_all(parent)?;
    // A link in place of a directory must not lead out of the repository.
    if !parent.canonicalize()?.starts_with(root.canonicalize()?) {
        return Err(std::io::Error::other("it leads out of the repository"));
    }
    let mut aside = tempfile::Builder::new().prefix(".crew-").tempfile_in(parent)?;
    aside.write_all(text.as_bytes())?;
    if let Ok(known) = fs::metadata(path) {
        aside.as_file().set_permissions(known.permissions())?;
    }
    aside.as_file().sync_all()?;
    aside.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_the_known_files() {
        let check = |text: &str, ok: bool| assert_eq!(Name::parse(text).is_ok(), ok, "{text}");
        check("team.toml", true);
        check("agents/pm/CLAUDE.md", true);
        check("knowledge/goals.toml", true);
        check("knowledge/other.toml", false);
        check("agents/../CLAUDE.md", false);
        check("agents/a/b/CLAUDE.md", false);
        check("../team.toml", false);
        check("/etc/passwd", false);
    }

    #[test]
    fn a_name_reads_as_it_is_written() {
        for text in ["team.toml", "agents/pm/CLAUDE.md", "knowledge/project.toml"] {
            assert_eq!(Name::parse(text).unwrap().text(), text);
        }
    }
}
