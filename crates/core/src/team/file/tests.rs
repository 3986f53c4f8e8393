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

/// A mistake is named with its key, "" for none, and with what to do.
#[track_caller]
fn is_named(text: &str, key: &str, what: &str, hint: &str) {
    let problems = parse(text).unwrap_err();
    let is_it = |it: &&Problem| it.what.contains(what) && it.to_string().contains(hint);
    let found = problems.iter().find(is_it);
    let found = found.unwrap_or_else(|| panic!("expected: {what}, {hint}\ngot: {problems:#?}"));
    assert_eq!(found.key.as_deref().unwrap_or_default(), key, "{found}");
}

/// A mistake in the default team.
#[track_caller]
fn check(from: &str, to: &str, key: &str, what: &str, hint: &str) {
    is_named(&default_with(from, to), key, what, hint);
}

#[test]
fn every_mistake_of_a_table_is_named_with_key_and_hint() {
    for path in ["/", "~/", "relative", "~/../other", "/etc/../root", "~user/x", "//", "/./"] {
        let sandbox = format!("[sandbox]\nwrite = [\"{path}\"]\n[worktree]");
        let what = format!("sandbox.write: `{path}` is no place");
        check("[worktree]", &sandbox, "sandbox.write", &what, "below the home or from `/`");
    }
    let sandbox = |keys: &str| format!("[sandbox]\n{keys}\n[worktree]");
    check("[worktree]", &sandbox("ports = [70000]"), "sandbox.ports", "expected u16", "");
    check("[worktree]", &sandbox("mode = \"on\""), "sandbox.mode", "`on`", "");
    let limit = |from: &str, to: &str, key: &str, what: &str, hint: &str| {
        check(from, to, &format!("limits.{key}"), what, hint);
    };
    limit("retries = 2", "quiet_hours = \"at night\"", "quiet_hours", "no hours", "22:00-07:00");
    limit("retries = 2", "retrys = 2", "retrys", "unknown field `retrys`", "mean `retries`?");
    limit("agents = 4 ", "agents = \"four\" ", "agents", "expected u32", "");
    limit("agents = 4 ", "agents = 0 ", "agents", "limits.agents: 0 is too few", "at least one");
    limit("quiet_minutes = 5 ", "quiet_minutes = 30 ", "silent_minutes", "be larger", "flagged");
    limit("[limits]", "[limits]\nplan_percent = 101", "plan_percent", "101", "a part of 100");
    limit("run_minutes = 60 ", "run_minutes = 0 ", "run_minutes", "0 is no time", "more than 0");
    limit("run_minutes = 60 ", "run_minutes = nan ", "run_minutes", "NaN is no", "more than 0");
    let budget = |from: &str, to: &str, key: &str, what: &str, hint: &str| {
        check(from, to, &format!("budget.{key}"), what, hint);
    };
    budget("run_usd = 3.00", "run_usd = -1.0", "run_usd", "-1 is no amount", "dollars");
    let more = |key: &str| format!("run_usd = 3.00\n{key}");
    let project = more("project_usd = 1.0");
    budget("run_usd = 3.00", &project, "project_usd", "too little", "raise it");
    budget("run_usd = 3.00", &more("day_minutes = 0"), "day_minutes", "too little", "raise it");
    check("task_usd = 20.00", "task_usd = 1.00", "", "must fit into", "raise the larger");
    check("[limits]", "[limits", "", "TOML parse error", "docs/team.md");
}

#[test]
fn every_mistake_of_a_list_is_named_with_key_and_hint() {
    let routine = |keys: &str, key: &str, what: &str, hint: &str| {
        let text = format!("[[routines]]\nname = \"look\"\n{keys}\n\n[worktree]");
        check("[worktree]", &text, &format!("routines.look.{key}"), what, hint);
    };
    let often = "title = \"Look\"\nevery_minutes = 1";
    routine(often, "every_minutes", "1 is too few", "give 5 at least");
    let nameless = "title = \" \"\nevery_minutes = 60";
    routine(nameless, "title", "it is not one line", "say in a few words");
    let again = "title = \"a\"\nevery_minutes = 9\n[[routines]]\nname = \"look\"\ntitle = \"b\"\n";
    routine(&format!("{again}every_minutes = 9"), "name", "it is there twice", "rename one");
    let rule = |rule: &str, key: &str, what: &str| {
        let tiers = format!("[tiers]\ncheap = [\"native\"]\n[[tiers.rules]]\n{rule}\n\n[worktree]");
        check("[worktree]", &tiers, &format!("tiers.rules.1{key}"), what, "");
    };
    rule("tier = \"cheap\"", "", "a rule that is for every task");
    rule("tier = \"cheap\"\nwords = [\" \"]", "", "a rule that is for every task");
    rule("tier = \"cheap\"\nfiles = [\"src/\"]", ".files", "`src/` names a directory");
    rule("tier = \"cheap\"\nfiles = [\"/etc/**\"]", ".files", "outside of the repository");
    rule("tier = \"expert\"\nlabels = [\"a\"]", ".tier", "nobody is of the tier `expert`");
    rule("tier = \"cheep\"", ".tier", "unknown variant `cheep`");
}

