//! Where an agent is on this machine, and what it touches besides its worktree.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};

use super::known::{Home, Known, Own, Written};
use crate::program::{
    Places, Unusable, Version, ask_version, look_up, packaged_version, places_of,
};

/// Finds an agent by a path or a name on the `PATH` of `env`. Which version it is it says itself, when
/// it has started.
pub fn find(
    program: &str,
    known: Option<&Known>,
    env: &BTreeMap<String, String>,
) -> Result<PathBuf, Unusable> {
    let path = look_up(program, env.get("PATH").map_or("", String::as_str));
    path.ok_or_else(|| match known {
        Some(Known { name, install, .. }) => Unusable {
            what: format!("there is no {name}: `{program}` is no program"),
            hint: format!(
                "`{install}`, or write where it is: program = \"/path/to/{program}\" of the provider \
                 in team.toml"
            ),
        },
        None => Unusable {
            what: format!("`{program}` is no program"),
            hint: "write where it is: program = \"/path/to/it\" of the provider in team.toml, or put \
                   it on the PATH of the daemon"
                .to_owned(),
        },
    })
}

/// Which version a program is, without starting it as an agent.
pub fn version(program: &Path, env: &BTreeMap<String, String>) -> Option<Version> {
    let packaged = packaged_version(program);
    packaged.or_else(|| ask_version(program, env, &[]).ok()?.parse().ok())
}

/// The places of an agent for a sandbox; directories that it will want are made. `env` is what the
/// agent is started with.
pub fn places(program: &Path, known: Option<&Known>, env: &BTreeMap<String, String>) -> Places {
    let mut places = Places { read: places_of(program).into(), write: Vec::new() };
    let homes = known.map_or(&[][..], |known| known.homes);
    for (home, dir) in homes.iter().filter_map(|home| Some((home, directory(home, env)?))) {
        let (dirs, files) = match home.written {
            Written::Nothing => (Vec::new(), Vec::new()),
            Written::All => (vec![dir.clone()], Vec::new()),
            Written::Only(dirs, files) => (
                dirs.iter().map(|name| dir.join(name)).collect(),
                files.iter().map(|name| dir.join(name)).collect(),
            ),
        };
        places.read.push(dir);
        places.write.extend(dirs.into_iter().filter(|dir| fs::create_dir_all(dir).is_ok()));
        places.write.extend(files.into_iter().filter(|file: &PathBuf| file.is_file()));
    }
    places
}

/// Makes the home of an agent that gets one of its own, and names it in `env`.
pub fn make_home(
    known: &Known,
    home: &Path,
    env: &mut BTreeMap<String, String>,
) -> io::Result<Option<PathBuf>> {
    let Some(Own { variable, below, linked }) = known.own else { return Ok(None) };
    let users = known.homes.first().and_then(|home| directory(home, env));
    let dir = home.join(below);
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    for name in linked {
        let link = dir.join(name);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // A link: who renews what it signed in with does so for the user as well.
        if let Some(file) = users.as_ref().map(|dir| dir.join(name)).filter(|file| file.is_file()) {
            symlink(file, link)?;
        }
    }
    env.insert(variable.to_owned(), home.display().to_string());
    Ok(Some(home.to_owned()))
}

pub(super) fn directory(home: &Home, env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let named = home.variable.and_then(|(name, below)| Some(Path::new(env.get(name)?).join(below)));
    named.or_else(|| Some(Path::new(env.get("HOME")?).join(home.usual)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acp::known;
    use crew_core::team::AcpAgent;

    #[test]
    fn what_names_programs_is_not_written() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join(".gemini");
        fs::create_dir_all(&dir).unwrap();
        for file in ["settings.json", "oauth_creds.json"] {
            fs::write(dir.join(file), file).unwrap();
        }
        let gemini = known(AcpAgent::Gemini);
        let mut env = [("HOME".to_owned(), home.path().display().to_string())].into();
        let places = places(Path::new("/usr/bin/true"), Some(gemini), &env);
        assert!(places.read.contains(&dir) && !places.write.contains(&dir));
        assert!(places.write.contains(&dir.join("oauth_creds.json")));
        assert!(!places.write.contains(&dir.join("settings.json")));
        let own = home.path().join("own");
        for _ in 0..2 {
            assert_eq!(make_home(gemini, &own, &mut env).unwrap().as_ref(), Some(&own));
            assert_eq!(env["GEMINI_CLI_HOME"], own.display().to_string());
            let settings = fs::read_to_string(own.join(".gemini/settings.json"));
            assert_eq!(settings.unwrap(), "settings.json");
            env.remove("GEMINI_CLI_HOME");
        }
    }

    #[test]
    fn a_variable_says_where_an_agent_is_at_home() {
        let env = [("CODEX_HOME", "/c"), ("HOME", "/h")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let home_of = |agent| directory(&known(agent).homes[0], &env);
        assert_eq!(home_of(AcpAgent::Codex), Some("/c".into()));
        assert_eq!(home_of(AcpAgent::Opencode), Some("/h/.config/opencode".into()));
    }

    #[test]
    fn what_is_not_there_is_said_with_a_hint() {
        let gemini = find("gemini", Some(known(AcpAgent::Gemini)), &BTreeMap::new()).unwrap_err();
        assert!(gemini.hint.contains("npm install -g @google/gemini-cli"), "{gemini}");
        let other = find("./mine", None, &BTreeMap::new()).unwrap_err();
        assert!(other.what.contains("`./mine` is no program"), "{other}");
    }
}
