//! Every kind of mistake in a `team.toml` is named, with a hint.

use super::*;
use crate::team::DEFAULT_TEAM;
use crate::team::{AcpAgent, Payer, Permissions, Program, ProviderKind, Work};
use crate::{Micros, ProviderName, RoleName};

/// The default team with one piece of text replaced.
fn default_with(from: &str, to: &str) -> String {
    assert!(DEFAULT_TEAM.contains(from), "the default has {from:?}");
    DEFAULT_TEAM.replacen(from, to, 1)
}

#[test]
fn the_default_team_is_proven() {
    let team = parse(DEFAULT_TEAM).unwrap();
    assert_eq!(team.roles.len(), 6);
    let names: Vec<&str> = team.stages.iter().map(|stage| stage.name.as_str()).collect();
    let expect =
        "backlog needs-architecture ready-for-dev in-progress needs-testing needs-review done";
    assert_eq!(names.join(" "), expect);
    assert!(team.human_approves());
    assert_eq!(team.coordinator().map(RoleName::as_str), Some("pm"));
    let worst = team.worst_case();
    assert_eq!((worst.visits, worst.runs, worst.approvals), (28, 40, 4));
    assert_eq!(worst.spend.cost, Micros(20_000_000));
}

#[test]
fn a_profile_is_another_account_of_the_same_provider() {
    let providers = "
[providers.claude]
kind = \"claude\"
model = \"opus\"
agents = 3
[providers.claude.profiles.work]
config_dir = \"~/.claude-work\"
[providers.claude.profiles.company]
key = \"keyring:anthropic\"
billing = \"api-key\"
agents = 1
[providers.codex]
kind = \"codex\"
key = \"keyring:openai\"
billing = \"api-key\"
[roles.engineer]
fallback = [\"claude/work\", \"claude/company\", \"codex\"]";
    let team = parse(&default_with("[roles.engineer]", providers)).unwrap();
    let get = |name: &str| &team.providers[&name.parse::<ProviderName>().unwrap()];
    let key =
        |name: &str| get(name).key.as_ref().map(|key| format!("{} {}", key.secret, key.variable));
    assert_eq!((get("claude").agents, key("claude")), (3, None));
    assert_eq!(get("claude/work").config_dir.as_deref(), Some("~/.claude-work"));
    assert_eq!((get("claude/work").agents, key("claude/work")), (3, None));
    assert_eq!(key("claude/company").as_deref(), Some("anthropic ANTHROPIC_API_KEY"));
    assert_eq!(key("codex").as_deref(), Some("openai OPENAI_API_KEY"));
    let ProviderKind::Claude(company) = &get("claude/company").kind else { panic!() };
    assert_eq!((company.billing, company.model.as_deref()), (Payer::ApiKey, Some("opus")));
    let accounts: std::collections::BTreeSet<_> =
        team.providers.keys().map(|name| team.account(crate::ProjectId(1), name)).collect();
    assert_eq!(accounts.len(), team.providers.len(), "each is an account: {accounts:?}");
    assert_eq!(
        team.account(crate::ProjectId(1), &"claude/work".parse().unwrap()),
        team.account(crate::ProjectId(2), &"claude/work".parse().unwrap()),
    );
}

/// A mistake in the default team is named, with what to do.
fn check(from: &str, to: &str, what: &str, hint: &str) {
    let problems = parse(&default_with(from, to)).expect_err(to);
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let text = text.join("\n");
    assert!(text.contains(what), "{to}\nexpected: {what}\ngot: {text}");
    assert!(text.contains(hint), "{to}\nexpected hint: {hint}\ngot: {text}");
}

#[test]
fn every_mistake_is_named_with_a_hint() {
    check(
        "[roles.engineer]",
        "[roles.engineer]\nsession = \"role\"",
        "one conversation",
        "agents = 1",
    );
    for path in ["/", "~/", "relative", "~/../other", "/etc/../root", "~user/x", "//", "/./"] {
        check(
            "[worktree]",
            &format!("[sandbox]\nwrite = [\"{path}\"]\n[worktree]"),
            &format!("sandbox.write: `{path}` is no place"),
            "below the home or from `/`",
        );
    }
    check("[worktree]", "[sandbox]\nports = [70000]\n[worktree]", "expected u16", "");
    check("[worktree]", "[sandbox]\nmode = \"on\"\n[worktree]", "`on`", "");
    let claude = |keys: &str| format!("[providers.c]\nkind = \"claude\"\n{keys}\n[roles.engineer]");
    let key = claude("key = \"sk-ant-invented\"");
    check("[roles.engineer]", &key, "`key` names no secret", "crew secret set");
    let key = claude("key = \"keyring:a\"\nkey_env = \"ANTHROPIC_API_KEY\"");
    check("[roles.engineer]", &key, "`key` is put into ANTHROPIC_API_KEY", "the key would pay");
    let mine =
        "[providers.m]\nkind = \"acp\"\nprogram = \"x\"\nkey = \"keyring:a\"\n[roles.engineer]";
    check("[roles.engineer]", mine, "in which variable", "key_env = ");
    check("retries = 2", "quiet_hours = \"at night\"", "names no hours", "22:00-07:00");
    check("retries = 2", "retrys = 2", "unknown field `retrys`", "did you mean `retries`?");
    check("agents = 4 ", "agents = \"four\" ", "expected u32", "");
    check("agents = 4 ", "agents = 0 ", "limits.agents is 0", "at least one");
}

#[test]
fn every_mistake_of_the_pipeline_is_named_with_a_hint() {
    check("owner = \"pm\"", "owner = \"boss\"", "there is no role `boss`", "[roles.boss]");
    check("owner = \"pm\"", "owner = \"The Boss\"", "`The Boss` is not a name", "lower-case");
    check("provider = \"native\"", "provider = \"gpt\"", "no provider `gpt`", "[providers.gpt]");
    check("next = [\"done\"]", "next = [\"dne\"]", "there is no stage `dne`", "`next` and `back`");
    check("next = [\"done\"]", "next = []", "is a dead end", "give it a `next`");
    check("gates = [{ human = true }]", "", "asks for nothing", "human = true");
    check(
        "gates = [{ human = true }]",
        "gates = [{ human = true, check = \"x\" }]",
        "a gate is one of",
        "",
    );
    check("name = \"done\"", "name = \"backlog\"", "two stages are called `backlog`", "rename");
    check(
        "mode = \"end\"",
        "mode = \"queue\"\nowner = \"pm\"\nnext = [\"backlog\"]",
        "0 stages with mode",
        "the last",
    );
    check("run_usd = 3.00", "run_usd = -1.0", "budget.run_usd is -1", "dollars");
    let more = |key: &str| format!("run_usd = 3.00\n{key}");
    check(
        "run_usd = 3.00",
        &more("project_usd = 1.0"),
        "budget.project_usd is too little",
        "raise it",
    );
    check(
        "run_usd = 3.00",
        &more("day_minutes = 0"),
        "budget.day_minutes is too little",
        "raise it",
    );
    let role = "[roles.engineer.budget]\nday_tokens = 5\n[roles.engineer]";
    check(
        "[roles.engineer]",
        role,
        "roles.engineer.budget.day_tokens is too little",
        "leave it out",
    );
    check("task_usd = 20.00", "task_usd = 1.00", "must fit into", "raise the larger");
    check("quiet_minutes = 5 ", "quiet_minutes = 30 ", "silent_minutes must be larger", "flagged");
    let percent = "[limits]\nplan_percent = 101";
    check("[limits]", percent, "limits.plan_percent is 101", "a part of 100");
    check("run_minutes = 60 ", "run_minutes = 0 ", "limits.run_minutes is 0", "more than 0");
    check("run_minutes = 60 ", "run_minutes = nan ", "limits.run_minutes is NaN", "more than 0");
    let routine = |keys: &str| format!("[[routines]]\nname = \"look\"\n{keys}\n\n[worktree]");
    let often = routine("title = \"Look\"\nevery_minutes = 1");
    check("[worktree]", &often, "routines.look: `every_minutes` is 1", "give 5 at least");
    let nameless = routine("title = \" \"\nevery_minutes = 60");
    check("[worktree]", &nameless, "`title` is not one line", "say in a few words");
    let again = "title = \"a\"\nevery_minutes = 9\n[[routines]]\nname = \"look\"\ntitle = \"b\"\n";
    let twice = routine(&format!("{again}every_minutes = 9"));
    check("[worktree]", &twice, "routines.look is there twice", "rename one");
    let ruled = |rule: &str| {
        format!("[tiers]\ncheap = [\"native\"]\n[[tiers.rules]]\n{rule}\n\n[worktree]")
    };
    let check_rule = |rule: &str, what: &str| check("[worktree]", &ruled(rule), what, "");
    check_rule("tier = \"cheap\"", "a rule that is for every task");
    check_rule("tier = \"cheap\"\nwords = [\" \"]", "a rule that is for every task");
    check_rule("tier = \"cheap\"\nfiles = [\"src/\"]", "`src/` names a directory");
    check_rule("tier = \"cheap\"\nfiles = [\"/etc/**\"]", "outside of the repository");
    check_rule("tier = \"expert\"\nlabels = [\"a\"]", "nobody is of the tier `expert`");
    check("model = \"builtin\"", "", "needs `api` and `model`", "playbook");
    let priced = |keys: &str| format!("model = \"builtin\"\n{keys}");
    let half = priced("input_usd_per_mtok = 0.5");
    check(
        "model = \"builtin\"",
        &half,
        "a price needs `input_usd_per_mtok` and",
        "would not be known",
    );
    let less = priced("input_usd_per_mtok = -1.0\noutput_usd_per_mtok = 1.0");
    check("model = \"builtin\"", &less, "input_usd_per_mtok is no amount of money", "0.50");
    check(
        "gates = []",
        "gates = [{ verdict = \"tester\" }]",
        "would judge its own work",
        "another role",
    );
}

/// The line of the first mistake in the default team, as it is written there; `None` is not known.
#[track_caller]
fn check_line(from: &str, to: &str, expect: Option<&str>) {
    let text = default_with(from, to);
    let problems = parse(&text).expect_err(to);
    let line = problems[0].line.map(|line| text.lines().nth(line as usize - 1).unwrap());
    let line = line.map(|line| line.split('#').next().unwrap().trim_end());
    assert_eq!(line, expect, "{to}: {}", problems[0]);
}

#[test]
fn a_mistake_is_in_the_line_that_has_to_be_changed() {
    let at = |from: &str, to: &str| check_line(from, to, to.lines().last());
    at("[limits]", "[limits");
    at("retries = 2", "retrys = 2");
    at("agents = 4 ", "agents = \"four\"");
}

#[test]
fn a_mistake_of_meaning_is_where_the_key_or_the_name_is() {
    check_line("run_usd = 3.00", "run_usd = -1.0", Some("run_usd = -1.0"));
    check_line("owner = \"pm\"", "owner = \"boss\"", Some("owner = \"boss\""));
    check_line("next = [\"done\"]", "next = [\n\"dne\",\n]", Some("\"dne\","));
    check_line("gates = [{ human = true }]", "", Some("name = \"needs-review\""));
    let rules = "[[roles.engineer.rules]]\nanswer = \"deny\"\ntool = \"x\"\n[[roles.engineer.rules]]\nanswer = \"allow\"";
    check_line("[[stages]]", &format!("{rules}\n[[stages]]"), Some("[[roles.engineer.rules]]"));
    // It names three keys, and any of them may be at fault.
    check_line("task_runs = 40", "task_runs = 0", None);
}

#[test]
fn a_role_that_owns_and_works_is_missed_once() {
    let problems = parse(&default_with("owner = \"pm\"", "owner = \"boss\"")).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn a_stage_that_nothing_leads_to_is_refused() {
    let text = default_with(
        "[[stages]]\nname = \"done\"",
        "[[stages]]\nname = \"island\"\nowner = \"pm\"\nnext = [\"done\"]\n\n[[stages]]\nname = \"done\"",
    );
    let problems = parse(&text).unwrap_err();
    assert_eq!(problems[0].what, "no task can reach stages.island");
}

#[test]
fn modes_read_with_what_they_need() {
    let stage = |extra: &str| {
        let text = default_with("wip = 3\n", &format!("wip = 3\n{extra}\n"));
        parse(&text).map(|team| team.stages[3].work.clone())
    };
    let role = |name: &str| -> RoleName { name.parse().unwrap() };
    assert_eq!(
        stage("mode = \"best-of-n\"\nn = 3\njudge = \"architect\""),
        Ok(Work::BestOfN { roles: vec![role("engineer")], n: 3, judge: role("architect") })
    );
    assert_eq!(
        stage("mode = \"parallel\"\nroles = [\"engineer\", \"marketing\"]"),
        Ok(Work::Parallel(vec![role("engineer"), role("marketing")]))
    );
    assert!(stage("mode = \"best-of-n\"").is_err());
    assert!(stage("mode = \"parallel\"").is_err());
}

/// The default team with a provider of this kind added.
fn with_provider(kind: &str, keys: &str) -> String {
    format!("{DEFAULT_TEAM}\n[providers.added]\nkind = \"{kind}\"\n{keys}")
}

fn added(team: &Team) -> &Program {
    match &team.providers[&"added".parse::<ProviderName>().unwrap()].kind {
        ProviderKind::Claude(program) | ProviderKind::Codex(program) => program,
        other => panic!("{other:?}"),
    }
}

/// A mistake in the keys of a provider is named, with what to do.
fn mistaken(kind: &str, keys: &str, what: &str, hint: &str) {
    let problems = parse(&with_provider(kind, keys)).expect_err(keys);
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let text = text.join("\n");
    assert!(text.contains(what) && text.contains(hint), "{keys}: {text}");
}

#[test]
fn claude_needs_nothing_but_its_kind() {
    let team = parse(&with_provider("claude", "")).unwrap();
    let claude = added(&team);
    assert_eq!((claude.program.as_str(), &claude.model), ("claude", &None));
    assert_eq!(claude.permissions, Permissions::Edit);
    assert_eq!(claude.billing, Payer::Subscription);
    let keys = r#"
program = "/opt/claude"
model = "opus"
base_url = "http://127.0.0.1:1"
env = ["ANTHROPIC_API_KEY", "HTTPS_PROXY"]
permissions = "all"
allow = ["Bash(make:*)"]
billing = "api-key"
"#;
    let team = parse(&with_provider("claude", keys)).unwrap();
    let claude = added(&team);
    assert_eq!(claude.env, ["ANTHROPIC_API_KEY", "HTTPS_PROXY"]);
    assert_eq!((claude.permissions, claude.billing), (Permissions::All, Payer::ApiKey));
}

#[test]
fn an_agent_that_speaks_acp_is_one_that_we_know_or_a_program() {
    let acp_of = |keys: &str| {
        let team = parse(&with_provider("acp", keys)).unwrap();
        match &team.providers[&"added".parse::<ProviderName>().unwrap()].kind {
            ProviderKind::Acp(acp) => acp.clone(),
            other => panic!("{other:?}"),
        }
    };
    let known = acp_of("agent = \"gemini\"\nbase_url = \"http://127.0.0.1:1\"");
    assert_eq!((known.agent, known.program), (Some(AcpAgent::Gemini), None));
    assert_eq!(known.permissions, Permissions::Edit);
    let other = acp_of("program = \"mine\"\nargs = [\"--acp\"]\nmode = \"careful\"");
    assert_eq!((other.agent, other.args), (None, Some(vec!["--acp".to_owned()])));
}

#[test]
fn every_mistake_about_acp_is_named_with_a_hint() {
    let check = |keys: &str, what: &str, hint: &str| mistaken("acp", keys, what, hint);
    check("", "it is not said which agent", "agent = \"gemini\"");
    check("agent = \"opncode\"", "unknown variant `opncode`", "did you mean `opencode`?");
    check("agent = \"codex\"\nbase_url = \"http://x\"", "told `base_url`", "own configuration");
    check("program = \"mine\"\nbilling = \"any\"", "who pays for it", "remove `billing`");
    let key = "agent = \"gemini\"\nbilling = \"subscription\"\nenv = [\"GEMINI_API_KEY\"]";
    check(key, "hands over GEMINI_API_KEY", "billing = \"api-key\"");
    check("agent = \"gemini\"\nenv = [\"GH_TOKEN\"]", "no agent is handed GH_TOKEN", "");
    check("program = \"--acp\"", "`--acp` is no program", "examples");
}

#[test]
fn every_mistake_about_claude_is_named_with_a_hint() {
    let check = |keys, what, hint| mistaken("claude", keys, what, hint);
    check("api = \"anthropic\"", "`api` means nothing for kind = \"claude\"", "kind = \"native\"");
    check("key_env = \"K\"", "`key_env` means nothing", "remove it");
    check("permissions = \"yolo\"", "unknown variant `yolo`", "");
    check("billing = \"apikey\"", "unknown variant `apikey`", "did you mean `api-key`?");
    check("env = [\"ANTHROPIC_API_KEY\"]", "hands over ANTHROPIC_API_KEY", "billing = \"api-key\"");
    check("env = [\"A=b\"]", "`A=b` is no name", "names only");
    check("env = [\"GH_TOKEN\"]", "no agent is handed GH_TOKEN", "done by Crewhouse");
    check("env = [\"GIT_DIR\"]", "no agent is handed GIT_DIR", "");
    check("allow = [\"--dangerously-skip-permissions\"]", "is no program", "taken for an option");
    check("program = \"\"", "`` is no program", "");
}

#[test]
fn codex_needs_nothing_but_its_kind() {
    let team = parse(&with_provider("codex", "")).unwrap();
    let codex = added(&team);
    assert_eq!((codex.program.as_str(), &codex.key_env), ("codex", &None));
    assert_eq!((codex.permissions, codex.billing), (Permissions::Edit, Payer::Subscription));
    let keys = r#"
base_url = "http://127.0.0.1:1/v1"
key_env = "ROUTER_KEY"
billing = "api-key"
allow = ["make", "git log"]
"#;
    let team = parse(&with_provider("codex", keys)).unwrap();
    assert_eq!(added(&team).key_env.as_deref(), Some("ROUTER_KEY"));
    assert_eq!(added(&team).allow, ["make", "git log"]);
    parse(&with_provider("codex", "base_url = \"http://127.0.0.1:1/v1\"\nbilling = \"any\""))
        .unwrap();
}

#[test]
fn every_mistake_about_codex_is_named_with_a_hint() {
    let check = |keys, what, hint| mistaken("codex", keys, what, hint);
    check("api = \"openai\"", "`api` means nothing for kind = \"codex\"", "kind = \"native\"");
    check("key_env = \"ROUTER_KEY\"", "`key_env` is ROUTER_KEY", "billing = \"api-key\"");
    check("base_url = \"http://127.0.0.1:1\"", "no subscription pays at `base_url`", "key_env");
    check("env = [\"CODEX_API_KEY\"]", "hands over CODEX_API_KEY", "billing = \"api-key\"");
    check("env = [\"CODEX_HOME\"]", "no agent is handed CODEX_HOME", "");
    check("key_env = \"sk-1\"", "`sk-1` is no name of a variable", "names only");
    check("allow = [\" \"]", "is no program", "docs/team.md");
}

/// The default team with keys of the engineer.
fn with_engineer(keys: &str) -> String {
    default_with("[roles.engineer]", &format!("[roles.engineer]\n{keys}"))
}

#[test]
fn rules_and_times_of_asks_are_read() {
    let keys = r#"
asks_expire = "90m"
rules = [
    { answer = "allow", command = "cargo  test" },
    { answer = "deny", tool = "edit", path = "~/.ssh/**", why = "No." },
    { answer = "ask", tool = "mcp__*" },
]
"#;
    let team = parse(&with_engineer(keys)).unwrap();
    let engineer = &team.roles[&"engineer".parse::<RoleName>().unwrap()];
    let rules: Vec<String> = engineer.rules.iter().map(ToString::to_string).collect();
    let expect = ["allow command cargo test", "deny tool edit path ~/.ssh/**", "ask tool mcp__*"];
    assert_eq!(rules, expect);
    assert_eq!(engineer.asks_expire, Some(crate::Millis::minutes(90)));
}

#[test]
fn every_mistake_about_a_role_is_named_with_a_hint() {
    let check = |keys: &str, what: &str, hint: &str| {
        let problems = parse(&with_engineer(keys)).expect_err(keys);
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let text = text.join("\n");
        assert!(text.contains(what) && text.contains(hint), "{keys}\n{text}");
    };
    check("fallback = [\"tier:best\"]", "`tier:best` is no tier", "tier:expert");
    check("fallback = [\"tier:expert\"]", "nobody is of the tier `expert`", "write [tiers]");
    check("fallback = [\"native\"]", "`native` would step in for itself", "once");
    check("sandbox = \"off\"", "true, false, or a table of `read`, `write` and `ports`", "");
    check("sandbox = { raed = [] }", "unknown field `raed`", "did you mean `read`?");
    check("sandbox = { write = [\"/\"] }", "roles.engineer.sandbox.write: `/` is no place", "~/");
}

#[test]
fn every_mistake_about_rules_is_named_with_a_hint() {
    let check = |keys: &str, what: &str, hint: &str| {
        let problems = parse(&with_engineer(keys)).expect_err(keys);
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let text = text.join("\n");
        assert!(text.contains(what) && text.contains(hint), "{keys}\n{text}");
    };
    let rule = |rule: &str| format!("rules = [{{ {rule} }}]");
    let wrong = |text: &str, what: &str, hint: &str| check(&rule(text), what, hint);
    wrong("answer = \"alow\", tool = \"x\"", "unknown variant `alow`", "did you mean `allow`?");
    wrong("answer = \"allow\"", "rule 1: it is about nothing", "name a tool");
    wrong("answer = \"allow\", tool = \" \"", "its tool has no name", "mcp__*");
    let both = "answer = \"deny\", path = \"a\", command = \"b\"";
    wrong(both, "a path and a command", "write two rules");
    wrong("answer = \"deny\", tool = \"edit\", command = \"b\"", "never used", "\"shell\"");
    wrong("answer = \"allow\", tool = \"x\", why = \"y\"", "does not deny", "denied");
    wrong("answer = \"allow\", command = \"a && b\"", "more than the beginning", "cargo test");
    wrong("answer = \"allow\", command = \"\"", "its command is empty", "words");
    for path in ["../x", "a//b", "./a", "a/..", "~", "a**"] {
        wrong(&format!("answer = \"allow\", path = \"{path}\""), "is no pattern", "src/**");
    }
    wrong("answer = \"allow\", path = \"docs/\"", "names a directory", "`docs/**`");
    wrong("answer = \"allow\", path = \"a?\"", "more than `*`", "each");
    for time in ["2", "h", "0m", "8d", "-1h", "1w", ""] {
        check(&format!("asks_expire = \"{time}\""), "is no time that an ask can wait", "2h");
    }
}
