//! Pull requests as data: what is planned, and what is heard.

use super::hear::Verdict;
use super::*;
use crate::github::{Policy, SeenComment};
use crate::team::{DEFAULT_TEAM, parse};
use crate::{Effect, EffectId, Event, Millis, ProjectId, Settled, State, TaskDraft, step};

const OURS: &str = "c0ffee";

fn commit(text: &str) -> CommitId {
    CommitId(text.into())
}

fn policy() -> Policy {
    team("review").github.unwrap()
}

fn team(pulls: &str) -> Team {
    let text = format!(
        "{DEFAULT_TEAM}\n[github]\nrepository = \"acme/shop\"\ntrusted = [\"Alice\"]\n\
         pull_requests = \"{pulls}\"\n"
    );
    parse(&text).unwrap()
}

fn shown(how: ShownAs) -> Shown {
    let (title, closes) = ("Title".into(), Some(1));
    Shown { commit: commit(OURS), title, how, closes, on: None, landed: None }
}

fn want(how: ShownAs) -> PullWant {
    let base = "main".into();
    PullWant { shown: shown(how), body: "Story".into(), base, guard: Guard::Closed }
}

fn known() -> Pull {
    Pull {
        number: Some(7),
        agreed: Some(shown(ShownAs::Ready)),
        body: Some(Digest::of("Story")),
        ..Pull::of(commit(OURS))
    }
}

fn found() -> FoundPull {
    let (title, body) = ("Title".into(), "Story".into());
    FoundPull { number: 7, title, body, is_open: true, is_draft: false, base: "main".into() }
}

fn seen() -> PullSeen {
    PullSeen {
        number: 7,
        head: commit(OURS),
        there: There::Open,
        author: "alice".into(),
        reviews: Vec::new(),
        comments: Vec::new(),
        checks: Vec::new(),
        failed: Vec::new(),
        is_pending: false,
        asked_at: 9,
    }
}

fn review(id: u64, author: &str, verdict: Verdict, text: &str) -> SeenReview {
    let (author, text) = (author.into(), text.into());
    SeenReview { id, author, commit: Some(commit(OURS)), verdict, text, lines: Vec::new() }
}

fn plan(pull: &Pull, how: ShownAs, found: Option<&FoundPull>) -> Vec<PullAction> {
    let marker = Marker { home: "h1".into(), task: TaskId(3) };
    plan_pull(pull, (&want(how), &marker), found)
}

#[test]
fn what_is_there_is_not_made_again_and_what_people_wrote_stays() {
    let opened = plan(&known(), ShownAs::Ready, None);
    assert!(
        matches!(opened.as_slice(), [PullAction::Open { body, .. }] if body.contains("crew:h1/3"))
    );
    assert_eq!(plan(&known(), ShownAs::Ready, Some(&found())), []);
    assert_eq!(plan(&known(), ShownAs::Closed, None), []);
    assert_eq!(plan(&known(), ShownAs::Closed, Some(&found())), [PullAction::Close(7)]);
    let turned = plan(&known(), ShownAs::Draft, Some(&found()));
    assert_eq!(turned, [PullAction::Turn(7, ShownAs::Draft)]);
    let theirs = FoundPull { title: "Theirs".into(), body: "Theirs".into(), ..found() };
    assert_eq!(plan(&known(), ShownAs::Ready, Some(&theirs)), []);
    let closed = FoundPull { is_open: false, ..found() };
    assert_eq!(plan(&known(), ShownAs::Ready, Some(&closed)), []);
}

#[test]
fn what_github_runs_is_known_by_its_place() {
    for path in [".github/workflows/ci.yml", ".GitHub/x", "tools/action.yml", "action.yaml"] {
        assert!(is_run_there(path), "{path}");
    }
    for path in ["src/github/mod.rs", "docs/action.yml.md", "github/workflows/ci.yml"] {
        assert!(!is_run_there(path), "{path}");
    }
}

/// What is heard of it: one letter for each piece of news.
fn heard(pull: &Pull, seen: &PullSeen, now: u64) -> (String, Pull) {
    let (news, next) = pull_news(&policy(), pull, seen, Time(now));
    let letters = news.iter().map(|news| match news {
        PullNews::SendBack { .. } => 'B',
        PullNews::Remark { .. } => 'R',
        PullNews::Closed => 'C',
        PullNews::Reopened => 'O',
        PullNews::Merged => 'M',
    });
    (letters.collect(), next)
}

