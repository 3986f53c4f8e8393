//! Keys by name: in the keyring of the system, or in files that only the user's own key opens.
//!
//! A secret's name is a file in `secrets/` of the home: `NAME.keyring` says that the keyring has it,
//! `NAME.age` is it, encrypted in the format of [age](https://age-encryption.org/v1). So there is one
//! place for each, and nothing falls back in silence. The key file is the user's: it is made and kept
//! outside of the home, and a copy of the home opens nothing.
//!
//! Invariant: what a secret is stands in no file of ours in clear, in no argument and in no error.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use crew_core::SecretName;
use thiserror::Error;

use crate::{Home, keyring};

/// Names the key file, in the directory of the secrets.
const KEY_FILE: &str = "key-file";
const IN_KEYRING: &str = "keyring";
const IN_FILE: &str = "age";
/// How a line begins that is a key.
const KEY: &str = "AGE-SECRET-KEY-";

/// A secret. It cannot print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Without the end of the line that it was typed on; `None` if nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(['\n', '\r']);
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// What it is: for the environment of a program that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the keyring of the system.
    Keyring,
    /// In a file that is encrypted.
    File,
}

impl Kept {
    /// For a reader.
    pub fn word(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "encrypted file",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Keyring => IN_KEYRING,
            Self::File => IN_FILE,
        }
    }
}

/// Why a secret cannot be had, or kept.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Nobody kept it.
    #[error("there is no secret `{0}`")]
    Unknown(SecretName),
    /// The system has no keyring, or does not open it.
    #[error("the keyring of this system cannot be used: {0}")]
    NoKeyring(String),
    /// There is no key for the encrypted files.
    #[error("{0}")]
    NoKey(String),
    /// The file is not one that this key opens.
    #[error("the secret `{0}` cannot be opened with the key in {1}")]
    Sealed(SecretName, PathBuf),
    /// The disk.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl SecretError {
    /// What a human can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "`crew secret set NAME` keeps one",
            Self::NoKeyring(_) => {
                "unlock it; or keep secrets in encrypted files: `crew secret key FILE` makes a key \
                 that is yours, and `crew secret set NAME --key-file FILE` uses it"
            }
            Self::NoKey(_) => {
                "`crew secret key FILE` makes one; keep it outside of Crewhouse's home"
            }
            Self::Sealed(..) => "`crew secret set NAME --key-file FILE` keeps it anew",
            Self::Io(_) => "see whether the home can be written",
        }
    }
}

/// The secrets of a home.
#[derive(Clone, Debug)]
pub struct Secrets {
    dir: PathBuf,
}

impl Secrets {
    /// Those of this home.
    pub fn of(home: &Home) -> Self {
        Self::at(home.root())
    }

    /// Those of the home that is there.
    pub fn at(root: &Path) -> Self {
        Self { dir: root.join("secrets") }
    }

    /// Keeps a secret in the keyring of the system.
    pub fn set_in_keyring(&self, name: &SecretName, secret: &Secret) -> Result<(), SecretError> {
        keyring::set(name, &secret.0)?;
        self.note(name, Kept::Keyring, b"")
    }

    /// Keeps a secret in an encrypted file; `key_file` is used from now on, if it is given.
    pub fn set_in_file(
        &self,
        name: &SecretName,
        secret: &Secret,
        key_file: Option<&Path>,
    ) -> Result<(), SecretError> {
        let path = key_file.map(std::path::absolute).transpose()?;
        let path = path.map_or_else(|| self.key_file(), Ok)?;
        let sealed = age::encrypt(&identity(&path)?.to_public(), secret.0.as_bytes());
        let sealed = sealed.map_err(|error| SecretError::NoKey(error.to_string()))?;
        self.write(KEY_FILE, path.as_os_str().as_encoded_bytes())?;
        self.note(name, Kept::File, &sealed)
    }

    /// What was kept by this name.
    pub fn get(&self, name: &SecretName) -> Result<Secret, SecretError> {
        let kept = self.kept(name).ok_or_else(|| SecretError::Unknown(name.clone()))?;
        let text = match kept {
            Kept::Keyring => keyring::get(name)?,
            Kept::File => {
                let path = self.key_file()?;
                let sealed = || SecretError::Sealed(name.clone(), path.clone());
                let bytes = fs::read(self.path(name, kept))?;
                let opened = age::decrypt(&identity(&path)?, &bytes).map_err(|_| sealed())?;
                String::from_utf8(opened).map_err(|_| sealed())?
            }
        };
        Secret::new(&text).ok_or_else(|| SecretError::Unknown(name.clone()))
    }

