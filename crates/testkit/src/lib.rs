//! For tests only: the simulator.

pub mod sim;
