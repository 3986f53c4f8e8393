//! The shim with real processes: what it promises about output, input and endings.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod shim_harness;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crew_agent::process;
use crew_agent::shim::{
    self, Accepted, InputMode, Launched, Presence, Refused, ShimError, Status, Why,
};
use crew_core::Millis;
use shim_harness::{Run, poll, sh};

#[test]
fn every_byte_is_spooled_and_the_exit_code_kept() {
    let run = Run::new(sh("printf 'a\\n\\000\\377b'; echo oops >&2; exit 3"));
    let exit = run.launch().ended();
    assert_eq!((exit.why, exit.status), (Why::Exited, Status::Code(3)));
    assert_eq!(run.out(), b"a\n\x00\xffb");
    assert_eq!(run.file(shim::ERR), b"oops\n");
    assert_eq!((exit.out_bytes, exit.err_bytes, exit.killed_descendants), (5, 5, 0));
}

#[test]
fn it_is_known_when_a_line_was_printed() {
    let before = shim_harness::now();
    let run = Run::new(sh("echo a; sleep 1; echo b"));
    run.launch().ended();
    let mut times = shim::Times::default();
    times.read_on(&run.dir).unwrap();
    let (Some(one), Some(other)) = (times.at(2), times.at(4)) else { panic!("{times:?}") };
    assert!(before <= one && other <= shim_harness::now(), "{times:?}");
    // The second between them, less the step of the first.
    assert!(other.0 - one.0 >= 500, "{times:?}");
    assert_eq!(times.at(5), None, "nothing more was printed");
}

#[test]
fn the_environment_is_the_given_one_and_nothing_else() {
    let run = Run::new(sh("/usr/bin/env; pwd"));
    run.launch().ended();
    let out = String::from_utf8(run.out()).unwrap();
    let names: HashSet<&str> =
        out.lines().filter_map(|line| line.split_once('=')).map(|v| v.0).collect();
    let expect = ["PATH", "CREWHOUSE_RUN", "PWD", "SHLVL", "OLDPWD", "_"];
    assert!(names.iter().all(|name| expect.contains(name)), "{names:?}");
    assert!(out.contains(&format!("CREWHOUSE_RUN={}", run.spec.marker)));
    assert!(out.ends_with(&format!("{}\n", run.spec.cwd.display())));
}

#[test]
fn a_secret_reaches_the_agent_and_no_file() {
    let script = "test ${KEY#sk-very-} = secret && echo has it; cat";
    let mut run = Run::new(sh(script));
    // By mistake it is among the plain variables, too.
    run.spec.env.insert("KEY".into(), "sk-very-secret".into());
    run.secrets.insert("KEY".into(), "sk-very-secret".into());
    let launched = run.launch();
    poll("the agent is up", || run.out() == b"has it\n");
    shim::send_input(&run.dir, "a", "hello").unwrap();
    poll("cat echoes", || run.out().ends_with(b"hello\n"));
    launched.stop().ended();
    let spec: shim::Spec = serde_json::from_slice(&run.file(shim::SPEC)).unwrap();
    assert_eq!(spec.secret_env, ["KEY"]);
    for entry in std::fs::read_dir(&run.dir).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
        assert!(!text.contains("sk-very-secret"), "{}", path.display());
    }
}

#[test]
fn a_launch_without_its_secret_does_not_start() {
    let mut run = Run::new(sh("echo up"));
    run.spec.secret_env = vec!["NO_SUCH_KEY".into()];
    std::fs::create_dir_all(&run.dir).unwrap();
    std::fs::write(run.dir.join(shim::SPEC), serde_json::to_vec(&run.spec).unwrap()).unwrap();
    std::process::Command::new(&run.shim.path).arg(&run.dir).status().unwrap();
    let presence = shim::look(&run.dir).unwrap();
    let Presence::Ended(exit) = presence else { panic!("{presence:?}") };
    assert!(
        matches!(&exit.why, Why::SpawnFailed { message, .. } if message.contains("NO_SUCH_KEY")),
        "{exit:?}"
    );
    assert_eq!(run.out(), b"");
}

