//! What tasks, people and agents said, to be found by words: an index beside the database.
//!
//! It is derived: whoever deletes `search.db` loses nothing, and one of another version, or one that
//! cannot be read, is made anew. It says how far the journal and each log were read into it, in the
//! transaction that adds what they said, so nothing is in it twice and nothing is left out. Texts
//! come without keys; what was said longest ago goes when there is too much.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crew_core::{ProjectId, RunId, Seq, TaskId, Time};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::StoreError;
use crate::writer::{failed_at, keep_private};

/// Of the shape below. Another one is made anew.
const VERSION: u32 = 1;
/// Texts that are kept; of what agents said the oldest go first.
const DOCUMENTS_MAX: u32 = 200_000;
/// Most words of a question.
const WORDS_MAX: usize = 16;
/// A word of fewer letters is meant whole: too many begin with it.
const PREFIX_LETTERS_MIN: usize = 2;

const SHAPE: &str = "
    CREATE TABLE document (
        id      INTEGER PRIMARY KEY,
        kind    TEXT NOT NULL,
        project INTEGER,
        task    INTEGER,
        run     INTEGER,
        place   TEXT,
        at      INTEGER NOT NULL,
        who     TEXT,
        title   TEXT NOT NULL,
        text    TEXT NOT NULL
    ) STRICT;
    CREATE INDEX document_of_task ON document (task) WHERE kind = 'task';
    CREATE TABLE journal_read (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE TABLE log_read (run INTEGER NOT NULL, start INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (run, start)) STRICT;
    CREATE TABLE task_read (task INTEGER PRIMARY KEY, digest INTEGER NOT NULL) STRICT;
    CREATE VIRTUAL TABLE word USING fts5 (
        title, text, content = 'document', content_rowid = 'id',
        tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
    );
    CREATE TRIGGER document_added AFTER INSERT ON document BEGIN
        INSERT INTO word (rowid, title, text) VALUES (new.id, new.title, new.text);
    END;
    CREATE TRIGGER document_gone AFTER DELETE ON document BEGIN
        INSERT INTO word (word, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
    END;
";

/// One text that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Of which project.
    pub project: Option<ProjectId>,
    /// Of which task.
    pub task: Option<TaskId>,
    /// What an agent said: in which run.
    pub run: Option<RunId>,
    /// Where in the log of that run.
    pub place: Option<String>,
    /// When.
    pub at: Time,
    /// Who said it.
    pub who: Option<String>,
    /// Words that weigh more.
    pub title: String,
    /// The words.
    pub text: String,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// What a task says.
    Task,
    /// A remark about a task.
    Remark,
    /// Something else in the journal.
    Journal,
    /// What an agent said or did.
    Said,
}

/// How far something was read into the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadTo {
    /// The journal, up to an entry.
    Journal {
        /// Its position.
        seq: Seq,
        /// When it was recorded: another journal has another entry there.
        at: Time,
    },
    /// The output of a start of a run, in bytes.
    Log {
        /// The run.
        run: RunId,
        /// Which start of it.
        start: u32,
        /// The end of what was read.
        bytes: u64,
    },
    /// A task, as it was when its words had this digest.
    Task {
        /// Which.
        task: TaskId,
        /// Of its words.
        digest: u64,
    },
}

/// How far everything was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The newest entry of the journal, and when it was recorded.
    pub journal: Option<(Seq, Time)>,
    /// The outputs, by run and start, in bytes.
    pub logs: BTreeMap<(RunId, u32), u64>,
    /// The digests of the tasks.
    pub tasks: BTreeMap<TaskId, u64>,
}

/// The index, open.
#[derive(Debug)]
pub struct SearchIndex {
    connection: Connection,
    path: PathBuf,
    documents_max: u32,
}

impl SearchIndex {
    /// Opens the index, and makes it if there is none that can be used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        match Self::existing(path) {
            Ok(Some(index)) => Ok(index),
            Ok(None) | Err(_) => Self::anew(path),
        }
    }

    /// Begins again with nothing.
    pub fn anew(path: &Path) -> Result<Self, StoreError> {
        for ending in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::file("removing", path)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        keep_private(path).map_err(StoreError::file("opening", path))?;
        let mut connection = connect(path).map_err(failed_at(path))?;
        make(&mut connection).map_err(failed_at(path))?;
        Ok(Self { connection, path: path.to_owned(), documents_max: DOCUMENTS_MAX })
    }

    fn existing(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        let failed = failed_at(path);
        let connection = connect(path).map_err(&failed)?;
        let version: u32 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&failed)?;
        let index = Self { connection, path: path.to_owned(), documents_max: DOCUMENTS_MAX };
        index.progress()?; // one that cannot be read is of no use
        Ok((version == VERSION).then_some(index))
    }

    /// How far everything was read.
    pub fn progress(&self) -> Result<Progress, StoreError> {
        progress(&self.connection).map_err(failed_at(&self.path))
    }

    /// Adds what was read, and how far that was: both or neither.
    pub fn add(&mut self, documents: &[Document], read: &[ReadTo]) -> Result<(), StoreError> {
        let failed = failed_at(&self.path);
        let transaction = self.connection.transaction().map_err(&failed)?;
        add(&transaction, documents, read, self.documents_max).map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// Where all of the words are, the best first. The last word may be the beginning of one.
    pub fn find(
        &self,
        words: &str,
        project: Option<ProjectId>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        let Some(question) = question(words) else { return Ok(Vec::new()) };
        find(&self.connection, &question, project, limit).map_err(failed_at(&self.path))
    }
}

