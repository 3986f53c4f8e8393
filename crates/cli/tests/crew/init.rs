//! Putting repositories under Crewhouse, in good and in bad places.

use crate::sandbox::{Sandbox, git};

#[test]
fn a_repository_gets_a_team_on_its_own_branch() {
    let sandbox = Sandbox::new();
    sandbox.git(&["switch", "-q", "-c", "we\"ird/trunk"]);
    std::fs::create_dir(sandbox.repo.join("src")).unwrap();
    let said = sandbox.crew_in(&sandbox.repo.join("src"), &["init", "--json"]).exits(0).json();
    assert_eq!(said["new"], true);
    assert_eq!(said["project"]["name"], "repo");
    assert_eq!(said["project"]["root"], sandbox.repo.to_str().unwrap());
    assert_eq!(said["created"].as_array().unwrap().len(), 10);
    let read = |name: &str| std::fs::read_to_string(sandbox.repo.join(".crew").join(name)).unwrap();
    for role in ["pm", "architect", "engineer", "tester", "marketing", "community"] {
        assert!(read(&format!("agents/{role}/CLAUDE.md")).len() > 20, "{role}");
    }
    assert!(read("team.toml").contains(r#"base = "we\"ird/trunk""#));
    assert!(read(".gitignore").lines().any(|line| line == "shared/"));
    for file in ["knowledge/project.toml", "knowledge/goals.toml"] {
        assert!(read(file).parse::<toml::Table>().is_ok(), "{file}");
    }
    assert!(read("knowledge/project.toml").contains("name = \"repo\""));
    assert_eq!(sandbox.json(&["team", "check"])["team"]["merge"]["base"], "we\"ird/trunk");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? .crew/", "git is left alone");
}

#[test]
fn who_plays_the_roles_is_chosen_with_a_new_team_or_one_that_nobody_changed() {
    let sandbox = Sandbox::new();
    let nobody = sandbox.crew(&["init", "--agent", "nobody"]).exits(3).err;
    assert!(nobody.contains("nobody is called `nobody`"), "{nobody}");
    assert!(nobody.contains("hint: programs are claude, codex, gemini-cli, opencode"), "{nobody}");
    let modelless = sandbox.crew(&["init", "--agent", "ollama"]).exits(3).err;
    assert!(modelless.contains("hint: an API needs a model"), "{modelless}");
    assert!(!sandbox.repo.join(".crew").exists(), "nothing is half done");

    sandbox.json(&["init"]);
    sandbox.json(&["init", "--agent", "opencode/acme/large"]);
    let team = &sandbox.json(&["team", "check"])["team"];
    assert_eq!(team["providers"][0]["name"], "opencode", "{team}");
    assert!(team["roles"].as_array().unwrap().iter().all(|role| role["provider"] == "opencode"));
    let file = sandbox.repo.join(".crew/team.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("model = \"acme/large\""), "{text}");
    assert!(text.contains("strategy = \"no-ff\"    # or \"squash\""), "comments stay: {text}");

    let said = sandbox.crew(&["init", "--agent", "claude"]).exits(3).err;
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}

#[test]
fn a_new_team_is_one_of_several_and_has_the_roles_that_it_needs() {
    let sandbox = Sandbox::new();
    let unknown = sandbox.crew(&["init", "--team", "seven"]).exits(2).err;
    assert!(unknown.contains("hint: one of six, pair, solo, rivals"), "{unknown}");
    assert!(!sandbox.repo.join(".crew").exists(), "nothing is half done");

    sandbox.json(&["init", "--team", "solo"]);
    let roles = || -> Vec<String> {
        let team = sandbox.json(&["team", "check"]);
        let roles = team["team"]["roles"].as_array().unwrap().clone();
        roles.iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(roles(), ["engineer"]);
    assert!(!sandbox.repo.join(".crew/agents/pm").exists(), "nobody plays it");
    sandbox.json(&["init", "--team", "pair", "--agent", "claude"]);
    assert_eq!(roles(), ["engineer", "pm", "tester"], "nobody had changed it");
    assert!(sandbox.repo.join(".crew/agents/tester/CLAUDE.md").exists());
    let said = sandbox.crew(&["init", "--team", "rivals"]).exits(3).err;
    assert!(said.contains("is there already"), "{said}");
}

#[test]
fn what_is_there_is_never_overwritten() {
    let sandbox = Sandbox::with_project();
    let role = sandbox.repo.join(".crew/agents/pm/CLAUDE.md");
    std::fs::write(&role, "mine").unwrap();
    std::fs::remove_file(sandbox.repo.join(".crew/knowledge/goals.toml")).unwrap();
    let said = sandbox.json(&["init"]);
    assert_eq!(said["new"], false);
    assert_eq!(said["created"], serde_json::json!([".crew/knowledge/goals.toml"]));
    assert_eq!(std::fs::read_to_string(role).unwrap(), "mine");
    let team = std::fs::read_to_string(sandbox.repo.join(".crew/team.toml")).unwrap();
    assert_eq!(team, crate::sandbox::HUMAN_TEAM);
    let projects = sandbox.json(&["status"])["projects"].as_array().unwrap().len();
    assert_eq!(projects, 1);
}

#[test]
fn a_bad_place_is_named_and_nothing_is_made_or_started() {
    let sandbox = Sandbox::new();
    let make = |name: &str| {
        let path = sandbox.dir.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let nothing = make("nothing");
    let bare = make("bare");
    git(&bare, &["init", "-q", "--bare"]);
    let empty = make("empty");
    git(&empty, &["init", "-q"]);
    let detached = make("detached");
    git(&detached, &["init", "-q"]);
    git(&detached, &["commit", "-q", "--allow-empty", "-m", "start"]);
    git(&detached, &["checkout", "-q", "--detach"]);
    let cases = [
        (&nothing, "not inside a git repository"),
        (&bare, "bare repository"),
        (&empty, "no commit yet"),
        (&detached, "HEAD is detached"),
    ];
    for (place, message) in cases {
        sandbox.crew_in(place, &["init"]).fails(1, message);
        assert!(!place.join(".crew").exists(), "{}", place.display());
    }
    assert!(!sandbox.home.exists(), "no daemon was started");
}

#[test]
fn a_team_with_mistakes_is_not_registered() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.repo.join(".crew")).unwrap();
    std::fs::write(sandbox.repo.join(".crew/team.toml"), "[limit]\n").unwrap();
    sandbox.crew(&["init"]).fails(1, ".crew/team.toml");
    assert!(sandbox.daemon().is_none());
}

#[test]
fn several_projects_are_told_apart() {
    let sandbox = Sandbox::with_project();
    let other = sandbox.dir.path().join("other");
    std::fs::create_dir_all(other.join(".crew")).unwrap();
    std::fs::write(other.join(".crew/team.toml"), crate::sandbox::HUMAN_TEAM).unwrap();
    git(&other, &["init", "-q", "-b", "main"]);
    git(&other, &["commit", "-q", "--allow-empty", "-m", "start"]);
    sandbox.crew_in(&other, &["init", "--name", "Other one"]).exits(0);
    sandbox.crew(&["task", "add", "here"]).exits(0);
    sandbox.crew(&["task", "add", "there", "--project", "Other one"]).exits(0);
    sandbox.crew(&["task", "add", "there too", "--project", "p2"]).exits(0);
    let path = other.to_str().unwrap();
    let titles = |arguments: &[&str]| -> Vec<String> {
        let tasks = sandbox.json(arguments)["tasks"].clone();
        tasks.as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap().into()).collect()
    };
    assert_eq!(titles(&["task", "list"]), ["here"]);
    assert_eq!(titles(&["task", "list", "--project", path]), ["there", "there too"]);
    sandbox.crew(&["task", "add", "x", "--project", "nope"]).fails(3, "no project `nope`");
    let tmp = sandbox.crew_in(sandbox.dir.path(), &["task", "list", "--json"]).exits(0).json();
    assert_eq!(tmp["tasks"].as_array().unwrap().len(), 3, "in no repository: all of them");
    sandbox.crew_in(sandbox.dir.path(), &["task", "add", "x"]).fails(1, "not inside a git");
}
