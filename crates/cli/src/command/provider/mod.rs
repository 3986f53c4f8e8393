//! `crew provider`: what there is to see about the agents themselves.

mod replay;
mod trial;

pub(super) use trial::tried;

use crate::args::Provider;
use crate::context::Context;
use crate::error::{CliError, Exit};

pub(super) async fn run(context: &Context, provider: Provider) -> Result<Exit, CliError> {
    match provider {
        Provider::List => trial::list(context),
        Provider::Test { name } => trial::test(context, &name).await,
        Provider::Replay { provider, file, exit_code, stderr } => {
            replay::run(context, provider, &file, (exit_code, stderr.as_deref()))
        }
    }
}