#[test]
fn every_mistake_about_a_stage_is_named_with_key_and_hint() {
    let (owner, next) = ("owner = \"pm\"", "next = [\"done\"]");
    check(owner, "owner = \"boss\"", "stages.backlog.owner", "no role `boss`", "[roles.boss]");
    let bad = "owner = \"The Boss\"";
    check(owner, bad, "stages.backlog.owner", "`The Boss` is not a name", "lower-case");
    check(owner, "", "stages.backlog.owner", "it is missing", "human");
    let stage = |from: &str, to: &str, key: &str, what: &str, hint: &str| {
        check(from, to, &format!("stages.needs-review.{key}"), what, hint);
    };
    stage(next, "next = [\"dne\"]", "next", "there is no stage `dne`", "`next` and `back`");
    stage(next, "next = [\"d n e\"]", "next", "is not a name", "");
    stage(next, "next = []", "next", "it is a dead end", "give it a `next`");
    let back = "next = [\"done\"]\nback = \"in-progress\"";
    stage(back, "next = [\"done\"]\nback = \"dne\"", "back", "there is no stage `dne`", "");
    stage(back, "next = [\"done\"]\nback = \"d n e\"", "back", "is not a name", "");
    stage(back, next, "back", "it is missing, and there are gates", "does not pass");
    let more = |key: &str| format!("{next}\n{key}");
    stage(next, &more("wip = 0"), "wip", "0 is too few", "leave the key out");
    stage(next, &more("visits = 0"), "visits", "0 is too few", "leave the key out");
    stage(next, &more("wip = -1"), "wip", "expected u32", "");
    stage(next, &more("mode = \"queues\""), "mode", "unknown variant", "mean `queue`?");
    let gates = "gates = [{ human = true }]";
    stage(gates, "", "gates", "asks for nothing", "human = true");
    let gate = |gate: &str, key: &str, what: &str| {
        stage(gates, &format!("gates = [{{ human = true }}, {gate}]"), key, what, "");
    };
    gate("{ human = true, check = \"x\" }", "gates.2", "a gate is one of");
    gate("{ verdict = \"boss\" }", "gates.2.verdict", "there is no role `boss`");
    gate("{ verdict = \"The Boss\" }", "gates.2.verdict", "is not a name");
    gate("{ vredict = \"pm\" }", "gates.2.vredict", "unknown field");
    let own = "gates = [{ verdict = \"tester\" }]";
    let key = "stages.needs-testing.gates.1.verdict";
    check("gates = []", own, key, "would judge its own work", "another role");
    let done = "name = \"done\"";
    check(done, "name = \"backlog\"", "stages.backlog.name", "are called `backlog`", "rename");
    let key = "stages.All. Done.name";
    check(done, "name = \"All. Done\"", key, "`All. Done` is not a name", "");
    let end = "mode = \"end\"";
    check(end, &format!("{end}\n{gates}"), "stages.done.gates", "the end has none", "before it");
    check(end, &format!("{end}\n{next}"), "stages.done.next", "the end has none", "take it out");
    let no_end = "mode = \"queue\"\nowner = \"pm\"\nnext = [\"backlog\"]";
    check(end, no_end, "", "0 stages with mode", "the last");
}