/// What is lost by a power failure is read again.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SHAPE)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn progress(connection: &Connection) -> rusqlite::Result<Progress> {
    let journal = connection
        .query_row("SELECT seq, at FROM journal_read", [], |row| {
            Ok((Seq(row.get(0)?), Time(row.get(1)?)))
        })
        .optional()?;
    let mut logs = connection.prepare("SELECT run, start, bytes FROM log_read")?;
    let logs = logs.query_map([], |row| Ok(((RunId(row.get(0)?), row.get(1)?), row.get(2)?)))?;
    let mut tasks = connection.prepare("SELECT task, digest FROM task_read")?;
    let tasks = tasks
        .query_map([], |row| Ok((TaskId(row.get(0)?), row.get::<_, i64>(1)?.cast_unsigned())))?;
    Ok(Progress {
        journal,
        logs: logs.collect::<Result<_, _>>()?,
        tasks: tasks.collect::<Result<_, _>>()?,
    })
}

fn add(
    transaction: &Transaction<'_>,
    documents: &[Document],
    read: &[ReadTo],
    most: u32,
) -> rusqlite::Result<()> {
    for to in read {
        note(transaction, *to)?;
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO document (kind, project, task, run, place, at, who, title, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for document in documents {
        let Document { kind, project, task, run, place, at, who, title, text } = document;
        let (project, task, run) =
            (project.map(|it| it.0), task.map(|it| it.0), run.map(|it| it.0));
        insert.execute(params![kind.word(), project, task, run, place, at.0, who, title, text])?;
    }
    let known: u32 =
        transaction.query_row("SELECT count(*) FROM document", [], |row| row.get(0))?;
    transaction.execute(
        "DELETE FROM document WHERE id IN
         (SELECT id FROM document WHERE kind = 'said' ORDER BY id LIMIT ?1)",
        [known.saturating_sub(most)],
    )?;
    Ok(())
}

/// Notes how far something was read. What a task said before is not what it says.
fn note(transaction: &Transaction<'_>, to: ReadTo) -> rusqlite::Result<()> {
    match to {
        ReadTo::Journal { seq, at } => transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO journal_read (one, seq, at) VALUES (1, ?1, ?2)",
            )?
            .execute((seq.0, at.0)),
        ReadTo::Log { run, start, bytes } => transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO log_read (run, start, bytes) VALUES (?1, ?2, ?3)",
            )?
            .execute((run.0, start, bytes)),
        ReadTo::Task { task, digest } => {
            transaction
                .prepare_cached("DELETE FROM document WHERE kind = 'task' AND task = ?1")?
                .execute([task.0])?;
            transaction
                .prepare_cached("INSERT OR REPLACE INTO task_read (task, digest) VALUES (?1, ?2)")?
                .execute((task.0, digest.cast_signed()))
        }
    }
    .map(drop)
}

fn find(
    connection: &Connection,
    question: &str,
    project: Option<ProjectId>,
    limit: u32,
) -> rusqlite::Result<Vec<Document>> {
    let mut query = connection.prepare_cached(
        "SELECT kind, project, task, run, place, at, who, document.title, document.text
         FROM word JOIN document ON document.id = word.rowid
         WHERE word MATCH ?1 AND (?2 IS NULL OR project = ?2)
         ORDER BY bm25(word, 8.0, 1.0), document.id DESC LIMIT ?3",
    )?;
    query.query_map((question, project.map(|it| it.0), limit), read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        kind: DocumentKind::of(row.get_ref(0)?.as_str()?),
        project: row.get::<_, Option<u64>>(1)?.map(ProjectId),
        task: row.get::<_, Option<u64>>(2)?.map(TaskId),
        run: row.get::<_, Option<u64>>(3)?.map(RunId),
        place: row.get(4)?,
        at: Time(row.get(5)?),
        who: row.get(6)?,
        title: row.get(7)?,
        text: row.get(8)?,
    })
}

/// The words as FTS5 wants them, none of them an operator; `None` if there is no word.
fn question(words: &str) -> Option<String> {
    let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
    let words: Vec<&str> = words.split_whitespace().filter(is_word).take(WORDS_MAX).collect();
    let (last, before) = words.split_last()?;
    let words = before.iter().chain([last]).map(|word| quoted(word)).collect::<Vec<_>>();
    let mut question = words.join(" ");
    if last.chars().filter(|c| c.is_alphanumeric()).count() >= PREFIX_LETTERS_MIN {
        question.push('*');
    }
    Some(question)
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\"").replace('\0', ""))
}

