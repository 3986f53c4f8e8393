//! The table `[github]`: with which repository, and whose words count.

use super::Problem;
use super::shape::{AppFile, AppId, GithubFile};
use crate::github::{App, Keep, Policy, TokenSource};

/// Longest label that GitHub takes, in characters.
const LABEL_CHARS_MAX: usize = 50;
/// A stage's name fits behind it: names have at most 40 characters.
const PREFIX_CHARS_MAX: usize = 10;

impl GithubFile {
    pub(super) fn build(self, problems: &mut Vec<Problem>) -> Policy {
        for (key, name) in
            [("repository", Some(&self.repository)), ("issues", self.issues.as_ref())]
        {
            let parts =
                |name: &String| name.split('/').filter(|part| !part.trim().is_empty()).count();
            if let Some(name) = name.filter(|name| parts(name) != 2) {
                problems.push(Problem::at(
                    format!("github.{key}"),
                    format!("`{name}` is no repository"),
                    "give owner and name, like \"acme/shop\"",
                ));
            }
        }
        let repository = self.repository;
        let issues = self.issues.filter(|issues| !issues.eq_ignore_ascii_case(&repository));
        if self.trusted.iter().any(|login| login.trim().is_empty() || login.contains('*')) {
            problems.push(Problem::at(
                "github.trusted",
                "a name is nobody's",
                "name each account; whoever is named can make agents work",
            ));
        }
        check_label("intake", &self.intake, LABEL_CHARS_MAX, problems);
        check_label("prefix", &self.prefix, PREFIX_CHARS_MAX, problems);
        let token = token(self.token, self.app, problems);
        let webhook_secret = self.webhook_secret.as_deref();
        let webhook_secret =
            webhook_secret.and_then(|text| keep("github.webhook_secret", text, problems));
        let trusted = self.trusted.iter().map(|login| login.trim().to_ascii_lowercase());
        Policy {
            trusted: trusted.collect(),
            repository,
            issues,
            api: self.api,
            token,
            webhook_secret,
            // GitHub's labels have no case either.
            intake: self.intake.to_lowercase(),
            prefix: self.prefix.to_lowercase(),
            publish: self.publish,
            pull_requests: self.pull_requests,
            push_base: self.push_base,
        }
    }
}

fn token(text: Option<String>, app: Option<AppFile>, problems: &mut Vec<Problem>) -> TokenSource {
    match (text, app) {
        (Some(_), Some(_)) => {
            problems.push(Problem::at(
                "github.token",
                "`app` is given as well",
                "leave one of them out: who asks is either of the two",
            ));
            TokenSource::Gh
        }
        (None, Some(AppFile { id, installation, key })) => {
            let id = match id {
                AppId::Number(number) => number.to_string(),
                AppId::Name(name) => name,
            };
            match keep("github.app.key", &key, problems) {
                Some(key) => TokenSource::App(App { id, installation, key }),
                None => TokenSource::Gh,
            }
        }
        (Some(text), None) if text != "gh" => {
            keep("github.token", &text, problems).map_or(TokenSource::Gh, TokenSource::Kept)
        }
        (Some(_) | None, None) => TokenSource::Gh,
    }
}

/// What is secret is named, and never written: the file is versioned with the code.
fn keep(key: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Keep> {
    let keep = text.parse().ok();
    if keep.is_none() {
        problems.push(Problem::at(
            key,
            "it does not say where it is kept",
            "`secret:NAME` for what `crew secret set NAME` keeps, `env:NAME`, or `file:/PATH`",
        ));
    }
    keep
}

fn check_label(key: &str, value: &str, most: usize, problems: &mut Vec<Problem>) {
    let chars = value.chars().count();
    if value.trim().is_empty() || chars > most || value.contains([',', '\n']) {
        problems.push(Problem::at(
            format!("github.{key}"),
            format!("`{value}` is no label"),
            format!("1 to {most} characters without a comma"),
        ));
    }
}
