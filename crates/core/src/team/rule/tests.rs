//! What rules answer, and what holds for all of them.

use proptest::prelude::*;

use super::*;

fn rule(answer: RuleAnswer, tool: Option<&str>, what: What) -> AskRule {
    AskRule { answer, tool: tool.map(str::to_owned), what, why: None }
}

fn path(answer: RuleAnswer, pattern: &str) -> AskRule {
    rule(answer, None, What::Path(pattern.to_owned()))
}

fn command(answer: RuleAnswer, words: &str) -> AskRule {
    rule(answer, None, What::Command(words.split(' ').map(str::to_owned).collect()))
}

fn place(path: &str) -> Place {
    match (path.strip_prefix("/home/me/"), path.starts_with('/')) {
        (Some(below), _) => Place::Home { path: below.to_owned(), whole: path.to_owned() },
        (None, true) => Place::Elsewhere { whole: path.to_owned() },
        (None, false) => Place::Worktree { path: path.to_owned() },
    }
}

fn run(command: &str) -> About {
    About::run("Bash", command, None).placed(place).unwrap()
}

fn change(files: &[&str]) -> About {
    let files = files.iter().map(|file| (*file).to_owned()).collect();
    About::change("Edit", files).placed(place).unwrap()
}

use RuleAnswer::{Allow, Ask, Deny};

#[test]
fn deny_wins_over_ask_and_ask_over_allow_wherever_they_stand() {
    let rules = [
        path(Allow, "**"),
        path(Ask, "src/**"),
        path(Deny, "src/secret/*"),
        path(Allow, "src/secret/ok"),
    ];
    let check =
        |files: &[&str], expect| assert_eq!(judge(&rules, &change(files)), expect, "{files:?}");
    check(&["README.md"], Some((Allow, 1)));
    check(&["src/a"], Some((Ask, 2)));
    check(&["src/secret/ok"], Some((Deny, 3)));
    check(&["README.md", "src/secret/ok"], Some((Deny, 3)));
    check(&["/etc/passwd"], None);
    check(&["README.md", "/etc/passwd"], None);
    check(&[], None);
}

#[test]
fn what_is_outside_of_the_worktree_is_another_place() {
    let denied =
        |pattern: &str, file: &str| judge(&[path(Deny, pattern)], &change(&[file])).is_some();
    assert!(denied("~/.ssh/**", "/home/me/.ssh/id"));
    assert!(denied("/home/*/.ssh/**", "/home/me/.ssh/id"));
    assert!(denied("/**", "/home/me/.ssh/id"));
    assert!(denied("/**", "/etc/passwd"));
    assert!(!denied("/**", "etc/passwd"));
    assert!(!denied("**", "/etc/passwd"));
    assert!(!denied("~/**", "/etc/passwd"));
}

#[test]
fn a_command_is_allowed_only_where_nothing_else_can_be_in_it() {
    let rules = [command(Allow, "git status"), command(Deny, "git push")];
    let check = |text: &str, expect| assert_eq!(judge(&rules, &run(text)), expect, "{text:?}");
    check("git status", Some((Allow, 1)));
    check("/bin/bash -lc 'git status -s'", Some((Allow, 1)));
    check("git status && rm -rf /", None);
    check("git statusx", None);
    check("git status \"a b\"", None);
    check("git status; git push", Some((Deny, 2)));
    check("git status $(git push)", Some((Deny, 2)));
    check("git status $X", Some((Ask, 2)));
    let outside = About::run("Bash", "git status", Some("/tmp/evil")).placed(place).unwrap();
    assert_eq!(judge(&rules, &outside), None, "another directory is another repository");
}

#[test]
fn a_tool_is_named_by_its_program_or_by_us() {
    let fits = |tool: &str, about: &About| {
        judge(&[rule(Allow, Some(tool), What::Anything)], about).is_some()
    };
    assert!(fits("Bash", &run("ls")) && fits("shell", &run("ls")) && !fits("edit", &run("ls")));
    assert!(fits("edit", &change(&["a"])));
    let mcp = About::other("mcp__github__search", "{}".to_owned()).placed(place).unwrap();
    assert!(fits("mcp__github__*", &mcp) && fits("mcp*search", &mcp));
    assert!(!fits("mcp__gitlab__*", &mcp) && !fits("other", &mcp));
}

