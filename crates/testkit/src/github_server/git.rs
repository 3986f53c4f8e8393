//! The branches as a real bare repository, served by git's own `http-backend`, and what people do to
//! them on the site.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::TOKEN;
use super::http::Answer;
use super::repo::Repo;
use crew_standin::Request;

/// `x-access-token:` and the token, as git sends it.
fn basic(token: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("x-access-token:{token}")))
}

/// The answer to a request of git; `None` if it is none.
pub(super) fn answer(repo: &mut Repo, request: &Request) -> Option<Answer> {
    let path = request.path.split('?').next().unwrap_or_default();
    let inside = path.strip_prefix(&format!("/{}.git/", repo.name))?;
    let origin = repo.origin.clone()?;
    let shown = request.header("authorization").unwrap_or_default();
    if shown != basic(TOKEN) && !repo.given.iter().any(|given| shown == basic(given)) {
        let ask = ("www-authenticate".to_owned(), "Basic realm=\"GitHub\"".to_owned());
        return Some(Answer::message(401, "Bad credentials").with(&[ask]));
    }
    let answer = backend(&origin, inside, request, &repo.viewer);
    if inside == "git-receive-pack" {
        repo.note_push();
    }
    Some(answer.unwrap_or_else(|error| Answer::message(500, &error.to_string())))
}

/// The bytes of git's answer, for whoever may in with our token.
pub(crate) fn served(origin: &Path, inside: &str, request: &Request, viewer: &str) -> Vec<u8> {
    if request.header("authorization") != Some(&basic(TOKEN)) {
        let ask = ("www-authenticate".to_owned(), "Basic realm=\"GitHub\"".to_owned());
        return Answer::message(401, "Bad credentials").with(&[ask]).bytes();
    }
    let answer = backend(origin, inside, request, viewer);
    answer.unwrap_or_else(|error| Answer::message(500, &error.to_string())).bytes()
}

