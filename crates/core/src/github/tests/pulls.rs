//! Pull requests in the same world: people review, comment, close, merge, retitle and push; checks fail;
//! daemons die after any request, its answer heard or not.

use super::*;
use crate::run::RunState;
use crate::task::{CommitId, Phase};
use crate::{RunId, Token, Words};

/// Numbers of pull requests, so that no issue has one.
const FIRST: u64 = 10_000;

/// A pull request as GitHub has it.
#[derive(Clone, Debug)]
pub(super) struct HubPull {
    branch: String,
    base: String,
    title: String,
    body: String,
    is_draft: bool,
    there: There,
    reviews: Vec<SeenReview>,
    comments: Vec<SeenComment>,
    /// Whether people gave it a title of theirs.
    is_retitled: bool,
}

/// Branches, pull requests, and commits whose checks failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulls {
    branches: BTreeMap<String, CommitId>,
    pub(super) all: BTreeMap<u64, HubPull>,
    failing: BTreeSet<CommitId>,
    ids: u64,
}

impl Pulls {
    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// The open one of a branch, or else the newest.
    fn of(&self, branch: &str) -> Option<(u64, &HubPull)> {
        let mut its = self.all.iter().filter(|(_, pull)| pull.branch == branch);
        let open = its.clone().find(|(_, pull)| pull.there == There::Open);
        open.or_else(|| its.next_back()).map(|(number, pull)| (*number, pull))
    }

    fn head(&self, pull: &HubPull) -> CommitId {
        match &pull.there {
            There::Merged { commit } => CommitId(commit.0.replacen("merge of ", "", 1)),
            There::Open | There::Closed => self.branches[&pull.branch].clone(),
        }
    }

    fn act(&mut self, branch: &str, want: &PullWant, action: PullAction) {
        match action {
            PullAction::Open { title, body, base } => {
                assert!(self.branches.contains_key(branch), "there is no {branch}");
                let is_base = base == want.base || self.branches.contains_key(&base);
                assert!(is_base, "there is no {base}");
                assert!(self.of(branch).is_none(), "{branch} has a pull request");
                let pull = HubPull {
                    branch: branch.into(),
                    base,
                    title,
                    body,
                    is_draft: want.shown.how == ShownAs::Draft,
                    there: There::Open,
                    reviews: Vec::new(),
                    comments: Vec::new(),
                    is_retitled: false,
                };
                self.all.insert(FIRST + self.all.len() as u64, pull);
            }
            PullAction::Retarget(number, base) => self.get(number).base = base,
            PullAction::Title(number, title) => self.get(number).title = title,
            PullAction::Body(number, body) => self.get(number).body = body,
            PullAction::Turn(number, how) => self.get(number).is_draft = how == ShownAs::Draft,
            PullAction::Close(number) => self.get(number).there = There::Closed,
        }
    }

    fn get(&mut self, number: u64) -> &mut HubPull {
        self.all.get_mut(&number).unwrap()
    }

    fn seen(&self, number: u64, asked_at: u64) -> PullSeen {
        let pull = &self.all[&number];
        let head = self.head(pull);
        let failed =
            FailedCheck { name: "test".into(), text: head.0.clone(), url: None, log: None };
        PullSeen {
            number,
            there: pull.there.clone(),
            author: "crew".into(),
            reviews: pull.reviews.clone(),
            comments: pull.comments.clone(),
            checks: Vec::new(),
            failed: self.failing.contains(&head).then_some(failed).into_iter().collect(),
            is_pending: false,
            head,
            asked_at,
        }
    }
}

