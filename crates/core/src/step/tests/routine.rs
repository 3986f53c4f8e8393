//! Tasks that come by themselves.

use super::play::Play;
use crate::TaskId;

/// The team, with a routine.
fn with_routine(rest: &str, script: &str) -> Play {
    let routine = format!("[[routines]]\nname = \"look\"\ntitle = \"Look\"\n{rest}\n");
    let first = "[[stages]]\nname = \"plan\"";
    let mut play = Play::new(&[(first, &format!("{routine}{first}"))]);
    play.run(script);
    play
}

#[test]
fn a_routine_comes_in_its_time_and_never_twice() {
    let play = with_routine("every_minutes = 10", "wait 1\nwait 590");
    assert!(play.state.tasks.is_empty(), "its time begins when it is first seen");
    let play = with_routine("every_minutes = 10", "wait 1\nwait 600\nwait 6000");
    assert_eq!(play.state.tasks.len(), 1, "the first one is not over");
    assert_eq!(play.state.tasks[&TaskId(1)].title, "Look");
    let over =
        "started base\nr1 says DONE: all is well\nr1 exits\nsaved base\nmerged base\nreleased";
    let mut play = with_routine("every_minutes = 10", &format!("wait 1\nwait 600\n{over}"));
    assert!(play.state.tasks[&TaskId(1)].is_over(), "it changed nothing: {}", play.print());
    play.run("wait 580");
    assert_eq!(play.state.tasks.len(), 1);
    play.run("wait 20");
    assert_eq!(play.state.tasks.len(), 2, "{}", play.print());
    play.run(&over.replace("r1", "r2"));
    play.run("emergency\nwait 6000");
    assert_eq!(play.state.tasks.len(), 2, "nothing comes while everything is stopped");
    play.run("release\nwait 1");
    assert_eq!(play.state.tasks.len(), 3, "{}", play.print());
}

#[test]
fn a_routine_that_was_gone_for_a_while_is_the_same() {
    let mut play = with_routine("every_minutes = 10", "wait 1\nwait 600");
    assert_eq!(play.state.tasks.len(), 1);
    play.run("team name = \"look\" => name = \"other\"\nwait 1");
    play.run("team name = \"other\" => name = \"look\"\nwait 6000");
    assert_eq!(play.state.tasks.len(), 1, "its first one is open still: {}", play.print());
}

/// What is on its branch all the same, nobody has judged.
#[test]
fn a_routine_that_found_nothing_lands_nothing() {
    let script = "wait 1\nwait 600\nstarted base\nr1 says DONE: all is well\nr1 exits\nsaved base";
    let play = with_routine("every_minutes = 10", script);
    assert!(play.print().contains("merge #1 at -"), "{}", play.print());
    let script = "wait 1\nwait 600\nstarted base\nr1 says REQUEST: well?\nr1 exits\nsaved base\n\
                  started base\nr2 says DONE: go on\nr2 exits\nsaved c9\n\
                  started c9\nr3 says DONE: all is well\nr3 exits\nsaved c9";
    let play = with_routine("every_minutes = 10", script);
    assert_eq!(play.state.tasks[&TaskId(1)].stage.as_str(), "build", "{}", play.print());
}

#[test]
fn a_routine_that_changes_something_takes_the_way_of_all_tasks() {
    let script = "wait 1\nwait 600\nstarted base\nr1 says DONE: tidied\nr1 exits\nsaved c1";
    let play = with_routine("every_minutes = 10", script);
    assert_eq!(play.state.tasks[&TaskId(1)].stage.as_str(), "build");
    let script = "wait 1\nwait 600\nstarted base\nr1 says DONE: to do;LABEL-UPDATED: plan --> build\n\
                  r1 exits\nsaved base";
    let play = with_routine("every_minutes = 10", script);
    assert_eq!(play.state.tasks[&TaskId(1)].stage.as_str(), "build", "it was sent there");
}

#[test]
fn a_routine_may_wait_until_nothing_is_to_do_or_something_is_wrong() {
    let idle = "every_minutes = 10\nwhen = \"idle\"";
    let busy = with_routine(idle, "wait 1\nadd\nwait 6000");
    assert_eq!(busy.state.tasks.len(), 1);
    let idle = with_routine(
        idle,
        "wait 1\nadd\nwait 6000\ncancel #1\nstopped\nsaved base\nreleased\nwait 1",
    );
    assert_eq!(idle.state.tasks.len(), 2, "{}", idle.print());

    let trouble = "every_minutes = 10\nwhen = \"trouble\"";
    let quiet = with_routine(trouble, "wait 1\nadd\nwait 6000");
    assert_eq!(quiet.state.tasks.len(), 1);
    let stuck = "wait 1\nadd\nstarted base\nr1 needs a key\nr1 exits\nsaved base\nwait 6000";
    let mut play = with_routine(trouble, stuck);
    assert_eq!(play.state.tasks.len(), 2, "{}", play.print());
    play.run("cancel #2\nstopped\nsaved base\nreleased\nwait 6000");
    assert!(play.state.tasks[&TaskId(2)].is_over());
    assert_eq!(play.state.tasks.len(), 2, "the same trouble is no news");
    play.run("add\nstarted base\nr3 needs a key\nr3 exits\nsaved base\nwait 6000");
    assert_eq!(play.state.tasks.len(), 4, "this one is: {}", play.print());
}
