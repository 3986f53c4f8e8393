//! What is asked for. Each function is one question or one change.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;
use crate::address::escape;
use crate::client::{Client, Credential, Listing, Tag};
use crate::wire::{
    Account, Check, Comment, Issue, Label, LabelEvent, NewPull, Pull, Repository, Review, Status,
};

/// Most pages of what changed since we looked last: ten thousand issues.
const CHANGES_PAGES_MAX: u32 = 100;
/// Most pages of the first look: a thousand issues.
const FIRST_PAGES_MAX: u32 = 10;
/// Most pages of what belongs to one issue: five thousand comments.
const ISSUE_PAGES_MAX: u32 = 50;
/// Most pages that are searched for something that we made lately.
const LATELY_PAGES_MAX: u32 = 3;

#[derive(Deserialize)]
struct CheckRuns {
    #[serde(default)]
    check_runs: Vec<Check>,
}

#[derive(Deserialize)]
struct CombinedStatus {
    #[serde(default)]
    statuses: Vec<Status>,
}

/// Who looks for the first time looks at what changed lately.
fn pages(since: Option<&str>) -> u32 {
    if since.is_some() { CHANGES_PAGES_MAX } else { FIRST_PAGES_MAX }
}

impl Client {
    fn at(&self, path: &str) -> String {
        self.address.in_repository(path)
    }

    /// Whose token it is.
    pub async fn viewer(&self) -> Result<Account, Error> {
        match &self.who {
            Credential::Token(_) => self.get("/user").await,
            Credential::App(app) => {
                Ok(Account { login: app.login(self).await?, kind: "Bot".to_owned() })
            }
        }
    }

    /// The repository as it is now: a renamed one says its new name.
    pub async fn repository(&self) -> Result<Repository, Error> {
        self.get(&self.at("")).await
    }

    /// What stays of the repository when it is renamed: the server, and the number that it gave it.
    pub async fn identity(&self) -> Result<String, Error> {
        Ok(format!("{}/{}", self.address.host(), self.repository().await?.id))
    }

    /// Issues and pull requests that changed at or after `since`, newest change first.
    ///
    /// The question is the same each time, so that one tag answers for the whole repository. What
    /// changes while pages are read comes to the front: it may be seen twice, and is never missed.
    pub async fn issues_changed(
        &self,
        since: Option<&str>,
        tag: Option<&Tag>,
    ) -> Result<Listing<Vec<Issue>>, Error> {
        let path = self.at("/issues?state=all&sort=updated&direction=desc");
        let is_older = |issue: &Issue| since.is_some_and(|since| issue.updated_at.as_str() < since);
        self.list(&path, tag, pages(since), is_older).await
    }

    /// Comments of all issues that changed at or after `since`, newest change first.
    pub async fn comments_changed(
        &self,
        since: Option<&str>,
        tag: Option<&Tag>,
    ) -> Result<Listing<Vec<Comment>>, Error> {
        let path = self.at("/issues/comments?sort=updated&direction=desc");
        let is_older =
            |comment: &Comment| since.is_some_and(|since| comment.updated_at.as_str() < since);
        self.list(&path, tag, pages(since), is_older).await
    }

    /// Issues that were opened lately, newest first: where one that we may have opened would be.
    pub async fn issues_opened_lately(&self) -> Result<Vec<Issue>, Error> {
        let path = self.at("/issues?state=all&sort=created&direction=desc");
        self.all(&path, LATELY_PAGES_MAX).await
    }

    /// One issue.
    pub async fn issue(&self, number: u64) -> Result<Issue, Error> {
        self.get(&self.at(&format!("/issues/{number}"))).await
    }

    /// Opens an issue.
    pub async fn open_issue(
        &self,
        title: &str,
        body: &str,
        labels: &[String],
    ) -> Result<Issue, Error> {
        let new = json!({ "title": title, "body": body, "labels": labels });
        self.write(Method::POST, &self.at("/issues"), &new).await
    }

    /// Changes an issue; `change` has the fields that are to be different.
    pub async fn edit_issue(&self, number: u64, change: &Value) -> Result<Issue, Error> {
        self.write(Method::PATCH, &self.at(&format!("/issues/{number}")), change).await
    }

    /// Adds labels to an issue; those that it has stay.
    pub async fn add_labels(&self, number: u64, labels: &[String]) -> Result<Vec<Label>, Error> {
        let path = self.at(&format!("/issues/{number}/labels"));
        self.write(Method::POST, &path, &json!({ "labels": labels })).await
    }

    /// Takes a label from an issue; one that it does not have is no error.
    pub async fn remove_label(&self, number: u64, label: &str) -> Result<(), Error> {
        let path = self.at(&format!("/issues/{number}/labels/{}", escape(label)));
        match self.delete(&path).await {
            Err(Error::NotFound(_)) => Ok(()),
            result => result,
        }
    }

    /// Makes an issue somebody's, too. GitHub leaves out in silence who may not have it.
    pub async fn assign(&self, number: u64, login: &str) -> Result<Issue, Error> {
        let path = self.at(&format!("/issues/{number}/assignees"));
        self.write(Method::POST, &path, &json!({ "assignees": [login] })).await
    }

    /// Makes an issue not somebody's any more.
    pub async fn unassign(&self, number: u64, login: &str) -> Result<Issue, Error> {
        let path = self.at(&format!("/issues/{number}/assignees"));
        self.write(Method::DELETE, &path, &json!({ "assignees": [login] })).await
    }

    /// All labels of the repository.
    pub async fn labels(&self) -> Result<Vec<Label>, Error> {
        self.all(&self.at("/labels"), ISSUE_PAGES_MAX).await
    }

