//! stub
use super::model::{Failure, Reply};
use super::session::Session;
use super::start::Start;
pub(super) struct Remote;
impl Remote {
    pub(super) fn new(_: &Start, _: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        Err(Failure::invalid("stub"))
    }
    pub(super) fn name(&self) -> &str {
        ""
    }
    pub(super) fn tokens_of_next_call(&self, _: &Session) -> u64 {
        0
    }
    pub(super) fn call(&mut self, _: &mut Session) -> Result<Reply, Failure> {
        Err(Failure::invalid("stub"))
    }
}
