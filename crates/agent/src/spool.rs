//! Reading what an agent printed, line by line, from a file that still grows.
//!
//! The reader owns nothing but a position. Each line comes with the byte offset after it, and
//! whoever stores that offset together with what the line meant can be killed at any time and
//! goes on with [`SpoolReader::open`] there: nothing is skipped, nothing read twice.
//!
//! Invariant: lines and offsets depend on the bytes of the file only, never on when or in what
//! portions they were written.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Longest line that is delivered whole. Agents print images as one line of base64.
pub const LINE_BYTES_MAX: usize = 10 << 20;
/// How much is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// A batch ends after the chunk in which it reaches this many bytes.
const BATCH_BYTES: usize = 1 << 20;
/// How much of the end of a file [`tail`] looks at.
const TAIL_BYTES: u64 = 1 << 20;

/// One line that an agent printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Without `\n` or `\r\n`; not always UTF-8, never empty.
    pub bytes: Vec<u8>,
    /// Offset of the first byte after the line and its newline.
    pub end: u64,
    /// Whether all of it is here.
    pub extent: Extent,
}

/// Whether all of a line was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Yes.
    Whole,
    /// The line is longer than the bound; its beginning was delivered and the rest skipped.
    Truncated,
}

/// Why a spool cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// There is no file, or no longer.
    #[error("{path} is not there; hint: has the agent started, or was its run directory removed?")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Another file has taken its place.
    #[error("{path} was replaced by another file; hint: nothing but the agent may write there")]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// It has fewer bytes than were read.
    #[error("{path} shrank from {was} to {is} bytes; hint: nothing may truncate an agent's output")]
    Shrank {
        /// The file.
        path: PathBuf,
        /// What was read, or the offset asked for.
        was: u64,
        /// What there is.
        is: u64,
    },
    /// It cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What failed.
        error: io::Error,
    },
}

/// Reads a growing file from an offset.
#[derive(Debug)]
pub struct SpoolReader {
    path: PathBuf,
    file: File,
    /// End of the last line delivered.
    offset: u64,
    /// End of what was read; from `offset` to here is a line without its end, or blank lines.
    position: u64,
    partial: Partial,
    line_bytes_max: usize,
}

/// The beginning of a line whose end was not seen.
#[derive(Debug, Default)]
struct Partial {
    bytes: Vec<u8>,
    /// Of all of the line, kept or not.
    length: u64,
}

impl SpoolReader {
    /// Opens the file to read on from `offset`, which is 0 or the end of a line.
    pub fn open(path: &Path, offset: u64) -> Result<Self, SpoolError> {
        Self::open_bounded(path, offset, LINE_BYTES_MAX)
    }

    /// As [`SpoolReader::open`], with another bound for the length of a line.
    pub fn open_bounded(
        path: &Path,
        offset: u64,
        line_bytes_max: usize,
    ) -> Result<Self, SpoolError> {
        let file = File::open(path).map_err(|error| explain(path, error))?;
        let partial = Partial::default();
        let path = path.to_owned();
        let reader = Self { path, file, offset, position: offset, partial, line_bytes_max };
        reader.check()?;
        Ok(reader)
    }

    /// The end of the last line delivered: where another reader would go on.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next lines that are complete, about a MiB of them; none when there are none now.
    pub fn next_batch(&mut self) -> Result<Vec<Line>, SpoolError> {
        self.check()?;
        let mut lines = Vec::new();
        let mut delivered = 0;
        let mut chunk = vec![0; CHUNK_BYTES];
        while delivered < BATCH_BYTES {
            let count = self.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            let before = lines.len();
            self.split(chunk.get(..count).unwrap_or_default(), &mut lines);
            delivered += lines.iter().skip(before).map(|line| line.bytes.len() + 1).sum::<usize>();
        }
        Ok(lines)
    }

    /// The last line, if it has no newline: to be called when the agent has ended and
    /// [`SpoolReader::next_batch`] has nothing more.
    pub fn finish(&mut self) -> Option<Line> {
        self.take_line()
    }

    fn read(&mut self, chunk: &mut [u8]) -> Result<usize, SpoolError> {
        loop {
            match self.file.read_at(chunk, self.position) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(explain(&self.path, error)),
            }
        }
    }

    fn split(&mut self, chunk: &[u8], lines: &mut Vec<Line>) {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            self.position += piece.len() as u64;
            let (text, ended) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            // One byte more than the bound, for the `\r` that does not count.
            let room = (self.line_bytes_max + 1).saturating_sub(self.partial.bytes.len());
            self.partial.bytes.extend_from_slice(text.get(..room).unwrap_or(text));
            self.partial.length += text.len() as u64;
            if ended {
                lines.extend(self.take_line());
            }
        }
    }

    /// Ends the current line here; a blank one is nothing.
    fn take_line(&mut self) -> Option<Line> {
        let Partial { mut bytes, length } = std::mem::take(&mut self.partial);
        if bytes.len() as u64 == length && bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        let whole = length <= bytes.len() as u64 + 1 && bytes.len() <= self.line_bytes_max;
        bytes.truncate(self.line_bytes_max);
        if bytes.is_empty() {
            return None;
        }
        self.offset = self.position;
        let extent = if whole { Extent::Whole } else { Extent::Truncated };
        Some(Line { bytes, end: self.position, extent })
    }

    /// That it is still the same file, and has all that was read.
    fn check(&self) -> Result<(), SpoolError> {
        let path = self.path.clone();
        let ours = self.file.metadata().map_err(|error| explain(&path, error))?;
        let there = fs::metadata(&path).map_err(|error| explain(&path, error))?;
        if (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
            return Err(SpoolError::Replaced { path });
        }
        if ours.len() < self.position {
            return Err(SpoolError::Shrank { path, was: self.position, is: ours.len() });
        }
        Ok(())
    }
}

/// The last `count` lines of a file, for people: at most the last MiB, what is not UTF-8 replaced.
pub fn tail(path: &Path, count: usize) -> Result<Vec<String>, SpoolError> {
    let read = || -> io::Result<(u64, Vec<u8>)> {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok((start, bytes))
    };
    let (start, bytes) = read().map_err(|error| explain(path, error))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    if start > 0 && lines.len() > 1 {
        lines.remove(0); // its beginning was cut off
    }
    Ok(lines.iter().skip(lines.len().saturating_sub(count)).map(|l| (*l).to_owned()).collect())
}

fn explain(path: &Path, error: io::Error) -> SpoolError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => SpoolError::Missing { path },
        _ => SpoolError::Io { path, error },
    }
}