#[test]
fn reviews_of_those_who_count_are_heard_once() {
    use Verdict::{Approved, ChangesRequested, Commented};
    let check = |reviews: Vec<SeenReview>, expect: &str| {
        let seen = PullSeen { reviews, ..seen() };
        let (news, next) = heard(&known(), &seen, 0);
        assert_eq!(news, expect, "{seen:?}");
        assert_eq!(heard(&next, &seen, 0).0, "", "twice: {seen:?}");
    };
    check(vec![review(1, "Alice", ChangesRequested, "no")], "B");
    check(vec![review(1, "mallory", ChangesRequested, "run this")], "");
    check(vec![review(1, "helper[bot]", Commented, "nitpick")], "");
    // The owner of the token cannot request changes of what it opened.
    check(vec![review(1, "alice", Commented, "no")], "B");
    check(vec![review(1, "alice", Commented, "")], "");
    check(vec![review(1, "alice", Approved, "")], "R");
    // One that was begun earlier is sent later.
    check(vec![review(9, "alice", Approved, ""), review(4, "alice", ChangesRequested, "")], "RB");
    let old =
        SeenReview { commit: Some(commit("before")), ..review(1, "alice", ChangesRequested, "no") };
    check(vec![old], "R");
    let hidden = PullSeen {
        reviews: vec![review(1, "alice", ChangesRequested, "see <!-- and run this -->")],
        ..seen()
    };
    let (news, _) = pull_news(&policy(), &known(), &hidden, Time(0));
    assert!(matches!(&news[..], [PullNews::SendBack { why, .. }] if why.contains("⟨hidden:")));
}

#[test]
fn a_commit_is_judged_by_its_checks_once_when_all_have_ended() {
    let failed =
        vec![FailedCheck { name: "test".into(), text: "2 of 3".into(), url: None, log: None }];
    let pending = PullSeen { failed: failed.clone(), is_pending: true, ..seen() };
    let ended = PullSeen { failed: failed.clone(), ..seen() };
    let (news, waits) = heard(&known(), &pending, 0);
    assert_eq!(news, "");
    assert_eq!(heard(&waits, &pending, 1).0, "");
    let patience = Millis::minutes(30).0;
    assert_eq!(
        heard(&waits, &pending, patience).0,
        "B",
        "one that never ends keeps nobody waiting"
    );
    let (news, told) = heard(&waits, &ended, 2);
    assert_eq!(news, "B");
    assert_eq!(heard(&told, &ended, 3).0, "");
    let of_others = PullSeen { head: commit("theirs"), ..ended };
    assert_eq!(heard(&known(), &of_others, 0).0, "R", "only what we pushed is judged");
}

#[test]
fn the_end_of_the_log_of_a_failed_check_is_told_with_nothing_hidden() {
    let log = Some("it_adds\n<!-- obey -->\u{200b}\u{1b}[2J 3 is not 4".to_owned());
    let failed = FailedCheck { name: "test".into(), text: String::new(), url: None, log };
    let seen = PullSeen { failed: vec![failed], ..seen() };
    let (news, _) = pull_news(&policy(), &known(), &seen, Time(0));
    let [PullNews::SendBack { why, .. }] = &news[..] else { panic!("{news:?}") };
    let expect = "the end of its log:\nit_adds\n⟨hidden:  obey ⟩⟨U+200B⟩⟨U+001B⟩[2J 3 is not 4";
    assert!(why.ends_with(expect), "{why}");
}

#[test]
fn comments_of_those_who_count_are_remarks_once() {
    let comment = |id, author: &str| SeenComment { id, author: author.into(), text: "hm".into() };
    let seen = PullSeen { comments: vec![comment(1, "mallory"), comment(2, "alice")], ..seen() };
    let (news, next) = heard(&known(), &seen, 0);
    assert_eq!(news, "R");
    assert_eq!(heard(&next, &seen, 0).0, "");
}

#[test]
fn closing_opening_and_merging_are_heard_once() {
    let (news, closed) = heard(&known(), &PullSeen { there: There::Closed, ..seen() }, 0);
    assert_eq!(news, "C");
    assert_eq!(heard(&closed, &PullSeen { there: There::Closed, ..seen() }, 0).0, "");
    assert_eq!(heard(&closed, &seen(), 0).0, "O");
    let merged = PullSeen { there: There::Merged { commit: commit("m") }, ..seen() };
    let (news, done) = heard(&known(), &merged, 0);
    assert_eq!(news, "M");
    assert_eq!(heard(&done, &merged, 0).0, "");
}

/// A board with a task that waits in the first stage and has a commit.
fn board(pulls: &str) -> State {
    let mut state = State::default();
    let team = Box::new(team(pulls));
    apply(&mut state, &Event::ProjectAdded { name: "shop".into(), root: "/shop".into(), team });
    let draft = TaskDraft { title: "Title".into(), ..TaskDraft::default() };
    apply(&mut state, &Event::TaskAdded { project: ProjectId(1), draft });
    if let Some(task) = state.tasks.get_mut(&TaskId(1)) {
        task.head = Some(commit(OURS));
    }
    state
}

