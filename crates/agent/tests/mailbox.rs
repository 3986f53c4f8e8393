//! The mailbox with real files: nothing lost, nothing doubled, nothing trusted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crew_agent::mailbox::{Kind, Mailbox, MailboxError, Rules, Scan, Watch, Withdrawn};
use crew_core::{Millis, Time};

struct Open {
    mailbox: Mailbox,
    root: PathBuf,
    _dir: tempfile::TempDir,
}

fn open() -> Open {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("shared");
    Open { mailbox: Mailbox::open(&root, Rules::default()).unwrap(), root, _dir: dir }
}

impl Open {
    fn drop_file(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::write(self.root.join(path), text).unwrap();
    }

    /// A scan of one who comes much later, when every file is settled.
    fn scan(&self) -> Scan {
        let scan = self.mailbox.scan(now() + Millis::hours(1));
        assert!(scan.troubles.is_empty(), "{:?}", scan.troubles);
        scan
    }

    fn texts(&self) -> Vec<String> {
        self.scan().taken.into_iter().map(|taken| taken.text).collect()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(directory)).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn now() -> Time {
    Time(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

#[test]
fn a_file_is_taken_once_and_kept_until_it_is_archived() {
    let it = open();
    it.drop_file("triggers/engineer.trigger", "fix it");
    it.drop_file("triggers/qa-2.nightly.trigger", "test it");
    it.drop_file("responses/pm.response", "DONE: ok");
    it.drop_file("triggers/README.md", "ignored");
    it.drop_file("triggers/engineer.trigger.tmp", "half");
    let scan = it.scan();
    let got: HashSet<(Kind, &str, &str)> =
        scan.taken.iter().map(|t| (t.kind, t.role.as_str(), t.text.as_str())).collect();
    let expect = [
        (Kind::Trigger, "engineer", "fix it"),
        (Kind::Trigger, "qa-2", "test it"),
        (Kind::Response, "pm", "DONE: ok"),
    ];
    assert_eq!(got, HashSet::from(expect));
    assert!(it.scan().taken.is_empty(), "seen twice is taken once");
    assert_eq!(it.list("taken").len(), 3);
    for taken in &scan.taken {
        it.mailbox.archive(taken).unwrap();
        it.mailbox.archive(taken).unwrap();
    }
    assert_eq!((it.list("taken").len(), it.list("archive").len()), (0, 3));
    assert_eq!(it.list("triggers"), ["README.md", "engineer.trigger.tmp"]);
}

#[test]
fn what_was_taken_before_a_crash_is_pending_with_the_same_key() {
    let it = open();
    for text in ["one", "two", "three"] {
        it.drop_file(&format!("triggers/pm.{text}.trigger"), text);
    }
    let before = it.scan().taken;
    it.mailbox.archive(&before[0]).unwrap();
    let after = Mailbox::open(&it.root, Rules::default()).unwrap();
    assert_eq!(after.pending().unwrap().taken, before[1..]);
    assert_eq!(after.pending().unwrap().taken, before[1..]);
}

#[test]
fn the_same_text_dropped_again_counts_again() {
    let it = open();
    let mut keys = HashSet::new();
    for _ in 0..20 {
        it.drop_file("triggers/pm.trigger", "nightly");
        // As `cp -p` in a cron job does.
        let file = fs::File::options().write(true).open(it.root.join("triggers/pm.trigger"));
        file.unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
        let taken = it.scan().taken;
        assert_eq!(taken.len(), 1);
        it.mailbox.archive(&taken[0]).unwrap();
        fs::remove_file(it.root.join("archive").join(&taken[0].file)).unwrap(); // frees the inode
        keys.insert(taken[0].key.clone());
    }
    assert_eq!(keys.len(), 20);
}

#[test]
fn a_file_that_is_being_written_is_left_alone() {
    let it = open();
    it.drop_file("triggers/pm.trigger", "half of it");
    it.drop_file("triggers/qa.trigger", "");
    let scan = it.mailbox.scan(now());
    assert_eq!((scan.taken.len(), scan.later), (0, 2));
    let scan = it.mailbox.scan(now() + Millis::seconds(5));
    assert_eq!((scan.taken.len(), scan.later), (1, 1), "the empty one is left for longer");
    assert_eq!(it.texts(), [""]);
}

#[test]
fn hostile_files_are_set_aside_with_the_reason() {
    let it = open();
    let triggers = it.root.join("triggers");
    let secret = it.root.join("secret");
    fs::write(&secret, "do not read").unwrap();
    symlink(&secret, triggers.join("link.trigger")).unwrap();
    symlink("/no/where", triggers.join("dangling.trigger")).unwrap();
    fs::create_dir(triggers.join("dir.trigger")).unwrap();
    fs::write(triggers.join("dir.trigger/inner"), "kept").unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(triggers.join("fifo.trigger"))
            .status()
            .unwrap()
            .success()
    );
    let _listener = UnixListener::bind(triggers.join("socket.trigger")).unwrap();
    it.drop_file("triggers/huge.trigger", vec![b'x'; (256 << 10) + 1]);
    it.drop_file("triggers/binary.trigger", b"a\xff\xfe");
    it.drop_file("triggers/nul.trigger", b"a\0b");
    it.drop_file("triggers/Bad Role.trigger", "x");
    it.drop_file("triggers/pm.response", "x");
    it.drop_file("triggers/good.trigger", vec![b'x'; 256 << 10]);
    let scan = it.scan();
    assert_eq!(scan.taken.iter().map(|taken| taken.role.as_str()).collect::<Vec<_>>(), ["good"]);
    let expect = [
        ("link.trigger", "a symbolic link"),
        ("dangling.trigger", "a symbolic link"),
        ("dir.trigger", "a directory"),
        ("fifo.trigger", "a named pipe"),
        ("socket.trigger", "a socket"),
        ("huge.trigger", "larger than 256 KiB"),
        ("binary.trigger", "not UTF-8 from byte 1"),
        ("nul.trigger", "NUL"),
        ("Bad_Role.trigger", "does not begin with a role"),
        ("pm.response", "a response among the triggers"),
    ];
    for (name, reason) in expect {
        let found = scan.rejected.iter().find(|rejected| rejected.name == name);
        assert!(found.is_some_and(|rejected| rejected.reason.contains(reason)), "{name} {found:?}");
        let told = fs::read_to_string(it.root.join(format!("rejected/{name}.reason"))).unwrap();
        assert!(told.contains(reason) && told.contains("hint:"), "{told}");
        assert!(it.root.join("rejected").join(name).symlink_metadata().is_ok());
    }
    assert_eq!(scan.rejected.len(), expect.len());
    assert_eq!(fs::read_to_string(it.root.join("rejected/dir.trigger/inner")).unwrap(), "kept");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "do not read");
    assert!(it.list("triggers").is_empty());
}

#[test]
fn rejects_of_one_name_do_not_write_over_each_other() {
    let it = open();
    for _ in 0..3 {
        it.drop_file("triggers/Bad.trigger", "x");
        assert_eq!(it.scan().rejected.len(), 1);
    }
    assert_eq!(it.list("rejected").len(), 6);
    it.drop_file("responses/pm.response", "nonsense");
    let taken = it.scan().taken;
    let rejected = it.mailbox.reject(&taken[0], "says neither DONE nor ERROR").unwrap().unwrap();
    assert_eq!(rejected.name, "pm.response");
    assert_eq!(it.mailbox.reject(&taken[0], "again").unwrap(), None);
    assert_eq!(it.list("rejected").len(), 8);
}

#[test]
fn a_mailbox_that_is_a_link_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::create_dir_all(dir.path().join("shared")).unwrap();
    symlink(&elsewhere, dir.path().join("shared/triggers")).unwrap();
    let error = Mailbox::open(&dir.path().join("shared"), Rules::default()).unwrap_err();
    assert!(matches!(error, MailboxError::NotADirectory { .. }), "{error}");
}

