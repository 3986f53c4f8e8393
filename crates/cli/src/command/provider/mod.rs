//! `crew provider`: what there is to see about the agents themselves.

mod replay;
mod trial;

pub(super) use trial::tried;

use crew_server::wire::{Lift, Receipt};

use crate::args::Provider;
use crate::context::Context;
use crate::error::{CliError, Exit};

pub(super) async fn run(context: &Context, provider: Provider) -> Result<Exit, CliError> {
    match provider {
        Provider::List => trial::list(context),
        Provider::Test { name, send_key } => trial::test(context, &name, send_key).await,
        Provider::Resume { name } => resume(context, name).await,
        Provider::Replay { provider, file, exit_code, stderr } => {
            replay::run(context, provider, &file, (exit_code, stderr.as_deref()))
        }
    }
}

async fn resume(context: &Context, name: String) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let project = context.project(&client).await?.id;
    let text = format!("The next agent tries whether {name} serves again");
    let body = Lift { provider: name };
    let receipt: Receipt = client.post(&format!("/api/projects/{project}/lift"), &body).await?;
    context.out.either(&receipt, &text)?;
    Ok(Exit::Ok)
}
