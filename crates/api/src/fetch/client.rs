//! One request after another: politely, and again when it failed in a way that passes.

use std::io::{ErrorKind, Read as _};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::{FetchError, FetchOptions, FetchProgress, plain};
use crate::http_date;
use crate::token::{ApiToken, TokenSource};

/// How failures that pass are waited out.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How often one thing is asked.
    pub tries: u32,
    /// The shortest pause before it is asked again.
    pub least: Duration,
    /// The longest pause, unless the host names one.
    pub most: Duration,
    /// The longest pause that a host can name with `Retry-After`.
    pub most_named: Duration,
    /// How long a whole answer may take.
    pub answer: Duration,
    /// How long the host may send nothing.
    pub silence: Duration,
    /// Factor of all pauses: 1, and less in tests.
    pub scale: f64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 6,
            least: Duration::from_millis(500),
            most: Duration::from_secs(30),
            most_named: Duration::from_mins(15),
            answer: Duration::from_mins(10),
            silence: Duration::from_secs(30),
            scale: 1.0,
        }
    }
}

/// Bytes of one answer at most: as much as the limit on files of a dump.
const MOST_BYTES: u64 = 1 << 30;
/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(20);
/// How often a waiting thread looks whether it must stop.
const LOOK: Duration = Duration::from_millis(50);
/// Requests in a row that may be given up before the host counts as down.
const MOST_GIVEN_UP: u32 = 3;
/// Characters of an error answer that are shown.
const SHOWN: usize = 200;

/// Asks one host.
pub(super) struct Client<'a> {
    agent: ureq::Agent,
    host: String,
    token: Mutex<CurrentToken>,
    token_source: TokenSource,
    header: String,
    patience: Patience,
    /// Time between two requests.
    interval: Duration,
    pace: Mutex<Pace>,
    /// Something has been answered: failures to connect may pass.
    was_answered: AtomicBool,
    /// Requests that were asked as often as patience allows, since the last proper answer.
    given_up: AtomicU32,
    random: AtomicU64,
    stop: &'a AtomicBool,
    progress: &'a FetchProgress,
}

struct CurrentToken {
    token: Arc<ApiToken>,
    /// How often it was read.
    version: u64,
    /// Something was answered with it.
    was_accepted: bool,
}

/// When the next request may begin, for all threads.
struct Pace {
    next: Instant,
    paused_until: Instant,
}

/// Why a request has no good answer.
#[derive(Debug)]
pub(super) enum AskError {
    /// The run must end.
    Fatal(FetchError),
    /// 400: the host will not answer this, however often it is asked.
    BadRequest(String),
    /// 404.
    NotFound,
    /// Asked as often as patience allows.
    Failed(String),
}

impl From<FetchError> for AskError {
    fn from(error: FetchError) -> Self {
        Self::Fatal(error)
    }
}

/// How one try went, apart from a good answer.
enum Failure {
    Final(AskError),
    /// Refused with the token of this version.
    Refused(u64),
    /// May pass.
    Passing {
        fault: String,
        /// The pause that the host asks for.
        named: Option<Duration>,
        /// There was no answer, or one that is the same whatever was asked: the host may be down.
        is_down: bool,
    },
}

impl Failure {
    /// The answer is not what was asked for.
    fn unusable(fault: String) -> Self {
        Self::Passing { fault, named: None, is_down: false }
    }
}

