//! `crew trash`: what was saved before it was removed.

use crew_server::wire::{self, DiffText, NewTrashBranch, RestoreTrash, TrashItem};

use crate::args::Trash;
use crate::client::Client;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// The references are long and all begin so; people may leave it out.
const PREFIX: &str = "refs/crew/trash/";

/// Lists, shows or restores.
pub(super) async fn run(context: &Context, command: Trash) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let project = context.project(&client).await?.id;
    let base = format!("/api/projects/{project}/trash");
    match command {
        Trash::List => list(context, &client, &base).await,
        Trash::Show { item } => show(context, &client, &base, &item).await,
        Trash::Restore { item, branch } => restore(context, &client, &base, &item, branch).await,
    }
}

async fn list(context: &Context, client: &Client, base: &str) -> Result<Exit, CliError> {
    let trash: wire::Trash = client.get(base).await?;
    if context.out.json {
        context.out.document(&trash)?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = trash.items.iter().map(row).collect();
    for line in text::table(&rows) {
        context.out.line(line)?;
    }
    if rows.is_empty() {
        context.out.line("the trash is empty")?;
    }
    Ok(Exit::Ok)
}

fn row(item: &TrashItem) -> Vec<String> {
    vec![
        item.reference.strip_prefix(PREFIX).unwrap_or(&item.reference).to_owned(),
        text::date(item.at),
        format!("{} files", item.files),
        item.branch.clone(),
        style(Style::Dim, &text::cut(&item.commit, 13)),
    ]
}

fn reference(item: &str) -> String {
    if item.starts_with("refs/") { item.to_owned() } else { format!("{PREFIX}{item}") }
}

async fn show(
    context: &Context,
    client: &Client,
    base: &str,
    item: &str,
) -> Result<Exit, CliError> {
    let query = [("reference", reference(item))];
    let diff: DiffText = client.get_with(&format!("{base}/diff"), &query).await?;
    context.out.either(&diff, diff.text.trim_end())?;
    if diff.truncated {
        context.out.note("it is longer than this; `git show` on its commit has all of it");
    }
    Ok(Exit::Ok)
}

async fn restore(
    context: &Context,
    client: &Client,
    base: &str,
    item: &str,
    branch: Option<String>,
) -> Result<Exit, CliError> {
    let body = RestoreTrash { reference: reference(item), branch };
    let made: NewTrashBranch = client.post(&format!("{base}/restore"), &body).await?;
    let text = format!("the branch {} holds it; `git switch {0}` goes there", made.branch);
    context.out.either(&made, text)?;
    Ok(Exit::Ok)
}