impl World {
    /// Performs [`Effect::Pull`] as far as it lives.
    pub(super) fn show(
        &mut self,
        task: TaskId,
        want: &PullWant,
        mut lives: u64,
    ) -> Option<Settled> {
        let (marker, branch) = (Marker { home: HOME.into(), task }, shown_branch(HOME, task));
        if want.shown.how != ShownAs::Closed {
            lives = lives.checked_sub(1)?;
            let is_foreign = |commit: &CommitId| commit.0.starts_with("theirs");
            if self.pulls.branches.get(&branch).is_some_and(is_foreign) {
                return Some(Settled::NotPulled { why: "somebody pushed".into() });
            }
            self.pulls.branches.insert(branch.clone(), want.shown.commit.clone());
        }
        let pull = self.state.tasks[&task].pull.as_deref().cloned()?;
        for _ in 0..3 {
            let found = self.pulls.of(&branch).map(|(number, pull)| FoundPull {
                number,
                title: pull.title.clone(),
                body: Marker::read(HOME, &pull.body).map_or(pull.body.clone(), |(_, text)| text),
                is_open: pull.there == There::Open,
                is_draft: pull.is_draft,
                base: pull.base.clone(),
            });
            let actions = plan_pull(&pull, (want, &marker), found.as_ref());
            let is_last = actions.iter().all(|action| matches!(action, PullAction::Turn(..)));
            for action in actions {
                lives = lives.checked_sub(1)?;
                self.pulls.act(&branch, want, action);
                if self.random.chance(5) && lives < 50 {
                    self.person_at_pulls();
                }
            }
            if is_last {
                lives.checked_sub(1)?;
                let number = self.pulls.of(&branch).map(|(number, _)| number);
                return Some(Settled::Pulled { number, url: None, body: Digest::of(&want.body) });
            }
        }
        None
    }

    /// Somebody does something to a pull request.
    pub(super) fn person_at_pulls(&mut self) {
        let numbers: Vec<u64> = self.pulls.all.keys().copied().collect();
        if numbers.is_empty() {
            return;
        }
        let number = numbers[self.random.below(numbers.len() as u64) as usize];
        let (what, id) = (self.random.below(12), self.pulls.id());
        let author = if self.random.chance(50) { "alice" } else { "mallory" };
        let text = format!("{author} says {id}.");
        let pull = self.pulls.all[&number].clone();
        let head = self.pulls.head(&pull);
        let is_merged = matches!(pull.there, There::Merged { .. });
        let there = self.pulls.get(number);
        match what {
            0..=3 => {
                let verdict = match what {
                    0 | 1 => ReviewVerdict::ChangesRequested,
                    2 => ReviewVerdict::Approved,
                    _ => ReviewVerdict::Commented,
                };
                let (author, commit, lines) = (author.into(), Some(head), Vec::new());
                there.reviews.push(SeenReview { id, author, commit, verdict, text, lines });
            }
            4 | 5 => there.comments.push(SeenComment { id, author: author.into(), text }),
            6 => drop(self.pulls.failing.insert(head)),
            7 => (there.title, there.is_retitled) = (format!("theirs {id}"), true),
            _ if is_merged => {}
            8 => there.there = There::Closed,
            9 => there.there = There::Open,
            10 if pull.there == There::Open => {
                there.there = There::Merged { commit: CommitId(format!("merge of {head}")) };
            }
            _ if self.random.chance(10) => {
                self.pulls.branches.insert(pull.branch, CommitId(format!("theirs {id}")));
            }
            _ => {}
        }
    }

    pub(super) fn poll_pulls(&mut self) {
        let asked_at = self.state.meta.seq.0;
        let numbers: Vec<u64> = self.pulls.all.keys().copied().collect();
        self.pulls_on_the_way.extend(numbers.into_iter().map(|n| self.pulls.seen(n, asked_at)));
    }

    /// News of pull requests arrives late, in any order, sometimes twice.
    pub(super) fn pull_arrives(&mut self) {
        let count = self.pulls_on_the_way.len() as u64;
        if count == 0 {
            return;
        }
        let at = self.random.below(count) as usize;
        let seen = self.pulls_on_the_way[at].clone();
        if self.random.chance(80) {
            self.pulls_on_the_way.remove(at);
        }
        self.give(&Event::PullSeen { project: ProjectId(1), seen: Box::new(seen) });
    }

    /// An agent that runs says that it is done, and ends.
    pub(super) fn agent_works(&mut self) {
        let running = self.state.runs.values();
        let running = running.filter(|run| matches!(run.state, RunState::Running { .. }));
        let runs: Vec<(RunId, Token, u64)> =
            running.map(|run| (run.id, run.token, run.read_to + 1)).collect();
        if runs.is_empty() {
            return;
        }
        let (run, token, offset) = runs[self.random.below(runs.len() as u64) as usize];
        let text = "DONE: it is made".to_owned();
        let response = crate::protocol::parse_response(&text).ok();
        self.give(&Event::Said { run, token, offset, words: Words::Responds { response, text } });
        self.give(&Event::Exited { run, token, how: "exit 0".into() });
    }

    /// The human decides about what waits, or wants it to be seen.
    pub(super) fn person_decides(&mut self) {
        let Some(task) = self.any_task() else { return };
        let event = match self.random.below(6) {
            0 | 1 => Event::Approved { task, commit: None },
            2 => Event::Rejected { task, why: "not yet".into() },
            _ => Event::PullAsked { task, commit: None },
        };
        self.give(&event);
    }

