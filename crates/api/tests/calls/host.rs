//! A second server, small and independent of the library: what it gets wrong, the library does not get wrong the same way.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::kit::{TestRandom, TrueLog, base64, page_body, uuid, zip};

/// The token that it wants.
pub(crate) const TOKEN: &str = "s3cret-token";

/// What it holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct HostLogs {
    /// Newest first.
    logs: Vec<TrueLog>,
}

impl HostLogs {
    pub(crate) fn of(logs: &[TrueLog]) -> Self {
        let mut logs = logs.to_vec();
        logs.sort_by_key(|log| std::cmp::Reverse((log.created, log.id)));
        Self { logs }
    }

    /// Line logs of one flow, half of them with a download.
    pub(crate) fn lines(count: u64) -> Self {
        Self::of(&(0..count).map(line).collect::<Vec<_>>())
    }

    /// The same as long as none has finished: nothing is downloaded.
    pub(crate) fn running_lines(count: u64) -> Self {
        let mut stored = Self::lines(count);
        stored.logs.iter_mut().for_each(let_run);
        stored
    }

    /// The same when only the nth log is running.
    pub(crate) fn lines_with_one_running(count: u64, nth: u64) -> Self {
        let mut stored = Self::lines(count);
        stored.logs.iter_mut().filter(|log| log.id == 5000 + nth).for_each(let_run);
        stored
    }

    /// The same with records that promise a download, and no download.
    pub(crate) fn lines_that_promise(count: u64) -> Self {
        let mut stored = Self::lines(count);
        for log in &mut stored.logs {
            log.record = log.record.replace("\"state\":3", "\"state\":3,\"is_send_S3\":1");
            log.download = None;
        }
        stored
    }

    pub(crate) fn ids(&self) -> HashSet<u64> {
        self.logs.iter().map(|log| log.id).collect()
    }
}

fn let_run(log: &mut TrueLog) {
    log.record = log.record.replace("\"state\":3", "\"state\":2");
}

/// The flow of [`HostLogs::lines`].
pub(crate) fn flow() -> String {
    uuid(0xf10e, 9)
}

