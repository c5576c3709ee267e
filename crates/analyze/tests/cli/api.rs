//! `logs`, `serve` and `fetch`: the API on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::kit::{RunOutput, TestFolder, base64, exchange, zip};

const FLOW: &str = "3fb1a1d2-0000-4000-8000-000000000001";
const RUN: &str = "11111111-2222-4333-8444-555555555555";

/// A main log with a step, two line logs, and the downloads of these.
pub(crate) fn with_dump() -> TestFolder {
    let place = TestFolder::new();
    let step = format!(
        r#"{{"id":2,"log_type":2,"process_group_id":"login","process_group_name":"Login","parent_process_group_id":"{FLOW}","original_filename_uuid":"{RUN}","filename_uuid":"s-2","state":3,"status":2,"created":"2026-06-01T08:00:01.46+00:00","finished":"2026-06-01T08:00:02+00:00","flow_order":1}}"#
    );
    let main = format!(
        r#"{{"id":1,"log_type":1,"process_group_id":"{FLOW}","process_group_name":"price","parent_process_group_id":null,"original_filename_uuid":"{RUN}","filename_uuid":"{RUN}","state":3,"status":3,"created":"1780300800000","finished":null,"triggered_by":"=cmd()\n","sub_flows":[{step}]}}"#
    );
    let line = |id: u32, row: u32| {
        format!(
            r#"{{"id":{id},"log_type":3,"process_group_id":"write","process_group_name":"Write","parent_process_group_id":"{FLOW}","original_filename_uuid":"{RUN}","filename_uuid":"l-{id}","state":3,"status":2,"created":"2026-06-01T08:00:0{row}Z","row_num":{row}}}"#
        )
    };
    let page = |rows: &[String]| {
        let (count, rows) = (rows.len(), rows.join(","));
        format!(
            r#"{{"count":{count},"limit":25,"page":1,"previous":"","next":"","results":[{rows}]}}"#
        )
    };
    place.file("dump/logs/main.json", page(&[main]));
    place.file("dump/logs/lines.json", page(&[line(103, 3), line(104, 4)]));
    for (id, sku) in [(103, "A-1"), (104, "A-2")] {
        let text = exchange(sku, 400);
        let name = format!("dump/downloads/{id}.txt");
        place.file(&name, base64(&zip(&[(&format!("{id}.json"), text.as_bytes())])));
    }
    place
}

/// `analyze serve`, which ends with this.
pub(crate) struct Served {
    child: Child,
    /// Scheme, host and port.
    pub(crate) url: String,
}

