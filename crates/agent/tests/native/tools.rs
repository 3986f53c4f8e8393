//! Each tool, with what it is for and with what is thrown at it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crew_agent::AgentEvent;
use serde_json::json;

use crate::bench::Bench;

#[test]
fn read_shows_numbered_lines_and_says_what_it_left_out() {
    let bench = Bench::new();
    bench.put("a", "one\ntwo\nthree\n");
    bench.put("empty", "");
    bench.put("binary", [1, 0, 2]);
    bench.put("latin1", [b'a', 0xe4]);
    bench.put("long", "x".repeat(100_000));
    bench.put("many", "line\n".repeat(100_000));
    fs::File::create(bench.worktree().join("huge")).unwrap().set_len(1 << 30).unwrap();
    let check = |arguments: &str, ok: bool, part: &str| {
        let (was_ok, output) = bench.tool("read", arguments);
        assert!(was_ok == ok && output.contains(part), "{arguments}: {was_ok} {output}");
        assert!(output.len() < 80_000, "{arguments}: {} bytes", output.len());
    };
    check("path = 'a'", true, "1\tone\n2\ttwo\n3\tthree\n");
    check("path = 'a', offset = 2, limit = 1", true, "2\ttwo\n… lines 3 to 3 not shown");
    check("path = 'a', offset = 4", false, "has only 3 lines");
    check("path = 'empty'", true, "is empty");
    check("path = 'binary'", false, "binary");
    check("path = 'latin1'", false, "not UTF-8");
    check("path = 'long'", true, "(100000 bytes)");
    check("path = 'many'", true, "… lines 2001 to 100000 not shown");
    check("path = 'huge'", false, "too many to read");
    check("path = '.'", false, "directory");
    check("path = 'nope'", false, "No such file");
    check("path = '/dev/zero'", false, "outside");
    check("path = '../play.toml'", false, "outside");
}

