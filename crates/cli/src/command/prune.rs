//! `crew prune`: what belongs to tasks that ended long ago, removed or counted.

use crew_server::wire::{Heap, Prune, PruneMode, Pruned};

use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::text;

/// Removes it, or says what would be removed.
pub(super) async fn run(context: &Context, days: u32, mode: PruneMode) -> Result<Exit, CliError> {
    let client = context.daemon().await?;
    let pruned: Pruned = client.post_patiently("/api/prune", &Prune { days, mode }).await?;
    if context.out.json {
        context.out.document(&pruned)?;
        return Ok(Exit::Ok);
    }
    let Pruned { tasks, logs, conversations, trash } = &pruned;
    let heap = |heap: &Heap| format!("{} ({})", heap.count, text::size(heap.bytes));
    context.out.line(format!("logs           {}", heap(logs)))?;
    context.out.line(format!("conversations  {}", heap(conversations)))?;
    context.out.line(format!("trash          {}", trash.count))?;
    let of = format!("of {tasks} tasks that ended {days} days ago or earlier");
    match mode {
        PruneMode::Look => {
            context.out.note(format!("nothing is removed: this is what there is {of}"));
        }
        PruneMode::Remove => context.out.note(format!("removed {of}")),
    }
    Ok(Exit::Ok)
}
