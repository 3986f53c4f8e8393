//! Responses, whole or piece by piece.

use std::io::{self, Write as _};
use std::net::TcpStream;

/// Sends a whole response.
pub(crate) fn send(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &str,
) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n")?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// Begins a response whose length is not known.
pub(crate) fn begin(stream: &mut TcpStream, content_type: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())
}

/// Sends one piece of such a response.
pub(crate) fn chunk(stream: &mut TcpStream, piece: &str) -> io::Result<()> {
    write!(stream, "{:x}\r\n{piece}\r\n", piece.len())?;
    stream.flush()
}

/// Ends such a response.
pub(crate) fn end(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"0\r\n\r\n")
}
