//! Random numbers, payloads, and dumps whose content is known. Nothing here uses the library.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A small generator (SplitMix64): the same numbers for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct TestRandom(pub(crate) u64);

impl TestRandom {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// One log as the generator knows it.
#[derive(Debug, Clone)]
pub(crate) struct TrueLog {
    pub(crate) id: u64,
    pub(crate) log_type: u8,
    pub(crate) flow: String,
    pub(crate) run: String,
    pub(crate) file: String,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    /// Its newest record.
    pub(crate) record: String,
    /// Text of its download.
    pub(crate) download: Option<String>,
}

/// The uuid of a number.
pub(crate) fn uuid(kind: u32, n: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{n:012x}")
}

/// Time of a number of milliseconds as the API writes it, within the first day of June 2026.
pub(crate) fn time(ms: u64) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let day = 1 + minutes / 1440;
    format!(
        "2026-06-{day:02}T{:02}:{:02}:{seconds:02}.{ms:03}+00:00",
        minutes / 60 % 24,
        minutes % 60
    )
}

/// 2026-06-01T00:00:00Z in milliseconds.
const JUNE: u64 = 1_780_272_000_000;

/// Writes a dump of `runs` runs over some flows into `dir`: pages with sub flows, older snapshots, rows on two pages, and
/// downloads. Returns what is true about it.
pub(crate) fn write_dump(dir: &Path, seed: u64, runs: u64) -> Vec<TrueLog> {
    let mut random = TestRandom(seed);
    let flows: Vec<String> = (0..3).map(|n| uuid(0xf10e, n)).collect();
    let mut logs: Vec<TrueLog> = Vec::new();
    let mut old: Vec<String> = Vec::new();
    let mut id = 1000;
    for run_number in 0..runs {
        let flow = random.pick(&flows).clone();
        let run = uuid(0x0a11, run_number);
        // Few different times, so that ids have to decide.
        let created = JUNE + 1000 * random.below(50) as u64;
        id += 1;
        let main_id = id;
        let mut subs = Vec::new();
        for (order, step) in [(1, "login"), (3, "write")] {
            id += 1;
            let file = uuid(0x0b22, id);
            let at = created + order * 10;
            let record = format!(
                r#"{{"id": {id}, "log_type": 2, "process_group_id": "{step}", "process_group_name": "{step}", "parent_process_group_id": "{flow}", "original_filename_uuid": "{run}", "filename_uuid": "{file}", "state": 3, "status": 2, "created": "{}", "finished": "{}", "flow_order": {order}}}"#,
                time(at - JUNE),
                time(at - JUNE + 5)
            );
            subs.push(record.clone());
            logs.push(TrueLog {
                id,
                log_type: 2,
                flow: flow.clone(),
                run: run.clone(),
                file,
                created: at,
                record,
                download: None,
            });
        }
        let main = |state: u8, count: u64, subs: &[String]| {
            format!(
                "{{\"id\":\"{main_id}\",\"log_type\":1,\"process_group_id\":\"{flow}\",\"process_group_name\":\"flow {}\",\"parent_process_group_id\":null,\"original_filename_uuid\":\"{run}\",\n \"filename_uuid\":\"{run}\",\"state\":{state},\"status\":2,\"created\":\"{created}\",\"finished\":null,\"process_count\":{count},\"triggered_by\":\"System\\n\",\"sub_flows\":[{}]}}",
                &flow[35..],
                subs.join(", ")
            )
        };
        if random.one_in(3) {
            old.push(main(2, 3, &[]));
        }
        logs.push(TrueLog {
            id: main_id,
            log_type: 1,
            flow: flow.clone(),
            run: run.clone(),
            file: run.clone(),
            created,
            record: main(3, 7, &subs),
            download: None,
        });
        for row in 0..random.below(6) {
            id += 1;
            let file = uuid(0x0c33, id);
            let at = created + 100 + random.below(3) as u64;
            let sku = format!("A-{}", random.below(9));
            let line = |state: u8| {
                let extra = if row % 2 == 0 {
                    format!(",\"product\":{{\"SKU\":\"{sku}\"}}")
                } else {
                    String::new()
                };
                format!(
                    r#"{{"id":{id},"log_type":3,"process_group_id":"write","process_group_name":"Write","parent_process_group_id":"{flow}","original_filename_uuid":"{run}","filename_uuid":"{file}","state":{state},"status":2,"created":"{}","row_num":{row}{extra}}}"#,
                    time(at - JUNE)
                )
            };
            if random.one_in(4) {
                old.push(line(1));
            }
            let download = (!random.one_in(5)).then(|| {
                let number = random.below(5);
                format!(
                    r#"[{{"sku":"{sku}","url":"https://x.example.com/api/","method":"POST","request_body":{{"price":{number}.25,"item":{{"stock":"{number}"}}}},"status_code":400,"errors":["too low \u0131"],"response_body":"{{\"detail\":\"n{number}\"}}"}}]"#
                )
            });
            logs.push(TrueLog {
                id,
                log_type: 3,
                flow: flow.clone(),
                run: run.clone(),
                record: line(3),
                file,
                created: at,
                download,
            });
        }
    }
    write_pages(dir, &mut random, &logs, &old);
    for log in &logs {
        if let Some(text) = &log.download {
            write_download(dir, &mut random, log, text);
        }
    }
    logs
}

