//! A GitHub that others wrote: npm's `emulate`, with GitHub's own description of its API beside it.
//!
//! ```text
//!  daemon, git ─► this ─┬─► Prism     does GitHub's description allow the request?
//!                       ├─► emulate   issues, labels, comments, pull requests
//!                       └─► git http-backend, over a real bare repository
//! ```
//!
//! What `emulate` does not have, or has otherwise than GitHub, is put right on the way: comments of a whole
//! repository, pull requests among the issues, heads that follow their branches, and GraphQL, which it has
//! not at all. Tags, limits and broken answers are the business of [`crate::GithubServer`].

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::github_server::git;
use crew_standin::{Loopback, Request};

/// The token of somebody whose words do not count. It was invented, and `stand-in.mjs` knows it.
pub const MALLORYS_TOKEN: &str = "github_pat_of_mallory";

/// The repository that it begins with; it is of `boss`, whose token is [`crate::GITHUB_TOKEN`].
pub const EMULATED_REPOSITORY: &str = "boss/shop";

/// Servers that run until it is dropped.
#[derive(Debug)]
pub struct Emulated {
    shared: Arc<Shared>,
    loopback: Loopback,
    node: Child,
    /// The private key of an app that is installed there: app 12345, installation 100.
    pub key: String,
}

#[derive(Debug)]
struct Shared {
    emulate: String,
    prism: String,
    origin: Mutex<Option<PathBuf>>,
    asked: Mutex<Vec<Asked>>,
}

/// A request that passed, and what GitHub's description says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET` and so on.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body.
    pub body: Value,
    /// Why GitHub would not take it; none if it would.
    pub breach: Option<String>,
}

