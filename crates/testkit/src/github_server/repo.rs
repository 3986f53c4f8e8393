//! The repository that the server keeps, and what people do to it on the site.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

/// Issues, labels, comments and pull requests of one repository.
///
/// Objects are kept as the JSON that is answered. Its clock moves one second with each change, so
/// that nothing depends on how fast a test runs.
#[derive(Debug)]
pub struct Repo {
    /// What it stays reachable by when it is renamed.
    pub id: u64,
    /// `owner/name`, as it is now.
    pub name: String,
    /// Names that it had before.
    pub former: Vec<String>,
    /// Whose token it is.
    pub viewer: String,
    /// By number. Pull requests are among them.
    pub issues: BTreeMap<u64, Value>,
    /// By id.
    pub comments: BTreeMap<u64, Value>,
    /// By name.
    pub labels: BTreeMap<String, Value>,
    /// By number.
    pub pulls: BTreeMap<u64, Value>,
    /// What happened to issues: number and event.
    pub events: Vec<(u64, Value)>,
    /// By commit.
    pub checks: BTreeMap<String, Vec<Value>>,
    /// What jobs printed, by the number of the job.
    pub logs: BTreeMap<u64, String>,
    /// Whether the token may read that.
    pub has_open_logs: bool,
    /// Tokens that an app was given and that are accepted.
    pub given: Vec<String>,
    /// By number of the pull request.
    pub reviews: BTreeMap<u64, Vec<Value>>,
    /// Branches that were pushed, and their commits.
    pub branches: BTreeMap<String, String>,
    /// The bare repository whose branches they are.
    pub(super) origin: Option<PathBuf>,
    /// Comments on lines, by number of the pull request.
    pub(super) lines: BTreeMap<u64, Vec<Value>>,
    ids: u64,
    clock: u64,
}

impl Repo {
    pub(super) fn new(name: &str, viewer: &str) -> Self {
        Self {
            id: 1000,
            name: name.to_owned(),
            former: Vec::new(),
            viewer: viewer.to_owned(),
            issues: BTreeMap::new(),
            comments: BTreeMap::new(),
            labels: BTreeMap::new(),
            pulls: BTreeMap::new(),
            events: Vec::new(),
            checks: BTreeMap::new(),
            logs: BTreeMap::new(),
            has_open_logs: true,
            given: Vec::new(),
            reviews: BTreeMap::new(),
            branches: BTreeMap::new(),
            origin: None,
            lines: BTreeMap::new(),
            ids: 0,
            clock: 0,
        }
    }