    /// GitHub shows of each task what the board says, once.
    pub(super) fn check_pulls(&self, seed: u64) {
        let is_pull = |effect: &&Effect| matches!(effect, Effect::Pull { .. });
        assert_eq!(self.state.outbox.values().filter(is_pull).count(), 0, "seed {seed}");
        let branches: BTreeSet<&str> =
            self.pulls.all.values().map(|pull| pull.branch.as_str()).collect();
        assert_eq!(branches.len(), self.pulls.all.len(), "seed {seed}: one was opened twice");
        for task in self.state.tasks.values() {
            if let Some(pull) = &task.pull {
                self.check_pull(seed, task, pull);
            }
            Self::check_heard(seed, task);
        }
    }

    fn check_pull(&self, seed: u64, task: &Task, pull: &Pull) {
        let branch = shown_branch(HOME, task.id);
        let found = self.pulls.of(&branch);
        let text = format!("seed {seed}: {task:?}\n{found:?}");
        assert_eq!(pull.flight, None, "{text}");
        let (Some(shown), None) = (&pull.agreed, &pull.trouble) else { return };
        let Some((number, found)) = found else {
            assert_eq!(shown.how, ShownAs::Closed, "{text}");
            return;
        };
        assert_eq!(pull.number, Some(number), "{text}");
        assert_eq!(pull.there, found.there, "{text}");
        match &found.there {
            There::Open => {}
            There::Closed => return,
            There::Merged { .. } => {
                // People may have put it elsewhere since, so that it is worked on again.
                let waits = matches!(task.phase, Phase::Held { .. } | Phase::Landing { .. });
                // One that a human holds back waits for them.
                assert!(!waits || task.is_held(), "{text}");
                return;
            }
        }
        if shown.how == ShownAs::Closed {
            return; // we closed it, and somebody opened it again: it is not ours any more
        }
        assert_ne!(task.phase, Phase::Cancelled, "{text}");
        assert_eq!(found.is_draft, shown.how == ShownAs::Draft, "{text}");
        assert!(found.is_retitled || found.title == shown.title, "{text}");
        let target = shown.on.map_or("main".to_owned(), |on| shown_branch(HOME, on));
        assert_eq!(found.base, target, "{text}");
        let head = &self.pulls.branches[&branch];
        assert!(*head == shown.commit || head.0.starts_with("theirs"), "{text}");
    }

    /// Words of those who count are heard at most once, those of others never.
    fn check_heard(seed: u64, task: &Task) {
        for remark in &task.remarks {
            assert!(!remark.text.contains("mallory says"), "seed {seed}: {remark:?}");
            let same = task.remarks.iter().filter(|other| other.text == remark.text).count();
            let is_theirs = remark.text.contains("alice says") || remark.text.contains("failed");
            assert!(!is_theirs || same == 1, "seed {seed}: heard {same} times: {remark:?}");
        }
    }
}

#[test]
fn a_pull_request_goes_to_the_branch_below_until_that_is_merged() {
    let mut world = World::new(1, "linked");
    for depends_on in [BTreeSet::new(), [TaskId(1)].into()] {
        let draft = TaskDraft { title: "t".into(), depends_on, ..TaskDraft::default() };
        world.give(&Event::TaskAdded { project: ProjectId(1), draft });
    }
    let to_the_human = |world: &mut World, task: u64| {
        for _ in 0..200 {
            if matches!(world.task(task).phase, Phase::Approving { .. }) {
                break;
            }
            world.agent_works();
            world.perform(false);
            world.settle();
        }
        world.rest();
    };
    to_the_human(&mut world, 1);
    world.give(&Event::Approved { task: TaskId(1), commit: None });
    world.rest();
    assert!(world.task(1).is_over());
    to_the_human(&mut world, 2);
    let base = |world: &World, task: u64| {
        let (_, pull) = world.pulls.of(&shown_branch(HOME, TaskId(task))).unwrap();
        pull.base.clone()
    };
    assert_eq!(base(&world, 1), "main");
    assert_eq!(base(&world, 2), shown_branch(HOME, TaskId(1)));
    let merged = There::Merged { commit: CommitId("merge of it".into()) };
    world.pulls.get(FIRST).there = merged;
    world.rest();
    assert_eq!(base(&world, 2), "main");
    world.check_pulls(0);
}