#[test]
fn a_rule_that_never_decides_is_found() {
    let check = |rules: &[AskRule], expect: &[(usize, usize)]| assert_eq!(shadowed(rules), expect);
    check(&[path(Allow, "src/a"), path(Deny, "src/**")], &[(1, 2)]);
    check(&[path(Deny, "src/**"), path(Deny, "src/a")], &[(2, 1)]);
    check(&[path(Allow, "src/**"), path(Deny, "src/a")], &[]);
    check(&[path(Deny, "**"), path(Allow, "/etc/x")], &[]);
    check(&[command(Ask, "git"), command(Allow, "git push")], &[(2, 1)]);
    check(&[command(Allow, "git"), command(Ask, "git push")], &[]);
    let tool = rule(Deny, Some("mcp*"), What::Anything);
    check(&[tool, rule(Allow, Some("mcp__x"), What::Anything)], &[(2, 1)]);
    check(&[path(Allow, "a"), path(Allow, "a")], &[(2, 1)]);
}

fn any_rule() -> impl Strategy<Value = AskRule> {
    let answer = prop_oneof![Just(Allow), Just(Ask), Just(Deny)];
    let tool = prop_oneof![Just(None), Just(Some("edit")), Just(Some("Ed*")), Just(Some("Bash"))];
    let what = prop_oneof![
        Just(What::Anything),
        "(\\*\\*|src/\\*\\*|src/[ab*]|/\\*\\*|~/[ab])".prop_map(What::Path),
        "(git|ls|make)( [a-c]){0,2}"
            .prop_map(|text| What::Command(text.split(' ').map(str::to_owned).collect())),
    ];
    (answer, tool, what).prop_map(|(answer, tool, what)| rule(answer, tool, what))
}

fn any_about() -> impl Strategy<Value = About> {
    let files = proptest::collection::vec("(src/[abc]|/etc/[ab]|/home/me/[ab]|[ab])", 0..3);
    prop_oneof![
        files.prop_map(|files| About::change("Edit", files).placed(place).unwrap()),
        "(git|ls|make)( [a-c]){0,3}( ?(&&|;|\\||\n|>) ?[a-c]| \\$x| '[a-c]')?"
            .prop_map(|text| run(&text)),
    ]
}

proptest! {
    #[test]
    fn the_order_of_rules_changes_no_answer(
        rules in proptest::collection::vec(any_rule(), 0..6), about in any_about(),
    ) {
        let answer = |rules: &[AskRule]| judge(rules, &about).map(|(answer, _)| answer);
        let backwards: Vec<AskRule> = rules.iter().rev().cloned().collect();
        prop_assert_eq!(answer(&rules), answer(&backwards));
    }

    #[test]
    fn another_rule_never_makes_an_answer_weaker(
        rules in proptest::collection::vec(any_rule(), 0..6), more in any_rule(), about in any_about(),
    ) {
        let before = judge(&rules, &about).map(|(answer, _)| answer);
        let with: Vec<AskRule> = rules.iter().cloned().chain([more]).collect();
        prop_assert!(judge(&with, &about).map(|(answer, _)| answer) >= before);
    }

    #[test]
    fn a_shadowed_rule_can_go(
        rules in proptest::collection::vec(any_rule(), 0..6), about in any_about(),
    ) {
        let answer = |rules: &[AskRule]| judge(rules, &about).map(|(answer, _)| answer);
        for (n, _) in shadowed(&rules) {
            let mut without = rules.clone();
            without.remove(n - 1);
            prop_assert_eq!(answer(&rules), answer(&without), "rule {}", n);
        }
    }

    #[test]
    fn whatever_a_prefix_allows_has_nothing_of_a_shell_in_it(
        tail in "[ a-z0-9;&|$`'\"<>(){}\n\\\\*~#!=-]{0,20}",
    ) {
        let text = format!("git status{tail}");
        if judge(&[command(Allow, "git status")], &run(&text)).is_some() {
            let rest = tail.replace("2>&1", "").replace(">/dev/null", "").replace("2>/dev/null", "");
            let rest = rest.trim_end_matches([';', '|', '\n', '&', ' ']);
            prop_assert!(!rest.contains([';', '|', '$', '`', '\'', '"', '<', '>', '(', ')', '{', '}', '\n', '\\']), "{text:?}");
        }
    }
}
