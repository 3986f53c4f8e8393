//! The table `[github]`: with which repository, and whose words count.

use super::Problem;
use super::shape::GithubFile;
use crate::github::Policy;

/// Longest label that GitHub takes, in characters.
const LABEL_CHARS_MAX: usize = 50;
/// A stage's name fits behind it: names have at most 40 characters.
const PREFIX_CHARS_MAX: usize = 10;

impl GithubFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> Policy {
        if self.repository.split('/').filter(|part| !part.trim().is_empty()).count() != 2 {
            problems.push(Problem::new(
                format!("github.repository is `{}`", self.repository),
                "give owner and name, like \"acme/shop\"",
            ));
        }
        if self.trusted.iter().any(|login| login.trim().is_empty() || login.contains('*')) {
            problems.push(Problem::new(
                "github.trusted has a name that is nobody's",
                "name each account; whoever is named can make agents work",
            ));
        }
        check_label("intake", &self.intake, LABEL_CHARS_MAX, problems);
        check_label("prefix", &self.prefix, PREFIX_CHARS_MAX, problems);
        let trusted = self.trusted.iter().map(|login| login.trim().to_ascii_lowercase());
        Policy {
            trusted: trusted.collect(),
            repository: self.repository,
            api: self.api,
            token_env: self.token_env,
            // GitHub's labels have no case either.
            intake: self.intake.to_lowercase(),
            prefix: self.prefix.to_lowercase(),
            publish: self.publish,
            pull_requests: self.pull_requests,
            push_base: self.push_base,
        }
    }
}

fn check_label(key: &str, value: &str, most: usize, problems: &mut Vec<Problem>) {
    let chars = value.chars().count();
    if value.trim().is_empty() || chars > most || value.contains([',', '\n']) {
        problems.push(Problem::new(
            format!("github.{key} is `{value}`"),
            format!("1 to {most} characters without a comma"),
        ));
    }
}
