//! The documented calls over HTTP, from a dump: for tests, demos and scripts.
//!
//! GET and HEAD only. Answers whoever can connect, so it binds to loopback unless told otherwise, and refuses a `Host`
//! that is not its own: a page in a browser must not read a dump by a name that leads to loopback. There are no CORS
//! headers, and nothing is ever forwarded.

mod faults;
mod http;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::dump::SavedLogs;
use crate::protocol::{AskedAt, DOWNLOAD_PATH, FLOWS_PATH, LIST_PATH, Parameters};
use crate::query::{self, Answer};
use crate::token::TokenSource;

pub use self::faults::{Faults, FaultsError, HostFault};
use self::http::{Connection, Request};

/// Connections at a time; one more is refused.
const MOST_CONNECTIONS: usize = 64;

/// How a dump is served.
#[derive(Debug, Default)]
pub struct ServeOptions {
    /// Requests need this token; without it, none. Read anew for each request, so that it can change.
    pub token: Option<TokenSource>,
    /// Downloads are sent as they lie in the dump.
    pub is_verbatim: bool,
    /// Addresses other than loopback may be bound.
    pub allows_remote: bool,
    /// How it misbehaves.
    pub faults: Option<Faults>,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is not loopback.
    #[error("{address}: other machines could read the dump\nadd --allow-remote if they may")]
    Remote {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be bound.
    #[error("{address}: cannot be bound: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A server that is bound and not running yet.
#[derive(Debug)]
pub struct Server<'d> {
    dump: &'d SavedLogs,
    listener: TcpListener,
    address: SocketAddr,
    options: ServeOptions,
    stop: AtomicBool,
    connections: AtomicUsize,
}

impl<'d> Server<'d> {
    /// Binds an address; port 0 takes any that is free.
    ///
    /// # Errors
    /// When it cannot be bound, or is not loopback and may not be.
    pub fn bind(
        dump: &'d SavedLogs,
        address: SocketAddr,
        options: ServeOptions,
    ) -> Result<Self, ServeError> {
        if !address.ip().is_loopback() && !options.allows_remote {
            return Err(ServeError::Remote { address });
        }
        let refuse = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let (stop, connections) = (AtomicBool::new(false), AtomicUsize::new(0));
        Ok(Self { dump, listener, address, options, stop, connections })
    }

    /// The address with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends [`run`](Self::run): no new connections, and the open ones end with their answers.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _woken = TcpStream::connect(self.address);
    }

    /// Answers until [`stop`](Self::stop). `warn` takes messages for people, one line each.
    pub fn run(&self, warn: &(dyn Fn(&str) + Sync)) {
        std::thread::scope(|scope| {
            for stream in self.listener.incoming() {
                if self.stop.load(Ordering::Relaxed) {
                    break;
                }
                // What fails here fails for one client.
                let Ok(stream) = stream else { continue };
                if self.connections.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                    self.connections.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                scope.spawn(move || {
                    self.answer_requests(stream, warn);
                    self.connections.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
    }

    /// Answers the requests of one connection.
    fn answer_requests(&self, stream: TcpStream, warn: &(dyn Fn(&str) + Sync)) {
        let Ok(mut connection) = Connection::new(stream) else { return };
        while !self.stop.load(Ordering::Relaxed) {
            let request = match connection.request() {
                Ok(Some(request)) => request,
                Ok(None) => return,
                Err(refused) => {
                    // The client may be gone.
                    let _sent = connection.send(&refused, &Request::unreadable());
                    return;
                }
            };
            let answer = self.answer(&request, warn);
            let fault = match &self.options.faults {
                Some(faults) if answer.status == 200 && request.method == "GET" => {
                    faults.next(&request.target)
                }
                _ => None,
            };
            let sent = match fault {
                Some(fault) => fault.send(&mut connection, &answer, &request),
                None => connection.send(&answer, &request),
            };
            if sent.is_err() || !request.keeps_alive {
                return;
            }
        }
    }

    fn answer(&self, request: &Request, warn: &(dyn Fn(&str) + Sync)) -> Answer {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            let message = format!("{}: only GET and HEAD are answered", request.method);
            return Answer::error(405, &message);
        }
        let Some(host) = request.host.as_deref().filter(|host| self.is_own(host)) else {
            let host = request.host.as_deref().unwrap_or("none");
            let message = format!("Host {host:?} is not this server, which is {}", self.address);
            return Answer::error(421, &message);
        };
        if let Some(source) = &self.options.token {
            let token = match source.read() {
                Ok(token) => token,
                Err(error) => return Answer::error(500, &error.to_string()),
            };
            if !request.credentials.iter().any(|given| token.is_in(given)) {
                return Answer::error(
                    401,
                    "the token is missing or wrong: send Authorization: Bearer TOKEN",
                );
            }
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let asked = AskedAt { origin: format!("http://{host}"), parameters: Parameters::of(query) };
        for name in asked.parameters.unknown() {
            warn(&format!("{path}: {name}: no documented parameter; ignored"));
        }
        match path.trim_end_matches('/') {
            LIST_PATH => match &self.options.faults {
                Some(faults) if faults.shifts() => faults.shifted(self.dump, &asked),
                _ => query::list(self.dump, &asked),
            },
            DOWNLOAD_PATH => query::download(self.dump, &asked, self.options.is_verbatim),
            FLOWS_PATH => query::flows(self.dump, &asked),
            _ => Answer::error(
                404,
                &format!("no such path; there are {LIST_PATH}, {DOWNLOAD_PATH} and {FLOWS_PATH}"),
            ),
        }
    }

    /// Whether a `Host` is this server: the bound address with its port, `localhost` for loopback, and any address
    /// when all are bound.
    fn is_own(&self, host: &str) -> bool {
        let (ip, port) = (self.address.ip(), self.address.port());
        let (name, given) = match host.rsplit_once(':') {
            Some((name, given)) if !given.ends_with(']') => (name, given.parse().ok()),
            _ => (host, Some(80)),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let is_here = match name.parse::<IpAddr>() {
            Ok(named) => named == ip || ip.is_unspecified(),
            Err(_) => {
                name.eq_ignore_ascii_case("localhost") && (ip.is_loopback() || ip.is_unspecified())
            }
        };
        given == Some(port) && is_here
    }
}