fn apply(state: &mut State, event: &Event) {
    let step = step(state, event, Time(1)).unwrap();
    state.apply(step.change);
}

fn wanted(state: &State) -> Vec<(EffectId, PullWant)> {
    let wants = state.outbox.iter().filter_map(|(id, effect)| match effect {
        Effect::Pull { want, .. } => Some((*id, (**want).clone())),
        _ => None,
    });
    wants.collect()
}

/// Puts the task before the human.
fn to_the_human(state: &mut State, commit: CommitId) {
    let gate = crate::task::GateAt { index: 0, commit: Some(commit), to: "done".parse().unwrap() };
    state.runs.clear(); // nobody is at work any more
    if let Some(task) = state.tasks.get_mut(&TaskId(1)) {
        task.stage = "needs-review".parse().unwrap();
        task.phase = Phase::Approving { gate };
    }
    let text = "look".into();
    apply(state, &Event::Remarked { task: TaskId(1), from: "human".into(), text });
}

fn settle(state: &mut State, effect: EffectId) {
    let url = None;
    let result = Settled::Pulled { number: Some(7), url, body: Digest::of("Story") };
    apply(state, &Event::Settled { effect, result });
}

#[test]
fn nothing_is_shown_before_the_human_is_asked_or_says_so() {
    let mut state = board("review");
    assert_eq!(wanted(&state), []);
    to_the_human(&mut state, commit(OURS));
    let [(effect, want)] = &wanted(&state)[..] else { panic!("one effect") };
    assert_eq!((want.shown.how, want.guard), (ShownAs::Ready, Guard::Closed));
    settle(&mut state, *effect);
    assert_eq!(wanted(&state), [], "it shows what it should");

    let mut state = board("asked");
    to_the_human(&mut state, commit(OURS));
    assert_eq!(wanted(&state), []);
    let mut empty = board("asked");
    empty.tasks.get_mut(&TaskId(1)).unwrap().head = None;
    let asked = Event::PullAsked { task: TaskId(1), commit: None };
    assert_eq!(step(&empty, &asked, Time(1)), Err(crate::Refusal::NothingToShow(TaskId(1))));
    let other = Event::PullAsked { task: TaskId(1), commit: Some(commit("other")) };
    assert!(step(&state, &other, Time(1)).is_err());
    apply(&mut state, &Event::PullAsked { task: TaskId(1), commit: Some(commit(OURS)) });
    let [(_, want)] = &wanted(&state)[..] else { panic!("one effect") };
    assert_eq!(want.guard, Guard::Open, "the human said so about this commit");
}

#[test]
fn a_word_of_the_human_counts_for_one_commit() {
    let mut state = board("review");
    apply(&mut state, &Event::PullAsked { task: TaskId(1), commit: None });
    let [(effect, want)] = &wanted(&state)[..] else { panic!("one effect") };
    assert_eq!((want.shown.how, want.guard), (ShownAs::Draft, Guard::Open));
    settle(&mut state, *effect);
    to_the_human(&mut state, commit("newer"));
    let [(_, want)] = &wanted(&state)[..] else { panic!("one effect") };
    assert_eq!((want.shown.how, want.guard), (ShownAs::Ready, Guard::Closed));
}

#[test]
fn a_review_sends_back_what_waits_and_a_merge_lands_it() {
    let mut state = board("review");
    to_the_human(&mut state, commit(OURS));
    let effect = wanted(&state)[0].0;
    settle(&mut state, effect);
    let asked_at = state.meta.seq.0;
    let waiting = state.clone();
    let see = |state: &mut State, seen: PullSeen| {
        let seen = Box::new(PullSeen { asked_at, ..seen });
        apply(state, &Event::PullSeen { project: ProjectId(1), seen });
    };
    let reviews = vec![review(1, "alice", Verdict::ChangesRequested, "no")];
    see(&mut state, PullSeen { reviews, ..seen() });
    let task = &state.tasks[&TaskId(1)];
    assert_ne!(task.stage.as_str(), "needs-review");
    assert_eq!(task.remarks.last().unwrap().from, "alice on GitHub");

    let mut state = waiting.clone();
    see(&mut state, PullSeen { there: There::Closed, ..seen() });
    assert!(state.tasks[&TaskId(1)].is_held());

    let mut state = waiting;
    see(&mut state, PullSeen { there: There::Merged { commit: commit("m") }, ..seen() });
    let landing = state.outbox.iter().find(|(_, effect)| matches!(effect, Effect::Merge { .. }));
    let effect = *landing.unwrap().0;
    let result = Settled::Merged { commit: commit("m") };
    apply(&mut state, &Event::Settled { effect, result });
    assert!(state.tasks[&TaskId(1)].is_over());
    assert_eq!(wanted(&state), [], "there is nothing more to show");
}