impl<'a> Client<'a> {
    pub(super) fn new(
        options: &FetchOptions,
        stop: &'a AtomicBool,
        progress: &'a FetchProgress,
    ) -> Result<Self, FetchError> {
        let host = checked_host(&options.host)?;
        let is_local = is_loopback(&host);
        let proxy = match &options.proxy {
            Some(proxy) => Some(ureq::Proxy::new(proxy).map_err(|_| FetchError::Proxy)?),
            None if is_local => None,
            None => ureq::Proxy::try_from_env(),
        };
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(!is_local)
            .proxy(proxy)
            .user_agent(concat!("analyze/", env!("CARGO_PKG_VERSION")))
            .accept("application/json, text/plain, */*")
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_per_read(Some(options.patience.silence))
            .timeout_global(Some(options.patience.answer));
        if host.starts_with("https:") {
            let roots = RootCerts::Specific(Arc::new(certificates(options)?));
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
            config = config.tls_config(tls.root_certs(roots).build());
        }
        let token = Arc::new(options.token.read().map_err(FetchError::NoToken)?);
        let now = Instant::now();
        Ok(Self {
            agent: ureq::Agent::new_with_config(config.build()),
            host,
            token: Mutex::new(CurrentToken { token, version: 0, was_accepted: false }),
            token_source: options.token.clone(),
            header: options.auth_header.clone(),
            patience: options.patience,
            interval: if options.rate > 0.0 {
                Duration::from_secs_f64(1.0 / options.rate)
            } else {
                Duration::ZERO
            },
            pace: Mutex::new(Pace { next: now, paused_until: now }),
            was_answered: AtomicBool::new(false),
            given_up: AtomicU32::new(0),
            random: AtomicU64::new(http_date::now().unsigned_abs() ^ u64::from(std::process::id())),
            stop,
            progress,
        })
    }

    pub(super) fn progress(&self) -> &FetchProgress {
        self.progress
    }

