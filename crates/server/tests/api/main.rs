//! The API as clients see it: over a real connection, with a real engine on a home of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::panic, reason = "likewise")]

mod events;
mod files;
mod github;
mod harness;
mod openapi;
mod routes;
mod search;
mod security;
mod setup;
mod site;
mod streams;