impl Served {
    pub(crate) fn start(place: &TestFolder, more: &[&str]) -> Self {
        let args = [&["serve", "dump", "--bind", "127.0.0.1:0"], more].concat();
        let mut child = place.command(&args).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with("http://"));
        let url = line.unwrap().split(": ").next().unwrap().to_owned();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    /// Status and body.
    fn get(&self, target: &str) -> (u16, String) {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

pub(crate) fn fetch(place: &TestFolder, served: &Served, more: &[&str]) -> RunOutput {
    let args = ["fetch", "fetched", "--project-id", "12", "--project-slug", "shop", "--rate", "0"];
    let args = [&args[..], &["--pause-scale", "0.001", "--host", &served.url], more].concat();
    super::kit::ended(place.command(&args).env("AKINON_TOKEN", "s3cret").spawn().unwrap())
}

#[test]
fn logs_prints_what_serve_answers() {
    let place = with_dump();
    let served = Served::start(&place, &[]);
    for query in [
        format!("projectId=12&flowId={FLOW}"),
        format!("projectid=12&flowId={FLOW}&log_type=1"),
        format!("projectId=12&flowId={FLOW}&log_type=3&limit=1&page=2"),
        format!("projectId=12&flowId={FLOW}&filename_uuid={RUN}"),
        format!("projectId=12&flowId={FLOW}&original_filename_uuid={RUN}"),
        format!("projectId=12&flowId={FLOW}&log_type=3&search_field.1=sku&search_value.1=A-2"),
    ] {
        let run = place.run(&["logs", "dump", &format!("{}/logs?{query}", served.url)]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{query}");
        assert_eq!((200, run.out), served.get(&format!("/logs?{query}")), "{query}");
    }
}

#[test]
fn logs_ends_with_the_code_of_the_answer() {
    let place = with_dump();
    let check = |args: &[&str], code: i32, says: &str| {
        let run = place.run(&[&["logs", "dump"], args].concat());
        assert_eq!((run.code, run.out.as_str()), (code, ""), "{args:?}");
        assert!(run.err.contains(says), "{args:?}: {}", run.err);
    };
    check(&["--flow-id", "x"], 1, "no logs: flowId \"x\" is not in this dump, which has 3fb1a1d2");
    check(&["--flow-id", FLOW, "--page", "9"], 1, "the last page is 1");
    check(
        &["--flow-id", FLOW, "--limit", "500"],
        2,
        "limit: \"500\" is not a whole number from 1 to 100",
    );
    check(
        &["--flow-id", FLOW, "--search", "sku=A"],
        2,
        "search_field.1: works with log_type=3 only",
    );
    check(&["--flow-id", FLOW, "--search", "sku"], 2, "FIELD=VALUE");
    check(&[], 2, "--flow-id");
    check(&["projectId=1"], 2, "flowId: missing");
    check(&["http://h/logs/download?id=1"], 2, "analyze cat");
}

#[test]
fn logs_are_shown_as_lines_as_csv_and_as_a_table() {
    let place = with_dump();
    let of = |format: &str, more: &[&str]| {
        let args = ["logs", "dump", "--flow-id", FLOW, "--format", format];
        let run = place.run(&[&args[..], more].concat());
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        run.out
    };
    assert_eq!(of("ndjson", &["--all", "--limit", "1"]).lines().count(), 4);
    assert_eq!(of("json", &["--all", "--limit", "3"]).lines().count(), 2);
    let table = of("table", &[]);
    assert!(table.starts_with("ID") || table.starts_with(" ID"), "{table}");
    assert!(table.contains("main  2026-06-01 08:00:00  finished  failed"), "{table}");
    let csv = of("csv", &["--log-type", "1"]);
    assert!(csv.starts_with("id,log_type,process_group_id,"), "{csv}");
    assert!(csv.contains("\"'=cmd()\n\""), "{csv}");
    assert!(of("csv", &["--log-type", "1", "--raw-csv"]).contains("\"=cmd()\n\""));
}

#[test]
fn the_documented_requests_are_answered() {
    let place = with_dump();
    let served = Served::start(&place, &[]);
    let (status, body) =
        served.get(&format!("/logs?projectid=12&flowId={FLOW}&limit=25&page=1&log_type=1"));
    let page: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, page["count"].as_u64(), page["previous"].as_str()),
        (200, Some(1), Some(""))
    );
    assert_eq!(page["results"][0]["sub_flows"][0]["process_group_id"], "login");
    let (status, body) =
        served.get(&format!("/logs/download?id=103&projectid=12&flowId={FLOW}&projectslug=shop"));
    assert_eq!(status, 200);
    assert!(body.starts_with("UEsDB"), "{body}");
    assert_eq!(served.get("/logs?flowId=1").0, 400);
    assert_eq!(served.get("/logs?projectId=1&flowId=1").0, 404);
    assert_eq!(served.get("/logs/download?id=7&projectId=1&flowId=1&projectslug=s").0, 400);
}

#[test]
fn serve_refuses_what_it_may_not_do() {
    let place = with_dump();
    let check = |args: &[&str], says: &str| {
        let run = place.run(&[&["serve", "dump"], args].concat());
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(says), "{}", run.err);
    };
    check(&["--bind", "0.0.0.0:0"], "add --allow-remote");
    check(&["--faults", "seed=1,kinds=tea"], "kinds are 401, expired");
    place.file("token", "s3cret");
    #[cfg(unix)]
    check(&["--token-file", "token"], "chmod 600 token");
}

