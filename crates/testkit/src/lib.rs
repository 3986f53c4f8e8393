//! What tests need and the product must not have: never a dependency of anything but tests.

mod app_key;
mod emulated;
mod github_server;
mod loopback;
mod model_server;
pub mod sim;

pub use app_key::app_key;
pub use emulated::{Asked, EMULATED_REPOSITORY, Emulated, MALLORYS_TOKEN};
pub use github_server::{Fault, GithubServer, Repo, Sent, TOKEN as GITHUB_TOKEN};
pub use loopback::Request;
pub use model_server::{ModelServer, Reply, Wire};
