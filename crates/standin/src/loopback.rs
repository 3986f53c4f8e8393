//! What our stand-ins for other people's servers have in common: a listener on 127.0.0.1, and requests of
//! HTTP/1.1. It is written on bare sockets, so that a stand-in can also do what a server should not: stop in
//! the middle, say nothing, hang up.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::Value;

/// A listener with a thread for each connection. It ends when it is dropped, after all of them.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    is_stopped: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Serves each connection on a free port with `serve`, which is also told when the server is to
    /// end. What goes wrong there, like a client that hangs up, is the client's business.
    pub fn start(
        serve: impl Fn(TcpStream, &AtomicBool) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&is_stopped);
        let listening = thread::spawn(move || listen(&listener, &stopped, &Arc::new(serve)));
        Ok(Self { address, is_stopped, listening: Some(listening) })
    }

    /// Where it listens: `http://127.0.0.1:…`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            drop(listening.join());
        }
    }
}

fn listen<S>(listener: &TcpListener, is_stopped: &Arc<AtomicBool>, serve: &Arc<S>)
where
    S: Fn(TcpStream, &AtomicBool) -> io::Result<()> + Send + Sync + 'static,
{
    let mut connections = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if is_stopped.load(Ordering::SeqCst) {
            break;
        }
        let (serve, is_stopped) = (Arc::clone(serve), Arc::clone(is_stopped));
        connections.push(thread::spawn(move || drop(serve(stream, &is_stopped))));
    }
    for connection in connections {
        drop(connection.join());
    }
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` and so on.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body; `null` when it was no JSON.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Request {
    /// Reads one. Connections are not kept.
    pub fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self { method, path, headers, body: Value::Null, bytes: Vec::new() };
        let length = request.header("content-length").and_then(|value| value.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        request.body = serde_json::from_slice(&body).unwrap_or_default();
        request.bytes = body;
        Ok(request)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The path without its query, in segments that are not escaped any more.
    pub fn segments(&self) -> Vec<String> {
        let path = self.path.split('?').next().unwrap_or_default();
        path.split('/').filter(|part| !part.is_empty()).map(unescape).collect()
    }

    /// One value of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.path.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| unescape(value))
    }
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        if let (b'%', Some(byte)) = (first, byte) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
