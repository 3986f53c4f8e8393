//! Whether a file can be a message: from outside before it is taken, from inside after.

use std::io::{self, Read};

use crew_core::{Millis, Time};
use rustix::fs::FileType;
use sha2::{Digest, Sha256};

use super::folder::{Entry, Folder};
use super::name;
use super::watch::Arrival;
use super::{Rules, TEXT_BYTES_MAX, Taken};

/// What a look from outside says.
pub(super) enum Verdict {
    /// It may be taken.
    Good,
    /// Someone may still be writing it.
    Later,
    /// It can be no message, for this reason.
    Bad(String),
}

/// Looks at a file without opening it.
pub(super) fn look(entry: &Entry, arrival: Arrival, now: Time, rules: &Rules) -> Verdict {
    if let Some(what) = not_a_file(entry.file_type) {
        return Verdict::Bad(format!("it is {what}; hint: only a plain file can be a message"));
    }
    if entry.bytes > TEXT_BYTES_MAX {
        return Verdict::Bad(too_large());
    }
    let patience = match arrival {
        _ if entry.bytes == 0 => rules.empty_patience,
        Arrival::Whole => Millis(0),
        Arrival::Unknown => rules.settle,
    };
    // A clock that runs ahead must not make a file wait for ever.
    let age = Millis(now.0.abs_diff(entry.written_ms));
    if age < patience { Verdict::Later } else { Verdict::Good }
}

fn not_a_file(file_type: FileType) -> Option<&'static str> {
    match file_type {
        FileType::RegularFile => None,
        FileType::Directory => Some("a directory"),
        FileType::Symlink => Some("a symbolic link"),
        FileType::Fifo => Some("a named pipe"),
        FileType::Socket => Some("a socket"),
        FileType::CharacterDevice | FileType::BlockDevice => Some("a device"),
        FileType::Unknown => Some("of no known kind"),
    }
}

fn too_large() -> String {
    let limit = TEXT_BYTES_MAX >> 10;
    format!("it is larger than {limit} KiB; hint: put the content into a file and name it")
}

/// Reads a file in `taken/`: a message, or why it is none; nothing if it has vanished. An error
/// says nothing about the file and may pass.
pub(super) fn read(taken: &Folder, file: &str) -> io::Result<Option<Result<Taken, String>>> {
    let Some((kind, role)) = name::parse_taken(file) else {
        let reason = "nothing but taken messages belongs here; hint: drop it into triggers/";
        return Ok(Some(Err(reason.into())));
    };
    let bytes = match read_bounded(taken, file) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return Ok(Some(Err("it is no plain file; hint: only such can be a message".into())));
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Ok(Some(Err("it may not be read; hint: chmod u+r, and drop it again".into())));
        }
        Err(error) => return Err(error),
    };
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        return Ok(Some(Err(too_large())));
    }
    Ok(Some(text_of(bytes).map(|text| Taken {
        key: key_of(file, &text),
        kind,
        role: role.to_owned(),
        name: name::original(file).to_owned(),
        text,
        file: file.to_owned(),
    })))
}

fn read_bounded(taken: &Folder, file: &str) -> io::Result<Option<Vec<u8>>> {
    let Some(opened) = taken.open_file(file)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    opened.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The text, or why it is none.
pub(super) fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.contains(&0) {
        return Err("it has NUL bytes; hint: a message is plain text".into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("it is not UTF-8 from byte {at} on; hint: save it as UTF-8")
    })
}

fn key_of(file: &str, text: &str) -> String {
    let digest = Sha256::new().chain_update(file).chain_update([0]).chain_update(text).finalize();
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}
