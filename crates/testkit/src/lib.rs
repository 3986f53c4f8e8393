//! What tests need and the product must not have: never a dependency of anything but tests.

mod app_key;
mod emulated;
mod github_server;
pub mod sim;

pub use app_key::app_key;
pub use crew_standin::{ModelServer, Reply, Request, Wire};
pub use emulated::{Asked, EMULATED_REPOSITORY, Emulated, MALLORYS_TOKEN};
pub use github_server::{Fault, GithubServer, Repo, Sent, TOKEN as GITHUB_TOKEN};
