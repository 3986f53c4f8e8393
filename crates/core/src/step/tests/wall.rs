//! What the sandbox refused, and what the human says to it.

use insta::assert_snapshot;

use super::play::{play, play_with};

const REFUSED: &str = "
    add
    started base
    r1 misses read /data/prices/a
    r1 misses read /data/prices/a
    r1 misses write /data/cache/x
    r1 misses write /data/cache/y
    r1 misses read /home/me/.ssh/id
    r1 misses read /etc/shadow
";

#[test]
fn what_was_refused_is_asked_once_and_secrets_never() {
    assert_snapshot!(play(REFUSED), @r"
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running
    a1 about #1 from crewhouse for pm (sandbox: /data/prices/a to read): open
    a2 about #1 from crewhouse for pm (sandbox: /data/cache to write): open
    wakes in 29 min 52 s
    ");
}

#[test]
fn who_was_refused_goes_on_in_a_new_process_where_it_is_open() {
    let script = format!(
        "{REFUSED}
        answer a2 allow
        interrupted
        started base
        r1 misses write /data/cache/z
        r1 misses read /data/cache/z
    "
    );
    assert_snapshot!(play(&script), @r"
    #1 in plan: working (pm at work), head base, starts 2
      crewhouse: You may write in `/data/cache` now. (r1 knows)
    r1 Work of pm on #1/0, start 2: running
    a1 about #1 from crewhouse for pm (sandbox: /data/prices/a to read): open
    a2 about #1 from crewhouse for pm (sandbox: /data/cache to write): answered `allow`
    wakes in 29 min 47 s
    ");
}

#[test]
fn a_no_is_remembered_and_can_be_forgotten() {
    let script = format!(
        "{REFUSED}
        answer a1 deny
        r1 misses read /data/prices/a
        forget a1
        r1 misses read /data/prices/a
    "
    );
    assert_snapshot!(play(&script), @r"
    #1 in plan: working (pm at work), head base, starts 1
    r1 Work of pm on #1/0, start 1: running
    a1 about #1 from crewhouse for pm (sandbox: /data/prices/a to read): answered `deny`
    a2 about #1 from crewhouse for pm (sandbox: /data/cache to write): open
    a3 about #1 from crewhouse for pm (sandbox: /data/prices/a to read): open
    wakes in 29 min 48 s
    ");
}

#[test]
fn who_is_to_stop_asks_for_nothing_more() {
    let script = "add\n started base\n cancel #1\n r1 misses read /data/x\n stopped";
    assert!(!play(script).contains("a1"), "{}", play(script));
}

#[test]
fn nobody_is_asked_where_nothing_is_held_or_somebody_said_no() {
    let pm = |more: &str| play_with(&[("pm = { provider = \"native\"", more)], REFUSED);
    for more in [
        "pm = { sandbox = false, provider = \"native\"",
        "pm = { sandbox = { read = [\"/data\"], write = [\"/data/cache\"] }, provider = \"native\"",
        "pm = { rules = [{ answer = \"deny\", path = \"/**\" }], provider = \"native\"",
    ] {
        assert!(!pm(more).contains("a1 about"), "{more}");
    }
    let off = |table: &str| play_with(&[("[limits]", &format!("{table}\n[limits]"))], REFUSED);
    for table in ["[sandbox]\nmode = \"off\"", "[sandbox]\nask = false"] {
        assert!(!off(table).contains("a1 about"), "{table}");
    }
}