    /// Asks until there is an answer that `read` accepts. `read` says what is wrong with a 200, such as a login page.
    pub(super) fn ask<T>(
        &self,
        target: &str,
        read: &mut dyn FnMut(Vec<u8>) -> Result<T, String>,
    ) -> Result<T, AskError> {
        let url = format!("{}{target}", self.host);
        let (mut tries, mut refusals) = (0, 0);
        loop {
            self.wait()?;
            match self.try_once(&url, read) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Refused(version)) => {
                    refusals += 1;
                    if refusals > 1 || !self.renew(version)? {
                        return Err(FetchError::Refused { status: 401 }.into());
                    }
                }
                Err(Failure::Passing { fault, named, is_down }) => {
                    tries += 1;
                    if tries < self.patience.tries {
                        self.pause(tries, named);
                        continue;
                    }
                    let fault = format!("{fault}, {tries} times");
                    // Asking for all others as patiently would take hours.
                    if is_down && self.given_up.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_GIVEN_UP
                    {
                        let host = self.host.clone();
                        let fault = format!("{fault}, for {MOST_GIVEN_UP} requests in a row");
                        return Err(FetchError::Unreachable { host, fault }.into());
                    }
                    return Err(AskError::Failed(fault));
                }
            }
        }
    }

    fn try_once<T>(
        &self,
        url: &str,
        read: &mut dyn FnMut(Vec<u8>) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let (token, version) = {
            let current = self.token();
            (Arc::clone(&current.token), current.version)
        };
        self.progress.requests.fetch_add(1, Ordering::Relaxed);
        let request = self.agent.get(url).header(&self.header, token.bearer());
        let mut response = match request.call() {
            Ok(response) => response,
            Err(error) => return Err(self.unanswered(&error)),
        };
        self.was_answered.store(true, Ordering::Relaxed);
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let named = header("retry-after").and_then(|after| {
            let now = header("date").and_then(|date| http_date::parse(&date));
            named_pause(&after, now.unwrap_or_else(http_date::now))
        });
        let mut body = Vec::new();
        let reader = response.body_mut().with_config().limit(MOST_BYTES).reader();
        let whole = std::io::BufReader::new(reader).read_to_end(&mut body);
        if status == 401 {
            return Err(Failure::Refused(version));
        }
        let says = || error_text(&token.hidden_in(&String::from_utf8_lossy(&body)));
        match status {
            200 => {}
            400 => {
                self.accepted(version);
                return Err(Failure::Final(AskError::BadRequest(says())));
            }
            // Of a proxy: the host has no such path. The API has JSON or nothing.
            404 if body.trim_ascii_start().starts_with(b"<") => {
                return Err(Failure::unusable("answered 404 with a web page".to_owned()));
            }
            404 => {
                self.accepted(version);
                return Err(Failure::Final(AskError::NotFound));
            }
            408 | 425 | 429 | 500..=599 => {
                let fault = format!("answered {status}");
                return Err(Failure::Passing { fault, named, is_down: true });
            }
            403 => return Err(Failure::Final(FetchError::Refused { status }.into())),
            300..=399 => {
                let fault = format!("answered {status}, a redirect, which is not followed");
                return Err(Failure::Final(AskError::Failed(fault)));
            }
            _ => {
                let fault = format!("answered {status}{}", says());
                return Err(Failure::Final(AskError::Failed(fault)));
            }
        }
        if let Err(error) = whole {
            return Err(Failure::unusable(format!("the answer is cut: {}", plain(&error))));
        }
        let bytes = body.len() as u64;
        let answer = read(body).map_err(Failure::unusable)?;
        self.accepted(version);
        self.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(answer)
    }

    /// What a failure without an answer means.
    fn unanswered(&self, error: &ureq::Error) -> Failure {
        let unreachable = |fault: String| {
            Failure::Final(FetchError::Unreachable { host: self.host.clone(), fault }.into())
        };
        let certificate = match error {
            ureq::Error::Rustls(error) => Some(error.to_string()),
            ureq::Error::Tls(fault) => Some((*fault).to_owned()),
            // The kind of all errors of TLS.
            ureq::Error::Io(error) if error.kind() == ErrorKind::InvalidData => Some(plain(error)),
            _ => None,
        };
        if let Some(fault) = certificate {
            return unreachable(format!(
                "no secure connection: {fault}\nif the host has a certificate of your own, name its authority with --ca-file"
            ));
        }
        let unknown = "the host name is not known; is this machine online?".to_owned();
        let fault = match error {
            ureq::Error::HostNotFound => unknown,
            ureq::Error::ConnectionFailed => "no connection".to_owned(),
            ureq::Error::Timeout(what) => format!("no answer in time ({what})"),
            ureq::Error::ConnectProxyFailed(fault) => format!("the proxy refuses: {fault}"),
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                "connection refused; are host and port right?".to_owned()
            }
            // What the standard library says when the resolver of the system fails.
            ureq::Error::Io(error) if error.to_string().starts_with("failed to lookup") => unknown,
            ureq::Error::Io(error) => plain(error),
            error => error.to_string(),
        };
        let fault = self.token().token.hidden_in(&fault);
        // Before anything was answered, only what happens to a connection that was made is worth another try.
        let passes = self.was_answered.load(Ordering::Relaxed)
            || match error {
                ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => true,
                ureq::Error::Io(error) => matches!(
                    error.kind(),
                    ErrorKind::ConnectionReset
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::UnexpectedEof
                        | ErrorKind::BrokenPipe
                        | ErrorKind::TimedOut
                ),
                _ => false,
            };
        if passes {
            Failure::Passing { fault, named: None, is_down: true }
        } else {
            unreachable(fault)
        }
    }

    fn token(&self) -> MutexGuard<'_, CurrentToken> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host has given a proper answer with the token of this version.
    fn accepted(&self, version: u64) {
        self.given_up.store(0, Ordering::Relaxed);
        let mut current = self.token();
        current.was_accepted |= current.version == version;
    }

    /// Reads the token anew after it was refused in this version; whether there is one to try. A token is read anew
    /// once: when the new one is refused without ever having been accepted, that is final.
    fn renew(&self, version: u64) -> Result<bool, FetchError> {
        let mut current = self.token();
        if current.version != version {
            return Ok(true); // another thread has done it
        }
        let is_first = current.version == 0 || current.was_accepted;
        if !self.token_source.can_change() || !is_first {
            return Ok(false);
        }
        current.token = Arc::new(self.token_source.read().map_err(FetchError::NoToken)?);
        current.version += 1;
        current.was_accepted = false;
        Ok(true)
    }

    /// Waits until the next request may begin.
    fn wait(&self) -> Result<(), FetchError> {
        let mut begin = {
            let mut pace = self.pace();
            let begin = pace.next.max(Instant::now());
            pace.next = begin + self.interval;
            begin
        };
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(FetchError::Interrupted);
            }
            begin = begin.max(self.pace().paused_until);
            let left = begin.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes all threads pause after the nth failure: as long as the host says, else for a random time that may double
    /// with each failure.
    fn pause(&self, nth: u32, named: Option<Duration>) {
        let Patience { least, most, most_named, scale, .. } = self.patience;
        let pause = if let Some(named) = named {
            named.min(most_named)
        } else {
            let reach = least.saturating_mul(1 << nth.min(16)).min(most);
            least + reach.saturating_sub(least).mul_f64(self.random_share())
        };
        let until = Instant::now() + pause.mul_f64(scale);
        let mut pace = self.pace();
        pace.paused_until = pace.paused_until.max(until);
    }

    /// A random number from 0 to 1 (`SplitMix64`).
    fn random_share(&self) -> f64 {
        let mut x = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ x >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The pause of `Retry-After`: seconds, or a date against `now`.
fn named_pause(text: &str, now: i64) -> Option<Duration> {
    let text = text.trim();
    let seconds = text.parse::<u64>().ok().or_else(|| {
        let at = http_date::parse(text)?;
        Some((at - now).max(0).unsigned_abs())
    })?;
    Some(Duration::from_secs(seconds))
}

/// The beginning of an error answer, for a message: ` (text)`; nothing when it is empty or a page of HTML.
fn error_text(body: &str) -> String {
    let text = serde_json::from_str::<serde_json::Value>(body).ok();
    let field = text.as_ref().and_then(|json| {
        ["detail", "message", "error"].iter().find_map(|name| json.get(name)?.as_str())
    });
    let text = field.unwrap_or(body).trim();
    if text.is_empty() || text.starts_with('<') {
        return String::new();
    }
    let line: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    format!(" ({line})")
}

/// Scheme and host without a slash at the end: https, or http for loopback.
fn checked_host(host: &str) -> Result<String, FetchError> {
    let wrong = |fault: &'static str| FetchError::Host { host: host.to_owned(), fault };
    let host_only = host.trim_end_matches('/');
    let (scheme, rest) = host_only
        .split_once("://")
        .ok_or_else(|| wrong("write it with its scheme, such as https://host:3000"))?;
    if rest.is_empty() || rest.contains(['/', '?', '#', '@']) {
        return Err(wrong("write scheme, host and port only, such as https://host:3000"));
    }
    match scheme {
        "https" => Ok(host_only.to_owned()),
        "http" if is_loopback(host_only) => Ok(host_only.to_owned()),
        "http" => Err(wrong(
            "http would show the token to the network; only https is used, except for this machine",
        )),
        _ => Err(wrong("neither https nor http")),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.split_once("://").map_or(host, |(_, rest)| rest);
    let name = match name.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => name,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The certificates of the system, and those of `--ca-file`.
fn certificates(options: &FetchOptions) -> Result<Vec<Certificate<'static>>, FetchError> {
    let system = rustls_native_certs::load_native_certs().certs;
    let mut all: Vec<Certificate<'static>> =
        system.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    if let Some(path) = &options.ca_file {
        let pem = std::fs::read(path)
            .map_err(|source| FetchError::File { path: path.clone(), source })?;
        let before = all.len();
        all.extend(parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        }));
        if all.len() == before {
            return Err(FetchError::Certificates { path: path.clone() });
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_https_or_loopback() {
        for sound in [
            "https://h.example:3000/",
            "http://127.0.0.1:3000",
            "http://localhost",
            "http://[::1]:80",
        ] {
            assert_eq!(checked_host(sound).unwrap(), sound.trim_end_matches('/'));
        }
        for wrong in [
            "h.example",
            "http://h.example",
            "ftp://localhost",
            "https://h/logs",
            "https://u:p@h",
            "http://127.0.0.1.example.com",
        ] {
            assert!(checked_host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_names_its_pause_in_seconds_or_by_a_date() {
        assert_eq!(named_pause("7", 0), Some(Duration::from_secs(7)));
        assert_eq!(
            named_pause("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770),
            Some(Duration::from_secs(7))
        );
        assert_eq!(named_pause("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_790), Some(Duration::ZERO));
        assert_eq!(named_pause("soon", 0), None);
    }

    #[test]
    fn an_error_answer_is_shown_by_its_message() {
        assert_eq!(error_text(r#"{"detail": "limit: 0"}"#), " (limit: 0)");
        assert_eq!(error_text("<html>"), "");
    }
}
