//! What GitHub answers, as much of it as we use.
//!
//! Fields that we could do without have defaults: GitHub leaves out what its own documents promise.

use serde::{Deserialize, Deserializer, Serialize};

/// A person or a bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The name that they sign in with.
    pub login: String,
    /// `User`, `Bot` or `Organization`.
    #[serde(default, rename = "type")]
    pub kind: String,
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// What stays when it is renamed.
    pub id: u64,
    /// `owner/name`, as it is now.
    pub full_name: String,
    /// Whether only some may see it.
    #[serde(default)]
    pub private: bool,
    /// Whether it can be changed at all.
    #[serde(default)]
    pub archived: bool,
    /// Whether it has issues.
    #[serde(default = "yes")]
    pub has_issues: bool,
    /// The branch that pull requests go to.
    #[serde(default)]
    pub default_branch: String,
}

fn yes() -> bool {
    true
}

/// An issue. A pull request is one too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Issue {
    /// Its number in the repository.
    pub number: u64,
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub body: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    /// `completed`, `not_planned`, `reopened`, `duplicate`.
    #[serde(default)]
    pub state_reason: Option<String>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Whose it is.
    #[serde(default, deserialize_with = "or_none")]
    pub assignees: Vec<Account>,
    /// Who opened it; nobody when the account was deleted.
    #[serde(default)]
    pub user: Option<Account>,
    /// When it was opened.
    #[serde(default)]
    pub created_at: String,
    /// When anything about it changed last.
    #[serde(default)]
    pub updated_at: String,
    /// Where people see it.
    #[serde(default)]
    pub html_url: String,
    /// Whether it is a pull request.
    #[serde(default)]
    pub pull_request: Option<Present>,
    /// The comment that stands above the others.
    #[serde(default)]
    pub pinned_comment: Option<Present>,
}

/// `null` is an empty list.
fn or_none<'de, D: Deserializer<'de>>(it: D) -> Result<Vec<Account>, D::Error> {
    Ok(Option::deserialize(it)?.unwrap_or_default())
}

/// Something of which we want to know only that it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Present {}

/// A label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Six hexadecimal digits.
    #[serde(default)]
    pub color: String,
    /// What it means.
    #[serde(default)]
    pub description: Option<String>,
}

/// Something that happened to an issue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LabelEvent {
    /// `labeled`, `unlabeled` and many more.
    #[serde(default)]
    pub event: String,
    /// Who did it.
    #[serde(default)]
    pub actor: Option<Account>,
    /// Which label.
    #[serde(default)]
    pub label: Option<Label>,
}

/// Words under an issue or a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Markdown.
    #[serde(default)]
    pub body: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// When it was written or changed last.
    #[serde(default)]
    pub updated_at: String,
    /// The address of its issue; the number is at its end.
    #[serde(default)]
    pub issue_url: String,
    /// The file, where it is about a line of a pull request.
    #[serde(default)]
    pub path: Option<String>,
    /// That line.
    #[serde(default)]
    pub line: Option<u64>,
    /// The commit that it is about.
    #[serde(default)]
    pub commit_id: Option<String>,
    /// The review that it is a part of.
    #[serde(default)]
    pub pull_request_review_id: Option<u64>,
}

impl Comment {
    /// The number of its issue.
    pub fn issue(&self) -> Option<u64> {
        self.issue_url.rsplit('/').next()?.parse().ok()
    }
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pull {
    /// Its number in the repository.
    pub number: u64,
    /// What GraphQL calls it.
    #[serde(default)]
    pub node_id: String,
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub body: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it asks for nobody's review yet.
    #[serde(default)]
    pub draft: bool,
    /// Who opened it.
    #[serde(default)]
    pub user: Option<Account>,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<String>,
    /// The commit that contains it, once it was merged.
    #[serde(default)]
    pub merge_commit_sha: Option<String>,
    /// What it brings.
    pub head: Branch,
    /// Where it goes.
    pub base: Branch,
    /// Where people see it.
    #[serde(default)]
    pub html_url: String,
}

/// A branch and the commit that it is at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// Its name.
    #[serde(rename = "ref")]
    pub name: String,
    /// The commit.
    pub sha: String,
}

/// A pull request to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewPull {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The branch that it brings.
    pub head: String,
    /// The branch that it goes to.
    pub base: String,
    /// Whether it asks for nobody's review yet.
    pub draft: bool,
}

/// A review of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Review {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// Markdown.
    #[serde(default)]
    pub body: Option<String>,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`, `PENDING`.
    pub state: String,
    /// The commit that it is about.
    #[serde(default)]
    pub commit_id: Option<String>,
}

/// A check of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its number.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// `queued`, `in_progress`, `completed` and others.
    pub status: String,
    /// `success`, `failure` and others; none while it has not ended.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// The commit.
    #[serde(default)]
    pub head_sha: String,
    /// Where people see it.
    #[serde(default)]
    pub html_url: Option<String>,
    /// Where whoever runs it shows it.
    #[serde(default)]
    pub details_url: Option<String>,
    /// Who runs it.
    #[serde(default)]
    pub app: Option<CheckApp>,
    /// What it says about itself.
    #[serde(default)]
    pub output: Option<CheckOutput>,
}

impl Check {
    /// The job of GitHub's own Actions that it is; none where somebody else runs it.
    pub fn job(&self) -> Option<u64> {
        let app = self.app.as_ref().filter(|app| app.slug == "github-actions");
        let urls = [self.details_url.as_deref(), self.html_url.as_deref()];
        let mut jobs = urls.into_iter().flatten().filter_map(|url| {
            let (_, job) = url.rsplit_once("/job/")?;
            job.split(['?', '#', '/']).next()?.parse().ok()
        });
        app.and_then(|_| jobs.next())
    }
}

/// Who runs a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckApp {
    /// Its name in addresses.
    #[serde(default)]
    pub slug: String,
}

/// What a check says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckOutput {
    /// One line.
    #[serde(default)]
    pub title: Option<String>,
    /// Markdown.
    #[serde(default)]
    pub summary: Option<String>,
}

/// A status of a commit, as older systems set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What it is called.
    pub context: String,
    /// `success`, `failure`, `error` or `pending`.
    pub state: String,
    /// A few words.
    #[serde(default)]
    pub description: Option<String>,
    /// Where people see more.
    #[serde(default)]
    pub target_url: Option<String>,
}