#[test]
fn fetch_tells_what_it_did_and_a_rerun_has_nothing_to_do() {
    let place = with_dump();
    let served = Served::start(&place, &[]);
    let run = fetch(&place, &served, &[]);
    let said = "fetched: 4 logs of 1 flow; new: 2 pages, 2 downloads, 2 without a download\n";
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", said));
    let again = fetch(&place, &served, &[]);
    let said = "fetched: 4 logs of 1 flow; new: 0 pages, 0 downloads, 2 were there, 2 without a download\n";
    assert_eq!((again.code, again.err.as_str()), (0, said));
    let nothing = fetch(&place, &served, &["--flow-id", "x"]);
    assert_eq!(nothing.code, 1, "{}", nothing.err);
    let plan = fetch(&place, &served, &["--dry-run", "--flow-id", FLOW, "--types", "1"]);
    let target = format!("/logs?projectId=12&flowId={FLOW}&limit=100&page=1&log_type=1\n");
    assert_eq!((plan.code, plan.out), (0, format!("GET {}{target}", served.url)));
}

#[cfg(unix)]
#[test]
fn fetch_says_what_is_wrong_in_one_sentence() {
    let place = with_dump();
    let token = place.file("token", "right");
    let mut mode = Command::new("chmod");
    assert!(mode.arg("600").arg(&token).status().unwrap().success());
    let served = Served::start(&place, &["--token-file", "token"]);
    let refused = fetch(&place, &served, &[]);
    let said = "token refused (401) after 0 pages; renew it and run the same command again\n";
    assert_eq!((refused.code, refused.err.as_str()), (4, said));
    let other = ["fetch", "other", "--project-id", "1", "--project-slug", "s"];
    let check = |more: &[&str], says: &str| {
        let args = [&other[..], more].concat();
        let run =
            super::kit::ended(place.command(&args).env("AKINON_TOKEN", "s3cret").spawn().unwrap());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
        assert!(run.err.contains(says) && !run.err.contains("s3cret"), "{}", run.err);
        assert!(run.err.lines().count() <= 2, "{}", run.err);
    };
    check(&["--host", "http://127.0.0.1:1"], "connection refused; are host and port right?");
    check(&["--host", "https://no-such-host.invalid"], "the host name is not known");
    check(&["--host", "http://example.com"], "only https is used");
    check(&["--host", "https://127.0.0.1:1", "--proxy", "http://127.0.0.1:1"], "127.0.0.1:1");
    check(&["--ca-file", "dump/logs/main.json"], "no certificate in it");
    check(&["--token-file", "absent"], "absent: the token cannot be read");
    check(&["--token-command", "exit 3"], "--token-command: failed");
    let none = place.run(&[&other[..], &["--host", &served.url]].concat());
    assert!(none.code == 2 && none.err.contains("set AKINON_TOKEN"), "{}", none.err);
    // A command that prints the token will do.
    let by_command =
        [&other[..], &["--host", &served.url, "--token-command", "cat token", "-q"]].concat();
    let run = place.run(&by_command);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[cfg(unix)]
#[test]
fn an_interrupted_fetch_is_continued() {
    let place = with_dump();
    let served = Served::start(&place, &[]);
    let args = [
        "fetch",
        "fetched",
        "--project-id",
        "12",
        "--project-slug",
        "shop",
        "--rate",
        "2",
        "--host",
        &served.url,
    ];
    let child = place.command(&args).env("AKINON_TOKEN", "s3cret").spawn().unwrap();
    super::faults::wait_until("a page", || place.path().join("fetched/logs").exists());
    super::faults::signal(&child, "-INT");
    let run = super::kit::ended(child);
    assert_eq!(run.code, 130, "{}", run.err);
    assert!(run.err.ends_with("run the same command again to continue\n"), "{}", run.err);
    assert_eq!(fetch(&place, &served, &[]).code, 0);
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_keeps_what_is_whole() {
    use super::faults::disk::{PRIVATE, can_mount, shell};
    if !can_mount() {
        return;
    }
    let place = with_dump();
    fs::create_dir(place.path().join("disk")).unwrap();
    let served = Served::start(&place, &[]);
    let fetch = format!(
        "AKINON_TOKEN=s3cret \"$0\" fetch disk/fetched --project-id 12 --project-slug shop --rate 0 --host {}",
        served.url
    );
    let full = shell(
        &place,
        &PRIVATE,
        &format!(
            "mount -t tmpfs -o size=20k none disk; {fetch}; code=$?; find disk -name '*.b64' -size 0; exit $code"
        ),
    );
    assert_eq!((full.code, full.out.as_str()), (2, ""), "{}", full.err);
    assert!(
        full.err.contains("no space left") && full.err.contains("what is whole is kept"),
        "{}",
        full.err
    );
    let closed = shell(&place, &PRIVATE, &format!("mount -t tmpfs -o ro none disk; {fetch}"));
    assert_eq!(closed.code, 2);
    assert!(closed.err.to_lowercase().contains("read-only"), "{}", closed.err);
}

/// Rows of a table without the columns that name files or places in them, or that come from the first file.
fn rows(report: &Path, table: &str) -> Vec<String> {
    const OF_FILES: [&str; 11] = [
        "file",
        "member",
        "record",
        "exchange",
        "error",
        "sample_file",
        "sample_record",
        "sample_message",
        "last_file",
        "last_record",
        "pointer",
    ];
    let text = fs::read_to_string(report.join(format!("{table}.jsonl"))).unwrap();
    let mut rows: Vec<String> = text
        .lines()
        .map(|line| {
            let row: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            let kept = row.into_iter().filter(|(name, _)| !OF_FILES.contains(&name.as_str()));
            format!("{:?}", kept.collect::<Vec<_>>())
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn the_report_on_a_fetched_dump_is_that_on_its_source() {
    let place = TestFolder::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
    // Those are damaged, copies, or no logs; the server does not pass them on.
    let by_hand = [
        "90008-cut.txt",
        "90112-again",
        "bad-gateway.txt",
        "unauthorized.json",
        "empty.txt",
        "no-rows.txt",
        "encrypted.zip",
        "unexpected-eof.zip",
        "unclosed-array.json",
    ];
    for folder in ["logs", "downloads"] {
        for entry in fs::read_dir(source.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if !by_hand.contains(&name) {
                place.file(&format!("dump/{folder}/{name}"), fs::read(&path).unwrap());
            }
        }
    }
    let served = Served::start(&place, &["--faults", "seed=5,percent=20"]);
    let run = fetch(&place, &served, &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    for dump in ["dump", "fetched"] {
        let report = format!("{dump}-report");
        let run = place.run(&["report", dump, "--out", &report, "--format", "json", "--quiet"]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
    let of = |dump: &str, table: &str| rows(&place.path().join(format!("{dump}-report")), table);
    for table in [
        "exchanges",
        "errors",
        "error_groups",
        "keys",
        "logs",
        "runs",
        "endpoints",
        "bodies",
        "problems",
    ] {
        let (mine, theirs) = (of("fetched", table), of("dump", table));
        assert_eq!(mine.len(), theirs.len(), "{table}");
        for (mine, theirs) in mine.iter().zip(&theirs) {
            assert_eq!(mine, theirs, "{table}");
        }
    }
}

/// The sample of the documents, with placeholders where it has them.
const SAMPLE: &str = r#"
import base64, io, json, sys, zipfile
import requests

host, project, flow, log = sys.argv[1:5]
headers = {"Authorization": "Bearer TOKEN"}
params = {"id": log, "projectId": project, "flowId": flow, "projectslug": "shop"}
response = requests.get(host + "/logs/download", params=params, headers=headers)
response.raise_for_status()
archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(response.text, validate=True)))
print(json.dumps(json.loads(archive.read(archive.namelist()[0]))))
listing = requests.get(host + "/logs", params={"projectid": project, "flowId": flow, "log_type": 3}, headers=headers).json()
print(listing["count"], len(listing["results"]))
"#;

#[test]
fn a_python_client_reads_the_log() {
    let place = with_dump();
    let python = place.path().join("venv/bin/python");
    let quiet = |command: &mut Command| {
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let made =
        quiet(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(place.path()))
            && quiet(Command::new(&python).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--timeout",
                "5",
                "--retries",
                "1",
                "requests",
            ]));
    if !made {
        println!("skipped: no Python with `requests` here");
        return;
    }
    let served = Served::start(&place, &[]);
    let script = place.file("sample.py", SAMPLE);
    let output =
        Command::new(&python).arg(script).args([&served.url, "12", FLOW, "103"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let out = String::from_utf8(output.stdout).unwrap();
    let (log, counts) = out.split_once('\n').unwrap();
    let log: serde_json::Value = serde_json::from_str(log).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&exchange("A-1", 400)).unwrap();
    assert_eq!((log, counts.trim()), (expected, "2 2"));
}
