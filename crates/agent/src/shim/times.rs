//! When an agent printed what: how long its output was at which moment.
//!
//! The agent prints into its file itself, and few agents say when. The shim looks at the length of
//! the file anyway, a few times in a second, and notes each time at which it has grown. A line was
//! printed shortly before the first moment at which the file was long enough to have it.
//!
//! Nothing depends on it: where it is missing or broken, no time is known.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crew_core::Time;
use serde::{Deserialize, Serialize};

use super::record::{self, TIMES};
use super::run::now;

/// As exact as a time is.
const STEP_MIN: Duration = Duration::from_millis(200);
/// A run that lasts long has fewer: the file stays small.
const STEPS: u32 = 10_000;
/// Nothing more of the file is read.
const BYTES_MAX: u64 = 8 << 20;

/// A line of `times.ndjson`: `[moment, length]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark(Time, u64);

/// Notes when the output grows.
pub(super) struct Marks {
    begun: Instant,
    /// When it was looked at last, and how long it was.
    last: Instant,
    length: u64,
}

impl Marks {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: now, last: now, length: 0 }
    }

    /// A look that need not be one: not each of them is noted.
    pub(super) fn look(&mut self, now: Instant, length: impl FnOnce() -> u64) {
        let step = STEP_MIN.max(now.duration_since(self.begun) / STEPS);
        if now.duration_since(self.last) >= step {
            self.last = now;
            self.note(length());
        }
    }

    /// Notes the length, if it is a new one.
    pub(super) fn note(&mut self, length: u64) {
        if length > self.length {
            self.length = length;
            // A full disk has more to worry about than times.
            drop(append(Mark(now(), length)));
        }
    }
}

fn append(mark: Mark) -> io::Result<()> {
    let mut line = serde_json::to_vec(&mark)?;
    line.push(b'\n');
    record::append_private(Path::new(TIMES))?.write_all(&line)
}

/// What is known of when a launch printed what.
#[derive(Debug, Default)]
pub struct Times {
    marks: Vec<Mark>,
    /// How much of the file was read.
    offset: u64,
}

impl Times {
    /// Reads what was noted since.
    ///
    /// # Errors
    /// What is there cannot be read; without a file nothing is known.
    pub fn read_on(&mut self, launch: &Path) -> io::Result<()> {
        let mut file = match File::open(launch.join(TIMES)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(BYTES_MAX.saturating_sub(self.offset)).read_to_end(&mut bytes)?;
        // What is being written is read when it is complete.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes.truncate(whole);
        self.offset += whole as u64;
        for line in bytes.split(|byte| *byte == b'\n') {
            let Ok(mark) = serde_json::from_slice::<Mark>(line) else { continue };
            // A clock that was set back is not believed.
            if self.marks.last().is_none_or(|last| mark.1 > last.1 && mark.0 >= last.0) {
                self.marks.push(mark);
            }
        }
        Ok(())
    }

    /// When the bytes before this offset were there.
    pub fn at(&self, offset: u64) -> Option<Time> {
        let next = self.marks.partition_point(|mark| mark.1 < offset);
        self.marks.get(next).map(|mark| mark.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_was_printed_when_the_output_was_first_long_enough() {
        let dir = tempfile::tempdir().unwrap();
        let mut times = Times::default();
        times.read_on(dir.path()).unwrap();
        assert_eq!(times.at(1), None, "there is no file");
        let mut file = record::append_private(&dir.path().join(TIMES)).unwrap();
        file.write_all(b"[1000,10]\n[1200,30]\nrubbish\n{}\n[1100,40]\n[1300,20]\n[14").unwrap();
        times.read_on(dir.path()).unwrap();
        let check = |times: &Times, offset: u64, expect: Option<u64>| {
            assert_eq!(times.at(offset), expect.map(Time), "{offset}");
        };
        for (offset, expect) in [(1, 1_000), (10, 1_000), (11, 1_200), (30, 1_200)] {
            check(&times, offset, Some(expect));
        }
        check(&times, 31, None);
        file.write_all(b"00,50]\n").unwrap();
        times.read_on(dir.path()).unwrap();
        check(&times, 31, Some(1_400));
        check(&times, 51, None);
    }

    #[test]
    fn a_long_run_has_fewer_of_them() {
        let begun = Instant::now();
        let mut marks = Marks::new(begun);
        let mut looks = 0;
        for second in 1..=86_400 {
            marks.look(begun + Duration::from_secs(second), || {
                looks += 1;
                0
            });
        }
        assert!((20_000..40_000).contains(&looks), "{looks} looks in a day");
    }
}