    /// The names, and where each is.
    pub fn list(&self) -> Result<Vec<(SecretName, Kept)>, SecretError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let Some((name, ending)) = name.rsplit_once('.') else { continue };
            let kept = [Kept::Keyring, Kept::File].into_iter().find(|it| it.ending() == ending);
            names.extend(kept.and_then(|kept| Some((name.parse().ok()?, kept))));
        }
        names.sort_by(|(a, _), (b, _): &(SecretName, Kept)| a.cmp(b));
        Ok(names)
    }

    /// Forgets a secret, in the keyring too.
    pub fn remove(&self, name: &SecretName) -> Result<(), SecretError> {
        let kept = self.kept(name).ok_or_else(|| SecretError::Unknown(name.clone()))?;
        if kept == Kept::Keyring {
            keyring::remove(name)?;
        }
        Ok(fs::remove_file(self.path(name, kept))?)
    }

    fn kept(&self, name: &SecretName) -> Option<Kept> {
        [Kept::Keyring, Kept::File].into_iter().find(|kept| self.path(name, *kept).exists())
    }

    fn path(&self, name: &SecretName, kept: Kept) -> PathBuf {
        self.dir.join(format!("{name}.{}", kept.ending()))
    }

    /// The one place of a secret; what it was elsewhere is gone.
    fn note(&self, name: &SecretName, kept: Kept, bytes: &[u8]) -> Result<(), SecretError> {
        self.write(&format!("{name}.{}", kept.ending()), bytes)?;
        let other = match kept {
            Kept::Keyring => Kept::File,
            Kept::File => Kept::Keyring,
        };
        match fs::remove_file(self.path(name, other)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn key_file(&self) -> Result<PathBuf, SecretError> {
        let path = fs::read_to_string(self.dir.join(KEY_FILE));
        path.map(PathBuf::from)
            .map_err(|_| SecretError::NoKey("no key file was named for encrypted secrets".into()))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let aside = self.dir.join(format!(".{name}.tmp"));
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(aside, self.dir.join(name))
    }
}

/// Makes a key, for its owner only, where nothing is yet.
pub fn make_key(path: &Path) -> Result<(), SecretError> {
    let mut options = OpenOptions::new();
    let mut file = options.create_new(true).write(true).mode(0o600).open(path)?;
    let key = Identity::generate().to_string();
    writeln!(
        file,
        "# A key for secrets of Crewhouse, as `age` has them. Whoever has it reads them."
    )?;
    writeln!(file, "{}", key.expose_secret())?;
    Ok(file.sync_all()?)
}

fn identity(path: &Path) -> Result<Identity, SecretError> {
    let at = path.display();
    let wrong = |why: String| SecretError::NoKey(format!("{at}: {why}"));
    let file = fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if file.permissions().mode() & 0o077 != 0 {
        return Err(wrong(format!("others may read this key; `chmod 600 {at}`")));
    }
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let line = text.lines().find(|line| line.starts_with(KEY));
    let identity = line.and_then(|line| line.trim().parse().ok());
    identity.ok_or_else(|| wrong("there is no key of age in it".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(dir: &Path) -> Secrets {
        Secrets { dir: dir.join("home/secrets") }
    }

    fn name(text: &str) -> SecretName {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_kept_in_a_file_is_opened_by_its_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let (secrets, key) = (secrets(dir.path()), dir.path().join("key"));
        let secret = Secret::new("sk-test-invented\n").unwrap();
        assert!(matches!(
            secrets.set_in_file(&name("work"), &secret, None),
            Err(SecretError::NoKey(_))
        ));
        make_key(&key).unwrap();
        assert!(make_key(&key).is_err(), "a key is never written over");
        secrets.set_in_file(&name("work"), &secret, Some(&key)).unwrap();
        assert_eq!(secrets.get(&name("work")).unwrap(), secret);
        assert_eq!(secrets.list().unwrap(), [(name("work"), Kept::File)]);
        for entry in fs::read_dir(dir.path().join("home/secrets")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("invented"), "{}", path.display());
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
        }
        let other = dir.path().join("other");
        make_key(&other).unwrap();
        fs::rename(&other, &key).unwrap();
        assert!(matches!(secrets.get(&name("work")), Err(SecretError::Sealed(..))));
        secrets.remove(&name("work")).unwrap();
        assert!(matches!(secrets.get(&name("work")), Err(SecretError::Unknown(_))));
    }

    #[test]
    fn a_key_that_others_may_read_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        make_key(&key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let kept = secrets(dir.path()).set_in_file(&name("a"), &Secret("x".into()), Some(&key));
        assert!(kept.unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", Secret::new("sk-test-invented").unwrap()), "Secret(…)");
        assert_eq!(Secret::new("\n"), None);
    }
}