#[test]
fn every_mistake_about_how_a_stage_works_is_named_with_key_and_hint() {
    let stage = |keys: &str, key: &str, what: &str, hint: &str| {
        let text = format!("wip = 3\n{keys}\n");
        check("wip = 3\n", &text, &format!("stages.in-progress.{key}"), what, hint);
    };
    stage("mode = \"parallel\"", "roles", "two names or more are needed", "sequence");
    stage("roles = [\"boss\"]", "roles", "there is no role `boss`", "[roles.boss]");
    stage("roles = [\"The Boss\"]", "roles", "is not a name", "");
    stage("mode = \"queue\"\ngates = [{ human = true }]", "gates", "a queue has none", "wait");
    let best = |keys: &str, key: &str, what: &str, hint: &str| {
        stage(&format!("mode = \"best-of-n\"\n{keys}"), key, what, hint);
    };
    best("judge = \"pm\"", "n", "1 is not from 2 to 8", "how many try");
    best("n = 9\njudge = \"pm\"", "n", "9 is not from 2 to 8", "");
    let two = "roles = [\"engineer\", \"tester\", \"marketing\"]\nn = 2\njudge = \"pm\"";
    best(two, "roles", "there are 3 of them, and 2 tries", "in `roles` who");
    best("n = 2", "judge", "it is missing", "the role that chooses");
    best("n = 2\njudge = \"boss\"", "judge", "there is no role `boss`", "");
    best("n = 2\njudge = \"The Boss\"", "judge", "is not a name", "");
    best("n = 2\njudge = \"engineer\"", "judge", "would judge its own work", "");
    let queue = "owner = \"pm\"\nmode = \"queue\"";
    check("owner = \"pm\"", queue, "stages.backlog.next", "leads to one stage", "wait");
}

/// A mistake is about the key that was given, though others follow from it.
#[test]
fn the_first_mistake_is_where_the_way_ends() {
    let problems = parse(&default_with("next = [\"in-progress\"]", "next = []")).unwrap_err();
    assert!(problems.len() > 2, "{problems:?}");
    assert_eq!(problems[0].key.as_deref(), Some("stages.ready-for-dev.next"));
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
    // The default of `silent_minutes` is not in the file.
    check_line("quiet_minutes = 5 ", "quiet_minutes = 30 ", Some("silent_minutes = 20"));
    let (_, quiet) = DEFAULT_TEAM.split_once("quiet_minutes = 5 ").unwrap();
    let (quiet, _) = quiet.split_once("20").unwrap();
    check_line(&format!("5 {quiet}20"), "30", Some("quiet_minutes = 30"));
}

#[test]
fn what_is_missing_is_where_its_table_is() {
    let review = Some("name = \"needs-review\"");
    check_line("next = [\"done\"]\nback = \"in-progress\"", "next = [\"done\"]", review);
    check_line("owner = \"pm\"", "", Some("name = \"backlog\""));
    check_line("mode = \"end\"", "", Some("name = \"done\""));
    check_line("kind = \"native\"\napi", "api", Some("[providers.native]"));
}

