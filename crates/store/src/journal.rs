//! The journal as files: `journal/<first seq>.jsonl`, one entry a line, append only.
//!
//! They are a copy of the `event` table that people and scripts can read. The table is the truth:
//! an entry is written here after its transaction, and [`Journal::open`] makes the files equal to
//! the table whatever happened in between. A torn last line is cut, missing entries are appended,
//! and files that know more than the table (an older database was put back) are set aside.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crew_core::Seq;

use crate::table::event::Entry;
use crate::{StoreError, Writer};

/// A file is closed when it is larger than this, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Entries read from the table at a time.
const BATCH: u32 = 1_000;

/// The journal files, open for appending.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    file: Option<(PathBuf, File, u64)>,
    last: Seq,
}

impl Journal {
    /// Opens the files and makes them equal to the table.
    pub fn open(directory: &Path, writer: &Writer) -> Result<Self, StoreError> {
        let mut journal = Self { directory: directory.to_owned(), file: None, last: Seq(0) };
        journal.find_end()?;
        if journal.last > writer.last()? {
            journal.set_aside()?;
        }
        journal.catch_up(writer)?;
        Ok(journal)
    }

    /// Appends entries that were just committed; those that an earlier failure left out come first.
    pub fn append(&mut self, entries: &[Entry], writer: &Writer) -> Result<(), StoreError> {
        match entries.first() {
            Some(first) if first.seq.0 == self.last.0 + 1 => self.write(entries),
            Some(_) => self.catch_up(writer),
            None => Ok(()),
        }
    }

    fn catch_up(&mut self, writer: &Writer) -> Result<(), StoreError> {
        loop {
            let missing = writer.entries(self.last, BATCH)?;
            if missing.is_empty() {
                return Ok(());
            }
            self.write(&missing)?;
        }
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        for entry in entries {
            let mut line = serde_json::to_vec(entry).map_err(|error| StoreError::Corrupt {
                table: "event",
                key: entry.seq.to_string(),
                problem: error.to_string(),
            })?;
            line.push(b'\n');
            let (path, file, size) = self.current(entry.seq)?;
            // A write that fails half-way must not leave half a line before the next entry.
            if let Err(source) = file.write_all(&line) {
                file.set_len(*size).ok();
                return Err(StoreError::File { what: "writing", path: path.clone(), source });
            }
            *size += line.len() as u64;
            self.last = entry.seq;
        }
        Ok(())
    }

    /// The newest entry in the files.
    pub fn last(&self) -> Seq {
        self.last
    }

    fn current(&mut self, next: Seq) -> Result<&mut (PathBuf, File, u64), StoreError> {
        if self.file.as_ref().is_none_or(|(_, _, size)| *size >= FILE_BYTES_MAX) {
            let path = self.directory.join(format!("{:012}.jsonl", next.0));
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).mode(0o600).open(&path);
            let file = file.map_err(StoreError::file("opening", &path))?;
            self.file = Some((path, file, 0));
        }
        self.file.as_mut().ok_or_else(|| {
            let source = std::io::Error::other("BUG: the file was just opened");
            StoreError::File { what: "opening", path: self.directory.clone(), source }
        })
    }

    /// Finds the last whole line and cuts what is behind it. A file without one holds nothing.
    fn find_end(&mut self) -> Result<(), StoreError> {
        let mut files = self.files()?;
        while let Some(path) = files.pop() {
            let (last, end) = last_line(&path)?;
            let Some(last) = last else {
                fs::remove_file(&path).map_err(StoreError::file("removing", &path))?;
                continue;
            };
            let file = OpenOptions::new().append(true).open(&path);
            let file = file.map_err(StoreError::file("opening", &path))?;
            file.set_len(end).map_err(StoreError::file("cutting", &path))?;
            self.last = last;
            self.file = Some((path, file, end));
            return Ok(());
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let list = fs::read_dir(&self.directory);
        let list = list.map_err(StoreError::file("listing", &self.directory))?;
        let mut files: Vec<PathBuf> = list
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        files.sort();
        Ok(files)
    }

    fn set_aside(&mut self) -> Result<(), StoreError> {
        for path in self.files()? {
            let aside = path.with_extension(format!("jsonl.before-restore-{}", self.last));
            fs::rename(&path, &aside).map_err(StoreError::file("setting aside", &path))?;
        }
        self.file = None;
        self.last = Seq(0);
        Ok(())
    }
}

/// The position of the last whole entry of a file, and where it ends.
fn last_line(path: &Path) -> Result<(Option<Seq>, u64), StoreError> {
    let mut file = File::open(path).map_err(StoreError::file("opening", path))?;
    let mut last = (None, 0);
    let mut end = 0;
    file.seek(SeekFrom::Start(0)).map_err(StoreError::file("reading", path))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        end += read.map_err(StoreError::file("reading", path))? as u64;
        if line.last() != Some(&b'\n') {
            return Ok(last);
        }
        let Ok(Position { seq }) = serde_json::from_slice(&line) else {
            return Ok(last);
        };
        last = (Some(seq), end);
    }
}

#[derive(serde::Deserialize)]
struct Position {
    seq: Seq,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Commit;
    use crew_core::{Change, Event, Time};

    fn commit(writer: &mut Writer, seqs: std::ops::RangeInclusive<u64>) {
        let commits: Vec<Commit> = seqs
            .map(|seq| Commit {
                entry: Entry {
                    seq: Seq(seq),
                    at: Time(seq),
                    body: Event::Ticked,
                    notes: Vec::new(),
                    dropped: None,
                },
                change: Change::default(),
                key: None,
            })
            .collect();
        writer.commit(&commits).unwrap();
    }

    fn seqs(directory: &Path) -> Vec<u64> {
        let journal = Journal { directory: directory.to_owned(), file: None, last: Seq(0) };
        let files = journal.files().unwrap();
        let text: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        text.lines().map(|line| serde_json::from_str::<Entry>(line).unwrap().seq.0).collect()
    }

    #[test]
    fn the_files_become_equal_to_the_table_wherever_they_were_cut() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(&dir.path().join("db")).unwrap();
        commit(&mut writer, 1..=5);
        let journal = Journal::open(dir.path(), &writer).unwrap();
        assert_eq!(journal.last(), Seq(5));
        let path = dir.path().join("000000000001.jsonl");
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            Journal::open(dir.path(), &writer).unwrap();
            assert_eq!(seqs(dir.path()), [1, 2, 3, 4, 5], "cut at {cut}");
        }
    }

    #[test]
    fn files_that_know_more_than_the_table_are_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(&dir.path().join("db")).unwrap();
        commit(&mut writer, 1..=5);
        Journal::open(dir.path(), &writer).unwrap();
        let mut older = Writer::open(&dir.path().join("older")).unwrap();
        commit(&mut older, 1..=3);
        let mut journal = Journal::open(dir.path(), &older).unwrap();
        assert_eq!(seqs(dir.path()), [1, 2, 3]);
        assert!(dir.path().join("000000000001.jsonl.before-restore-5").exists());
        commit(&mut older, 4..=4);
        journal.append(&older.entries(Seq(3), 10).unwrap(), &older).unwrap();
        assert_eq!(seqs(dir.path()), [1, 2, 3, 4]);
        commit(&mut older, 5..=7);
        journal.append(&older.entries(Seq(6), 10).unwrap(), &older).unwrap();
        assert_eq!(seqs(dir.path()), [1, 2, 3, 4, 5, 6, 7], "what was left out comes first");
    }
}
