//! A conversation by ACP with nothing around it: one prompt, whatever it asks is allowed, and its end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

/// Has an agent do what it is told, and ends it: not all of them end with their input.
pub(crate) fn prompt(mut child: Child, work: &Path, words: &str) -> anyhow::Result<()> {
    let input = child.stdin.take().context("an agent is written to")?;
    let output = BufReader::new(child.stdout.take().context("an agent is read")?);
    let mut agent = Agent { input, output, asked: 0 };
    agent.ask("initialize", &json!({"protocolVersion": 1, "clientCapabilities": {}}))?;
    let session = agent.ask("session/new", &json!({"cwd": work, "mcpServers": []}))?;
    let text = json!({"type": "text", "text": words});
    agent.ask("session/prompt", &json!({"sessionId": session["sessionId"], "prompt": [text]}))?;
    drop(agent);
    child.kill()?;
    child.wait()?;
    Ok(())
}

struct Agent {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Agent {
    /// What it answers; what it asks meanwhile is allowed.
    fn ask(&mut self, method: &str, params: &Value) -> anyhow::Result<Value> {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let mut line = String::new();
            ensure!(self.output.read_line(&mut line)? > 0, "it ended before it answered {method}");
            let Ok(said) = serde_json::from_str::<Value>(&line) else { continue };
            if said["method"] == "session/request_permission" {
                self.allow(&said)?;
            } else if said["method"].is_null() && said["id"] == id {
                if !said["error"].is_null() {
                    bail!("{method}: {}", said["error"]);
                }
                return Ok(said["result"].clone());
            }
        }
    }

    fn allow(&mut self, request: &Value) -> anyhow::Result<()> {
        let options = request["params"]["options"].as_array().context("there are options")?;
        let yes = options.iter().find(|option| option["kind"] == "allow_once");
        let option = &yes.context("one of them is yes")?["optionId"];
        let outcome = json!({"outcome": {"outcome": "selected", "optionId": option}});
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": outcome}))
    }

    fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        writeln!(self.input, "{message}")?;
        Ok(self.input.flush()?)
    }
}