impl DocumentKind {
    fn word(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Remark => "remark",
            Self::Journal => "journal",
            Self::Said => "said",
        }
    }

    /// The kind of that word; the index holds no others.
    fn of(word: &str) -> Self {
        [Self::Task, Self::Remark, Self::Said]
            .into_iter()
            .find(|kind| kind.word() == word)
            .unwrap_or(Self::Journal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(kind: DocumentKind, task: u64, title: &str, text: &str) -> Document {
        Document {
            kind,
            project: Some(ProjectId(1 + task / 10)),
            task: Some(TaskId(task)),
            run: None,
            place: None,
            at: Time(task),
            who: None,
            title: title.to_owned(),
            text: text.to_owned(),
        }
    }

    fn index(dir: &Path) -> SearchIndex {
        SearchIndex::open(&dir.join("search.db")).unwrap()
    }

    fn tasks(index: &SearchIndex, words: &str) -> Vec<u64> {
        let found = index.find(words, None, 10).unwrap();
        found.iter().filter_map(|it| it.task).map(|it| it.0).collect()
    }

    #[test]
    fn all_words_are_found_and_titles_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut index = index(dir.path());
        let text = "we cut the amounts, and the rounding of amounts was forgotten";
        let documents = [
            document(DocumentKind::Said, 1, "", text),
            document(DocumentKind::Task, 2, "Round amounts to the cent", "Übung macht den Meister"),
            document(DocumentKind::Remark, 13, "", "parse_config in src/config.rs fails"),
        ];
        index.add(&documents, &[]).unwrap();
        let check =
            |words: &str, expect: &[u64]| assert_eq!(tasks(&index, words), expect, "{words}");
        check("amounts", &[2, 1]);
        check("cut amounts", &[1]);
        check("amou", &[2, 1]);
        check("ubung", &[2]);
        check("src/config.rs", &[13]);
        check("parse_con", &[13]);
        check("nowhere", &[]);
        // Nothing that is typed is an operator.
        for words in ["", " ", "\"", "->", "AND", "NOT amounts", "a:b", "(", "*", "title:", "\0"] {
            index.find(words, None, 10).unwrap();
        }
        let of_project = index.find("parse", Some(ProjectId(1)), 10).unwrap();
        assert_eq!(of_project, [], "it is of the other project");
        assert_eq!(index.find("parse", Some(ProjectId(2)), 10).unwrap(), documents[2..]);
    }

    #[test]
    fn it_knows_how_far_it_read_and_a_task_says_what_it_says_now() {
        let dir = tempfile::tempdir().unwrap();
        let journal = ReadTo::Journal { seq: Seq(7), at: Time(70) };
        let log = ReadTo::Log { run: RunId(3), start: 2, bytes: 99 };
        let task = |digest| ReadTo::Task { task: TaskId(4), digest };
        let first = document(DocumentKind::Task, 4, "old words", "");
        index(dir.path()).add(&[first], &[journal, log, task(u64::MAX)]).unwrap();
        let mut index = index(dir.path());
        let progress = Progress {
            journal: Some((Seq(7), Time(70))),
            logs: [((RunId(3), 2), 99)].into(),
            tasks: [(TaskId(4), u64::MAX)].into(),
        };
        assert_eq!(index.progress().unwrap(), progress);
        index.add(&[document(DocumentKind::Task, 4, "new words", "")], &[task(5)]).unwrap();
        assert_eq!(tasks(&index, "old"), [0; 0]);
        assert_eq!(tasks(&index, "new"), [4]);
    }

    #[test]
    fn what_cannot_be_read_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("search.db");
        index(dir.path()).add(&[document(DocumentKind::Said, 1, "", "word")], &[]).unwrap();
        assert_eq!(tasks(&index(dir.path()), "word"), [1]);
        fs::write(&path, "no database at all, but longer than its header would be".repeat(100))
            .unwrap();
        assert_eq!(tasks(&index(dir.path()), "word"), [0; 0]);
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "user_version", VERSION + 1).unwrap();
        drop(other);
        assert_eq!(index(dir.path()).progress().unwrap(), Progress::default());
    }

    #[test]
    fn the_oldest_of_what_agents_said_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut index = index(dir.path());
        index.documents_max = 3;
        let documents: Vec<Document> = (1..=5)
            .map(|task| {
                let kind = if task == 1 { DocumentKind::Remark } else { DocumentKind::Said };
                document(kind, task, "", "word")
            })
            .collect();
        index.add(&documents, &[]).unwrap();
        let mut left = tasks(&index, "word");
        left.sort_unstable();
        assert_eq!(left, [1, 4, 5]);
    }
}
