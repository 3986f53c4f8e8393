//! The daemon's comings and goings.

use std::collections::BTreeMap;

use crew_agent::shim::{self, InputMode, Launched, Presence, ShimProgram, Spec};
use crew_core::Millis;
use rustix::process::Signal;
use serde_json::json;

use crate::sandbox::{Sandbox, poll};

#[test]
fn up_is_idempotent_and_down_too() {
    let sandbox = Sandbox::new();
    let status = sandbox.crew(&["status", "--json"]).fails(4, "does not run");
    assert_eq!(status.json(), json!({"running": false}));
    assert!(!sandbox.home.exists(), "status starts and makes nothing");
    let first = sandbox.json(&["up"]);
    assert_eq!(sandbox.json(&["up"]), first);
    assert_eq!(first["pid"].as_u64().unwrap(), u64::from(sandbox.daemon().unwrap().pid));
    assert_eq!(first["home"], sandbox.home.to_str().unwrap());
    let url = first["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let status = sandbox.json(&["status"]);
    assert_eq!((&status["running"], &status["url"]), (&json!(true), &json!(url)));

    let down = sandbox.json(&["down"]);
    assert_eq!(down["ended"], first["pid"]);
    assert!(sandbox.daemon().is_none() && !sandbox.home.join("daemon.json").exists());
    assert_eq!(sandbox.json(&["down"]), json!({"running": false, "ended": null}));
}

#[test]
fn the_board_is_opened_with_the_token_and_found_again_after_a_restart() {
    let sandbox = Sandbox::new();
    let printed = sandbox.crew(&["open", "--print"]).exits(0).out;
    let token = std::fs::read_to_string(sandbox.home.join("token")).unwrap();
    let (url, secret) = printed.trim().split_once("/#token=").unwrap();
    assert_eq!(secret, token.trim());
    assert_eq!(sandbox.json(&["up"])["url"], url);
    sandbox.json(&["down"]);
    assert_eq!(sandbox.json(&["up"])["url"], url, "the next daemon listens where the last one did");
    let log = std::fs::read_to_string(sandbox.home.join("daemon.log")).unwrap();
    assert!(!log.contains(token.trim()), "the token is in no log");
}

#[test]
fn many_that_start_it_at_once_find_the_same_daemon() {
    let sandbox = Sandbox::new();
    let children: Vec<_> =
        (0..4).map(|_| sandbox.command(&["up", "--json"]).spawn().unwrap()).collect();
    let mut pids: Vec<u64> = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            said["pid"].as_u64().unwrap()
        })
        .collect();
    pids.dedup();
    assert_eq!(pids, [u64::from(sandbox.daemon().unwrap().pid)]);
}

#[test]
fn a_home_has_one_daemon() {
    let sandbox = Sandbox::new();
    let first = sandbox.json(&["up"]);
    let home = sandbox.home.to_str().unwrap();
    sandbox.crew(&["serve", "--home", home]).fails(3, "another Crewhouse works on");
    assert_eq!(sandbox.json(&["up"]), first, "the first goes on");
}

#[test]
fn a_daemon_that_was_killed_is_replaced_by_the_next_command() {
    let sandbox = Sandbox::with_project();
    sandbox.crew(&["task", "add", "kept"]).exits(0);
    for _ in 0..3 {
        sandbox.kill_daemon();
        assert!(sandbox.home.join("daemon.json").exists(), "it had no time to clean up");
        sandbox.crew(&["status"]).fails(4, "does not run");
        let list = sandbox.crew(&["task", "list"]).exits(0);
        assert!(list.out.contains("kept"), "{list:?}");
    }
    sandbox.kill_daemon();
    // The pid may belong to another by now: to us, for instance.
    let file = sandbox.home.join("daemon.json");
    let mut said: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    said["pid"] = json!(std::process::id());
    std::fs::write(&file, said.to_string()).unwrap();
    sandbox.crew(&["down"]).fails(4, "does not answer");
    sandbox.crew(&["task", "list"]).exits(0);
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let sandbox = Sandbox::new();
        let home = sandbox.home.to_str().unwrap().to_owned();
        let mut child = sandbox.command(&["serve", "--home", &home]).spawn().unwrap();
        poll("it serves", || sandbox.home.join("daemon.json").exists().then_some(()));
        sandbox.daemon().unwrap().signal(signal).unwrap();
        assert!(child.wait().unwrap().success());
        assert!(!sandbox.home.join("daemon.json").exists());
    }
}

#[test]
fn a_backup_is_brought_back_and_what_was_there_is_kept() {
    let sandbox = Sandbox::with_project();
    sandbox.crew(&["task", "add", "before"]).exits(0);
    let backup = sandbox.dir.path().join("backup");
    let backup = backup.to_str().unwrap();
    sandbox.crew(&["backup", backup]).exits(0);
    let again = sandbox.crew(&["backup", backup]).exits(3);
    assert!(again.err.contains("exists already"), "{again:?}");
    sandbox.crew(&["task", "add", "after"]).exits(0);
    sandbox.crew(&["restore", backup]).fails(3, "another Crewhouse works on");
    sandbox.crew(&["down"]).exits(0);
    let said = sandbox.json(&["restore", backup]);
    assert!(
        std::path::Path::new(said["set_aside"].as_str().unwrap()).join("crewhouse.db").exists()
    );
    let list = sandbox.crew(&["task", "list"]).exits(0);
    assert!(list.out.contains("before") && !list.out.contains("after"), "{list:?}");
}

#[test]
fn everything_stops_until_it_is_released() {
    let sandbox = Sandbox::with_project();
    sandbox.crew(&["estop"]).exits(0);
    let twice = sandbox.crew(&["estop"]).exits(3);
    assert!(twice.err.contains("stopped already"), "{twice:?}");
    assert!(sandbox.json(&["status"])["stopped"].is_u64());
    sandbox.crew(&["estop", "--release"]).exits(0);
    assert!(sandbox.json(&["status"])["stopped"].is_null());
}

#[test]
fn the_program_is_its_own_shim() {
    let sandbox = Sandbox::new();
    let dir = sandbox.dir.path().join("runs/1.1");
    let spec = Spec {
        argv: vec!["/bin/sh".into(), "-c".into(), "echo '{\"type\":\"text\"}'".into()],
        cwd: sandbox.repo.clone(),
        env: BTreeMap::new(),
        secret_env: Vec::new(),
        marker: format!("test-{}", std::process::id()),
        stdin: Vec::new(),
        input: InputMode::Close,
        grace: Millis(1_000),
        deadline: None,
        output_bytes_max: 1 << 20,
        dialect: crew_agent::Dialect::Native,
    };
    let program =
        ShimProgram { path: env!("CARGO_BIN_EXE_crew").into(), arguments: vec!["shim".into()] };
    let Launched::Now(mut child) = shim::launch(&dir, &spec, &program, &BTreeMap::new()).unwrap()
    else {
        panic!("nobody launched it before")
    };
    child.wait().unwrap();
    assert!(matches!(shim::look(&dir).unwrap(), Presence::Ended(_)));
    assert_eq!(std::fs::read_to_string(dir.join(shim::OUT)).unwrap(), "{\"type\":\"text\"}\n");
}

#[test]
fn the_program_is_its_own_agent() {
    let sandbox = Sandbox::new();
    let said = sandbox.crew_with_input(&["native"], "no start\n");
    assert_eq!(said.code, 78, "what is asked cannot work: {said:?}");
    assert!(said.out.contains("\"type\":\"error\""), "{said:?}");
}