/// Where a branch of a bare repository is.
pub(crate) fn tip(origin: &Path, branch: &str) -> Option<String> {
    let name = format!("refs/heads/{branch}");
    let output = git(origin).args(["rev-parse", "--verify", "--quiet", &name]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn git(origin: &Path) -> Command {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", "/nonexistent").env("GIT_DIR", origin);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "GitHub");
        command.env(format!("GIT_{who}_EMAIL"), "github@example.invalid");
    }
    command
}

fn backend(
    origin: &Path,
    inside: &str,
    request: &Request,
    viewer: &str,
) -> std::io::Result<Answer> {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    let mut child = git(origin)
        .env_remove("GIT_DIR")
        .env("GIT_PROJECT_ROOT", origin)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{inside}"))
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("CONTENT_LENGTH", request.bytes.len().to_string())
        .env("REMOTE_USER", viewer)
        .arg("http-backend")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take();
    let bytes = request.bytes.clone();
    let writing = std::thread::spawn(move || stdin.take().map(|mut pipe| pipe.write_all(&bytes)));
    let output = child.wait_with_output()?;
    drop(writing.join());
    let end = output.stdout.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_default();
    let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
    let mut answer = Answer { status: 200, headers: Vec::new(), body: Vec::new() };
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "Status" => answer.status = value[..3].parse().unwrap_or(500),
            _ => answer.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    answer.body = output.stdout.get(end + 4..).unwrap_or_default().to_vec();
    Ok(answer)
}

impl Repo {
    /// Lets the branches be those of a bare repository.
    pub fn with_origin(&mut self, bare: PathBuf) {
        self.origin = Some(bare);
    }

    /// Where a branch is.
    pub fn tip(&self, branch: &str) -> Option<String> {
        match &self.origin {
            Some(_) => self.git(&["rev-parse", "--verify", &format!("refs/heads/{branch}")]),
            None => self.branches.get(branch).cloned(),
        }
    }

    /// What git says in the bare repository; `None` when it fails.
    pub fn git(&self, arguments: &[&str]) -> Option<String> {
        let output = git(self.origin.as_deref()?).args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    /// Open pull requests follow their branches.
    fn note_push(&mut self) {
        let open = |(_, pull): &(&u64, &serde_json::Value)| pull["state"] == "open";
        let numbers: Vec<u64> = self.pulls.iter().filter(open).map(|(n, _)| *n).collect();
        for number in numbers {
            let branch = self.pulls[&number]["head"]["ref"].as_str().unwrap_or_default().to_owned();
            let tip = self.tip(&branch);
            let Some(pull) = self.pulls.get_mut(&number) else { continue };
            if let Some(tip) = tip.filter(|tip| pull["head"]["sha"] != *tip) {
                pull["head"]["sha"] = json!(tip);
                self.touch(number);
            }
        }
    }

    /// Somebody merges a pull request with the button; tells as which commit.
    pub fn merge(&mut self, number: u64) -> Option<String> {
        let pull = self.pulls.get(&number)?;
        let name = |side: &str| pull[side]["ref"].as_str().unwrap_or_default().to_owned();
        let (head, base) = (self.tip(&name("head"))?, name("base"));
        let into = self.tip(&base)?;
        let tree = self.git(&["merge-tree", "--write-tree", &into, &head])?;
        let parents = ["-p", into.as_str(), "-p", head.as_str()];
        let commit = self.git(&[&["commit-tree", &tree, "-m", "Merge"][..], &parents].concat())?;
        self.git(&["update-ref", &format!("refs/heads/{base}"), &commit])?;
        let at = self.tick();
        let pull = self.pulls.get_mut(&number)?;
        pull["state"] = json!("closed");
        pull["merged_at"] = json!(at);
        pull["merge_commit_sha"] = json!(commit);
        self.edit(number, &json!({ "state": "closed" }));
        self.close_what_it_closes(number);
        Some(commit)
    }

    /// `Closes #n`, as we write it: merging does.
    fn close_what_it_closes(&mut self, number: u64) {
        let body = self.pulls[&number]["body"].as_str().unwrap_or_default();
        let issue = body.lines().find_map(|line| line.strip_prefix("Closes #")?.parse().ok());
        if let Some(issue) = issue {
            self.edit(issue, &json!({ "state": "closed", "state_reason": "completed" }));
        }
    }

    /// Somebody closes a pull request, or opens it again.
    pub fn set_pull(&mut self, number: u64, state: &str) {
        if let Some(pull) = self.pulls.get_mut(&number) {
            pull["state"] = json!(state);
        }
        self.edit(number, &json!({ "state": state }));
    }

    /// Somebody reviews the present head of a pull request; what they say about lines is path and text.
    pub fn review(
        &mut self,
        author: &str,
        number: u64,
        state: &str,
        text: &str,
        lines: &[(&str, &str)],
    ) {
        let id = self.next_id();
        let commit = self.pulls[&number]["head"]["sha"].clone();
        let user = json!({ "login": author, "type": "User" });
        let review = json!({
            "id": id, "user": user, "body": text, "state": state, "commit_id": commit,
        });
        self.reviews.entry(number).or_default().push(review);
        for (path, text) in lines {
            let line = json!({
                "id": self.next_id(), "user": user, "body": text, "path": path, "line": 1,
                "commit_id": commit, "pull_request_review_id": id,
            });
            self.lines.entry(number).or_default().push(line);
        }
        self.touch(number);
    }

    /// A check of a commit that is a job of GitHub's Actions fails, and printed this.
    pub fn job(&mut self, commit: &str, name: &str, log: &str) {
        self.check(commit, name, Some("failure"));
        let checks = self.checks.entry(commit.to_owned()).or_default();
        let Some(check) = checks.last_mut() else { return };
        let job = check["id"].as_u64().unwrap_or_default();
        check["app"] = json!({ "slug": "github-actions" });
        check["details_url"] = json!(format!("https://github.example/actions/runs/1/job/{job}"));
        self.logs.insert(job, log.to_owned());
    }

    /// A check of a commit ends, or begins when it has no conclusion.
    pub fn check(&mut self, commit: &str, name: &str, conclusion: Option<&str>) {
        let id = self.next_id();
        let checks = self.checks.entry(commit.to_owned()).or_default();
        checks.retain(|check| check["name"] != name);
        let status = if conclusion.is_some() { "completed" } else { "in_progress" };
        checks.push(json!({
            "id": id, "name": name, "status": status, "conclusion": conclusion,
            "head_sha": commit, "html_url": format!("https://github.example/checks/{id}"),
            "output": { "title": format!("{name} says so"), "summary": null },
        }));
    }
}
