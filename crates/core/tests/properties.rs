//! What holds for any text that an agent, a script or a person may write.

use crew_core::call::{Answer, Met};
use crew_core::protocol::{Claim, LabelUpdate, Response, Verdict, parse_response, parse_trigger};
use crew_core::team::{self, DEFAULT_TEAM};
use crew_core::{StageName, TaskId};
use proptest::prelude::*;

/// Lines as models write them: keywords, fields, decoration and noise, in any order.
fn line() -> impl Strategy<Value = String> {
    let keyword = prop::sample::select(vec![
        "DONE:",
        "REQUEST:",
        "ERROR:",
        "ISSUE:",
        "LABEL-UPDATED:",
        "PR:",
        "VERDICT:",
        "PICK:",
        "EVIDENCE:",
        "CRITERION:",
        "**DONE:**",
        "- ISSUE:",
        "> ERROR:",
        "``` DONE:",
        "TASK:",
        "done:",
        "",
    ]);
    let value = prop_oneof![
        Just(" #12".to_owned()),
        Just(" in-progress --> needs-testing".to_owned()),
        Just(" a -> b".to_owned()),
        Just(" pass".to_owned()),
        Just(" FAIL.".to_owned()),
        Just(" 3".to_owned()),
        Just(" 3 met: seen".to_owned()),
        Just(" #1) Not Met".to_owned()),
        Just(" **".to_owned()),
        ".{0,30}",
    ];
    (keyword, value).prop_map(|(keyword, value)| format!("{keyword}{value}"))
}

fn text() -> impl Strategy<Value = String> {
    let end = prop::sample::select(vec!["\n", "\r\n", "\n\n", "\r"]);
    prop::collection::vec((line(), end), 0..8)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

fn name() -> impl Strategy<Value = StageName> {
    "[a-z][a-z0-9-]{0,39}".prop_filter_map("no name", |name: String| name.parse().ok())
}

fn response() -> impl Strategy<Value = Response> {
    let claim = prop::sample::select(vec![Claim::Done, Claim::Request, Claim::Error]);
    let label = (name(), name()).prop_map(|(from, to)| LabelUpdate { from, to });
    let verdict = prop::sample::select(vec![Verdict::Pass, Verdict::Fail]);
    (
        claim,
        "[a-z ,.]{0,40}(\n[a-z ,.]{0,40}){0,3}",
        prop::option::of(any::<u64>().prop_map(TaskId)),
        prop::option::of(label),
        prop::option::of("[#a-z0-9/:.]{1,20}"),
        prop::option::of(verdict),
        prop::option::of(any::<u32>()),
        prop::collection::vec("[a-z][a-z :.]{0,20}[a-z]", 0..3),
        prop::collection::vec(answer(), 0..3),
    )
        .prop_map(|(claim, summary, issue, label, pr, verdict, pick, evidence, answers)| {
            let lines: Vec<&str> = summary.lines().map(str::trim).collect();
            let summary = lines.join("\n").trim().to_owned();
            let said = Response::new(claim, summary);
            Response { issue, label, pr, verdict, pick, evidence, answers, ..said }
        })
}

fn answer() -> impl Strategy<Value = Answer> {
    let met = prop::sample::select(vec![Met::Met, Met::NotMet]);
    let answer = |(number, met, why)| Answer { number, met, why };
    (any::<u32>(), met, "[a-z][a-z .]{0,20}[a-z]").prop_map(answer)
}

/// A response as an agent would write it.
fn render(response: &Response) -> String {
    let keyword = match response.claim {
        Claim::Done => "DONE",
        Claim::Request => "REQUEST",
        Claim::Error => "ERROR",
    };
    let mut text = format!("{keyword}: {}\n", response.summary);
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.extend([name, ": ", &value, "\n"]);
        }
    };
    field("ISSUE", response.issue.map(|issue| issue.to_string()));
    let label = response.label.as_ref();
    field("LABEL-UPDATED", label.map(|label| format!("{} --> {}", label.from, label.to)));
    field("PR", response.pr.clone());
    let verdict = response.verdict.map(|verdict| format!("{verdict:?}").to_lowercase());
    field("VERDICT", verdict);
    field("PICK", response.pick.map(|pick| pick.to_string()));
    response.evidence.iter().for_each(|it| field("EVIDENCE", Some(it.clone())));
    for Answer { number, met, why } in &response.answers {
        let met = met.word().replace('_', " ");
        field("CRITERION", Some(format!("{number} {met}: {why}")));
    }
    text
}

/// The default team with one piece of its text cut, doubled, swapped or overwritten.
fn mutated_team() -> impl Strategy<Value = String> {
    let lines: Vec<&'static str> = DEFAULT_TEAM.lines().collect();
    let count = lines.len();
    let noise = prop_oneof![
        Just("agents = 0".to_owned()),
        Just("retries = 4294967295".to_owned()),
        Just("run_minutes = 18446744073709551615".to_owned()),
        Just("backoff_seconds = 9223372036854775807".to_owned()),
        Just("day_usd = nan".to_owned()),
        Just("run_usd = -1.0".to_owned()),
        Just("next = []".to_owned()),
        Just("back = \"done\"".to_owned()),
        Just("mode = \"best-of-n\"".to_owned()),
        Just("gates = [{ human = false }]".to_owned()),
        Just("gates = [{ verdict = \"engineer\" }]".to_owned()),
        Just("visits = 4294967295".to_owned()),
        Just("[[stages]]".to_owned()),
        ".{0,40}",
    ];
    let change = (0..count, 0..count, 0..5_u8, noise);
    prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        for (at, other, how, noise) in changes {
            let (at, other) = (at % lines.len(), other % lines.len());
            match how {
                0 => drop(lines.remove(at)),
                1 => lines.swap(at, other),
                2 => lines.insert(at, noise),
                3 => lines[at] = noise,
                _ => {
                    let line = lines[at].clone();
                    lines.insert(other, line);
                }
            }
        }
        lines.join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_response_or_is_told_why_not(text in text()) {
        if let Err(error) = parse_response(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        drop((parse_response(&text), parse_trigger(&text)));
    }

    #[test]
    fn a_response_reads_back_as_it_was_written(response in response()) {
        prop_assert_eq!(parse_response(&render(&response)), Ok(response));
    }

    #[test]
    fn reading_what_was_read_changes_nothing(text in text()) {
        if let Ok(response) = parse_response(&text) {
            let again = parse_response(&render(&response));
            prop_assert_eq!(again.map(|again| again.claim), Ok(response.claim));
        }
    }

    #[test]
    fn a_trigger_has_a_title_that_a_task_may_have(text in text()) {
        if let Ok(trigger) = parse_trigger(&text) {
            prop_assert!(!trigger.body.is_empty());
            prop_assert!(!trigger.title.is_empty());
            prop_assert!(!trigger.title.contains('\n'));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_team_is_proven_or_its_problems_are_named(text in mutated_team()) {
        match team::parse(&text) {
            Ok(team) => {
                // What was proven can be reckoned with, and leads from each stage to the end.
                prop_assert!(team.worst_case().runs <= team.budget.task_runs);
                prop_assert!(team.stages.last().is_some_and(team::Stage::is_end));
                for stage in &team.stages {
                    prop_assert!(stage.is_end() || !stage.next.is_empty());
                    let known = stage.workers().into_iter().all(|r| team.roles.contains_key(r));
                    prop_assert!(known);
                }
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    prop_assert!(!problem.what.trim().is_empty());
                    prop_assert!(problem.hint.is_none_or(|hint| !hint.trim().is_empty()));
                }
            }
        }
    }
}
