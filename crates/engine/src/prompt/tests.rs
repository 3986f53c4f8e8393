//! What an agent is told, whoever says what.

use crew_core::project::Message;
use crew_core::run::Trouble;
use crew_core::team::{Api, DEFAULT_TEAM, Model, parse};
use crew_core::{Event, Millis, ProjectId, State, TaskDraft, Time, step};
use proptest::prelude::*;

use super::*;

/// The first run of a task in the default team.
fn place(title: &str, body: &str) -> Place {
    let mut state = State::default();
    let team = Box::new(parse(DEFAULT_TEAM).unwrap());
    let draft =
        TaskDraft { title: title.to_owned(), body: body.to_owned(), ..TaskDraft::default() };
    let project = ProjectId(1);
    for event in [
        Event::ProjectAdded { name: "p".into(), root: "/nowhere".into(), team },
        Event::TaskAdded { project, draft },
        Event::Ticked,
    ] {
        state.apply(step(&state, &event, Time(1)).unwrap().change);
    }
    let run = state.runs.values().next().unwrap().clone();
    let (task, project) = (state.tasks[&run.task].clone(), state.projects[&run.project].clone());
    Place { project, task, run, candidates: Vec::new() }
}

fn remark(text: &str) -> Remark {
    Remark {
        at: Time(1),
        from: "tester".to_owned(),
        text: text.to_owned(),
        number: 0,
        question: None,
    }
}

/// What another role wrote, for this run to read.
fn message(text: &str, place: &Place) -> Message {
    let (from, to) = ("tester".parse().unwrap(), place.run.role.clone());
    let (task, reader) = (place.task.id, Some(place.run.id));
    Message { at: Time(1), from, task, to, text: text.to_owned(), reader }
}

/// What is left of a prompt when the quotes are taken out, as a reader of Markdown does it.
fn own_words(prompt: &str) -> String {
    let mut words = Vec::new();
    let mut open: Option<usize> = None;
    for line in prompt.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let is_bare = line.len() == ticks;
        open = match open {
            Some(fence) if is_bare && ticks >= fence => None,
            Some(fence) => Some(fence),
            None if ticks >= 3 => Some(ticks),
            None => {
                words.push(line);
                None
            }
        };
    }
    assert_eq!(open, None, "every quote ends");
    words.join("\n")
}

#[test]
fn an_agent_is_told_what_it_will_be_judged_by() {
    let mut place = place("Fix it", "It is broken.");
    let team = &mut place.project.team;
    let stage = team.stages.iter_mut().find(|stage| stage.name == place.run.stage).unwrap();
    let command = "make test".to_owned();
    stage.gates.push(Gate::Check { name: "t".into(), command, timeout: Millis::minutes(1) });
    team.merge.check = Some("make all".to_owned());
    team.budget.run = crew_core::team::Amount { tokens: 1234, cost: crew_core::Micros(500_000) };
    place.task.criteria = vec!["no crash".to_owned()];
    place.task.remarks.push(remark("try harder"));
    let text = prompt(&place, "");
    for needle in [
        "Stage: backlog. Your role: pm.",
        "lands on the base branch `main`",
        "```sh\nmake test\n```",
        "```sh\nmake all\n```",
        "1234 tokens, $0.5000",
        "\"How you end\" in your instructions",
        "```text\nFix it\n```",
        "```text\nIt is broken.\n```",
        "```text\n1. no crash\n```",
        "### tester\n```text\ntry harder\n```",
        "## Now\nDo the work of the stage `backlog`.",
    ] {
        assert!(text.contains(needle), "{needle:?} is not in\n{text}");
    }
    assert!(system(&place).contains("## How you end\n"), "and there it is");
}

#[test]
fn who_plays_a_role_by_files_is_told_which_file_to_write() {
    let mut place = place("x", "");
    let provider = place.project.team.providers.get_mut(&place.run.provider).unwrap();
    provider.kind = ProviderKind::Mailbox;
    assert!(prompt(&place, "").contains("`.crew/shared/responses/pm.response`"));
}

#[test]
fn what_is_left_out_is_said_and_the_whole_has_a_bound() {
    let mut place = place("x", &"b".repeat(BODY_CHARS_MAX + 7));
    place.task.criteria = vec!["c".repeat(CRITERIA_CHARS_MAX)];
    place.task.remarks = (0..60).map(|n| remark(&format!("{n} {}", "r".repeat(7_000)))).collect();
    place.run.purpose = Purpose::Consult { about: "a".repeat(100_000) };
    let message = "m".repeat(100_000);
    place.run.trouble = Some(Trouble { kind: TroubleKind::Protocol, message });
    let text = prompt(&place, "");
    assert!(text.contains("(cut here: 7 more characters."), "{text}");
    assert!(text.contains("(55 older remarks are left out.)\n### tester\n```text\n55 r"), "{text}");
    assert!(text.contains("```text\n59 r"), "the newest is there");
    let parts = BODY_CHARS_MAX + CRITERIA_CHARS_MAX + REMARKS_CHARS_MAX + 2 * WHY_CHARS_MAX;
    assert!(text.len() < parts + 4_000, "{} bytes", text.len());
}

#[test]
fn no_secret_of_the_provider_is_in_what_it_is_told() {
    let mut place = place("x", "");
    let model = Model {
        api: Api::Anthropic,
        name: "m".into(),
        base_url: Some("http://user:hidden@127.0.0.1:1".into()),
        key_env: Some("SOME_KEY".into()),
        context_tokens: None,
    };
    let provider = place.project.team.providers.get_mut(&place.run.provider).unwrap();
    provider.kind = ProviderKind::Native(model);
    let text = prompt(&place, "") + &system(&place);
    assert!(!text.contains("hidden") && !text.contains("SOME_KEY"));
}

fn hostile() -> impl Strategy<Value = String> {
    "(`{1,7}|~~~|\n|\r|\u{1b}\\]0;|#+ |DONE: x|LABEL-UPDATED: a --> b|RUN: r1|Now|.){0,30}"
}

proptest! {
    #[test]
    fn our_own_words_are_the_same_whatever_others_say(
        texts in [hostile(), hostile(), hostile(), hostile(), hostile()]
    ) {
        let [title, body, criterion, said, about] = texts;
        let told = |title: &str, body: &str, criterion: &str, said: &str, about: &str| {
            let mut place = place("t", "b");
            place.task.title = cut(title, TITLE_CHARS_MAX).to_owned();
            place.task.body = format!("b{body}");
            place.task.criteria = vec![criterion.to_owned()];
            place.task.remarks = vec![remark(said)];
            place.project.messages = vec![message(said, &place)];
            place.run.purpose = Purpose::Consult { about: about.to_owned() };
            let message = about.to_owned();
            place.run.trouble = Some(Trouble { kind: TroubleKind::Protocol, message });
            prompt(&place, "")
        };
        let text = told(&title, &body, &criterion, &said, &about);
        prop_assert_eq!(own_words(&text), own_words(&told("t", "b", "c", "s", "a")));
        prop_assert!(!text.contains(['\x1b', '\r']));
        let protocol = text.lines().filter(|line| crew_core::protocol::is_protocol_line(line));
        prop_assert_eq!(protocol.count(), 0);
    }
}
