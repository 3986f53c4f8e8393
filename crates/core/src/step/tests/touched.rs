//! Tasks that change the same files.

use insta::assert_snapshot;

use super::TWO;
use super::play::{Play, play, play_with};
use crate::TaskId;
use crate::conflict::conflicts;

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
    assert_snapshot!(play(&script), @r"
    ! r3 stale: it comes from an earlier start of the run
    #1 in build: working (dev at work), head c1, starts 2
      pm: planned
      crewhouse: #2 changes b as well; whoever lands second brings both together.
    #2 in build: working (dev at work), head c2, starts 2
      pm: planned
      crewhouse: #1 changes b as well; whoever lands second brings both together.
    r1 Work of pm on #1/0, start 1: done, Done
    r2 Work of pm on #2/0, start 1: done, Done
    r3 Work of dev on #1/0, start 1: running
    r4 Work of dev on #2/0, start 1: running
    wakes in 29 min 43 s
    ");
}

#[test]
fn of_many_others_a_task_is_told_of_a_few() {
    let pm = "pm = { provider = \"native\" }";
    let many = "pm = { provider = \"native\", agents = 8 }";
    let mut play = Play::new(&[("agents = 3", "agents = 8"), (pm, many)]);
    play.run(&"add\n".repeat(8));
    play.run(&"started base\n".repeat(8));
    (1..=8).for_each(|run| play.run(&format!("r{run} touches b")));
    let remarks = |task| {
        let texts = play.state.tasks[&TaskId(task)].remarks.iter().map(|it| it.text.as_str());
        texts.map(|text| text.split(" as well").collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let (brings, is_not_last) = (
        "; whoever lands second brings both together.",
        ", and is not the last: the card shows them all.",
    );
    for (task, others) in [(1, [2, 3, 4, 5, 6, 7]), (8, [1, 2, 3, 4, 5, 6])] {
        let told: Vec<[String; 2]> = others
            .iter()
            .enumerate()
            .map(|(at, other)| {
                let end = if at == 5 { is_not_last } else { brings };
                [format!("#{other} changes b"), end.to_owned()]
            })
            .collect();
        assert_eq!(remarks(task), told, "#{task}");
    }
    let open = play.state.open_tasks();
    assert_eq!(conflicts(open, &play.state.tasks[&TaskId(8)]).len(), 7, "the card shows all");
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

#[test]
fn who_work_on_one_task_at_the_same_time_are_told_of_each_other() {
    let parallel = "owner = \"dev\"\nmode = \"parallel\"\nroles = [\"dev\", \"judge\"]";
    let script = "
        add
        started base
        r1 says DONE: planned
        r1 exits
        saved c1
        started base
        started base
        r2 touches a b
        r3 touches c
        r3 touches b c
        r2 touches a b c
    ";
    let played = play_with(&[("owner = \"dev\"", parallel)], script);
    let told = |who: &str| played.matches(&format!("{who}: Several who work")).count();
    let all = ["  crewhouse", "e5 tell r2.1 remark 1", "e6 tell r3.1 remark 1"].map(told);
    assert_eq!((all, played.matches("change b;").count()), ([1, 1, 1], 3), "{played}");
    // One of them is kept.
    let rivals = "owner = \"dev\"\nmode = \"best-of-n\"\nn = 2\njudge = \"judge\"";
    assert!(!play_with(&[("owner = \"dev\"", rivals)], script).contains("Several who"));
}
