//! A worktree for the next task: from the pool, and made anew.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use crew_git::{Git, Include, Repository, Worktrees};

use crate::report::{Row, Section, number};

const FILES: usize = 50_000;
const FILES_OF_A_DIRECTORY: usize = 250;
const ROUNDS: usize = 3;

pub(crate) fn measure() -> anyhow::Result<Section> {
    let directory = tempfile::tempdir()?;
    let root = directory.path().join("repository");
    make(&root)?;
    let repository = Repository::open_with(&root, Git::default())?;
    let worktrees = Worktrees::new(&repository, &directory.path().join("worktrees"))?;
    let start = repository.resolve("refs/heads/main")?;
    worktrees.acquire("0", "crew/0", &start, &Include::default())?;
    worktrees.release("0")?;
    let (mut pool, mut back, mut anew) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for round in 1..=ROUNDS {
        let (name, branch) = (round.to_string(), format!("crew/{round}"));
        let begin = Instant::now();
        let taken = worktrees.acquire(&name, &branch, &start, &Include::default())?;
        pool = pool.min(begin.elapsed());
        fs::write(taken.worktree.path().join("new.txt"), "what an agent left\n")?;
        let begin = Instant::now();
        worktrees.release(&name)?;
        back = back.min(begin.elapsed());
        let bare = directory.path().join(format!("bare-{round}"));
        let begin = Instant::now();
        git(&root, &["worktree", "add", "--quiet", "--detach", &bare.to_string_lossy()])?;
        anew = anew.min(begin.elapsed());
        git(&root, &["worktree", "remove", "--force", &bare.to_string_lossy()])?;
    }
    let milliseconds = |time: Duration| format!("{} ms", number(time.as_secs_f64() * 1e3));
    Ok(Section {
        title: "A worktree",
        how: format!(
            "A repository of {} small files. Raw: `git worktree add`. The best of {ROUNDS} rounds.",
            number(FILES as f64)
        ),
        rows: vec![
            Row::new("handed out from the pool", milliseconds(pool), milliseconds(anew)),
            Row::new(
                "taken back, with an untracked file saved",
                milliseconds(back),
                milliseconds(anew),
            ),
        ],
        missed: "",
    })
}

fn make(root: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(root)?;
    git(root, &["init", "--quiet", "--initial-branch", "main"])?;
    for number in 0..FILES {
        let directory = root.join(format!("d{}", number / FILES_OF_A_DIRECTORY));
        if number.is_multiple_of(FILES_OF_A_DIRECTORY) {
            fs::create_dir(&directory)?;
        }
        fs::write(directory.join(format!("f{number}.txt")), format!("file {number}\n"))?;
    }
    git(root, &["add", "--all"])?;
    git(root, &["commit", "--quiet", "--message", "init"])
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=User", "-c", "user.email=user@example.invalid"]);
    let status = command.args(arguments).current_dir(root).status().context("starting git")?;
    ensure!(status.success(), "git {arguments:?}: {status}");
    Ok(())
}
