//! `read`, `write` and `edit`.
//!
//! A file is replaced by a rename, so nobody ever sees half of it. The name of the temporary file
//! is always the same, so that a restart can remove what a kill left behind; the worktree has one
//! agent at a time.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::bounds::short_line;
use super::path::{resolve, resolve_for_writing};
use super::{Edit, Read, ToolError, Write};

/// Larger files are not read whole.
const FILE_BYTES_MAX: u64 = 8 << 20;
/// Lines shown when no limit is given, and at most.
const LINES_MAX: usize = 2_000;
/// Characters shown of a line.
const LINE_CHARS_MAX: usize = 2_000;
/// Bytes shown of a file at once.
const SHOWN_BYTES_MAX: usize = 60_000;
/// The temporary file of a write.
const LEFTOVER: &str = ".crew-write.tmp";

/// Lines of a file, numbered.
pub(super) fn read(root: &Path, call: &Read) -> Result<String, ToolError> {
    let text = text_of(&resolve(root, &call.path)?, &call.path)?;
    let first = call.offset.unwrap_or(1).max(1);
    let limit = call.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX);
    let total = text.lines().count();
    if total == 0 {
        return Ok("(the file is empty)".to_owned());
    }
    if first > total {
        return Err(ToolError::Failed(format!("{} has only {total} lines", call.path)));
    }
    let mut shown = Vec::new();
    let mut bytes = 0;
    for (index, line) in text.lines().enumerate().skip(first - 1).take(limit) {
        if bytes > SHOWN_BYTES_MAX {
            break;
        }
        let line = format!("{}\t{}", index + 1, short_line(line, LINE_CHARS_MAX));
        bytes += line.len();
        shown.push(line);
    }
    let next = first + shown.len();
    if next <= total {
        shown.push(format!("… lines {next} to {total} not shown …"));
    }
    Ok(shown.join("\n") + "\n")
}

/// Replaces or creates a file.
pub(super) fn write(root: &Path, call: &Write) -> Result<String, ToolError> {
    let path = resolve_for_writing(root, &call.path)?;
    replace(&path, call.content.as_bytes()).map_err(|reason| failed(&call.path, &reason))?;
    Ok(format!("wrote {} bytes to {}", call.content.len(), call.path))
}

/// Replaces one passage of a file.
///
/// A passage that has been replaced already is left as it is: an edit that is repeated after an
/// interruption must not be applied twice, above all when `new` contains `old`.
pub(super) fn edit(root: &Path, call: &Edit) -> Result<String, ToolError> {
    let path = resolve_for_writing(root, &call.path)?;
    let text = text_of(&path, &call.path)?;
    let fail = |reason: String| Err(ToolError::Failed(format!("{}: {reason}", call.path)));
    if call.old.is_empty() || call.old == call.new {
        return fail("`old` must be some text, and other text than `new`".to_owned());
    }
    let news = if call.new.is_empty() { 0 } else { text.matches(&call.new).count() };
    match text.matches(&call.old).count() {
        0 if news > 0 => return Ok(already(call)),
        0 => {
            return fail("`old` does not occur\nhint: read the file; whitespace counts".to_owned());
        }
        1 if news == 1 && call.new.contains(&call.old) => return Ok(already(call)),
        1 => {}
        count => {
            return fail(format!(
                "`old` occurs {count} times\nhint: give more of what is around it"
            ));
        }
    }
    let edited = text.replacen(&call.old, &call.new, 1);
    replace(&path, edited.as_bytes()).map_err(|reason| failed(&call.path, &reason))?;
    Ok(format!("edited {}", call.path))
}

fn already(call: &Edit) -> String {
    format!("{} already has `new` in that place; nothing was changed", call.path)
}

/// Removes the temporary file that an interrupted write of `written` may have left.
pub(in crate::native) fn remove_leftover(root: &Path, written: &str) {
    let Ok(path) = resolve(root, written) else {
        return;
    };
    if let Some(parent) = path.parent().filter(|parent| parent.starts_with(root)) {
        // That there is none is the usual case, and one that stays hurts nobody.
        fs::remove_file(parent.join(LEFTOVER)).unwrap_or_default();
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(parent)?;
    let temporary = parent.join(LEFTOVER);
    match fs::remove_file(&temporary) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(reason),
        Ok(()) | Err(_) => {}
    }
    let mut file = File::create_new(&temporary)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

fn text_of(path: &Path, written: &str) -> Result<String, ToolError> {
    let refuse = |reason: String| ToolError::Path { path: written.to_owned(), reason };
    let metadata = fs::metadata(path).map_err(|reason| failed(written, &reason))?;
    if metadata.is_dir() {
        return Err(refuse("this is a directory\nhint: list it with `shell`".to_owned()));
    }
    if !metadata.is_file() {
        return Err(refuse("this is not a regular file".to_owned()));
    }
    if metadata.len() > FILE_BYTES_MAX {
        let bytes = metadata.len();
        return Err(refuse(format!(
            "{bytes} bytes are too many to read\nhint: use `search`, or `shell` with sed or head"
        )));
    }
    let bytes = fs::read(path).map_err(|reason| failed(written, &reason))?;
    if bytes.contains(&0) {
        return Err(refuse("this is a binary file".to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| refuse("this is not UTF-8 text".to_owned()))
}

fn failed(written: &str, reason: &io::Error) -> ToolError {
    ToolError::Failed(format!("{written}: {reason}"))
}