fn line(n: u64) -> TrueLog {
    let (id, run, file, created) =
        (5000 + n, uuid(2, n / 50), uuid(3, n), 1_780_272_000_000 + n * 1000);
    let record = format!(
        r#"{{"id":{id},"log_type":3,"process_group_id":"write","process_group_name":"Write","parent_process_group_id":"{}","original_filename_uuid":"{run}","filename_uuid":"{file}","state":3,"status":2,"created":"{created}","row_num":{n}}}"#,
        flow()
    );
    let download = n.is_multiple_of(2).then(|| format!(r#"[{{"sku":"A-{n}","status_code":200}}]"#));
    TrueLog { id, log_type: 3, flow: flow(), run, file, created, record, download }
}

/// How it misbehaves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HostFaults {
    pub(crate) seed: u64,
    /// Of 100 first answers so many are faulty.
    pub(crate) percent: u64,
    /// In one of so many times, rows arrive and are deleted between two pages; 0 for never.
    pub(crate) moves_one_in: usize,
    /// Most rows of a page.
    pub(crate) most_rows: Option<usize>,
    /// After so many requests it answers with 503 only.
    pub(crate) dies_after: Option<usize>,
    /// Each list answer repeats the first page.
    pub(crate) ignores_page: bool,
    /// Downloads of these ids are damaged for ever.
    pub(crate) damaged: Option<u64>,
}

/// Kinds of faults.
pub(crate) const KINDS: u64 = 12;

#[derive(Debug)]
struct Shared {
    stored: Mutex<HostLogs>,
    faults: HostFaults,
    /// How often each target was asked.
    asked: Mutex<HashMap<String, u64>>,
    /// All targets in their order.
    targets: Mutex<Vec<String>>,
    /// Which kinds have been used.
    used: Mutex<HashSet<u64>>,
    deleted: Mutex<HashSet<u64>>,
    lists: Mutex<TestRandom>,
    token: Mutex<String>,
    stop: AtomicBool,
}

/// The running server; stops when dropped.
#[derive(Debug)]
pub(crate) struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    pub(crate) fn start(stored: HostLogs, faults: HostFaults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            stored: Mutex::new(stored),
            faults,
            asked: Mutex::default(),
            targets: Mutex::default(),
            used: Mutex::default(),
            deleted: Mutex::default(),
            lists: Mutex::new(TestRandom(faults.seed)),
            token: Mutex::new(TOKEN.to_owned()),
            stop: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.stop.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                if let Ok(stream) = stream {
                    std::thread::spawn(move || {
                        let _gone = answer_requests(&shared, stream);
                    });
                }
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.shared.targets.lock().unwrap().clone()
    }

    pub(crate) fn used(&self) -> HashSet<u64> {
        self.shared.used.lock().unwrap().clone()
    }

    /// Ids that were deleted while pages were read.
    pub(crate) fn deleted(&self) -> HashSet<u64> {
        self.shared.deleted.lock().unwrap().clone()
    }

    pub(crate) fn wants(&self, token: &str) {
        token.clone_into(&mut self.shared.token.lock().unwrap());
    }

    /// Replaces what it holds.
    pub(crate) fn holds(&self, stored: HostLogs) {
        *self.shared.stored.lock().unwrap() = stored;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

struct Reply {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: String::new(), body: body.into() }
}

fn answer_requests(shared: &Shared, stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let target = lines[0].split(' ').nth(1).unwrap_or("").to_owned();
        shared.targets.lock().unwrap().push(target.clone());
        let wanted = format!("authorization: bearer {}", shared.token.lock().unwrap());
        let asked = shared.targets.lock().unwrap().len();
        if shared.faults.dies_after.is_some_and(|after| asked > after) {
            send(&mut stream, reply(503, ""), None)?;
            continue;
        }
        let good = if lines.iter().any(|line| line.to_lowercase() == wanted) {
            answer(shared, &target)
        } else {
            reply(401, r#"{"message":"Unauthorized"}"#)
        };
        let fault_of = if good.status == 401 { None } else { fault_of(shared, &target) };
        send(&mut stream, good, fault_of)?;
    }
}

fn fault_of(shared: &Shared, target: &str) -> Option<u64> {
    let HostFaults { seed, percent, .. } = shared.faults;
    let mut asked = shared.asked.lock().unwrap();
    let nth = asked.entry(target.to_owned()).or_insert(0);
    *nth += 1;
    let hash = target.bytes().fold(seed, |hash, byte| TestRandom(hash ^ u64::from(byte)).next());
    let mut random = TestRandom(hash);
    // A run of faults at the beginning, and none behind it.
    let mut kind = None;
    for _ in 0..*nth {
        kind = (random.next() % 100 < percent).then(|| random.next() % KINDS);
        kind?;
    }
    if *nth > 4 {
        return None;
    }
    shared.used.lock().unwrap().extend(kind);
    kind
}

fn send(stream: &mut TcpStream, good: Reply, fault_of: Option<u64>) -> std::io::Result<()> {
    let cut = good.body.len() * 2 / 3;
    let bad = |status: u16, headers: &str, body: &str| Reply {
        status,
        headers: headers.to_owned(),
        body: body.as_bytes().to_vec(),
    };
    let date = "Date: Sun, 06 Nov 1994 08:49:30 GMT\r\n";
    let reply = match fault_of {
        None => good,
        Some(0) => bad(429, "Retry-After: 3\r\n", ""),
        Some(1) => {
            bad(429, &format!("{date}Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), "slow down")
        }
        Some(2) => bad(500, "", "oops"),
        Some(3) => bad(502, "Content-Type: text/html\r\n", "<html><h1>502 Bad Gateway</h1></html>"),
        Some(4) => bad(408, "", ""),
        Some(5) => bad(401, "", "{}"),
        Some(6) => {
            stream.write_all(&head(200, "", good.body.len()))?;
            for part in good.body.chunks(cut.max(1)) {
                std::thread::sleep(Duration::from_millis(5));
                stream.write_all(part)?;
            }
            return Ok(());
        }
        Some(7) => {
            stream.write_all(&head(200, "", good.body.len()))?;
            stream.write_all(&good.body[..cut])?;
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
        Some(8) => Reply { body: good.body[..cut].to_vec(), ..good },
        Some(9) => return Err(std::io::ErrorKind::ConnectionReset.into()),
        Some(10) => {
            bad(200, "Content-Type: text/html\r\n", "<!doctype html><title>Sign in</title>")
        }
        Some(_) => bad(200, "", r#"{"error":"please sign in"}"#),
    };
    stream.write_all(&head(reply.status, &reply.headers, reply.body.len()))?;
    stream.write_all(&reply.body)
}

fn head(status: u16, headers: &str, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n").into_bytes()
}

fn answer(shared: &Shared, target: &str) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs: HashMap<&str, &str> =
        query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let stored = shared.stored.lock().unwrap().clone();
    match path {
        "/api/nifi/flow/list" => {
            let mut flows: Vec<&str> = stored.logs.iter().map(|log| log.flow.as_str()).collect();
            flows.sort_unstable();
            flows.dedup();
            let flow = |flow: &&str| {
                format!(
                    r#"{{"id":"{flow}","state":"RUNNING","component":{{"id":"{flow}","name":"f","parentGroupId":"p","variables":{{"!flowSlug":"f"}}}}}}"#
                )
            };
            let flows: Vec<String> = flows.iter().map(flow).collect();
            reply(200, format!("[{}]", flows.join(",")))
        }
        "/logs/download" => {
            let log = stored
                .logs
                .iter()
                .find(|log| Some(log.id.to_string().as_str()) == pairs.get("id").copied());
            match log.and_then(|log| log.download.as_ref().map(|text| (log, text))) {
                Some((log, _)) if shared.faults.damaged == Some(log.id) => {
                    let mut zip = zip(&[("a.json", b"{\"a\":1}")]);
                    zip[36] ^= 1; // in the data, so that the checksum is wrong
                    reply(200, base64(&zip))
                }
                Some((log, text)) => {
                    let zip = zip(&[(&format!("{}.json", log.id), text.as_bytes())]);
                    reply(200, base64(&zip))
                }
                None => reply(400, r#"{"message":"no file"}"#),
            }
        }
        _ => list(shared, &stored, &pairs),
    }
}

fn list(shared: &Shared, stored: &HostLogs, pairs: &HashMap<&str, &str>) -> Reply {
    let number =
        |name: &str, usual: usize| pairs.get(name).map_or(usual, |text| text.parse().unwrap());
    let (limit, mut page) = (number("limit", 25), number("page", 1));
    let limit = shared.faults.most_rows.map_or(limit, |most| most.min(limit));
    if shared.faults.ignores_page {
        page = 1;
    }
    let is = |name: &str, value: &str| pairs.get(name).is_none_or(|wanted| *wanted == value);
    let rows: Vec<&TrueLog> = stored
        .logs
        .iter()
        .filter(|log| is("flowId", &log.flow) && is("log_type", &log.log_type.to_string()))
        .filter(|log| is("filename_uuid", &log.file) && is("original_filename_uuid", &log.run))
        .collect();
    let on_page: Vec<&str> =
        rows.iter().skip((page - 1) * limit).take(limit).map(|log| log.record.as_str()).collect();
    let answer = if on_page.is_empty() {
        reply(404, r#"{"message":"Search result is empty"}"#)
    } else {
        reply(200, page_body(&on_page, rows.len() as u64, limit as u64, page as u64))
    };
    let one_in = shared.faults.moves_one_in;
    if one_in > 0 && shared.lists.lock().unwrap().one_in(one_in) {
        move_rows(shared);
    }
    answer
}

/// Inserts up to two rows at the top, and deletes up to two anywhere.
fn move_rows(shared: &Shared) {
    let mut random = shared.lists.lock().unwrap();
    let mut stored = shared.stored.lock().unwrap();
    let mut deleted = shared.deleted.lock().unwrap();
    for _ in 0..random.below(3) {
        let next = stored.logs.iter().map(|log| log.id).max().unwrap_or(5000) + 1;
        stored.logs.insert(0, line(next - 5000));
    }
    for _ in 0..random.below(3) {
        if stored.logs.len() > 100 {
            let place = random.below(stored.logs.len());
            deleted.insert(stored.logs.remove(place).id);
        }
    }
}
