//! What a daemon needs that has nothing to do.

use std::process::Command;
use std::time::Duration;

use crate::machine::{data, resident, used};
use crate::report::{Bound, Row, Section, number};
use crate::support::{Lab, simple_play};

const WINDOW: Duration = Duration::from_secs(15);

pub(crate) fn measure() -> anyhow::Result<Section> {
    let lab = Lab::new(&simple_play("made.txt"), &[]);
    let daemon = lab.up();
    lab.ok(&["task", "add", "Make it"]);
    lab.run();
    let mut sleeper = Command::new("sleep").arg("1000").spawn()?;
    std::thread::sleep(Duration::from_secs(3)); // what was begun comes to its end
    let before = used(daemon.pid()).cpu_seconds;
    std::thread::sleep(WINDOW);
    let share = 100.0 * (used(daemon.pid()).cpu_seconds - before) / WINDOW.as_secs_f64();
    let (memory, floor) = (resident(daemon.pid()), resident(sleeper.id()));
    let (alone, alone_floor) = (data(daemon.pid()), data(sleeper.id()));
    sleeper.kill()?;
    sleeper.wait()?;
    Ok(Section {
        title: "An idle daemon",
        how: "One project, one task that has landed. Raw: `sleep`.".to_owned(),
        rows: vec![
            Row::new(
                "resident memory",
                format!("{} MiB", number(memory)),
                format!("{} MiB", number(floor)),
            )
            .aims("< 30 MiB", memory, Bound::AtMost(30.0)),
            Row::new(
                "of that, its own data",
                format!("{} MiB", number(alone)),
                format!("{} MiB", number(alone_floor)),
            ),
            Row::new("of one core", format!("{} %", number(share)), "0 %".to_owned()).aims(
                "≈ 0 %",
                share,
                Bound::AtMost(0.5),
            ),
        ],
        missed: "Most of it is the program: pages of its file, which the kernel maps around what is used, keeps \
                 anyway, and gives\nto others when they are short. How many that are differs from start to start.",
    })
}
