//! The tools as an MCP server on standard input and output.
//!
//! JSON-RPC, a message a line. It speaks both ways of the protocol: with a handshake (`initialize`,
//! up to 2025-11-25) and without one, where each request names its version (2026-07-28). Nothing is
//! remembered between requests, so the two can be mixed. A call runs in a thread of its own, since a
//! question may wait for hours.

use std::io::{self, BufRead, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crew_core::call::Reply;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CALL_BYTES_MAX, CallError, Client, Outcome, PATIENCE, Tool, tool};

/// The version without a handshake.
const MODERN: &str = "2026-07-28";
/// Those with one, the newest first.
const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// Says in which version a request is written.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// Names us in a result.
const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";

/// Says to Claude Code, also inside of other clients, that a tool is shown from the first turn on, and not
/// only when it is searched for.
const ALWAYS_KEY: &str = "anthropic/alwaysLoad";

/// The name by which clients know us.
pub const SERVER: &str = "crew";
/// Longest request.
const LINE_BYTES_MAX: u64 = CALL_BYTES_MAX + (16 << 10);
/// Calls at the same time.
const CALLS_AT_ONCE_MAX: usize = 8;
/// A client that waits for an answer is told this often that it still has to.
const PROGRESS_EVERY: Duration = Duration::from_secs(15);
/// A human is waited for as long as the run lives; this is longer.
const ASK_PATIENCE: Duration = Duration::from_hours(24 * 30);

const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const METHOD_NOT_FOUND: i32 = -32_601;
const INVALID_PARAMS: i32 = -32_602;
const UNSUPPORTED_VERSION: i32 = -32_022;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Value,
}

/// An answer that is an error.
struct Fault {
    code: i32,
    message: String,
    data: Option<Value>,
}

impl Fault {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }
}

type Output = Arc<Mutex<Box<dyn Write + Send>>>;

/// Answers until the input ends. Calls that wait then are left: who asked has gone.
pub fn serve(
    mut input: impl BufRead,
    output: impl Write + Send + 'static,
    client: Result<Client, CallError>,
) -> io::Result<()> {
    let output: Output = Arc::new(Mutex::new(Box::new(output)));
    let client = Arc::new(client);
    let at_work = Arc::new(AtomicUsize::new(0));
    while let Some(line) = next_line(&mut input)? {
        let line = match line {
            Ok(line) => line,
            Err(problem) => {
                say(&output, &failed(&Value::Null, &Fault::new(INVALID_REQUEST, problem)))?;
                continue;
            }
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let Ok(request) = serde_json::from_slice::<Request>(&line) else {
            say(&output, &failed(&Value::Null, &Fault::new(PARSE_ERROR, "that is no JSON-RPC")))?;
            continue;
        };
        // Neither notifications nor answers are answered.
        let (Some(id), Some(method)) = (request.id, request.method) else { continue };
        if method != "tools/call" {
            say(&output, &message(&id, answer(&method, &request.params)))?;
            continue;
        }
        let (client, at_work) = (Arc::clone(&client), Arc::clone(&at_work));
        if at_work.fetch_add(1, Ordering::SeqCst) >= CALLS_AT_ONCE_MAX {
            at_work.fetch_sub(1, Ordering::SeqCst);
            let busy = "too many calls at once\nhint: one after the other";
            say(&output, &message(&id, Ok(result(&request.params, said(&Reply::refused(busy))))))?;
            continue;
        }
        let output = Arc::clone(&output);
        thread::spawn(move || {
            let outcome = call(&request.params, &client, &output);
            say(&output, &message(&id, outcome)).ok(); // who asked may have gone
            at_work.fetch_sub(1, Ordering::SeqCst);
        });
    }
    Ok(())
}

/// A line without its end; an error in words if it is too long. `None` at the end of the input.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, &'static str>>> {
    let mut line = Vec::new();
    input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 >= LINE_BYTES_MAX {
        input.skip_until(b'\n')?;
        return Ok(Some(Err("that request is too long; hint: name a file that has the rest")));
    }
    Ok(Some(Ok(line)))
}