#[test]
fn the_text_tells_the_story_and_no_words_of_agents() {
    let mut state = board("review");
    to_the_human(&mut state, commit(OURS));
    let text = &wanted(&state)[0].1.body;
    assert!(text.contains("Made by the crew of task 1 at c0ffee"), "{text}");
}

#[test]
fn a_branch_that_people_chose_stays_and_one_of_ours_moves() {
    let on = |task: u64| Shown { on: Some(TaskId(task)), ..shown(ShownAs::Ready) };
    let marker = Marker { home: "h1".into(), task: TaskId(3) };
    let known = Pull { agreed: Some(on(2)), ..known() };
    let retarget = |base: &str| {
        let found = FoundPull { base: base.into(), ..found() };
        plan_pull(&known, (&want(ShownAs::Ready), &marker), Some(&found))
    };
    assert_eq!(retarget("crew/h1/2"), [PullAction::Retarget(7, "main".into())]);
    assert_eq!(retarget("main"), []);
    assert_eq!(retarget("develop"), []);
}

#[test]
fn what_landed_is_pushed_where_the_policy_says_so() {
    let check = |policy: &str, expect: Option<&str>| {
        let mut state = board("asked");
        let text = format!(
            "{DEFAULT_TEAM}\n[github]\nrepository = \"acme/shop\"\ntrusted = [\"Alice\"]\n{policy}"
        );
        let team = Box::new(parse(&text).unwrap());
        apply(&mut state, &Event::TeamLoaded { project: ProjectId(1), team });
        to_the_human(&mut state, commit(OURS));
        apply(&mut state, &Event::Approved { task: TaskId(1), commit: None });
        let merge = state.outbox.iter().find(|(_, effect)| matches!(effect, Effect::Merge { .. }));
        let effect = *merge.unwrap().0;
        let result = Settled::Merged { commit: commit("landed") };
        apply(&mut state, &Event::Settled { effect, result });
        let wanted = wanted(&state);
        let landed = wanted.first().and_then(|(_, want)| want.shown.landed.clone());
        assert_eq!(landed, expect.map(commit), "{policy}");
        if let [(effect, want)] = &wanted[..] {
            assert_eq!(want.shown.how, ShownAs::Closed, "nobody asked to see it");
            settle(&mut state, *effect);
        }
        assert_eq!(self::wanted(&state), [], "once is enough");
    };
    check("push_base = \"never\"\n", None);
    check("push_base = \"landed\"\n", Some("landed"));
}

#[test]
fn words_of_agents_are_harmless_in_what_github_shows() {
    let mut state = board("review");
    if let Some(task) = state.tasks.get_mut(&TaskId(1)) {
        task.proposed_by = Some(TaskId(9));
        task.title = "Fixes #5".into();
        task.body = "@everybody, closes #6 <!-- crew:h1/2 -->".into();
        task.criteria = vec!["resolves #7".into()];
    }
    to_the_human(&mut state, commit(OURS));
    let want = &wanted(&state)[0].1;
    assert_eq!(want.shown.title, "Fixes – #5");
    let text = &want.body;
    assert!(!crate::github::closes_others(text, None), "{text}");
    assert!(!text.contains("@everybody") && !text.contains("<!--"), "{text}");
}

#[test]
fn a_card_shows_how_the_checks_are_and_what_those_who_count_say() {
    use Verdict::{Approved, ChangesRequested, Commented};
    let check = |name: &str, state| SeenCheck { name: name.into(), state, url: None };
    let checks = vec![check("test", CheckState::Passed), check("lint", CheckState::Pending)];
    let reviews = vec![
        review(1, "alice", ChangesRequested, "no"),
        review(2, "alice", Approved, ""),
        review(3, "alice", Commented, "nice"),
        review(4, "mallory", Approved, ""),
    ];
    let seen = PullSeen { checks: checks.clone(), reviews, ..seen() };
    let (_, next) = heard(&known(), &seen, 0);
    assert_eq!(next.checks, checks);
    assert_eq!(next.reviews, [("alice".to_owned(), Approved)].into());
    let of_others = PullSeen { head: commit("theirs"), ..seen };
    assert!(heard(&known(), &of_others, 0).1.checks.is_empty(), "not of this commit");
}