#[test]
fn directories_that_were_removed_are_made_again() {
    let it = open();
    fs::remove_dir_all(&it.root).unwrap();
    fs::create_dir_all(&it.root).unwrap();
    assert!(it.scan().taken.is_empty());
    it.drop_file("triggers/pm.trigger", "x");
    it.mailbox.archive(&it.scan().taken[0]).unwrap();
    let mode = |name: &str| it.root.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("taken"), mode("archive")), (0o700, 0o700));
}

#[test]
fn an_external_role_takes_its_triggers_itself() {
    let dir = tempfile::tempdir().unwrap();
    let external_roles = ["deployer".to_owned()].into();
    let mailbox = Mailbox::open(dir.path(), Rules { external_roles, ..Rules::default() }).unwrap();
    mailbox.write_trigger("deployer", "deploy").unwrap();
    mailbox.write_response("deployer", "DONE: deployed").unwrap();
    let scan = mailbox.scan(now() + Millis::hours(1));
    assert_eq!(scan.taken.len(), 1);
    assert_eq!(scan.taken[0].kind, Kind::Response);
    assert_eq!(mailbox.withdraw_trigger("deployer").unwrap(), Withdrawn::Yes);
    assert_eq!(mailbox.withdraw_trigger("deployer").unwrap(), Withdrawn::TooLate);
}

