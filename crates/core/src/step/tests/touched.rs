//! Tasks that change the same files.

use insta::assert_snapshot;

use super::play::{Play, play};
use crate::TaskId;
use crate::conflict::conflicts;

/// Two developers at work, on one task each.
const TWO: &str = "
    add
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    r2 says DONE: planned
    r2 exits
    saved c2
    started base
    started base
";

#[test]
fn both_are_told_once_that_they_change_the_same() {
    let script = format!(
        "{TWO}
        r3 touches a b
        r4 touches b c
        r4 touches b c a
        r4 touches c
        r3 stale"
    );
    assert_snapshot!(play(&script), @"");
}

#[test]
fn what_is_over_is_in_nobodys_way() {
    let conflicting = |script: &str| {
        let mut play = Play::new(&[]);
        play.run(script);
        let open = play.state.open_tasks();
        let of = conflicts(open, &play.state.tasks[&TaskId(1)]);
        of.into_iter().map(|(task, files)| format!("{task} {files:?}")).collect::<Vec<_>>()
    };
    let both = format!("{TWO}\nr3 touches a b\nr4 touches b c");
    assert_eq!(conflicting(&both), ["#2 {\"b\"}"]);
    let cancelled = format!("{both}\ncancel #2\nstopped\nr4 exits\nsaved c3\nreleased");
    assert_eq!(conflicting(&cancelled), [""; 0]);
}
