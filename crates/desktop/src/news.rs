//! What the tray and the notifications say: pure, of what is known.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroU64;

use crate::link::Place;
use crate::wire::{Item, Kind, Status};

/// More new things at once than this are told in one notification.
const ONE_BY_ONE_MAX: usize = 3;
/// Letters of a text that is told. Agents write it, and long ones cover the screen.
const LETTERS_MAX: usize = 200;

/// How the crew is, at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) at_work: usize,
    pub(crate) waiting: u64,
    pub(crate) stopped: bool,
}

impl Counts {
    pub(crate) fn of(status: &Status) -> Self {
        Self {
            at_work: status.agents.len(),
            waiting: status.inbox,
            stopped: status.stopped.is_some(),
        }
    }

    /// Beside the icon: nothing when nothing waits.
    pub(crate) fn short(self) -> Option<String> {
        (self.waiting > 0).then(|| self.waiting.to_string())
    }
}

/// As the tray's menu shows it.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stopped {
            write!(f, "stopped")?;
        } else {
            write!(f, "{} at work", self.at_work)?;
        }
        match self.waiting {
            0 => Ok(()),
            1 => write!(f, " · 1 waits for you"),
            waiting => write!(f, " · {waiting} wait for you"),
        }
    }
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) title: String,
    pub(crate) text: String,
    /// What it opens.
    pub(crate) place: Place,
}

/// What makes a thing that waits another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Ask(u64),
    Approval { task: u64, stage: String, commit: Option<String>, since: u64 },
}

/// What waited when it was last heard of.
#[derive(Debug, Default)]
pub(crate) struct Known {
    keys: Option<HashSet<Key>>,
}

impl Known {
    /// What is new since the last time. What waits when the window starts is not new: the counts
    /// tell of it.
    pub(crate) fn news(&mut self, items: &[Item]) -> Vec<News> {
        let keys: HashSet<Key> = items.iter().map(key).collect();
        let Some(before) = self.keys.replace(keys) else { return Vec::new() };
        let fresh: Vec<&Item> = items.iter().filter(|item| !before.contains(&key(item))).collect();
        if fresh.len() <= ONE_BY_ONE_MAX {
            return fresh.into_iter().map(one).collect();
        }
        let tasks: Vec<String> = fresh.iter().map(|item| format!("#{}", item.task)).collect();
        let title = format!("{} things wait for you", fresh.len());
        vec![News { title, text: shortened(&tasks.join(", ")), place: Place::Inbox }]
    }
}

fn key(item: &Item) -> Key {
    match item.ask {
        Some(ask) => Key::Ask(ask),
        None => Key::Approval {
            task: item.task,
            stage: item.stage.clone(),
            commit: item.commit.clone(),
            since: item.since,
        },
    }
}

fn one(item: &Item) -> News {
    let task = item.task;
    let title = match item.kind {
        Kind::Ask => format!("#{task} asks you"),
        Kind::Approval => format!("#{task} needs your approval"),
        Kind::Stuck => format!("#{task} is stuck"),
        Kind::Held => format!("#{task} is held"),
        Kind::Other => format!("#{task} waits for you"),
    };
    let text = match item.kind {
        // What is asked is the same for each; the title tells them apart.
        Kind::Approval => shortened(&item.title),
        Kind::Ask | Kind::Stuck | Kind::Held | Kind::Other => {
            format!("{}\n{}", shortened(&item.title), shortened(&item.text))
        }
    };
    let place = NonZeroU64::new(task).map_or(Place::Inbox, Place::Task);
    News { title, text, place }
}

/// On one line, without what a screen would obey, and not too long.
fn shortened(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = line.join(" ");
    match line.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(ask: u64, task: u64) -> Item {
        Item {
            kind: Kind::Ask,
            task,
            title: format!("Task {task}"),
            stage: "todo".to_owned(),
            ask: Some(ask),
            text: "Which\u{1b}[31m\nlanguage?".to_owned(),
            commit: None,
            since: 1,
        }
    }

    fn approval(task: u64, commit: &str) -> Item {
        let commit = Some(commit.to_owned());
        Item { kind: Kind::Approval, ask: None, commit, ..ask(0, task) }
    }

    fn titles(news: &[News]) -> Vec<&str> {
        news.iter().map(|news| news.title.as_str()).collect()
    }

    #[test]
    fn the_tray_counts() {
        let check = |at_work, waiting, stopped, expect: &str| {
            assert_eq!(Counts { at_work, waiting, stopped }.to_string(), expect);
        };
        check(0, 0, false, "0 at work");
        check(2, 1, false, "2 at work · 1 waits for you");
        check(1, 12, false, "1 at work · 12 wait for you");
        check(0, 2, true, "stopped · 2 wait for you");
        assert_eq!(Counts::default().short(), None);
        assert_eq!(Counts { waiting: 3, ..Counts::default() }.short(), Some("3".to_owned()));
    }

    #[test]
    fn what_was_there_is_not_new_and_what_comes_is_told_once() {
        let mut known = Known::default();
        assert_eq!(known.news(&[ask(1, 1)]), []);
        assert_eq!(titles(&known.news(&[ask(1, 1), approval(2, "a")])), ["#2 needs your approval"]);
        // Told again by a daemon that was started again.
        assert_eq!(known.news(&[approval(2, "a"), ask(1, 1)]), []);
        // Another commit is another question.
        assert_eq!(titles(&known.news(&[approval(2, "b")])), ["#2 needs your approval"]);
        // Gone, and there again.
        assert_eq!(known.news(&[]), []);
        let news = known.news(&[ask(3, 5)]);
        assert_eq!(news[0].place, Place::Task(NonZeroU64::new(5).unwrap()));
        assert_eq!(news[0].text, "Task 5\nWhich [31m language?");
    }

    #[test]
    fn many_new_things_are_one_notification() {
        let mut known = Known::default();
        known.news(&[]);
        let many: Vec<Item> = (1..=300).map(|n| ask(n, n)).collect();
        let news = known.news(&many);
        assert_eq!(titles(&news), ["300 things wait for you"]);
        assert_eq!(news[0].place, Place::Inbox);
        assert!(news[0].text.chars().count() <= LETTERS_MAX + 1);
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let text = "é😀".repeat(LETTERS_MAX);
        assert_eq!(shortened(&text).chars().count(), LETTERS_MAX + 1);
        assert_eq!(shortened(" a \r\n\tb\u{7}"), "a b");
    }
}