#[test]
fn an_input_arrives_exactly_once_however_often_it_is_sent() {
    let mut spec = sh("cat");
    spec.stdin = vec!["first".into()];
    let run = Run::new(spec);
    let launched = run.launch();
    for round in 0..3 {
        for id in ["a", "b", "c"] {
            let got = shim::send_input(&run.dir, id, &format!("line {id}")).unwrap();
            let expect = if round == 0 { Accepted::Now } else { Accepted::Already };
            assert_eq!(got, expect);
        }
    }
    poll("cat echoes", || run.out() == b"first\nline a\nline b\nline c\n");
    assert_eq!(run.file(shim::IN).split(|byte| *byte == b'\n').count(), 4);
    shim::close_input(&run.dir).unwrap();
    let refused = shim::send_input(&run.dir, "d", "late");
    assert!(
        matches!(
            refused,
            Err(ShimError::Refused { why: Refused::InputClosed, .. } | ShimError::NotRunning(_))
        ),
        "{refused:?}"
    );
    assert_eq!(launched.ended().status, Status::Code(0));
}

#[test]
fn an_input_that_is_no_line_is_refused() {
    let run = Run::new(sh("cat"));
    let launched = run.launch();
    for (id, line) in [("x", "two\nlines"), ("", "no id"), ("long", &"x".repeat(2 << 20))] {
        let refused = shim::send_input(&run.dir, id, line);
        assert!(matches!(refused, Err(ShimError::Refused { why: Refused::Invalid, .. })));
    }
    launched.stop().ended();
    assert_eq!(run.out(), b"");
}

#[test]
fn an_agent_with_closed_input_sees_its_end() {
    let mut spec = sh("cat; echo end");
    spec.input = InputMode::Close;
    spec.stdin = vec!["prompt".into()];
    let run = Run::new(spec.clone());
    run.launch().ended();
    assert_eq!(run.out(), b"prompt\nend\n");
    spec.stdin.clear();
    let run = Run::new(spec);
    run.launch().ended();
    assert_eq!(run.out(), b"end\n");
}

#[test]
fn an_agent_that_reads_nothing_blocks_neither_stop_nor_status() {
    let run = Run::new(sh("sleep 60"));
    let launched = run.launch();
    let line = "x".repeat(900 << 10);
    let busy =
        (0..40).map(|i| shim::send_input(&run.dir, &format!("i{i}"), &line)).find_map(Result::err);
    assert!(matches!(busy, Some(ShimError::Refused { why: Refused::Busy, .. })), "{busy:?}");
    assert!(shim::status(&run.dir).unwrap().input_bytes_waiting > 16 << 20);
    let exit = launched.stop().ended();
    assert_eq!((exit.why, exit.status), (Why::Stopped, Status::Signal(15)));
}

#[test]
fn an_agent_that_ignores_term_is_killed_after_its_grace() {
    let run = Run::new(sh("trap '' TERM; echo up; while :; do sleep 1; done"));
    let launched = run.launch();
    poll("the agent is up", || run.out() == b"up\n");
    shim::stop(&run.dir, Millis(100)).unwrap();
    shim::stop(&run.dir, Millis(100_000)).unwrap();
    let exit = launched.ended();
    assert_eq!((exit.why, exit.status), (Why::Stopped, Status::Signal(9)));
    assert!(exit.ended_at.since(exit.started_at.unwrap()) < Millis::seconds(10));
}