#[test]
fn a_trigger_with_a_note_appears_once_whatever_happens_in_between() {
    let dir = tempfile::tempdir().unwrap();
    let external_roles = ["deployer".to_owned()].into();
    let mailbox = Mailbox::open(dir.path(), Rules { external_roles, ..Rules::default() }).unwrap();
    let trigger = dir.path().join("triggers/deployer.trigger");
    let note = dir.path().join("runs/r1.1/trigger");
    let write =
        |note: &std::path::Path| mailbox.write_trigger_once("deployer", "deploy", note).unwrap();
    mailbox.write_trigger("deployer", "an earlier one that nobody took").unwrap();
    write(&note);
    assert_eq!(fs::read_to_string(&trigger).unwrap(), "deploy");
    write(&note);
    let aside = fs::read_to_string(&note).unwrap();
    fs::rename(&trigger, dir.path().join("triggers").join(aside)).unwrap();
    let scan = mailbox.scan(now() + Millis::hours(1));
    assert!(
        scan.taken.is_empty() && scan.rejected.is_empty(),
        "what is aside is no mail: {scan:?}"
    );
    write(&note); // it had crashed before it let it appear
    fs::remove_file(&trigger).unwrap();
    write(&note); // it had crashed after it was taken
    assert!(!trigger.exists(), "what was taken does not come again");
    write(&note.with_file_name("another run's"));
    assert!(trigger.exists());
}

#[test]
fn what_was_not_recorded_is_pending_without_a_restart() {
    let it = open();
    for text in ["one", "two", "three"] {
        it.drop_file(&format!("triggers/pm.{text}.trigger"), text);
    }
    let taken = it.scan().taken;
    let pending = || it.mailbox.pending().unwrap().taken;
    assert_eq!(pending(), taken);
    assert_eq!(pending(), taken);
    assert!(it.scan().taken.is_empty(), "looking again takes nothing again");
    it.mailbox.archive(&taken[0]).unwrap();
    it.mailbox.reject(&taken[1], "says nothing").unwrap();
    assert_eq!(pending(), taken[2..]);
    it.drop_file("triggers/pm.four.trigger", "four");
    assert_eq!(it.texts(), ["four"]);
    let texts: Vec<_> = pending().into_iter().map(|taken| taken.text).collect();
    assert_eq!(texts, ["three", "four"]);
}

#[test]
fn writing_never_writes_over_what_nobody_read() {
    let it = open();
    let names: Vec<String> =
        (0..3).map(|i| it.mailbox.write_trigger("pm", &format!("{i}")).unwrap()).collect();
    assert_eq!(names, ["pm.trigger", "pm.2.trigger", "pm.3.trigger"]);
    // In one tick of the file system's clock, no order is left.
    assert_eq!(HashSet::from_iter(it.texts()), HashSet::from(["0", "1", "2"].map(String::from)));
    assert!(matches!(it.mailbox.write_trigger("../x", ""), Err(MailboxError::BadRole(_))));
    assert!(matches!(it.mailbox.write_trigger("pm", "\0"), Err(MailboxError::BadText(_))));
}

#[test]
fn the_archive_keeps_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let rules = Rules { archived_max: 5, ..Rules::default() };
    let mailbox = Mailbox::open(dir.path(), rules.clone()).unwrap();
    for i in 0..12 {
        fs::write(dir.path().join("triggers/pm.trigger"), format!("{i}")).unwrap();
        for taken in mailbox.scan(now() + Millis::hours(1)).taken {
            mailbox.archive(&taken).unwrap();
        }
    }
    Mailbox::open(dir.path(), rules).unwrap();
    let kept = fs::read_dir(dir.path().join("archive")).unwrap();
    let mut kept: Vec<u32> =
        kept.map(|e| fs::read_to_string(e.unwrap().path()).unwrap().parse().unwrap()).collect();
    kept.sort_unstable();
    assert_eq!(kept, [7, 8, 9, 10, 11]);
}

