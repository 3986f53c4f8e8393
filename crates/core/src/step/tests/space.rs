//! A disk that is full.

use insta::assert_snapshot;

use super::play::{play, play_with};

#[test]
fn nobody_starts_without_space_and_one_ask_says_so() {
    let script = "
        add
        full /data
        started base
        r1 exits
        add
        full /data
        wait 30
    ";
    assert_snapshot!(play(script), @r"
    ! full /data: that was known before
    #1 in plan: working (queued: there is too little space on the disk), head base, starts 1
    #2 in plan: working (queued: there is too little space on the disk)
    r1 Work of pm on #1/0, start 1: queued, failures 1, Transient trouble
    r2 Work of pm on #2/0, start 0: queued
    a1 about #2 from crewhouse about /data: open
    wakes in 29 min 23 s
    ");
    assert_snapshot!(play(&format!("{script}\n roomy")), @r"
    ! full /data: that was known before
    #1 in plan: working (pm at work), head base, starts 2
    #2 in plan: working (queued: its role is busy)
    r1 Work of pm on #1/0, start 2: preparing, failures 1, Transient trouble
    r2 Work of pm on #2/0, start 0: queued
    a1 about #2 from crewhouse about /data: expired
    e2 start r1.2
    wakes in 29 min 22 s
    ");
    assert_snapshot!(play(&format!("{script}\n answer a1 try again")), @r"
    ! full /data: that was known before
    #1 in plan: working (pm at work), head base, starts 2
    #2 in plan: working (queued: its role is busy)
    r1 Work of pm on #1/0, start 2: preparing, failures 1, Transient trouble
    r2 Work of pm on #2/0, start 0: queued
    a1 about #2 from crewhouse about /data: answered `try again`
    e2 start r1.2
    wakes in 29 min 22 s
    ");
}

/// It was looked at when its agent was to start: it waits where one sees it, and did not fail.
#[test]
fn who_was_to_start_when_the_disk_was_full_waits_in_the_queue() {
    let script = "
        add
        full /data
        nospace
    ";
    assert_snapshot!(play(script), @r"
    #1 in plan: working (queued: there is too little space on the disk), starts 1
    r1 Work of pm on #1/0, start 1: queued
    a1 about #1 from crewhouse about /data: open
    wakes in 29 min 57 s
    ");
    assert_snapshot!(play(&format!("{script}\n roomy")), @r"
    #1 in plan: working (pm at work), starts 2
    r1 Work of pm on #1/0, start 2: preparing
    a1 about #1 from crewhouse about /data: expired
    e2 start r1.2
    wakes in 29 min 56 s
    ");
}

#[test]
fn the_ask_goes_to_another_task_that_waits() {
    let script = "
        full /data
        add
        add
        cancel 1
    ";
    assert_snapshot!(play_with(&[], script), @r"
    #1 in plan: cancelled (cancelled)
    #2 in plan: working (queued: there is too little space on the disk)
    r1 Work of pm on #1/0, start 0: cancelled
    r2 Work of pm on #2/0, start 0: queued
    a1 about #1 from crewhouse about /data: expired
    a2 about #2 from crewhouse about /data: open
    e1 release #1
    wakes in 29 min 56 s
    ");
}
