//! Hostile names and messages, through every writer.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::kit::{RunOutput, TestFolder, zip};

/// Texts that are used as flow, step, key, address, code, field and message, and as names of members and files.
fn hostile() -> Vec<(&'static str, String)> {
    let text = |name: &'static str, text: &str| (name, text.to_owned());
    vec![
        text("plain", "ürün 7"),
        text("line end", "one\ntwo\r\nthree"),
        text("escape sequence", "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m"),
        text("other controls", "a\u{0}b\u{8}\u{c}\u{7f}c"),
        text("reading direction", "\u{202e}gpj.exe\u{2066}\u{200f}\u{61c}"),
        text("invisible", "a\u{200b}\u{feff}\u{2060}\u{e0041}b"),
        text("line separator", "a\u{2028}b\u{2029}c"),
        text("formula", "=HYPERLINK(\"http://evil\")"),
        text("plus", "+1+cmd|' /C calc'!A0"),
        text("minus", "-2+3"),
        text("at", "@SUM(1;2)"),
        text("tab", "\t=1+1"),
        text("return", "\r=1+1"),
        text("pipes", "a|b||c\\|d|"),
        text("markdown", "[x](http://evil) <script>alert(1)</script> ![i](y) `c` @team #1 **b**"),
        text("quotes", "\"a\",'b',\"\"\n\"c"),
        text("traversal", "../../../../etc/passwd"),
        text("absolute", "/etc/passwd"),
        text("Windows", "C:\\Windows\\..\\x.dll:stream"),
        text("device", "CON"),
        text("option", "--help"),
        text("blank", " "),
        ("long", "n".repeat(65_535)),
        ("long letters", "ş".repeat(32_767)),
        ("long controls", "\u{1b}".repeat(65_535)),
    ]
}

/// What text on a terminal must not have, line ends left out.
fn acts(c: char) -> bool {
    c != '\n'
        && (c.is_control()
            || matches!(
                c,
                '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            )
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
}

/// For a terminal.
fn assert_shows(what: &str, text: &str) {
    if let Some(at) = text.find(acts) {
        let around: String = text[at..].chars().take(30).collect();
        panic!("{what} has a character that acts on a terminal: {around:?}");
    }
}

/// For a spreadsheet: the cells of CSV (RFC 4180).
fn assert_no_formulas(what: &str, text: &str) {
    let (mut cell, mut quoted) = (String::new(), false);
    let mut cells = 0;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => {
                let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(!formula || cell.parse::<f64>().is_ok(), "{what}: {cell:?}");
                cells += 1;
                cell.clear();
            }
            other => cell.push(other),
        }
    }
    assert!(cells > 0 && !quoted && cell.is_empty(), "{what} is no whole CSV");
}

/// For programs: one value a line, or one in all.
fn assert_json(what: &str, text: &str, lines: bool) {
    assert!(!text.bytes().any(|b| b < b' ' && b != b'\n'), "{what} has bare controls");
    let values: Vec<&str> = if lines { text.lines().collect() } else { vec![text] };
    for value in values {
        serde_json::from_str::<Value>(value).unwrap_or_else(|e| panic!("{what}: {e}: {value}"));
    }
}

/// For Markdown: every row of a table has as many cells as its head, and nothing is markup.
fn assert_markdown(text: &str) {
    assert_shows("markdown", text);
    let bars = |line: &str| {
        let bare = line.replace("\\\\", "").replace("\\|", "");
        bare.matches('|').count()
    };
    let mut columns = None;
    let mut tables = 0;
    for line in text.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        tables += u32::from(columns.is_none());
        assert_eq!(bars(line), *columns.get_or_insert(bars(line)), "{line}");
        let bare = line.replace("\\<", "").replace("\\[", "").replace("\\`", "");
        assert!(!bare.contains(['<', '[', '`']), "{line}");
    }
    assert!(tables > 0, "{text}");
}

/// A text as a JSON string.
fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A log with `text` in every place for a text: one failed attempt, and with `good` a successful one.
fn log(text: &str, good: bool) -> String {
    let text = json(text);
    let attempt = |minute: u32, status: u16, response: &str| {
        format!(
            r#"{{"flow":{text},"step":{text},"sku":{text},"log_id":{text},"created":"2026-10-24T06:{minute:02}:00Z",
            "method":"POST","url":{text},"request_body":{{"sku":{text},"price":1}},"status_code":{status},"response_body":{response}}}"#
        )
    };
    let failed = format!(
        r#"{{"errors":[{{"message":{text},"code":{text},"field":{text}}},{{"message":"A price is required."}}],{text}:["No value in it."]}}"#
    );
    let mut attempts = vec![attempt(1, 400, &failed)];
    if good {
        attempts.push(attempt(2, 200, "{}"));
    }
    format!("[{}]", attempts.join(","))
}

/// A dump of all of them: as texts, as names of members, and as names of files where the system takes them.
fn dump(place: &TestFolder, name: &str, good: bool) {
    for (n, (_, text)) in hostile().iter().enumerate() {
        place.file(&format!("{name}/{n}.json"), log(text, good));
        // Three members: a log, one that is no log, one whose checksum is wrong.
        let mut archive =
            zip(&[(text, log("A", good).as_bytes()), (text, b"no log"), (text, b"[\"wrong\"]")]);
        let at = archive.windows(9).position(|bytes| bytes == b"[\"wrong\"]").unwrap();
        archive[at + 2] = b'W';
        place.file(&format!("{name}/{n}.zip"), archive);
        let file = text.replace(['/', '\0'], "_");
        if cfg!(unix) && file.len() < 200 && !file.trim().is_empty() {
            place.file(&format!("{name}/{file}.txt"), "no log either");
        }
    }
}