/// Writers of every kind, files that vanish again, and a reader that crashes at every other step:
/// each message counts exactly once by its key.
#[test]
fn a_burst_of_ten_thousand_files_is_neither_lost_nor_doubled() {
    const FILES: usize = 10_000;
    let it = open();
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let watch = Watch::start(&it.mailbox, move || {
        count.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    let mut by_key = std::collections::HashMap::new();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let triggers = it.root.join("triggers");
            scope.spawn(move || {
                for i in (writer..FILES).step_by(4) {
                    let temp = triggers.join(format!(".{i}.tmp"));
                    fs::write(&temp, format!("message {i}")).unwrap();
                    fs::rename(&temp, triggers.join(format!("pm.{i}.trigger"))).unwrap();
                    if i % 10 == 0 {
                        let gone = triggers.join(format!("gone.{i}.trigger"));
                        fs::write(&gone, "vanishes").unwrap();
                        drop(fs::remove_file(&gone));
                    }
                }
            });
        }
        let deadline = Instant::now() + Duration::from_secs(25);
        let mut mailbox = Mailbox::open(&it.root, Rules::default()).unwrap();
        let mut messages = HashSet::new();
        let mut round = 0;
        while messages.len() < FILES {
            assert!(Instant::now() < deadline, "only {} arrived", messages.len());
            let scan = mailbox.scan(now() + Millis::hours(1));
            assert!(scan.rejected.is_empty(), "{:?}", scan.rejected);
            round += 1;
            // A crash: half is archived, the rest comes again.
            let crash = round % 3 == 0;
            let half = if crash { scan.taken.len() / 2 } else { scan.taken.len() };
            for taken in scan.taken.iter().take(half) {
                by_key.insert(taken.key.clone(), taken.text.clone());
                messages.extend(taken.text.strip_prefix("message ").map(str::to_owned));
                mailbox.archive(taken).unwrap();
            }
            if crash {
                mailbox = Mailbox::open(&it.root, Rules::default()).unwrap();
                for taken in mailbox.pending().unwrap().taken {
                    by_key.insert(taken.key.clone(), taken.text.clone());
                    messages.extend(taken.text.strip_prefix("message ").map(str::to_owned));
                    mailbox.archive(&taken).unwrap();
                }
            }
        }
    });
    let messages = by_key.values().filter(|text| text.starts_with("message ")).count();
    assert_eq!(messages, FILES, "one key each");
    assert!(woken.load(Ordering::Relaxed) > 0);
    drop(watch);
}

#[test]
fn a_watch_wakes_for_a_drop_and_not_for_our_own_looking() {
    let it = open();
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let watch = Watch::start(&it.mailbox, move || {
        count.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    for _ in 0..10 {
        it.scan();
    }
    it.mailbox.write_response("pm", "DONE: x").unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while woken.load(Ordering::Relaxed) == 0 {
        assert!(Instant::now() < deadline, "never woken");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(woken.load(Ordering::Relaxed) < 8, "a scan does not wake itself");
    drop(watch);
}

/// A file that is written in place might be half of itself; one that was renamed cannot be.
#[test]
fn what_is_renamed_into_place_is_taken_at_once_and_what_is_written_there_settles() {
    let dir = tempfile::tempdir().unwrap();
    let rules = Rules { settle: Millis::hours(1), ..Rules::default() };
    let mailbox = Mailbox::open(dir.path(), rules).unwrap();
    let _watch = Watch::start(&mailbox, || {}).unwrap();
    let responses = dir.path().join("responses");
    let aside = responses.join("x.tmp");
    fs::write(responses.join("written.response"), "DONE: half of it").unwrap();
    fs::write(&aside, "DONE: all of it").unwrap();
    fs::rename(&aside, responses.join("renamed.response")).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let taken = loop {
        let scan = mailbox.scan(now());
        if !scan.taken.is_empty() {
            break scan.taken;
        }
        assert!(Instant::now() < deadline, "it was seen to come");
        std::thread::sleep(Duration::from_millis(5));
    };
    let texts: Vec<&str> = taken.iter().map(|taken| taken.text.as_str()).collect();
    assert_eq!(texts, ["DONE: all of it"]);
    assert_eq!(mailbox.scan(now()).later, 1, "the other settles");
}
