//! A GitHub on loopback that has bad days.
//!
//! It keeps issues, labels, comments and pull requests of one repository, answers as GitHub does as
//! far as we use it, and does what other stand-ins do not: tags and 304, limits of both kinds, errors
//! after the effect, bodies that are cut or come slowly, a repository that was renamed. Tests reach
//! into the repository as people do on the site, through [`GithubServer::people`]. Its branches can be
//! those of a real bare repository, which it serves to git over HTTP.

pub(crate) mod git;
mod http;
mod repo;
mod route;

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crew_standin::{Loopback, Request};

pub use repo::Repo;

/// The token that it accepts. It was invented.
pub const TOKEN: &str = "github_pat_invented";

/// Something that goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The request has no effect and this answer.
    Answer {
        /// The status.
        status: u16,
        /// Headers beside the usual ones.
        headers: Vec<(String, String)>,
        /// The message in the body.
        message: String,
    },
    /// The request has its effect; the connection ends before the answer.
    Lost,
    /// The request has its effect; the body ends in the middle.
    Cut,
    /// The request has its effect; the body comes a few bytes at a time, with such pauses.
    Slow(Duration),
    /// The request is on its way so long before it has its effect.
    Late(Duration),
    /// The connection ends before anything happens.
    Refused,
}

impl Fault {
    /// An answer without an effect.
    pub fn answer(status: u16, headers: &[(&str, &str)], message: &str) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(owned).collect();
        Self::Answer { status, headers, message: message.to_owned() }
    }
}

/// A request that arrived, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// `GET` and so on.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The status that was answered; 0 when nothing was.
    pub status: u16,
    /// The body; `null` when it was no JSON.
    pub body: serde_json::Value,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct GithubServer {
    shared: Arc<Shared>,
    loopback: Loopback,
}

#[derive(Debug)]
struct Shared {
    repo: Mutex<Repo>,
    /// Others, by `owner/name`.
    others: Mutex<BTreeMap<String, Repo>>,
    /// What goes wrong next, by method and a part of the path.
    faults: Mutex<VecDeque<(String, String, Fault)>>,
    sent: Mutex<Vec<Sent>>,
}

impl GithubServer {
    /// Starts with an empty repository, `owner/name`; the token belongs to `viewer`.
    pub fn start(repository: &str, viewer: &str) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            repo: Mutex::new(Repo::new(repository, viewer)),
            others: Mutex::default(),
            faults: Mutex::default(),
            sent: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let loopback = Loopback::start(move |stream, stopped| serve(stream, &served, stopped))?;
        Ok(Self { shared, loopback })
    }

    /// The address of the API.
    pub fn url(&self) -> String {
        self.loopback.url()
    }

    /// The repository, as people on the site see and change it.
    pub fn people<T>(&self, act: impl FnOnce(&mut Repo) -> T) -> T {
        act(&mut lock(&self.shared.repo))
    }

    /// Adds an empty repository beside the first; it is for the same token.
    pub fn add_repository(&self, repository: &str) {
        let repo = Repo::new(repository, &lock(&self.shared.repo).viewer);
        lock(&self.shared.others).insert(repository.to_owned(), repo);
    }

    /// Another repository, as people on the site see and change it.
    ///
    /// # Panics
    /// When it was not added.
    pub fn people_of<T>(&self, repository: &str, act: impl FnOnce(&mut Repo) -> T) -> T {
        #[expect(clippy::expect_used, reason = "the test is wrong")]
        act(lock(&self.shared.others).get_mut(repository).expect("it was added"))
    }

    /// Lets the next request with this method, whose path contains `part`, go wrong.
    pub fn fault(&self, method: &str, part: &str, fault: Fault) {
        lock(&self.shared.faults).push_back((method.to_owned(), part.to_owned(), fault));
    }

    /// Faults that nothing has run into so far.
    pub fn faults_left(&self) -> usize {
        lock(&self.shared.faults).len()
    }

    /// The requests so far, oldest first; they are forgotten with it.
    pub fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut lock(&self.shared.sent))
    }
}

/// One request and its answer; connections are not kept.
fn serve(mut stream: TcpStream, shared: &Shared, is_stopped: &AtomicBool) -> io::Result<()> {
    let mut request = Request::read(&mut stream)?;
    if request.method.is_empty() {
        return Ok(()); // a connection that says nothing: who made it was ended
    }
    let path = request.path.clone();
    // As on an Enterprise Server, which has its API below its site.
    if let Some(rest) = path.strip_prefix("/api/v3").or(path.strip_prefix("/api")) {
        rest.clone_into(&mut request.path);
    }
    let fault = {
        let mut faults = lock(&shared.faults);
        let meets = |(method, part, _): &(String, String, Fault)| {
            *method == request.method && request.path.contains(part.as_str())
        };
        let at = faults.iter().position(meets);
        at.and_then(|at| faults.remove(at)).map(|(_, _, fault)| fault)
    };
    if let Some(Fault::Late(pause)) = fault {
        thread::sleep(pause);
    }
    let answer = match &fault {
        Some(Fault::Refused) => None,
        Some(Fault::Answer { status, headers, message }) => {
            Some(http::Answer::message(*status, message).with(headers))
        }
        Some(Fault::Lost | Fault::Cut | Fault::Slow(_) | Fault::Late(_)) | None => {
            let (mut first, mut others) = (lock(&shared.repo), lock(&shared.others));
            let mut others = others.iter_mut();
            let is_in = |name: &str| {
                request.path.starts_with(&format!("/repos/{name}/"))
                    || request.path == format!("/repos/{name}")
            };
            let other = others.find(|(name, _)| is_in(name)).map(|(_, repo)| repo);
            let repo = other.unwrap_or(&mut first);
            Some(git::answer(repo, &request).unwrap_or_else(|| route::answer(repo, &request)))
        }
    };
    let is_answered = !matches!(fault, Some(Fault::Lost | Fault::Refused));
    let status = answer.as_ref().filter(|_| is_answered).map_or(0, |answer| answer.status);
    let Request { method, body, .. } = request;
    lock(&shared.sent).push(Sent { method, path, status, body });
    let Some(answer) = answer.filter(|_| is_answered) else { return Ok(()) };
    let bytes = answer.bytes();
    match fault {
        Some(Fault::Cut) => stream.write_all(&bytes[..bytes.len() - answer.body.len() / 2 - 1]),
        Some(Fault::Slow(pause)) => slowly(&mut stream, &bytes, pause, is_stopped),
        Some(Fault::Answer { .. } | Fault::Lost | Fault::Late(_) | Fault::Refused) | None => {
            stream.write_all(&bytes)
        }
    }
}

fn slowly(
    stream: &mut TcpStream,
    bytes: &[u8],
    pause: Duration,
    is_stopped: &AtomicBool,
) -> io::Result<()> {
    for piece in bytes.chunks(64) {
        if is_stopped.load(Ordering::SeqCst) {
            break;
        }
        stream.write_all(piece)?;
        stream.flush()?;
        thread::sleep(pause);
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