fn write_pages(dir: &Path, random: &mut TestRandom, logs: &[TrueLog], old: &[String]) {
    fs::create_dir_all(dir.join("logs")).unwrap();
    // Sub logs stand in their main logs; a few on pages of their own as well.
    let mut records: Vec<&str> = Vec::new();
    for log in logs {
        if log.log_type != 2 || random.one_in(5) {
            records.push(&log.record);
        }
    }
    records.extend(old.iter().map(String::as_str));
    for n in 0..records.len() / 20 {
        records.push(records[n * 7]);
    }
    for n in (1..records.len()).rev() {
        records.swap(n, random.below(n + 1));
    }
    for (n, page) in records.chunks(30).enumerate() {
        let body = page_body(page, records.len() as u64, 30, n as u64 + 1);
        fs::write(dir.join(format!("logs/{n}.json")), body).unwrap();
    }
}

/// An envelope of `GET /logs`.
pub(crate) fn page_body(records: &[&str], count: u64, limit: u64, page: u64) -> String {
    format!(
        r#"{{"count": {count}, "limit": {limit}, "page": {page}, "previous": "", "next": "", "results": [{}]}}"#,
        records.join(",\n")
    )
}

fn write_download(dir: &Path, random: &mut TestRandom, log: &TrueLog, text: &str) {
    let folder = dir.join("downloads");
    fs::create_dir_all(&folder).unwrap();
    let zip = zip(&[(&format!("{}.json", log.file), text.as_bytes())]);
    match random.below(4) {
        0 => fs::write(folder.join(format!("{}.txt", log.id)), base64(&zip)).unwrap(),
        1 => fs::write(folder.join(format!("{}.zip", log.file)), zip).unwrap(),
        2 => fs::write(folder.join(format!("log-{}.json", log.id)), text).unwrap(),
        _ => fs::write(folder.join(format!("x{}.b64", log.id)), format!("\"{}\"", base64(&zip)))
            .unwrap(),
    }
}

/// A zip of stored members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x50];
        common.extend(crc32(bytes).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let offset = out.len() as u32;
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, count) = (out.len() as u32, (members.len() as u16).to_le_bytes());
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// Base64 on one line.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let sextet = group >> (18 - 6 * n) & 63;
            out.push(if n <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    out
}

/// Percent-encodes all but letters and digits.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02x}").unwrap();
        }
    }
    out
}

/// Reads a dump with the library.
pub(crate) fn read(dir: &Path) -> api::dump::SavedLogs {
    let found = archive::discover(&[dir.to_str().unwrap().to_owned()]).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let never = std::sync::atomic::AtomicBool::new(false);
    let limits = archive::Limits::default();
    api::dump::SavedLogs::read(found.sources, &limits, &pool, &|_| {}, &never).unwrap()
}
