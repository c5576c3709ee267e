//! HTTP/1.1 as far as a local server needs it: heads of requests within limits, answers with their length.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::http_date;
use crate::query::Answer;

/// Bytes of the head of a request.
const HEAD_BYTES: usize = 16 << 10;
/// Headers of a request.
const HEADERS: usize = 64;
/// How long a client may take for the head of a request, and be silent between two.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long one write may wait for the client.
const WRITE_TIME: Duration = Duration::from_secs(30);

/// The head of a request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) host: Option<String>,
    /// Values of `Authorization` and `Authentication`.
    pub(super) credentials: Vec<String>,
    pub(super) keeps_alive: bool,
}

impl Request {
    /// Stands for a request that cannot be read.
    pub(super) fn unreadable() -> Self {
        Self {
            method: "GET".to_owned(),
            target: String::new(),
            host: None,
            credentials: Vec::new(),
            keeps_alive: false,
        }
    }
}

/// One connection of a client.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// Bytes that were read and not used.
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(HEAD_TIME))?;
        stream.set_write_timeout(Some(WRITE_TIME))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Reads the next request. `None` at the end of the connection, or when the client takes too long. `Err` is the
    /// answer to what cannot be read.
    pub(super) fn request(&mut self) -> Result<Option<Request>, Answer> {
        let began = Instant::now();
        loop {
            let mut headers = [httparse::EMPTY_HEADER; HEADERS];
            let mut head = httparse::Request::new(&mut headers);
            match head.parse(&self.buffer) {
                Ok(httparse::Status::Complete(length)) => {
                    let request = checked(&head);
                    self.buffer.drain(..length);
                    return request.map(Some);
                }
                Ok(httparse::Status::Partial) if self.buffer.len() < HEAD_BYTES => {}
                Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                    let message = format!(
                        "the head of the request has more than {HEAD_BYTES} bytes or {HEADERS} headers"
                    );
                    return Err(Answer::error(431, &message));
                }
                Err(error) => return Err(Answer::error(400, &format!("not HTTP: {error}"))),
            }
            let mut part = [0; 4096];
            match self.stream.read(&mut part) {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) if began.elapsed() > HEAD_TIME => return Ok(None),
                Ok(read) => self.buffer.extend_from_slice(&part[..read]),
            }
        }
    }

    /// Sends a whole answer.
    pub(super) fn send(&mut self, answer: &Answer, request: &Request) -> io::Result<()> {
        self.send_head(answer, request, &[])?;
        if request.method != "HEAD" {
            self.send_part(&answer.body)?;
        }
        Ok(())
    }

    /// Sends the head of an answer, with the length of its whole body and more `headers`.
    pub(super) fn send_head(
        &mut self,
        answer: &Answer,
        request: &Request,
        headers: &[(&str, &str)],
    ) -> io::Result<()> {
        let Answer { status, media_type, body } = answer;
        let connection = if request.keeps_alive { "keep-alive" } else { "close" };
        let mut head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nDate: {}\r\nConnection: {connection}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
            reason(*status),
            body.len(),
            http_date::text(http_date::now()),
        );
        if *status == 401 {
            head += "WWW-Authenticate: Bearer\r\n";
        }
        if *status == 405 {
            head += "Allow: GET, HEAD\r\n";
        }
        for (name, value) in headers {
            for part in [name, ": ", value, "\r\n"] {
                head += part;
            }
        }
        head += "\r\n";
        self.send_part(head.as_bytes())
    }

    /// Sends bytes as they are.
    pub(super) fn send_part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }
}

/// A request whose head is whole and whose body is none.
fn checked(head: &httparse::Request<'_, '_>) -> Result<Request, Answer> {
    let bad = |message: &str| Err(Answer::error(400, message));
    let target = head.path.unwrap_or("");
    if !target.starts_with('/') {
        return bad("the target of the request is not a path: nothing is forwarded");
    }
    let mut request = Request {
        method: head.method.unwrap_or("").to_owned(),
        target: target.to_owned(),
        host: None,
        credentials: Vec::new(),
        keeps_alive: head.version == Some(1),
    };
    for header in head.headers.iter() {
        let value = String::from_utf8_lossy(header.value).trim().to_owned();
        match header.name.to_ascii_lowercase().as_str() {
            "host" if request.host.is_some() => return bad("two Host headers"),
            "host" => request.host = Some(value),
            "authorization" | "authentication" => request.credentials.push(value),
            "connection" if value.eq_ignore_ascii_case("close") => request.keeps_alive = false,
            "transfer-encoding" => return bad("the request has a body"),
            "content-length" if value != "0" => return bad("the request has a body"),
            _ => {}
        }
    }
    Ok(request)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        _ => "Internal Server Error",
    }
}