/// Answers everything but a call.
fn answer(method: &str, params: &Value) -> Result<Value, Fault> {
    check_version(params)?;
    match method {
        "initialize" => {
            let wanted = params["protocolVersion"].as_str().unwrap_or_default();
            let version = LEGACY.into_iter().find(|it| *it == wanted).unwrap_or(LEGACY[0]);
            Ok(json!({
                "protocolVersion": version,
                "capabilities": { "tools": {} },
                "serverInfo": identity()
            }))
        }
        "server/discover" => Ok(json!({
            "resultType": "complete",
            "supportedVersions": [MODERN],
            "capabilities": { "tools": {} },
            "ttlMs": 3_600_000,
            "cacheScope": "private",
            "_meta": { SERVER_KEY: identity() }
        })),
        "ping" => Ok(json!({})),
        "tools/list" => {
            let tools = Tool::ALL.map(|tool| {
                json!({
                    "name": tool.name(),
                    "description": tool.description(),
                    "inputSchema": tool.schema(),
                    "_meta": { ALWAYS_KEY: true }
                })
            });
            let mut listed = json!({ "tools": tools });
            if is_modern(params) {
                listed["ttlMs"] = json!(3_600_000);
                listed["cacheScope"] = json!("private");
            }
            Ok(result(params, listed))
        }
        _ => Err(Fault::new(METHOD_NOT_FOUND, "there is no such method")),
    }
}

fn identity() -> Value {
    json!({ "name": SERVER, "version": env!("CARGO_PKG_VERSION") })
}

/// A request that names its version names one that we speak.
fn check_version(params: &Value) -> Result<(), Fault> {
    match version(params) {
        None | Some(MODERN) => Ok(()),
        Some(other) => Err(Fault {
            data: Some(json!({ "supported": [MODERN], "requested": other })),
            ..Fault::new(UNSUPPORTED_VERSION, "that version of the protocol is not spoken here")
        }),
    }
}

fn version(params: &Value) -> Option<&str> {
    params["_meta"][VERSION_KEY].as_str()
}

fn is_modern(params: &Value) -> bool {
    version(params).is_some()
}

/// A result as the version of its request has it.
fn result(params: &Value, mut value: Value) -> Value {
    if is_modern(params) {
        value["resultType"] = json!("complete");
    }
    value
}

fn call(
    params: &Value,
    client: &Result<Client, CallError>,
    output: &Output,
) -> Result<Value, Fault> {
    check_version(params)?;
    let name = params["name"].as_str().unwrap_or_default();
    let tool = Tool::parse(name).ok_or_else(|| Fault::new(INVALID_PARAMS, tool::unknown(name)))?;
    let arguments = match &params["arguments"] {
        Value::Null => json!({}),
        given => given.clone(),
    };
    let token = params["_meta"]["progressToken"].clone();
    let reply = match client {
        Ok(client) => while_telling(&token, output, || reply(client, tool, &arguments)),
        Err(error) => Reply::refused(error.to_string()),
    };
    Ok(result(params, said(&reply)))
}

/// What a model is told about its call.
pub(crate) fn reply(client: &Client, tool: Tool, arguments: &Value) -> Reply {
    let patience = if tool == Tool::Ask { ASK_PATIENCE } else { PATIENCE };
    match client.call(tool, arguments, patience) {
        Ok(Outcome::Replied(reply)) => reply,
        Ok(Outcome::Waits) => Reply::done(WAITS),
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            Reply::refused(format!("{error}{hint}"))
        }
    }
}

/// What is said when nobody answers.
pub const WAITS: &str = "It is written down. Nobody has answered yet; it is taken in as soon as \
                         Crewhouse can. Do not call again for the same.";

fn said(reply: &Reply) -> Value {
    json!({ "content": [{ "type": "text", "text": reply.text }], "isError": !reply.ok })
}

/// Does something that may take long, and tells a client that wants to know that it still does.
fn while_telling<T: Send>(token: &Value, output: &Output, work: impl FnOnce() -> T + Send) -> T {
    if token.is_null() {
        return work();
    }
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut times = 0;
            while is_done.recv_timeout(PROGRESS_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                times += 1;
                let params = json!({ "progressToken": token, "progress": times });
                let told =
                    json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
                say(output, &told).ok(); // who asked may have gone
            }
        });
        let result = work();
        drop(done);
        result
    })
}

fn message(id: &Value, outcome: Result<Value, Fault>) -> Value {
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(fault) => failed(id, &fault),
    }
}

fn failed(id: &Value, fault: &Fault) -> Value {
    let mut error = json!({ "code": fault.code, "message": fault.message });
    if let Some(data) = &fault.data {
        error["data"] = data.clone();
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}

/// One line, whole: several threads speak.
fn say(output: &Output, value: &Value) -> io::Result<()> {
    let line = format!("{value}\n");
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    output.write_all(line.as_bytes())?;
    output.flush()
}