#[test]
fn an_agent_may_end_well_in_its_grace() {
    let run = Run::new(sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"));
    let launched = run.launch();
    poll("the agent is up", || run.out() == b"up\n");
    let exit = launched.stop().ended();
    assert_eq!((exit.why, exit.status), (Why::Stopped, Status::Code(0)));
    assert_eq!(run.out(), b"up\nbye\n");
}

/// Children in sessions of their own, daemons that forked twice, some that ignore TERM and have
/// no mark in their environment: the ways in which real agents leave processes behind.
const LITTER: &str = "
    setsid sleep 300 & sleep 301 &
    (setsid sh -c 'sleep 302 & exec sleep 303' &)
    (env -i setsid sh -c 'trap \"\" TERM; while :; do sleep 304; done' &)
    ";

#[test]
fn nothing_that_the_agent_left_behind_outlives_it() {
    let run = Run::new(sh(&format!("{LITTER} sleep 0.2; exit 5")));
    let launched = run.launch();
    let exit = launched.ended();
    assert_eq!((exit.why, exit.status), (Why::Exited, Status::Code(5)));
    assert!(exit.killed_descendants >= 5, "{}", exit.killed_descendants);
    assert!(exit.survivors.is_empty());
    run.nothing_left();
}

#[test]
fn stop_ends_the_whole_tree_and_kill_0_of_the_agent_not_the_shim() {
    let script =
        format!("{LITTER} trap 'kill 0; exit 1' TERM; echo up; while :; do sleep 0.05; done");
    let run = Run::new(sh(&script));
    let launched = run.launch();
    poll("the agent is up", || run.out() == b"up\n");
    let exit = launched.stop().ended();
    assert_eq!(exit.why, Why::Stopped);
    run.nothing_left();
}

#[test]
fn orphans_are_reaped_while_the_agent_runs() {
    let run = Run::new(sh("(setsid sh -c 'sleep 0.05' &); (true &); echo up; cat"));
    let launched = run.launch();
    poll("the agent is up", || run.out() == b"up\n");
    let shim = launched.pid();
    let children = || {
        let threads = std::fs::read_dir(format!("/proc/{shim}/task")).unwrap();
        threads
            .map(|t| {
                std::fs::read_to_string(t.unwrap().path().join("children")).unwrap_or_default()
            })
            .map(|text| text.split_whitespace().count())
            .sum::<usize>()
    };
    poll("only the agent is a child of the shim", || children() == 1);
    launched.stop().ended();
}

#[test]
fn term_to_the_shim_is_a_stop() {
    let run = Run::new(sh("sleep 60"));
    let launched = run.launch();
    poll("the agent runs", || run.dir.join(shim::AGENT_PID).exists());
    process::ProcessId::of(launched.pid())
        .unwrap()
        .unwrap()
        .signal(rustix::process::Signal::TERM)
        .unwrap();
    assert_eq!(launched.ended().why, Why::Stopped);
}

#[test]
fn a_launch_made_eight_times_at_once_starts_one_agent() {
    let run = Run::new(sh("echo up; sleep 0.3"));
    let launches: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| run.launch_again())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    let mut now = launches.into_iter().filter_map(|launched| match launched {
        Launched::Now(child) => Some(child),
        Launched::Already(_) => None,
    });
    let mut child = now.next().expect("one of them");
    assert!(now.next().is_none(), "only one of them");
    assert!(child.wait().unwrap().success());
    assert_eq!(run.out(), b"up\n");
    let again = run.launch_again().unwrap();
    assert!(matches!(again, Launched::Already(Presence::Ended(_))), "{again:?}");
    assert_eq!(run.out(), b"up\n");
}

#[test]
fn a_launch_called_off_never_starts() {
    let run = Run::new(sh("echo up"));
    assert_eq!(shim::look(&run.dir).unwrap(), Presence::NotStarted);
    assert_eq!(shim::tombstone(&run.dir).unwrap(), Presence::NotStarted);
    assert_eq!(shim::tombstone(&run.dir).unwrap(), Presence::NotStarted);
    let exit = run.launch().ended();
    assert_eq!((exit.why, exit.started_at), (Why::NeverStarted, None));
    assert_eq!(run.out(), b"");
}

#[test]
fn the_deadline_needs_no_daemon() {
    let mut spec = sh("sleep 60");
    spec.deadline = Some(shim_harness::now() + Millis(300));
    let run = Run::new(spec);
    let exit = run.launch().ended();
    assert_eq!((exit.why, exit.status), (Why::Deadline, Status::Signal(15)));
}

#[test]
fn an_agent_that_prints_too_much_is_ended() {
    let mut spec =
        sh("trap '' TERM; while :; do echo 0123456789012345678901234567890123456789; done");
    spec.output_bytes_max = 100_000;
    let run = Run::new(spec);
    let exit = run.launch().ended();
    assert_eq!(exit.why, Why::OutputLimit);
    assert!(exit.out_bytes > 100_000);
    assert_eq!(exit.out_bytes, run.out().len() as u64);
}