    /// The next moment, as GitHub writes it.
    pub(super) fn tick(&mut self) -> String {
        self.clock += 1;
        let (hours, minutes) = (self.clock / 3_600 % 24, self.clock / 60 % 60);
        let day = self.clock / 86_400 + 1;
        format!("2026-11-{day:02}T{hours:02}:{minutes:02}:{:02}Z", self.clock % 60)
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Gives the repository another name; the old one redirects.
    pub fn rename(&mut self, name: &str) {
        self.former.push(std::mem::replace(&mut self.name, name.to_owned()));
    }

    /// Opens an issue and returns its number.
    pub fn open(&mut self, author: &str, title: &str, body: &str, labels: &[&str]) -> u64 {
        let number = self.issues.len() as u64 + 1;
        let at = self.tick();
        let issue = json!({
            "number": number, "title": title, "body": body, "state": "open", "labels": [], "assignees": [],
            "user": { "login": author, "type": "User" }, "created_at": at, "updated_at": at,
            "html_url": format!("https://github.example/{}/issues/{number}", self.name),
        });
        self.issues.insert(number, issue);
        for label in labels {
            self.label(author, number, label);
        }
        number
    }

    /// Sets a label.
    pub fn label(&mut self, actor: &str, number: u64, label: &str) {
        let entry = self.labels.entry(label.to_owned());
        let label = entry.or_insert_with(|| json!({ "name": label, "color": "ededed" })).clone();
        self.event(actor, number, "labeled", &label);
        if let Some(labels) = self.issues.get_mut(&number).and_then(|i| i["labels"].as_array_mut())
            && !labels.iter().any(|known| known["name"] == label["name"])
        {
            labels.push(label);
        }
    }

    /// Takes a label away; tells whether it was there.
    pub fn unlabel(&mut self, actor: &str, number: u64, label: &str) -> bool {
        let labels = self.issues.get_mut(&number).and_then(|i| i["labels"].as_array_mut());
        let Some(labels) = labels else { return false };
        let before = labels.len();
        labels.retain(|known| known["name"] != label);
        let was_there = labels.len() < before;
        if was_there {
            self.event(actor, number, "unlabeled", &json!({ "name": label }));
        }
        was_there
    }

    fn event(&mut self, actor: &str, number: u64, event: &str, label: &Value) {
        let id = self.next_id();
        let actor = json!({ "login": actor });
        self.events
            .push((number, json!({ "id": id, "event": event, "actor": actor, "label": label })));
        self.touch(number);
    }

    /// Changes fields of an issue.
    pub fn edit(&mut self, number: u64, change: &Value) {
        for (field, value) in change.as_object().into_iter().flatten() {
            if let Some(issue) = self.issues.get_mut(&number) {
                issue[field] = value.clone();
            }
        }
        self.touch(number);
    }

    /// Writes a comment and returns its id.
    pub fn comment(&mut self, author: &str, number: u64, body: &str) -> u64 {
        let (id, at) = (self.next_id(), self.tick());
        let issue = format!("https://api.github.example/repos/{}/issues/{number}", self.name);
        self.comments.insert(
            id,
            json!({
                "id": id, "body": body, "user": { "login": author, "type": "User" },
                "created_at": at, "updated_at": at, "issue_url": issue,
            }),
        );
        self.touch(number);
        id
    }

    /// Has a comment stand above the others of its issue.
    pub fn pin(&mut self, id: u64) -> Option<Value> {
        let comment = self.comments.get(&id)?.clone();
        let number: u64 = comment["issue_url"].as_str()?.rsplit('/').next()?.parse().ok()?;
        self.issues.get_mut(&number)?["pinned_comment"] = comment.clone();
        self.touch(number);
        Some(comment)
    }

    pub(super) fn touch(&mut self, number: u64) {
        let at = self.tick();
        if let Some(issue) = self.issues.get_mut(&number) {
            issue["updated_at"] = json!(at);
        }
    }

    /// Makes an issue somebody's, or not any more. `mallory` cannot have one.
    pub fn assign(&mut self, number: u64, logins: &[String], is_theirs: bool) {
        let mut assigned = self.assignees_of(number);
        assigned.retain(|login| !logins.contains(login));
        let new = logins.iter().filter(|login| is_theirs && *login != "mallory");
        assigned.extend(new.cloned());
        let accounts: Vec<Value> =
            assigned.iter().map(|login| json!({ "login": login, "type": "User" })).collect();
        self.edit(number, &json!({ "assignees": accounts }));
    }

    /// Whose an issue is.
    pub fn assignees_of(&self, number: u64) -> Vec<String> {
        let accounts = self.issues.get(&number).and_then(|issue| issue["assignees"].as_array());
        let names = accounts.into_iter().flatten().filter_map(|who| who["login"].as_str());
        names.map(str::to_owned).collect()
    }

    /// The names of an issue's labels.
    pub fn labels_of(&self, number: u64) -> Vec<String> {
        let labels = self.issues.get(&number).and_then(|issue| issue["labels"].as_array());
        let names = labels.into_iter().flatten().filter_map(|label| label["name"].as_str());
        names.map(str::to_owned).collect()
    }

    /// The comments of an issue, oldest first.
    pub fn comments_of(&self, number: u64) -> Vec<Value> {
        let end = format!("/{number}");
        let of =
            |comment: &&Value| comment["issue_url"].as_str().is_some_and(|url| url.ends_with(&end));
        self.comments.values().filter(of).cloned().collect()
    }

    /// Opens a pull request and returns its number.
    pub(super) fn open_pull(&mut self, new: &Value) -> u64 {
        let (viewer, text) =
            (self.viewer.clone(), |field: &str| new[field].as_str().unwrap_or_default());
        let number = self.open(&viewer, text("title"), text("body"), &[]);
        let head = text("head").rsplit(':').next().unwrap_or_default();
        let sha = self.tip(head).unwrap_or_default();
        let base_sha = self.tip(text("base")).unwrap_or_default();
        let pull = json!({
            "number": number, "node_id": format!("PR_{number}"), "title": text("title"),
            "body": text("body"), "state": "open", "draft": new["draft"] == true,
            "head": { "ref": head, "sha": sha }, "base": { "ref": text("base"), "sha": base_sha },
            "user": { "login": viewer, "type": "User" },
            "html_url": format!("https://github.example/{}/pull/{number}", self.name),
        });
        if let Some(issue) = self.issues.get_mut(&number) {
            issue["pull_request"] = json!({});
        }
        self.pulls.insert(number, pull);
        number
    }
}
