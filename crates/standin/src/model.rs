//! A model provider on loopback that says what it was told to say.
//!
//! It speaks the wire formats of Anthropic, OpenAI, Gemini and Ollama on one port and chooses by
//! the path of the request. Replies are given in the order of the script, one for each request;
//! a request after the last one gets status 500. What Ollama says of the models that it has loaded is
//! beside the script.

use std::collections::VecDeque;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::loopback::{Loopback, Request};
use crate::reply::Reply;
use crate::wire::Wire;
use crate::{http, responses};

/// What a server answers by, where it is not a script.
type Answer = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A server that runs until it is dropped.
pub struct ModelServer {
    shared: Arc<Shared>,
    loopback: Loopback,
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Reply>>,
    answer: Option<Answer>,
    requests: Mutex<Vec<Request>>,
    /// How many tokens each model takes at once, where that is said.
    window: Mutex<Option<u64>>,
    /// Whether Ollama has loaded its model, by a request without a prompt.
    is_loaded: AtomicBool,
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
        let shared = Arc::new(shared);
        let served = Arc::clone(&shared);
        let loopback = Loopback::start(move |stream, stopped| reply_to(stream, &served, stopped))?;
        Ok(Self { shared, loopback })
    }

    /// Where this wire format is spoken, as clients are configured with it.
    pub fn base_url(&self, wire: Wire) -> String {
        self.loopback.url() + wire.base_path()
    }

    /// Adds replies to the end of the script.
    pub fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.script).extend(replies);
    }

    /// From now on Ollama says that its models take so many tokens at once.
    pub fn set_window(&self, tokens: u64) {
        *lock(&self.shared.window) = Some(tokens);
    }

    /// The requests that have arrived so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }
}

/// One request and its reply; connections are not kept.
fn reply_to(mut stream: TcpStream, shared: &Shared, is_stopped: &AtomicBool) -> io::Result<()> {
    let request = Request::read(&mut stream)?;
    if request.path == "/api/ps" {
        let is_loaded = shared.is_loaded.load(Ordering::SeqCst);
        let window = lock(&shared.window).filter(|_| is_loaded);
        let models: Vec<Value> = window.map(loaded).into_iter().collect();
        return http::send(&mut stream, 200, &[], &json!({ "models": models }).to_string());
    }
    if request.path == "/api/generate" {
        shared.is_loaded.store(true, Ordering::SeqCst);
        return http::send(&mut stream, 200, &[], &json!({ "done": true }).to_string());
    }
    let wire = Wire::of_path(&request.path);
    let is_streamed = wire.is_some_and(|wire| wire.is_streamed(&request));
    let reply = match &shared.answer {
        Some(answer) => Some(answer(&request)),
        None => lock(&shared.script).pop_front(),
    };
    let mut reply = reply.unwrap_or_else(|| Reply::status(500).body("the script is at its end"));
    reply.namespaces = responses::namespaces(&request.body);
    let mut requests = lock(&shared.requests);
    requests.push(request);
    reply.number = requests.len();
    drop(requests);
    match wire {
        Some(wire) => reply.send(&mut stream, wire, is_streamed, is_stopped),
        None => http::send(&mut stream, 404, &[], "no such path"),
    }
}

/// As Ollama describes a model that it has loaded.
fn loaded(window: u64) -> Value {
    json!({ "name": "m1:latest", "model": "m1:latest", "size": 1, "context_length": window })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