#[test]
fn a_name_is_where_it_is_written_and_the_later_of_two() {
    let twice = "name = \"backlog\" # again";
    let text = default_with("name = \"done\"", twice);
    let problems = parse(&text).unwrap_err();
    let name = problems.iter().find(|it| it.key.as_deref() == Some("stages.backlog.name")).unwrap();
    assert_eq!(text.lines().nth(name.line.unwrap() as usize - 1), Some(twice));
    check_line("name = \"done\"", "name = \"All. Done\"", Some("name = \"All. Done\""));
    let scribe = "[roles.Scribe]\nprovider = \"native\"\n[roles.engineer]";
    check_line("[roles.engineer]", scribe, Some("[roles.Scribe]"));
    let work = "[providers.c]\nkind = \"claude\"\n[providers.c.profiles.work]\nagents = 0\n[roles.engineer]";
    check_line("[roles.engineer]", work, Some("agents = 0"));
    let rules = "rules = [\n{ answer = \"deny\", tool = \"x\" },\n{ answer = \"deny\",\npath = \"a?\" },\n]";
    let engineer = format!("[roles.engineer]\n{rules}");
    check_line("[roles.engineer]", &engineer, Some("path = \"a?\" },"));
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
    assert_eq!(problems[0].what, "stages.island: no task can reach it");
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

/// A mistake in the keys of a provider.
#[track_caller]
fn mistaken(kind: &str, keys: &str, key: &str, what: &str, hint: &str) {
    is_named(&with_provider(kind, keys), &format!("providers.added.{key}"), what, hint);
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
fn every_mistake_about_acp_is_named_with_key_and_hint() {
    let check = |keys: &str, key: &str, what: &str, hint: &str| {
        mistaken("acp", keys, key, what, hint);
    };
    check("", "agent", "it is not said which agent", "agent = \"gemini\"");
    check("agent = \"opncode\"", "agent", "unknown variant `opncode`", "mean `opencode`?");
    let told = "agent = \"codex\"\nbase_url = \"http://x\"";
    check(told, "base_url", "is told an address", "own configuration");
    let mine = |keys: &str| format!("program = \"mine\"\n{keys}");
    check(&mine("billing = \"any\""), "billing", "who pays for it", "remove `billing`");
    check(&mine("key = \"keyring:a\""), "key_env", "in which variable", "key_env = ");
    let key = "agent = \"gemini\"\nbilling = \"subscription\"\nenv = [\"GEMINI_API_KEY\"]";
    check(key, "billing", "hands over GEMINI_API_KEY", "billing = \"api-key\"");
    check("agent = \"gemini\"\nenv = [\"GH_TOKEN\"]", "env", "no agent is handed GH_TOKEN", "");
    check("program = \"--acp\"", "program", "`--acp` is no program", "examples");
    check("agent = \"gemini\"\nmodel = \"-m\"", "model", "`-m` is no model", "examples");
    check("agent = \"gemini\"\nmode = \"-m\"", "mode", "`-m` is no mode", "examples");
}

#[test]
fn every_mistake_about_a_model_is_named_with_key_and_hint() {
    let check = |keys: &str, key: &str, what: &str, hint: &str| {
        mistaken("native", keys, key, what, hint);
    };
    check("model = \"m\"", "api", "needs `api` and `model`", "playbook");
    check("api = \"ollama\"", "model", "needs `api` and `model`", "playbook");
    let model = |keys: &str| format!("api = \"ollama\"\nmodel = \"m\"\n{keys}");
    let check =
        |keys: &str, key: &str, what: &str, hint: &str| check(&model(keys), key, what, hint);
    let half = |key: &str| format!("{key}_usd_per_mtok = 0.5");
    check(&half("input"), "output_usd_per_mtok", "a price needs", "would not be known");
    check(&half("output"), "input_usd_per_mtok", "a price needs", "would not be known");
    check(&half("cached"), "input_usd_per_mtok", "a price needs", "would not be known");
    for name in ["input", "cached", "output"] {
        let key = format!("{name}_usd_per_mtok");
        check(&format!("{key} = -1.0"), &key, "-1 is no amount of money", "0.50");
        check(&format!("{key} = \"free\""), &key, "expected f64", "");
    }
    check("context_tokens = 9", "context_tokens", "9 are too few", "8192");
    check("context_tokens = \"9k\"", "context_tokens", "expected u64", "");
    check("agents = 0", "agents", "0 is too few", "every role that it plays");
    check("agents = \"two\"", "agents", "expected u32", "");
    check("key = \"sk-invented\"", "key", "it names no secret", "crew secret set");
    check("key = \"keyring:a\"", "key_env", "in which variable", "key_env = ");
    check("key = \"keyring:a\"\nkey_env = \"a-b\"", "key_env", "no name of a variable", "");
    check("permissions = \"all\"", "permissions", "means nothing for kind = \"native\"", "");
}

#[test]
fn every_mistake_about_a_provider_itself_is_at_its_table() {
    let named = |name: &str| format!("{DEFAULT_TEAM}\n[providers.{name}]\nkind = \"mailbox\"\n");
    is_named(&named("Mine"), "providers.Mine", "`Mine` is not a name", "");
    let text = named("mine").replace("\nkind = \"mailbox\"\n", "\nkind = \"telepathy\"\n");
    is_named(&text, "providers.mine.kind", "unknown variant", "");
    let text = named("mine").replace("\nkind = \"mailbox\"\n", "\n");
    is_named(&text, "providers.mine", "missing field `kind`", "");
    let work = |keys: &str| {
        let claude = "[providers.c]\nkind = \"claude\"\n[providers.c.profiles.work]";
        format!("{DEFAULT_TEAM}\n{claude}\n{keys}\n")
    };
    let key = "key = \"keyring:a\"\nkey_env = \"ANTHROPIC_API_KEY\"";
    is_named(&work(key), "providers.c/work.billing", "`key` is put into", "the key would pay");
    is_named(&work("agents = \"two\""), "providers.c/work.agents", "expected u32", "");
    let text = work("").replace("profiles.work", "profiles.Work");
    is_named(&text, "providers.c/Work", "`c/Work` is not a name", "");
}

#[test]
fn every_mistake_about_claude_is_named_with_key_and_hint() {
    let check = |keys, key, what, hint| mistaken("claude", keys, key, what, hint);
    check("api = \"openai\"", "api", "means nothing for kind = \"claude\"", "kind = \"native\"");
    check("key_env = \"K\"", "key_env", "means nothing", "remove it");
    check("permissions = \"yolo\"", "permissions", "unknown variant `yolo`", "");
    check("billing = \"apikey\"", "billing", "unknown variant `apikey`", "mean `api-key`?");
    let key = "env = [\"ANTHROPIC_API_KEY\"]";
    check(key, "billing", "`env` hands over ANTHROPIC_API_KEY", "billing = \"api-key\"");
    check("env = [\"A=b\"]", "env", "`A=b` is no name", "names only");
    check("env = [\"GH_TOKEN\"]", "env", "no agent is handed GH_TOKEN", "done by Crewhouse");
    check("env = [\"GIT_DIR\"]", "env", "no agent is handed GIT_DIR", "");
    let allow = "allow = [\"--dangerously-skip-permissions\"]";
    check(allow, "allow", "is no tool", "taken for an option");
    check("program = \"\"", "program", "`` is no program", "");
    check("model = \"-m\"", "model", "`-m` is no model", "");
    check("agents = 0", "agents", "0 is too few", "");
    check("key = \"sk-ant-invented\"", "key", "it names no secret", "crew secret set");
    let key = "key = \"keyring:a\"\nkey_env = \"ANTHROPIC_API_KEY\"";
    check(key, "billing", "`key` is put into ANTHROPIC_API_KEY", "the key would pay");
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
fn every_mistake_about_codex_is_named_with_key_and_hint() {
    let check = |keys, key, what, hint| mistaken("codex", keys, key, what, hint);
    check("api = \"openai\"", "api", "means nothing for kind = \"codex\"", "kind = \"native\"");
    let router = "key_env = \"ROUTER_KEY\"";
    check(router, "billing", "`key_env` is ROUTER_KEY", "billing = \"api-key\"");
    let there = "base_url = \"http://127.0.0.1:1\"";
    check(there, "billing", "no subscription pays at `base_url`", "key_env");
    let key = "env = [\"CODEX_API_KEY\"]";
    check(key, "billing", "hands over CODEX_API_KEY", "billing = \"api-key\"");
    check("env = [\"CODEX_HOME\"]", "env", "no agent is handed CODEX_HOME", "");
    check("key_env = \"sk-1\"", "key_env", "`sk-1` is no name of a variable", "names only");
    check("allow = [\" \"]", "allow", "is no tool", "docs/team.md");
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

/// A mistake in the keys of the engineer.
#[track_caller]
fn mistaken_engineer(keys: &str, key: &str, what: &str, hint: &str) {
    is_named(&with_engineer(keys), &format!("roles.engineer.{key}"), what, hint);
}

#[test]
fn every_mistake_about_a_role_is_named_with_key_and_hint() {
    let check = mistaken_engineer;
    check("session = \"role\"", "session", "one conversation", "agents = 1");
    check("session = \"rol\"", "session", "unknown variant `rol`", "mean `role`?");
    check("fallback = [\"tier:best\"]", "fallback", "`tier:best` is no tier", "tier:expert");
    check("fallback = [\"tier:expert\"]", "fallback", "of the tier `expert`", "write [tiers]");
    check("fallback = [\"native\"]", "fallback", "`native` would step in for itself", "once");
    check("fallback = [\"gpt\"]", "fallback", "there is no provider `gpt`", "[providers.gpt]");
    check("fallback = [\"GPT\"]", "fallback", "`GPT` is not a name", "");
    check("sandbox = \"off\"", "sandbox", "true, false, or a table of `read`, `write`", "");
    check("sandbox = { raed = [] }", "sandbox.raed", "unknown field `raed`", "mean `read`?");
    check("sandbox = { write = [\"/\"] }", "sandbox.write", "`/` is no place", "~/");
    check("tier = \"cheap\"", "provider", "either a `provider` or a `tier`", "");
    check("messages = [\"boss\"]", "messages", "there is no role `boss`", "[roles.boss]");
    check("messages = [\"The Boss\"]", "messages", "is not a name", "");
    check("budget = { day_tokens = 5 }", "budget.day_tokens", "is too little", "leave it out");
    check("budget = { day_usd = -5.0 }", "budget.day_usd", "-5 is no amount of money", "");
    let engineer = "[roles.engineer]\nprovider = \"native\"\nagents = 3";
    let check = |keys: &str, key: &str, what: &str, hint: &str| {
        let text = default_with(engineer, &format!("[roles.engineer]\n{keys}"));
        is_named(&text, &format!("roles.engineer.{key}"), what, hint);
    };
    check("provider = \"gpt\"", "provider", "no provider `gpt`", "[providers.gpt]");
    check("provider = \"GPT\"", "provider", "`GPT` is not a name", "");
    check("tier = \"cheap\"", "tier", "nobody is of the tier `cheap`", "write [tiers]");
    check("provider = \"native\"\nagents = 0", "agents", "0 is too few", "every stage");
    check("provider = \"native\"\nagents = -1", "agents", "expected u32", "");
}

#[test]
fn every_mistake_about_who_plays_is_named_with_key_and_hint() {
    let mail = "[providers.mail]\nkind = \"mailbox\"\n[tiers]\ncheap = [\"mail\", \"gpt\"]";
    let text = |keys: &str| {
        let roles = format!("{mail}\n[roles.scribe]\n{keys}\n[roles.engineer]");
        default_with("[roles.engineer]", &roles)
    };
    let check = |keys: &str, key: &str, what: &str| is_named(&text(keys), key, what, "");
    let many = "provider = \"mail\"\nagents = 2";
    check(many, "roles.scribe.agents", "one task at a time");
    let other = "provider = \"mail\"\nfallback = [\"native\"]";
    check(other, "roles.scribe.fallback", "neither steps in for others");
    check("tier = \"cheap\"", "roles.scribe.tier", "neither steps in for others");
    check("tier = \"cheap\"", "tiers.cheap", "there is no provider `gpt`");
    let native = "[roles.Scribe]\nprovider = \"native\"\n[roles.engineer]";
    let text = default_with("[roles.engineer]", native);
    is_named(&text, "roles.Scribe", "`Scribe` is not a name", "");
    let text = text.replace("Scribe", "human");
    is_named(&text, "roles.human", "`human` is no role of the team", "rename it");
}

#[test]
fn every_mistake_about_rules_is_named_with_key_and_hint() {
    let wrong = |rule: &str, key: &str, what: &str, hint: &str| {
        mistaken_engineer(&format!("rules = [{{ {rule} }}]"), &format!("rules.1{key}"), what, hint);
    };
    let slip = "answer = \"alow\", tool = \"x\"";
    wrong(slip, ".answer", "unknown variant `alow`", "did you mean `allow`?");
    wrong("answer = \"allow\"", "", "rules.1: it is about nothing", "name a tool");
    wrong("answer = \"allow\", tool = \" \"", ".tool", "its tool has no name", "mcp__*");
    let both = "answer = \"deny\", path = \"a\", command = \"b\"";
    wrong(both, "", "a path and a command", "write two rules");
    let never = "answer = \"deny\", tool = \"edit\", command = \"b\"";
    wrong(never, ".tool", "never used", "\"shell\"");
    let reason = "answer = \"allow\", tool = \"x\", why = \"y\"";
    wrong(reason, ".why", "does not deny", "denied");
    let command = |command: &str| format!("answer = \"allow\", command = \"{command}\"");
    wrong(&command("a && b"), ".command", "more than the beginning", "cargo test");
    wrong(&command(""), ".command", "its command is empty", "words");
    let path = |path: &str| format!("answer = \"allow\", path = \"{path}\"");
    for bad in ["../x", "a//b", "./a", "a/..", "~", "a**"] {
        wrong(&path(bad), ".path", "is no pattern", "src/**");
    }
    wrong(&path("docs/"), ".path", "names a directory", "`docs/**`");
    wrong(&path("a?"), ".path", "more than `*`", "each");
    for time in ["2", "h", "0m", "8d", "-1h", "1w", ""] {
        let key = format!("asks_expire = \"{time}\"");
        mistaken_engineer(&key, "asks_expire", "is no time that an ask can wait", "2h");
    }
}
