//! A model provider on loopback that says what a test tells it to say.
//!
//! It speaks the wire formats of Anthropic, OpenAI, Gemini and Ollama on one port and chooses by
//! the path of the request. Replies are given in the order of the script, one for each request;
//! a request after the last one gets status 500. It is written on bare sockets, so that it can
//! also do what a server should not: stop in the middle, say nothing, hang up.

mod http;
mod reply;
mod wire;

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::Value;

pub use reply::Reply;
pub use wire::Wire;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path with its query.
    pub path: String,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body; `null` when it was no JSON.
    pub body: Value,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What a server answers by, where it is not a script.
type Answer = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A server that runs until it is dropped.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Reply>>,
    answer: Option<Answer>,
    requests: Mutex<Vec<Request>>,
    is_stopped: AtomicBool,
}

impl ModelServer {
    /// Starts to listen on a free port of 127.0.0.1.
    pub fn start(script: impl IntoIterator<Item = Reply>) -> io::Result<Self> {
        let script = Mutex::new(script.into_iter().collect());
        Self::serve(Shared { script, ..Shared::default() })
    }

    /// The same, answering each request by what it says: for several who ask at once.
    pub fn answering(
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::serve(Shared { answer: Some(Box::new(answer)), ..Shared::default() })
    }

    fn serve(shared: Shared) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(shared);
        let for_thread = Arc::clone(&shared);
        let listening = Some(thread::spawn(move || listen(&listener, &for_thread)));
        Ok(Self { address, shared, listening })
    }

    /// Where this wire format is spoken, as clients are configured with it.
    pub fn base_url(&self, wire: Wire) -> String {
        format!("http://{}{}", self.address, wire.base_path())
    }

    /// Adds replies to the end of the script.
    pub fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.script).extend(replies);
    }

    /// The requests that have arrived so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            drop(listening.join());
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut connections = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if shared.is_stopped.load(Ordering::SeqCst) {
            break;
        }
        let shared = Arc::clone(shared);
        connections.push(thread::spawn(move || {
            // A client that hangs up is its own business.
            drop(reply_to(stream, &shared));
        }));
    }
    for connection in connections {
        drop(connection.join());
    }
}

/// One request and its reply; connections are not kept.
fn reply_to(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let request = http::read_request(&mut stream)?;
    let wire = Wire::of_path(&request.path);
    let is_streamed = wire.is_some_and(|wire| wire.is_streamed(&request));
    let reply = match &shared.answer {
        Some(answer) => Some(answer(&request)),
        None => lock(&shared.script).pop_front(),
    };
    let mut reply = reply.unwrap_or_else(|| Reply::status(500).body("the script is at its end"));
    let mut requests = lock(&shared.requests);
    requests.push(request);
    reply.number = requests.len();
    drop(requests);
    match wire {
        Some(wire) => reply.send(&mut stream, wire, is_streamed, &shared.is_stopped),
        None => http::send(&mut stream, 404, &[], "no such path"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
