//! Stand-ins for other people's servers, on 127.0.0.1: what tests need, and `crew provider test`, which
//! tries an agent without anybody's account.
//!
//! Invariant: nothing here is reached by, or reaches, anything but this machine.

mod http;
mod loopback;
mod model;
mod reply;
mod responses;
mod wire;

pub use loopback::{Loopback, Request};
pub use model::ModelServer;
pub use reply::Reply;
pub use wire::Wire;