#[test]
fn what_cannot_be_started_is_an_ending_with_a_hint() {
    let check = |argv: &[&str], cwd: Option<&str>, expect: &str| {
        let mut spec = sh("");
        spec.argv = argv.iter().map(|word| (*word).to_owned()).collect();
        let mut run = Run::new(spec);
        if let Some(cwd) = cwd {
            run.spec.cwd = cwd.into();
        }
        match run.launch().ended().why {
            Why::SpawnFailed { message, hint } => {
                assert!(message.contains(expect), "{message}");
                assert!(!hint.is_empty());
            }
            other => panic!("{other:?}"),
        }
    };
    check(&["no-such-agent", "-p"], None, "`no-such-agent` is not on the PATH");
    check(&["/no/such/agent"], None, "no program /no/such/agent");
    check(&["/etc/passwd"], None, "may not be executed");
    check(&["true"], Some("/no/such/worktree"), "working directory /no/such/worktree");
    check(&["true"], Some("relative"), "working directory relative");
    check(&[], None, "argv is empty");
    check(&["true", &"x".repeat(4 << 20)], None, "too long");
}

#[test]
fn a_shim_that_is_none_is_an_error_that_says_so() {
    let mut run = Run::new(sh(""));
    run.shim.path = "/bin/false".into();
    let error = run.launch_again().unwrap_err();
    assert!(matches!(error, ShimError::LaunchFailed { .. }), "{error}");
    run.shim.path = "/no/such/shim".into();
    let error = run.launch_again().unwrap_err();
    assert!(error.to_string().contains("/no/such/shim"), "{error}");
    assert_eq!(shim::look(&run.dir).unwrap(), Presence::NotStarted, "it can be tried again");
}

#[test]
fn a_run_directory_may_have_a_long_path() {
    let run = Run::below(&format!("{}/{}", "long".repeat(40), "home".repeat(40)), sh("cat"));
    assert!(run.dir.as_os_str().len() > 300);
    let launched = run.launch();
    assert_eq!(shim::send_input(&run.dir, "a", "hello").unwrap(), Accepted::Now);
    poll("cat echoes", || run.out() == b"hello\n");
    launched.stop().ended();
}

#[test]
fn slow_and_garbage_clients_hurt_nobody() {
    let run = Run::new(sh("cat"));
    let launched = run.launch();
    shim::status(&run.dir).unwrap(); // it listens
    let connect = || UnixStream::connect(run.dir.join(shim::SOCKET)).unwrap();
    let mut garbage = connect();
    garbage.write_all(b"\xff{{{ not json\n").unwrap();
    let mut answer = String::new();
    garbage.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("invalid"), "{answer}");
    // More than are served, and all of them say nothing.
    let silent: Vec<_> = (0..20).map(|_| connect()).collect();
    assert_eq!(shim::send_input(&run.dir, "a", "hello").unwrap(), Accepted::Now);
    poll("cat echoes", || run.out() == b"hello\n");
    drop(silent);
    launched.stop().ended();
}

#[test]
fn a_killed_shim_loses_no_byte_and_leaves_no_process() {
    let script = format!("{LITTER} i=0; while :; do i=$((i+1)); echo line $i; done");
    let run = Run::new(sh(&script));
    let launched = run.launch();
    poll("the agent prints", || run.out().len() > 10_000);
    launched.kill();
    assert_eq!(shim::look(&run.dir).unwrap(), Presence::Lost);
    let before = run.out().len();
    poll("the agent prints on", || run.out().len() > before + 10_000);
    let reaped =
        shim::reap_lost(&run.dir, &run.spec.marker, Millis(300), shim_harness::now()).unwrap();
    assert!(reaped >= 5, "{reaped}");
    run.nothing_left();
    let out = String::from_utf8(run.out()).unwrap();
    let (whole, _cut) = out.rsplit_once('\n').unwrap();
    for (index, line) in whole.lines().enumerate() {
        assert_eq!(line, format!("line {}", index + 1));
    }
    match shim::look(&run.dir).unwrap() {
        Presence::Ended(exit) => {
            assert_eq!((exit.why, exit.out_bytes), (Why::ShimLost, out.len() as u64));
        }
        other => panic!("{other:?}"),
    }
    let again = shim::reap_lost(&run.dir, &run.spec.marker, Millis(0), shim_harness::now());
    assert_eq!(again.unwrap(), 0);
}

