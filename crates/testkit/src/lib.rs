//! What tests need and the product must not have: never a dependency of anything but tests.

mod model_server;
pub mod sim;

pub use model_server::{ModelServer, Reply, Request, Wire};
