//! `crew search`: where words are, in tasks, remarks, the journal, and what agents said.

use std::time::{Duration, Instant};

use crew_server::wire::{Found, FoundKind, Searched};

use crate::client::Client;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// So long what is new is read before what is known by then is shown.
const PATIENCE: Duration = Duration::from_secs(30);

/// Shows where the words are, the best first.
pub(super) async fn run(context: &Context, words: &str) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let project = context.project_if_any(&client).await?.map(|project| project.id);
    let searched = search(&client, words, project).await?;
    if context.out.json {
        context.out.document(&searched)?;
        return Ok(Exit::Ok);
    }
    if searched.found.is_empty() {
        context.out.line("nothing found")?;
    }
    for line in searched.found.iter().flat_map(lines) {
        context.out.line(line)?;
    }
    if searched.behind {
        let more = "there is more to look through: ask again";
        context.out.line(style(Style::Dim, more))?;
    }
    Ok(Exit::Ok)
}

/// Asks until all was looked through.
async fn search(client: &Client, words: &str, project: Option<u64>) -> Result<Searched, CliError> {
    let begin = Instant::now();
    let mut query = vec![("words", words.to_owned())];
    query.extend(project.map(|id| ("project", id.to_string())));
    loop {
        let searched: Searched = client.get_with("/api/search", &query).await?;
        if !searched.behind || begin.elapsed() > PATIENCE {
            return Ok(searched);
        }
    }
}

fn lines(found: &Found) -> [String; 2] {
    let what = match found.kind {
        FoundKind::Task => "task",
        FoundKind::Remark => "remark",
        FoundKind::Journal => "journal",
        FoundKind::Said => "said",
    };
    let task = found.task.map_or_else(String::new, |task| format!("#{task} "));
    let run = found.run.map_or_else(String::new, |run| format!(" in r{run}"));
    let who = found.who.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
    let title = text::cut(found.title.as_deref().unwrap_or_default(), 60);
    let head = format!("{task}{title}");
    let about = format!("{what}{who}{run}, {}", text::date(found.at));
    let head = style(Style::Bold, head.trim());
    [format!("{head}  {}", style(Style::Dim, &about)), format!("    {}", found.excerpt)]
}