/// Between any two of its steps, that is; each round gives it a little longer.
#[test]
fn a_shim_killed_at_any_moment_leaves_a_launch_that_can_be_ended() {
    let mut seen = HashSet::new();
    for round in 0..60 {
        let run = Run::new(sh("echo up; sleep 60 & sleep 60"));
        std::fs::create_dir_all(&run.dir).unwrap();
        std::fs::write(run.dir.join(shim::SPEC), serde_json::to_vec(&run.spec).unwrap()).unwrap();
        let mut child = std::process::Command::new(&run.shim.path).arg(&run.dir).spawn().unwrap();
        let until = std::time::Instant::now() + Duration::from_micros(100 * round);
        while std::time::Instant::now() < until {}
        child.kill().unwrap();
        child.wait().unwrap();
        let presence = shim::look(&run.dir).unwrap();
        if presence == Presence::Lost {
            shim::reap_lost(&run.dir, &run.spec.marker, Millis(50), shim_harness::now()).unwrap();
            assert!(matches!(shim::look(&run.dir).unwrap(), Presence::Ended(_)));
        } else {
            assert_eq!(presence, Presence::NotStarted);
        }
        run.nothing_left();
        seen.insert((presence == Presence::Lost, run.out().is_empty()));
    }
    assert!(seen.len() > 1, "the moments differ: {seen:?}");
}

#[test]
fn a_launch_called_off_while_it_is_made_is_over_either_way() {
    for round in 0..20 {
        let run = Run::new(sh("echo up; sleep 60"));
        std::thread::scope(|scope| {
            let launching = scope.spawn(|| run.launch_again().unwrap());
            std::thread::sleep(Duration::from_micros(200 * round));
            if matches!(shim::tombstone(&run.dir).unwrap(), Presence::Alive { .. }) {
                shim::stop(&run.dir, Millis(500)).unwrap();
            }
            match launching.join().unwrap() {
                Launched::Now(mut child) => drop(child.wait().unwrap()),
                Launched::Already(other) => panic!("{other:?}"),
            }
        });
        let presence = shim::look(&run.dir).unwrap();
        let Presence::Ended(exit) = presence else { panic!("{presence:?}") };
        assert!(matches!(exit.why, Why::NeverStarted | Why::Stopped), "{exit:?}");
        run.nothing_left();
    }
}

#[test]
fn a_live_launch_is_never_reaped_as_lost() {
    let run = Run::new(sh("sleep 60"));
    let launched = run.launch();
    let refused = shim::reap_lost(&run.dir, &run.spec.marker, Millis(0), shim_harness::now());
    assert!(matches!(refused, Err(ShimError::StillAlive(_))));
    launched.stop().ended();
}

#[test]
fn a_pid_that_was_given_to_another_is_no_life() {
    let own = process::ProcessId::own().unwrap();
    let check = |content: String, expect: &Presence| {
        let run = Run::new(sh(""));
        std::fs::create_dir_all(&run.dir).unwrap();
        std::fs::write(run.dir.join(shim::PID), content).unwrap();
        assert_eq!(shim::look(&run.dir).unwrap(), *expect);
        let launched = run.launch_again().unwrap();
        assert!(matches!(launched, Launched::Already(_)), "never a second agent");
    };
    check(own.to_string(), &Presence::Alive { pid: own.pid });
    check(format!("{} {} {}", own.pid, own.start_ticks + 1, own.boot_id), &Presence::Lost);
    check(format!("{} {} other-boot", own.pid, own.start_ticks), &Presence::Lost);
    check(String::new(), &Presence::Lost);
}

/// Prints what one shim costs; run with `--nocapture` to see it.
#[test]
fn a_shim_is_small_and_fast() {
    let run = Run::new(sh("date +%s%N; cat"));
    let start = std::time::SystemTime::now();
    let launched = run.launch();
    poll("the agent is up", || run.out().ends_with(b"\n"));
    let began: u128 = String::from_utf8(run.out()).unwrap().trim().parse().unwrap();
    let since = start.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", launched.pid())).unwrap();
    let field = |name: &str| -> u64 {
        let line = rollup.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let took = Duration::from_nanos(u64::try_from(began - since).unwrap());
    println!("rss {} kB, pss {} kB, launch to agent {took:?}", field("Rss:"), field("Pss:"));
    assert!(field("Pss:") < 3_000, "{rollup}");
    launched.stop().ended();
}
