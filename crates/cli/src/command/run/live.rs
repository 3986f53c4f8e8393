//! For terminals: one line for each open task, drawn again as things move.

use std::time::Duration;

use crew_server::wire::{Card, Idle, InboxItem, Status, Tasks};

use super::{ApprovalBy, Watch, exit_of, is_interactive, prompt};
use crate::error::{CliError, Exit};
use crate::output::{Style, style};
use crate::text;

/// Between two frames.
const PAUSE: Duration = Duration::from_millis(500);
/// Most tasks that are drawn.
const ROWS_MAX: usize = 30;

/// Draws until nothing moves, and asks the human in between.
pub(super) async fn run(watch: &Watch<'_>) -> Result<Exit, CliError> {
    let out = &watch.context.out;
    let mut asked = prompt::Asked::default();
    let mut drawn = 0;
    loop {
        watch.decide_all().await?;
        let frame = Frame::read(watch).await?;
        let lines = frame.lines();
        out.redraw(&lines, drawn)?;
        drawn = lines.len();
        if let Some(item) = frame.inbox.iter().find(|item| wants(watch, &asked, item)) {
            prompt::ask(watch, &mut asked, item).await?;
            drawn = 0;
            continue;
        }
        if frame.idle.idle && watch.until_idle {
            return Ok(exit_of(&frame.idle));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn wants(watch: &Watch<'_>, asked: &prompt::Asked, item: &InboxItem) -> bool {
    let ours = watch.approval == ApprovalBy::Us && item.ask.is_none();
    is_interactive() && !ours && !asked.contains(item)
}

struct Frame {
    status: Status,
    tasks: Vec<Card>,
    inbox: Vec<InboxItem>,
    idle: Idle,
}

impl Frame {
    async fn read(watch: &Watch<'_>) -> Result<Self, CliError> {
        let client = &watch.client;
        let idle = client.get("/api/idle").await?;
        let status = client.get("/api/status").await?;
        let tasks: Tasks = client.get("/api/tasks?open=true").await?;
        Ok(Self { status, tasks: tasks.tasks, inbox: watch.inbox().await?, idle })
    }

    fn lines(&self) -> Vec<String> {
        let rows: Vec<Vec<String>> = self.tasks.iter().take(ROWS_MAX).map(row).collect();
        let mut lines = text::table(&rows);
        if self.tasks.len() > ROWS_MAX {
            lines.push(format!("… and {} more", self.tasks.len() - ROWS_MAX));
        }
        lines.push(self.summary());
        lines
    }

    fn summary(&self) -> String {
        let mut parts = vec![
            format!("{} open", self.tasks.len()),
            format!("{} at work", self.status.agents.len()),
        ];
        for limit in &self.status.limits {
            let left = text::between(self.status.now, limit.until);
            parts.push(format!("{} limited for {left}", limit.provider));
        }
        if !self.inbox.is_empty() {
            parts.push(format!("{} wait for you", self.inbox.len()));
        }
        parts.push(format!("today {}", text::amount(self.status.today)));
        style(Style::Dim, &parts.join(" · "))
    }
}

fn row(card: &Card) -> Vec<String> {
    vec![
        style(Style::Bold, &format!("#{}", card.id)),
        text::cut(&card.title, 40),
        card.stage.clone(),
        text::status(&card.status.word, &text::cut(&card.status.text, 40)),
        text::usage(&card.spent),
        text::cut(card.live.as_deref().unwrap_or_default(), 120),
    ]
}