#[test]
fn write_creates_and_replaces_and_keeps_the_mode() {
    let bench = Bench::new();
    bench.put("run.sh", "old");
    let run = bench.worktree().join("run.sh");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
    symlink("run.sh", bench.worktree().join("link")).unwrap();
    symlink(bench.outside(), bench.worktree().join("out")).unwrap();
    bench.put(".git", "gitdir: x");

    assert!(bench.tool("write", "path = 'deep/er/a', content = 'x'").0);
    assert_eq!(bench.get("deep/er/a"), "x");
    assert!(bench.tool("write", "path = 'link', content = 'new'").0);
    assert_eq!(bench.get("run.sh"), "new");
    assert_eq!(fs::metadata(&run).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(fs::symlink_metadata(bench.worktree().join("link")).unwrap().is_symlink());

    for path in ["../x", "out/x", "/tmp/x-of-crew", ".git", ".git/config", "deep", "run.sh/x"] {
        let (ok, output) = bench.tool("write", &format!("path = '{path}', content = 'x'"));
        assert!(!ok, "{path}: {output}");
    }
    assert!(!bench.outside().join("x").exists());
    assert_eq!(bench.get(".git"), "gitdir: x");
}

#[test]
fn edit_replaces_exactly_one_passage() {
    let bench = Bench::new();
    let check = |old: &str, new: &str, ok: bool, part: &str, expect: &str| {
        bench.put("a", "x y y z\n");
        let (was_ok, output) =
            bench.tool("edit", &format!("path = 'a', old = '{old}', new = '{new}'"));
        assert!(was_ok == ok && output.contains(part), "{old} -> {new}: {was_ok} {output}");
        assert_eq!(bench.get("a"), expect);
    };
    check("x", "w", true, "edited", "w y y z\n");
    check(" z", "", true, "edited", "x y y\n");
    check("y", "w", false, "occurs 2 times", "x y y z\n");
    check("q", "w", false, "does not occur", "x y y z\n");
    check("", "w", false, "must be some text", "x y y z\n");
    check("x", "x", false, "other text", "x y y z\n");
    check("q", "x", true, "nothing was changed", "x y y z\n");
    check("z", "y z", true, "nothing was changed", "x y y z\n");
}

#[test]
fn search_respects_gitignore_and_its_bounds() {
    let bench = Bench::new();
    bench.put(".gitignore", "target/\n");
    bench.put("target/a.rs", "needle");
    bench.put(".git/a.rs", "needle");
    bench.put(".hidden/b.rs", "a needle here\n");
    bench.put("src/c.rs", "no\nneedle 1\n");
    bench.put("src/d.txt", "needle\n");
    bench.put("binary.rs", [0xff, b'n']);
    fs::write(bench.outside().join("secret.rs"), "needle").unwrap();
    symlink(bench.outside(), bench.worktree().join("out")).unwrap();
    let check = |arguments: &str, ok: bool, expect: &str| {
        assert_eq!(bench.tool("search", arguments), (ok, expect.to_owned()), "{arguments}");
    };
    check(
        "pattern = 'needle'",
        true,
        ".hidden/b.rs:1: a needle here\nsrc/c.rs:2: needle 1\nsrc/d.txt:1: needle\n",
    );
    check("pattern = 'needle \\d', glob = '*.rs'", true, "src/c.rs:2: needle 1\n");
    check("pattern = 'needle', glob = 'src/*.txt'", true, "src/d.txt:1: needle\n");
    check("pattern = 'absent'", true, "no match\n");
    assert!(bench.tool("search", "pattern = '('").1.contains("`pattern`: regex parse error"));
    assert!(bench.tool("search", "pattern = 'a', glob = '['").1.contains("`glob`"));

    bench.put("many", "needle\n".repeat(10_000));
    let (_, output) = bench.tool("search", "pattern = 'needle', glob = 'many'");
    assert_eq!(output.lines().count(), 202);
    assert!(output.contains("more matches not shown"));
}

#[test]
fn shell_runs_in_the_worktree_and_shows_how_it_ended() {
    let bench = Bench::new();
    let check = |command: &str, ok: bool, parts: &[&str]| {
        let (was_ok, output) = bench.tool("shell", &format!("command = '''{command}'''"));
        assert_eq!(was_ok, ok, "{command}: {output}");
        for part in parts {
            assert!(output.contains(part), "{command}: {output}");
        }
    };
    check("pwd; echo err >&2", true, &["/worktree\n", "err\n", "(exit code 0)"]);
    check("exit 7", false, &["(exit code 7)"]);
    check("kill -9 $$", false, &["(killed by signal 9)"]);
    check("cat", true, &["(exit code 0)"]);
    check("nonexistent-program", false, &["(exit code 127)"]);
}

#[test]
fn ten_megabytes_of_output_are_bounded() {
    let bench = Bench::new();
    let (ok, output) =
        bench.tool("shell", "command = 'echo begin; yes | head -c 10000000; echo end'");
    assert!(ok && output.len() < 40_000, "{} bytes", output.len());
    assert!(output.starts_with("begin\n") && output.contains("end\n\n(exit code 0)"));
    assert!(output.contains("bytes left out"));
}

#[test]
fn nothing_of_a_command_outlives_it() {
    let bench = Bench::new();
    let alive = || {
        let pid = bench.get("pid");
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    let (ok, _) = bench.tool("shell", "command = 'sleep 1000 & echo $! > pid'");
    assert!(ok);
    wait_until(|| !alive());

    let (ok, output) =
        bench.tool("shell", "command = 'sleep 1000 & echo $! > pid; echo hi; wait', timeout_s = 1");
    assert!(!ok && output.contains("hi\n") && output.contains("killed: not done after 1 s"));
    wait_until(|| !alive());

    let own_session = "command = 'setsid sleep 1000 & echo $! > pid; sleep 1000', timeout_s = 1";
    assert!(!bench.tool("shell", own_session).0);
    wait_until(|| !alive());
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("it never came to be");
}

#[test]
fn a_tool_that_takes_long_has_a_heartbeat() {
    let bench = Bench::new();
    let script = "[[scene]]\n[[scene.turn]]\n\
                  tools = [{ name = 'shell', command = 'sleep 0.4; echo up' }]\n\
                  [[scene.turn]]\nfinish = 'DONE: x'\n";
    let ran = bench.run(&bench.start(script, &json!({ "heartbeat_ms": 50 })), &[]);
    assert_eq!(ran.results()[0], (true, "up\n\n(exit code 0)".to_owned()));
    let call = |event: &AgentEvent| matches!(event, AgentEvent::ToolCall { .. });
    let result = |event: &AgentEvent| matches!(event, AgentEvent::ToolResult { .. });
    let from = ran.events.iter().position(call).unwrap() + 1;
    let to = ran.events.iter().position(result).unwrap();
    assert!((2..=9).contains(&(to - from)), "{:?}", ran.events);
    assert!(ran.events[from..to].iter().all(|event| *event == AgentEvent::Heartbeat));
    assert!(!ran.events[to..].contains(&AgentEvent::Heartbeat));
    // One that is quick has none.
    assert!(!bench.play(script).events.contains(&AgentEvent::Heartbeat));
}
