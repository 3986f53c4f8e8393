//! Decisions as plays: a script of events, and all that is visible afterwards.

mod agents;
mod answer;
mod asks;
mod budget;
mod calls;
mod candidates;
mod control;
mod judged;
mod limits;
mod play;
mod policy;
mod routine;
mod space;
mod touched;
mod wall;
mod way;

/// The PM has planned, the developer has built.
const BUILT: &str = "
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    r2 says DONE: built
    r2 exits
    saved c2
";

/// Two developers at work, on one task each.
const TWO: &str = "
    add
    add
    started base
    r1 says DONE: planned
    r1 exits
    saved c1
    started base
    r2 says DONE: planned
    r2 exits
    saved c2
    started base
    started base
";
