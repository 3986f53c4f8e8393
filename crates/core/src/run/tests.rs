//! The whole state machine as one table: each state, and what it may become by each event.

use std::fmt::Write as _;

use super::*;

const NOW: Time = Time(1_000);

fn states() -> Vec<RunState> {
    let waits = [
        Wait::Asks { open: BTreeSet::from([AskId(1)]) },
        Wait::Asks { open: BTreeSet::from([AskId(1), AskId(2)]) },
        Wait::Limit { until: NOW },
        Wait::Pause,
    ];
    let outcome = Outcome::Done;
    let running = |quiet, responded| RunState::Running { since: NOW, quiet, responded };
    let mut states = vec![
        RunState::Queued { not_before: NOW },
        RunState::Preparing { since: NOW },
        running(None, None),
        running(Some(NOW), None),
        running(None, Some(NOW)),
        RunState::Stopping { since: NOW, then: AfterStop::Pause },
        RunState::Saving { effect: EffectId(1), outcome },
        RunState::Finished { at: NOW, outcome },
    ];
    states.extend(waits.map(RunState::Waiting));
    states
}

fn events() -> Vec<RunEvent> {
    vec![
        RunEvent::Dispatched,
        RunEvent::Started,
        RunEvent::Quiet(Some(NOW)),
        RunEvent::Quiet(None),
        RunEvent::Asked(AskId(2)),
        RunEvent::Answered(AskId(1)),
        RunEvent::Responded,
        RunEvent::Stop(AfterStop::Limit { until: NOW }),
        RunEvent::Requeue { not_before: NOW },
        RunEvent::Wait(Wait::Limit { until: NOW }),
        RunEvent::Wait(Wait::Pause),
        RunEvent::Wait(Wait::Asks { open: BTreeSet::new() }),
        RunEvent::Save(EffectId(2), Outcome::Error),
        RunEvent::Finish(Outcome::Done),
    ]
}

/// A state in a word or two; an exhaustive match, so that a new field is not forgotten.
fn words(state: &RunState) -> String {
    match state {
        RunState::Queued { not_before: _ } => "queued".into(),
        RunState::Preparing { since: _ } => "preparing".into(),
        RunState::Running { since: _, quiet, responded } => {
            let quiet = if quiet.is_some() { ", quiet" } else { "" };
            let responded = if responded.is_some() { ", responded" } else { "" };
            format!("running{quiet}{responded}")
        }
        RunState::Waiting(Wait::Asks { open }) => format!("asking {}", open.len()),
        RunState::Waiting(Wait::Limit { until: _ }) => "limited".into(),
        RunState::Waiting(Wait::Pause) => "paused".into(),
        RunState::Stopping { since: _, then } => {
            let then = format!("{then:?}").to_lowercase();
            format!("stopping then {}", then.split(' ').next().unwrap_or_default())
        }
        RunState::Saving { effect, outcome } => format!("saving {effect} {}", outcome.word()),
        RunState::Finished { at: _, outcome } => format!("finished {}", outcome.word()),
    }
}

fn event_words(event: &RunEvent) -> String {
    let words = format!("{event:?}").replace("Time(1000)", "now").replace("open: {}", "");
    words.to_lowercase()
}

fn table() -> String {
    let mut table = String::new();
    for state in states() {
        writeln!(table, "{}", words(&state)).unwrap();
        for event in events() {
            match state.next(event.clone(), NOW) {
                Ok(next) => {
                    writeln!(table, "    {} -> {}", event_words(&event), words(&next)).unwrap();
                }
                Err(IllegalTransition { state: word, event: refused }) => {
                    assert_eq!((word, refused), (state.word(), event));
                }
            }
        }
    }
    table
}

#[test]
fn only_the_drawn_transitions_are_allowed() {
    insta::assert_snapshot!(table(), @r"
    queued
        dispatched -> preparing
        wait(pause) -> paused
        save(effectid(2), error) -> saving e2 error
        finish(done) -> finished done
    preparing
        started -> running
        stop(limit { until: now }) -> stopping then limit
        requeue { not_before: now } -> queued
        wait(limit { until: now }) -> limited
        save(effectid(2), error) -> saving e2 error
    running
        quiet(some(now)) -> running, quiet
        quiet(none) -> running
        asked(askid(2)) -> asking 1
        responded -> running, responded
        stop(limit { until: now }) -> stopping then limit
        requeue { not_before: now } -> queued
        save(effectid(2), error) -> saving e2 error
    running, quiet
        quiet(some(now)) -> running, quiet
        quiet(none) -> running
        asked(askid(2)) -> asking 1
        responded -> running, quiet, responded
        stop(limit { until: now }) -> stopping then limit
        requeue { not_before: now } -> queued
        save(effectid(2), error) -> saving e2 error
    running, responded
        quiet(some(now)) -> running, quiet, responded
        quiet(none) -> running, responded
        asked(askid(2)) -> asking 1
        responded -> running, responded
        stop(limit { until: now }) -> stopping then limit
        requeue { not_before: now } -> queued
        save(effectid(2), error) -> saving e2 error
    stopping then pause
        stop(limit { until: now }) -> stopping then limit
        requeue { not_before: now } -> queued
        wait(limit { until: now }) -> limited
        wait(pause) -> paused
        save(effectid(2), error) -> saving e2 error
    saving e1 done
        finish(done) -> finished done
    finished done
    asking 1
        asked(askid(2)) -> asking 2
        answered(askid(1)) -> running
        responded -> running, responded
        stop(limit { until: now }) -> stopping then limit
        requeue { not_before: now } -> queued
        save(effectid(2), error) -> saving e2 error
    asking 2
        asked(askid(2)) -> asking 2
        answered(askid(1)) -> asking 1
        responded -> running, responded
        stop(limit { until: now }) -> stopping then limit
        requeue { not_before: now } -> queued
        save(effectid(2), error) -> saving e2 error
    limited
        dispatched -> preparing
        wait(pause) -> paused
        save(effectid(2), error) -> saving e2 error
        finish(done) -> finished done
    paused
        requeue { not_before: now } -> queued
        save(effectid(2), error) -> saving e2 error
        finish(done) -> finished done
    ");
}

#[test]
fn what_is_over_stays_over_and_an_agent_never_comes_from_nowhere() {
    for state in states() {
        for event in events() {
            let Ok(next) = state.next(event.clone(), NOW) else { continue };
            let over = matches!(state, RunState::Finished { .. });
            assert!(!over, "{} takes {event:?}", words(&state));
            let appears = next.holds_agent() && !state.holds_agent();
            assert!(!appears || event == RunEvent::Dispatched, "{} {event:?}", words(&state));
        }
    }
}