/// An answer of a server.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Emulated {
    /// Starts all of it. `None` where what it needs is not installed.
    pub fn start() -> io::Result<Option<Self>> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/github");
        if !directory.join("node_modules").exists() {
            return Ok(None);
        }
        let mut node = Command::new("node")
            .arg("stand-in.mjs")
            .current_dir(directory)
            .env_remove("EMULATE_BASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = node.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let told: Value = serde_json::from_str(&line)?;
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let shared = Arc::new(Shared {
            emulate: text("emulate"),
            prism: text("prism"),
            origin: Mutex::default(),
            asked: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let loopback = Loopback::start(move |stream, _| serve(stream, &served))?;
        Ok(Some(Self { shared, loopback, node, key: text("key") }))
    }

    /// The address of the API, and of the repository for git.
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// The address of Prism, which answers with GitHub's own examples.
    pub fn prism(&self) -> &str {
        &self.shared.prism
    }

    /// Lets the branches be those of a bare repository.
    pub fn with_origin(&self, bare: PathBuf) {
        *lock(&self.shared.origin) = Some(bare);
    }

    /// What somebody does on the site: whose token, what, and what came of it.
    pub fn people(&self, token: &str, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let headers = [("authorization", format!("Bearer {token}"))];
        let path = format!("/repos/{EMULATED_REPOSITORY}{path}");
        Ok(send(&self.shared.emulate, method, &path, &headers, body)?.body)
    }

    /// The requests so far, oldest first; they are forgotten with it.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut lock(&self.shared.asked))
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        drop(self.node.stdin.take()); // it ends with its input
        if self.node.wait().is_err() {
            drop(self.node.kill());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let request = Request::read(&mut stream)?;
    let origin = lock(&shared.origin).clone();
    let prefix = format!("/{EMULATED_REPOSITORY}.git/");
    if let (Some(origin), Some(inside)) =
        (&origin, request.path.split('?').next().and_then(|path| path.strip_prefix(&prefix)))
    {
        return stream.write_all(&git::served(origin, inside, &request, "boss"));
    }
    if request.path == "/graphql" {
        return reply(&mut stream, 200, "", &json!({ "data": {} }));
    }
    let breach = breach(shared, &request)?;
    let Request { method, path, body, .. } = request.clone();
    lock(&shared.asked).push(Asked { method, path, body, breach });
    let mut answer = forward(shared, &request)?;
    if let Some(origin) = &origin {
        follow(&mut answer.body, origin);
    }
    reply(&mut stream, answer.status, link(&answer.head), &answer.body)
}

/// What GitHub's description says against a request.
fn breach(shared: &Shared, request: &Request) -> io::Result<Option<String>> {
    let headers = headers(request);
    let answer = send(&shared.prism, &request.method, &request.path, &headers, &request.body)?;
    let head = answer.head.to_ascii_lowercase();
    let violations = head.lines().find_map(|line| line.strip_prefix("sl-violations:"));
    let kind = answer.body["type"].as_str().unwrap_or_default();
    let is_unknown = kind.contains("NO_PATH_MATCHED") || kind.contains("NO_METHOD_MATCHED");
    let is_breach = is_unknown || answer.status == 415 || answer.status >= 500;
    Ok(match violations {
        Some(violations) if violations.contains("\"error\"") => Some(violations.trim().to_owned()),
        Some(_) | None => is_breach.then(|| format!("{} {}", answer.status, answer.body)),
    })
}

fn headers(request: &Request) -> Vec<(&str, String)> {
    let kept = ["authorization", "accept", "x-github-api-version", "user-agent"];
    let kept = kept.into_iter().filter_map(|name| Some((name, request.header(name)?.to_owned())));
    kept.collect()
}

/// The answer of `emulate`, with what it lacks.
fn forward(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let headers = headers(request);
    let ask = |path: &str| send(&shared.emulate, "GET", path, &headers, &Value::Null);
    let repository = format!("/repos/{EMULATED_REPOSITORY}");
    let path = request.path.split('?').next().unwrap_or_default();
    let is_list = |end: &str| request.method == "GET" && path == format!("{repository}{end}");
    if is_list("/issues/comments") {
        let mut all = Vec::new();
        for list in ["issues", "pulls"] {
            let items = ask(&format!("{repository}/{list}?state=all&per_page=100"))?.body;
            for item in items.as_array().into_iter().flatten() {
                let its = format!("{repository}/issues/{}/comments?per_page=100", item["number"]);
                for mut comment in ask(&its)?.body.as_array().cloned().unwrap_or_default() {
                    comment["issue_url"] = json!(format!("{repository}/issues/{}", item["number"]));
                    all.push(comment);
                }
            }
        }
        return Ok(Answer { status: 200, head: String::new(), body: newest_first(all) });
    }
    let mut answer =
        send(&shared.emulate, &request.method, &request.path, &headers, &request.body)?;
    if is_list("/issues") {
        let pulls = ask(&format!("{repository}/pulls?state=all&per_page=100"))?.body;
        let mut all = answer.body.as_array().cloned().unwrap_or_default();
        for mut pull in pulls.as_array().cloned().unwrap_or_default() {
            pull["pull_request"] = json!({});
            all.push(pull);
        }
        answer.body = newest_first(all);
    }
    Ok(answer)
}

fn newest_first(mut items: Vec<Value>) -> Value {
    items.sort_by(|a, b| b["updated_at"].as_str().cmp(&a["updated_at"].as_str()));
    Value::Array(items)
}

/// Heads of open pull requests are where their branches are.
fn follow(body: &mut Value, origin: &Path) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(|item| follow(item, origin)),
        Value::Object(_) if body["head"]["ref"].is_string() => {
            for side in ["head", "base"] {
                let name = body[side]["ref"].as_str().unwrap_or_default();
                if let Some(tip) = git::tip(origin, name) {
                    body[side]["sha"] = json!(tip);
                }
            }
        }
        _ => {}
    }
}

fn link(head: &str) -> &str {
    head.lines().find(|line| line.to_ascii_lowercase().starts_with("link:")).unwrap_or_default()
}

fn reply(stream: &mut TcpStream, status: u16, link: &str, body: &Value) -> io::Result<()> {
    let body = if status == 204 { String::new() } else { body.to_string() };
    let link = if link.is_empty() { String::new() } else { format!("{link}\r\n") };
    let head = format!(
        "HTTP/1.1 {status} Emulated\r\ncontent-type: application/json\r\n{link}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// One request on a connection of its own.
fn send(
    server: &str,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &Value,
) -> io::Result<Answer> {
    let host = server.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host)?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        for part in [name, ": ", value, "\r\n"] {
            head.push_str(part);
        }
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_empty() {
        head.push_str("content-type: application/json\r\n");
    }
    let text = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let body = bytes.get(end + 4..).unwrap_or_default();
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if is_chunked { unchunked(body) } else { body.to_vec() };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head, body: serde_json::from_slice(&body).unwrap_or_default() })
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
        let Some(size) = size.ok().filter(|size| *size > 0) else { break };
        whole.extend_from_slice(rest.get(end + 2..end + 2 + size).unwrap_or_default());
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    whole
}