    /// Makes a label.
    pub async fn make_label(&self, label: &Label) -> Result<Label, Error> {
        let label = json!(label);
        self.write(Method::POST, &self.at("/labels"), &label).await
    }

    /// What happened to an issue, oldest first: who set which label.
    pub async fn events(&self, number: u64) -> Result<Vec<LabelEvent>, Error> {
        self.all(&self.at(&format!("/issues/{number}/events")), ISSUE_PAGES_MAX).await
    }

    /// All comments of an issue, oldest first.
    pub async fn comments(&self, number: u64) -> Result<Vec<Comment>, Error> {
        self.all(&self.at(&format!("/issues/{number}/comments")), ISSUE_PAGES_MAX).await
    }

    /// One comment.
    pub async fn comment_by_id(&self, id: u64) -> Result<Comment, Error> {
        self.get(&self.at(&format!("/issues/comments/{id}"))).await
    }

    /// Writes a comment.
    pub async fn comment(&self, number: u64, body: &str) -> Result<Comment, Error> {
        let path = self.at(&format!("/issues/{number}/comments"));
        self.write(Method::POST, &path, &json!({ "body": body })).await
    }

    /// Changes a comment.
    pub async fn edit_comment(&self, id: u64, body: &str) -> Result<Comment, Error> {
        let path = self.at(&format!("/issues/comments/{id}"));
        self.write(Method::PATCH, &path, &json!({ "body": body })).await
    }

    /// Has a comment stand above the others of its issue.
    pub async fn pin_comment(&self, id: u64) -> Result<Comment, Error> {
        let path = self.at(&format!("/issues/comments/{id}/pin"));
        self.write(Method::PUT, &path, &Value::Null).await
    }

    /// Pull requests that bring a branch of this repository, newest first.
    pub async fn pulls_of(&self, branch: &str) -> Result<Vec<Pull>, Error> {
        let head = escape(&format!("{}:{branch}", self.address.owner()));
        let path = self.at(&format!("/pulls?state=all&sort=created&direction=desc&head={head}"));
        self.all(&path, 1).await
    }

    /// One pull request.
    pub async fn pull(&self, number: u64) -> Result<Pull, Error> {
        self.get(&self.at(&format!("/pulls/{number}"))).await
    }

    /// Opens a pull request.
    pub async fn open_pull(&self, new: &NewPull) -> Result<Pull, Error> {
        self.write(Method::POST, &self.at("/pulls"), &json!(new)).await
    }

    /// Changes a pull request; `change` has the fields that are to be different.
    pub async fn edit_pull(&self, number: u64, change: &Value) -> Result<Pull, Error> {
        self.write(Method::PATCH, &self.at(&format!("/pulls/{number}")), change).await
    }

    /// Makes a draft ask for reviews. Only GraphQL can.
    pub async fn mark_ready(&self, pull: &Pull) -> Result<(), Error> {
        let query = "mutation($id: ID!) { markPullRequestReadyForReview(input: \
                     {pullRequestId: $id}) { pullRequest { isDraft } } }";
        self.graphql(query, &json!({ "id": pull.node_id })).await.map(drop)
    }

    /// Makes a pull request a draft again.
    pub async fn mark_draft(&self, pull: &Pull) -> Result<(), Error> {
        let query = "mutation($id: ID!) { convertPullRequestToDraft(input: \
                     {pullRequestId: $id}) { pullRequest { isDraft } } }";
        self.graphql(query, &json!({ "id": pull.node_id })).await.map(drop)
    }

    /// Reviews of a pull request, oldest first.
    pub async fn reviews(&self, number: u64) -> Result<Vec<Review>, Error> {
        self.all(&self.at(&format!("/pulls/{number}/reviews")), ISSUE_PAGES_MAX).await
    }

    /// Comments on lines of a pull request, oldest first.
    pub async fn review_comments(&self, number: u64) -> Result<Vec<Comment>, Error> {
        self.all(&self.at(&format!("/pulls/{number}/comments")), ISSUE_PAGES_MAX).await
    }

    /// Checks of a commit: the newest of each name.
    pub async fn checks(
        &self,
        commit: &str,
        tag: Option<&Tag>,
    ) -> Result<Listing<Vec<Check>>, Error> {
        let path = self.at(&format!("/commits/{}/check-runs?per_page=100", escape(commit)));
        let listing = self.get_if_new::<CheckRuns>(&path, tag).await?;
        Ok(listing.map(|runs| runs.check_runs))
    }

    /// The end of what a job of GitHub's Actions printed.
    pub async fn job_log(&self, job: u64, bytes_max: usize) -> Result<String, Error> {
        let log = self.tail(&self.at(&format!("/actions/jobs/{job}/logs")), bytes_max).await?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// Statuses of a commit: the newest of each context.
    pub async fn statuses(
        &self,
        commit: &str,
        tag: Option<&Tag>,
    ) -> Result<Listing<Vec<Status>>, Error> {
        let path = self.at(&format!("/commits/{}/status?per_page=100", escape(commit)));
        let listing = self.get_if_new::<CombinedStatus>(&path, tag).await?;
        Ok(listing.map(|combined| combined.statuses))
    }

    async fn all<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        pages_max: u32,
    ) -> Result<Vec<T>, Error> {
        match self.list(path, None, pages_max, |_| false).await? {
            Listing::Fetched { value, .. } => Ok(value),
            Listing::Unchanged => Err(Error::Malformed("304 to a question without a tag".into())),
        }
    }
}