fn run(place: &TestFolder, arguments: &[&str]) -> RunOutput {
    let run = place.run(arguments);
    assert!(run.code <= 1, "{arguments:?}: {}", run.err);
    assert_shows(&format!("{arguments:?} on stderr"), &run.err);
    run
}

/// All paths in a folder and below it.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_name_and_no_message_acts_on_its_reader() {
    let place = TestFolder::new();
    dump(&place, "dump", false);
    dump(&place, "resolved", true);

    let report = ["report", "dump", "--out", "report", "--format", "parquet,csv,json", "-v"];
    assert!(run(&place, &report).err.contains("Most frequent errors"));
    run(&place, &["report", "resolved", "--out", "later", "-q"]);
    let mut tables = 0;
    for path in files(&place.path().join("report")) {
        let what = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = || fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => assert_no_formulas(&what, &text()),
            Some("jsonl") => assert_json(&what, &text(), true),
            Some("json") => assert_json(&what, &text(), false),
            _ => continue,
        }
        tables += 1;
    }
    assert_eq!(tables, 25, "twelve tables in two formats, and the summary");

    for arguments in [&["ls", "dump"][..], &["ls", "dump", "--members"]] {
        assert_shows("ls", &run(&place, arguments).out);
    }
    assert_json("ls", &run(&place, &["ls", "dump", "--members", "--json"]).out, true);
    for (n, (_, text)) in hostile().iter().enumerate() {
        let file = format!("dump/{n}.zip");
        run(&place, &["cat", &file, "--member", "none"]);
        assert!(run(&place, &["cat", &file]).out.contains("A price is required."), "{text:?}");
    }

    let keys = |format| run(&place, &["keys", "report", "--format", format]).out;
    assert_shows("keys", &keys("table"));
    assert_no_formulas("keys", &keys("csv"));
    assert_json("keys", &keys("json"), true);

    let groups = place.summary("/errors/groups");
    assert!(groups > 10, "{groups}");
    for rank in 1..=groups {
        let rank = rank.to_string();
        assert_shows("explain", &run(&place, &["explain", "report", &rank]).out);
        assert_json(
            "explain",
            &run(&place, &["explain", "report", &rank, "--format", "json"]).out,
            false,
        );
    }

    for (old, new) in [("report", "later"), ("later", "report")] {
        let diff = |format| run(&place, &["diff", old, new, "--format", format]).out;
        assert_shows("diff", &diff("table"));
        assert_json("diff", &diff("json"), false);
        assert_markdown(&diff("markdown"));
    }
}

#[test]
fn no_key_leads_out_of_the_folder_of_payloads() {
    let place = TestFolder::new();
    dump(&place, "dump", false);
    run(&place, &["report", "dump", "--out", "report", "-q"]);
    let before = place.names();
    run(&place, &["keys", "report", "--open", "--payloads", "again"]);
    let mut now = place.names();
    now.retain(|name| name != "again");
    assert_eq!(now, before, "something was written beside the folder");

    let again = place.path().join("again");
    let written = files(&again);
    assert!(written.len() > hostile().len() - 4, "{written:?}");
    for path in written {
        assert_eq!(path.parent(), Some(again.as_path()));
        let name = path.file_name().unwrap().to_str().unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || c.is_alphabetic();
        assert!(name.chars().all(plain) && name.len() <= 255, "{name:?}");
        assert!(!name.starts_with(['.', '-']), "{name:?}");
    }
    assert_no_formulas("index.csv", &place.read("again/index.csv"));
}

/// A name may have 65,535 bytes and a text a megabyte; repeated in every row they would fill a disk.
#[test]
fn a_long_name_is_cut_before_it_is_repeated_in_every_row() {
    let place = TestFolder::new();
    let long = "F".repeat(500_000);
    let mut records = String::new();
    for n in 0..2_000 {
        let comma = if n > 0 { "," } else { "" };
        write!(records, r#"{comma}{{"row":{n},"status_code":400,"response":{{"detail":"x"}}}}"#)
            .unwrap();
    }
    let name = "n".repeat(65_535);
    place.file("dump/member.zip", zip(&[(&name, format!("[{records}]").as_bytes())]));
    for (n, document) in [
        format!(r#"{{"flow":"{long}","step":"{long}","run_id":"{long}","log_id":"{long}","logs":[{records}]}}"#),
        format!(r#"{{"sku":"{long}","{long}":{{"logs":[{records}]}}}}"#),
        format!(r#"[{{"sku":"A","status_code":400,"response":{{"{long}":{{{}}}}}}}]"#,
            (0..2_000).map(|n| format!(r#""f{n}":["No value."]"#)).collect::<Vec<_>>().join(",")),
        format!(r#"[{{"sku":"{long}","status_code":400,"response":{{"errors":[{}]}}}}]"#,
            vec![r#"{"message":"No value."}"#; 2_000].join(",")),
        format!(r#"[{{"sku":"A","status_code":400,"response":{{"errors":[{{"message":"No value.","field":[{}]}}]}}}}]"#,
            vec![r#""a""#; 50_000].join(",")),
    ]
    .iter()
    .enumerate()
    {
        place.file(&format!("dump/{n}.json"), document);
    }
    run(&place, &["report", "dump", "--out", "report", "--format", "csv", "-q"]);
    assert_eq!(place.summary("/exchanges/total"), 3 * 2_000 + 3);
    // Errors of one exchange that say the same are one.
    assert_eq!(place.summary("/errors/total"), 3 * 2_000 + 3);
    for path in files(&place.path().join("report")) {
        let bytes = fs::metadata(&path).unwrap().len();
        assert!(bytes < 64 << 20, "{}: {bytes} bytes", path.display());
    }
}
