//! Text as it comes: what becomes of odd encodings, odd JSON and cut files, as `docs/input.md` says.

use std::fs;

use pipeline::run::Options;

use crate::kit::{Report, Table, dump};

const TURKISH: &str = r#"[{"sku":"ğşıİ-1","request":{"ad":"ÇĞİÖŞÜ çğıöşü"},"response":{"detail":"Geçersiz değer, şifre yanlış."},"status_code":400}]"#;

/// The report of one file.
fn report_of(bytes: &[u8]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log"), bytes).unwrap();
    Report::of(folder.path(), &Options::default())
}

fn outcome(report: &Report) -> (String, String, Option<String>) {
    let files = report.table("files");
    let text = |column: &str| files.text(0, column).unwrap_or_default().to_owned();
    (text("outcome"), text("layers"), files.text(0, "problem").map(str::to_owned))
}

fn messages(report: &Report) -> Vec<String> {
    let problems = report.table("problems");
    (0..problems.rows()).map(|row| problems.text(row, "message").unwrap().to_owned()).collect()
}

/// Body, answer and key of the first exchange.
fn first(exchanges: &Table) -> [Option<&str>; 3] {
    ["request_body", "response_body", "key"].map(|column| exchanges.text(0, column))
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn utf32(text: &str, bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().flat_map(|c| bytes(u32::from(c))).collect()
}

/// windows-1254, which has all letters of [`TURKISH`].
fn windows_1254(text: &str) -> Vec<u8> {
    let letters = "ÇĞİÖŞÜçğıöşü".chars().zip(*b"\xc7\xd0\xdd\xd6\xde\xdc\xe7\xf0\xfd\xf6\xfe\xfc");
    let letters: Vec<(char, u8)> = letters.collect();
    text.chars()
        .map(|c| letters.iter().find(|(letter, _)| *letter == c).map_or(c as u8, |(_, byte)| *byte))
        .collect()
}

#[test]
fn turkish_letters_come_out_right_in_every_encoding() {
    let marked = format!("\u{feff}{TURKISH}");
    let cases: [(&str, Vec<u8>, Option<&str>); 10] = [
        ("UTF-8", TURKISH.into(), None),
        ("UTF-8 with a mark", marked.clone().into(), None),
        ("UTF-16 LE", utf16(TURKISH, u16::to_le_bytes), None),
        ("UTF-16 LE with a mark", utf16(&marked, u16::to_le_bytes), None),
        ("UTF-16 BE", utf16(TURKISH, u16::to_be_bytes), None),
        ("UTF-16 BE with a mark", utf16(&marked, u16::to_be_bytes), None),
        ("UTF-32 LE", utf32(TURKISH, u32::to_le_bytes), None),
        ("UTF-32 LE with a mark", utf32(&marked, u32::to_le_bytes), None),
        ("UTF-32 BE with a mark", utf32(&marked, u32::to_be_bytes), None),
        ("windows-1254", windows_1254(TURKISH), Some("bad_encoding")),
    ];
    for (name, bytes, problem) in cases {
        let report = report_of(&bytes);
        let expected = ("decoded".to_owned(), "json".to_owned(), problem.map(str::to_owned));
        assert_eq!(outcome(&report), expected, "{name}");
        let exchanges = report.table("exchanges");
        let [request, response, key] = first(&exchanges);
        assert_eq!(request, Some(r#"{"ad":"ÇĞİÖŞÜ çğıöşü"}"#), "{name}");
        assert_eq!(response, Some(r#"{"detail":"Geçersiz değer, şifre yanlış."}"#), "{name}");
        assert_eq!(key, Some("ğşıİ-1"), "{name}");
    }
}

#[test]
fn a_few_strange_bytes_cost_no_other_letter() {
    let mut bytes = TURKISH.replace("Geçersiz", "Ge#ersiz").replace("şifre", "~ifre").into_bytes();
    for byte in &mut bytes {
        *byte = match *byte {
            b'#' => 0xe7,
            b'~' => 0xc5,
            other => other,
        };
    }
    let report = report_of(&bytes);
    let exchanges = report.table("exchanges");
    let [request, response, _] = first(&exchanges);
    assert_eq!(request, Some(r#"{"ad":"ÇĞİÖŞÜ çğıöşü"}"#));
    assert_eq!(response, Some("{\"detail\":\"Geçersiz değer, \u{fffd}ifre yanlış.\"}"));
    assert_eq!(outcome(&report).0, "decoded");
    assert!(messages(&report)[0].contains("2 bytes that are not UTF-8"), "{:?}", messages(&report));
}

/// One exchange with `body` as its request.
fn with_body(body: &str) -> Report {
    report_of(format!(r#"[{{"sku":"A","request":{body},"status_code":200}}]"#).as_bytes())
}

#[test]
fn a_text_that_is_no_log_is_reported_as_what_it_is() {
    for (text, expected) in [
        ("no JSON at all", ("rejected", "text", "bad_json")),
        ("HTTP/1.1 502 Bad Gateway\r\nServer: x\r\n\r\nbusy", ("error_page", "text", "http_error")),
        ("HTTP/1.1 200 OK\r\n\r\nwords", ("rejected", "http>text", "bad_json")),
        ("<html>502</html>", ("error_page", "markup", "http_error")),
        ("\u{7}\u{0}\u{1}\u{2}", ("rejected", "binary", "not_an_archive")),
        (r#"{"cities":["Ankara"]}"#, ("rejected", "json", "unknown_shape")),
    ] {
        let report = report_of(text.as_bytes());
        let (outcome, layers, problem) = outcome(&report);
        let found = (outcome.as_str(), layers.as_str(), problem.as_deref().unwrap_or_default());
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(report.table("problems").rows(), 1, "{text:?}");
        assert!(!messages(&report)[0].contains(char::is_control));
    }
}

#[test]
fn odd_json_is_kept_as_it_is_written() {
    let bodies = [
        r#"{"a":"\ud800","b":"\udc00\ud800"}"#,
        r#"{"a":NaN,"b":[Infinity,-Infinity]}"#,
        r#"{"a":1,"a":2,"a":{"a":3,"a":4}}"#,
        r#"{"id":123456789012345678901234567890,"x":-0.0,"y":1e400,"z":1E-999999}"#,
        r#"{"n":0.1000000000000000055511151231257827021181583404541015625}"#,
    ];
    for body in bodies {
        let report = with_body(body);
        assert_eq!(outcome(&report), ("decoded".to_owned(), "json".to_owned(), None), "{body}");
        assert_eq!(first(&report.table("exchanges"))[0], Some(body));
    }
}

#[test]
fn what_is_read_of_odd_values() {
    let report = report_of(
        br#"[{"sku":"A\ud800","request":{},"status_code":NaN,"duration":1e400},
            {"order_number":123456789012345678901234567890,"request":{},"status_code":1e400},
            {"sku":"first","sku":"second","request":{},"status_code":200,"status_code":404}]"#,
    );
    let exchanges = report.table("exchanges");
    assert_eq!(exchanges.rows(), 3);
    assert_eq!(exchanges.text(0, "key"), Some("A\u{fffd}"));
    assert_eq!(exchanges.number(0, "status"), None);
    assert_eq!(exchanges.cell(0, "duration_ms"), polars::prelude::AnyValue::Null);
    assert_eq!(exchanges.text(1, "key"), Some("123456789012345678901234567890"));
    assert_eq!(exchanges.number(1, "status"), None);
    assert_eq!(exchanges.text(2, "key"), Some("first"));
    assert_eq!(exchanges.number(2, "status"), Some(200));
    assert_eq!(exchanges.text(2, "extra"), Some(r#"{"status_code":404}"#));
}

#[test]
fn a_string_of_a_hundred_megabytes_is_a_body_like_others() {
    let long = "x".repeat(100 << 20);
    let report = with_body(&format!("\"{long}\""));
    assert_eq!(outcome(&report).0, "decoded");
    let exchanges = report.table("exchanges");
    assert!(first(&exchanges)[0] == Some(&long));
}

#[test]
fn deep_nesting_is_reported_and_overflows_nothing() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let report = report_of(deep.as_bytes());
    assert_eq!(outcome(&report).0, "rejected");
    assert_eq!(
        messages(&report),
        [
            "byte 1024: JSON nested deeper than 1024 levels; 0 exchanges before it were read, 400000 bytes were left over"
        ]
    );
    let objects = r#"{"a":"#.repeat(200_000);
    assert_eq!(outcome(&report_of(objects.as_bytes())).2.as_deref(), Some("too_deep"));
    let body = "[".repeat(1_022) + &"]".repeat(1_022);
    assert_eq!(outcome(&with_body(&body)).0, "decoded");
    assert_eq!(outcome(&with_body(&format!("[{body}]"))).2.as_deref(), Some("too_deep"));
}

#[test]
fn what_stands_before_a_cut_is_used() {
    let records: Vec<String> = (0..200)
        .map(|n| {
            format!(r#"{{"sku":"S{n}","request":{{"stock":{}}},"status_code":200}}"#, n * 7919)
        })
        .collect();
    let json = format!("[{}]", records.join(","));
    let cut = &json[..json.len() - 30];
    let report = report_of(cut.as_bytes());
    assert_eq!(outcome(&report).0, "partial");
    assert_eq!(report.summary.exchanges.total, 199);
    // The comma before the last record is left over too.
    let left = cut.len() - cut.rfind(r#",{"sku""#).unwrap();
    let reported = messages(&report);
    assert!(reported[0].contains("199 exchanges before it were read"), "{reported:?}");
    assert!(reported[0].contains(&format!("{left} bytes were left over")), "{reported:?}, {left}");
}

/// Every cut of a download leaves some of its twelve exchanges, and a problem that says where it ends.
#[test]
fn a_cut_download_gives_the_exchanges_before_the_cut() {
    let whole = fs::read(dump().join("downloads/90008.txt")).unwrap();
    let mut before = 0;
    for tenths in 4..10 {
        let report = report_of(&whole[..whole.len() * tenths / 10]);
        let (outcome, layers, problem) = outcome(&report);
        let exchanges = report.summary.exchanges.total;
        if exchanges > 0 {
            assert_eq!((outcome.as_str(), layers.as_str()), ("partial", "base64>zip>json"));
        } else {
            assert_eq!(outcome, "rejected");
        }
        assert_eq!(problem.as_deref(), Some("truncated"), "{:?}", messages(&report));
        assert!(exchanges >= before, "a longer part holds less");
        before = exchanges;
    }
    assert!(before > 6, "{before}");
}

/// The budget is far below what each file needs; nothing but time may change.
#[test]
fn a_small_memory_changes_nothing_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..8 {
        let records: Vec<String> = (0..2_000)
            .map(|i| format!(r#"{{"sku":"{n}-{i}","response":{{"pk":{i}}},"status_code":200}}"#))
            .collect();
        fs::write(folder.path().join(n.to_string()), format!("[{}]", records.join(","))).unwrap();
    }
    let report = |memory: u64, threads| {
        let mut options = Options { threads, ..Options::default() };
        options.limits.in_flight_bytes = memory;
        Report::of(folder.path(), &options).bytes()
    };
    let plenty = report(1 << 40, 4);
    assert!(plenty == report(1 << 20, 4));
    assert!(plenty == report(1, 3));
}

#[test]
fn json_that_is_not_strict_is_read_and_reported_once() {
    let record = r#"{"sku": "A-1", "note": "x", "request": {"n": 1}, "status_code": 400}"#;
    let tab = record.replace('x', "x\ty");
    let python = "{'sku': 'A-1', 'note': None, 'request': {'n': 1}, 'status_code': 400}";
    for (text, layers, message) in [
        (format!("[{record}, {tab}]"), "json", "1 control characters in strings"),
        (format!("{tab}\n").repeat(50), "ndjson", "50 control characters in strings"),
        (format!("[{record}, {record},]"), "json", "1 commas too many"),
        (format!("{python}\n{python}\n"), "ndjson", "12 strings in other quotes, 2 constants"),
        (format!("# saved\n({python}, {python})\n"), "text", "1 tuples or sets, 1 comments"),
    ] {
        let report = report_of(text.as_bytes());
        let wanted = ("decoded".into(), layers.into(), Some("repaired_json".into()));
        assert_eq!(outcome(&report), wanted, "{text}");
        assert_eq!(report.table("exchanges").rows(), text.matches("A-1").count(), "{text}");
        let messages = messages(&report);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(messages[0].contains(message), "{messages:?}");
    }
}

#[test]
fn records_that_are_no_json_are_counted_in_one_problem() {
    let record = r#"{"sku": "A-1", "request": {"n": 1}, "status_code": 400}"#;
    let broken = r#"{"sku": "say "no"", "request": {"n": 1}, "status_code": 400}"#;
    let lines = format!("{record}\n{broken}\n").repeat(40);
    let list = format!("[{}{record}]", format!("{record}, {broken}, ").repeat(40));
    for (text, layers, exchanges) in [(lines, "ndjson", 40), (list, "json", 41)] {
        let report = report_of(text.as_bytes());
        let wanted = ("partial".into(), layers.into(), Some("bad_json".into()));
        assert_eq!(outcome(&report), wanted);
        assert_eq!(report.table("exchanges").rows(), exchanges);
        let messages = messages(&report);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(messages[0].contains("not JSON in 40 places"), "{messages:?}");
    }
}
