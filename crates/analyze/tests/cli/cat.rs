//! `analyze cat`.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use super::kit::{TestFolder, base64, ended, exchange, zip};

const JSON: &str = r#"{"big":1e400,"price":0.10,"name":"\u0131\ud800"}"#;

#[test]
fn every_layer_is_taken_off() {
    let place = TestFolder::new();
    let packed = zip(&[("a.json", JSON.as_bytes())]);
    let encoded = base64(&packed);
    let lines: Vec<_> = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    let wrapped = lines.join(
        "
",
    );
    let outer = zip(&[("inner.zip", &packed)]);
    for (name, bytes) in [
        ("bare", JSON.as_bytes()),
        ("bom", format!("\u{feff}{JSON}").as_bytes()),
        ("zip", &packed),
        ("base64", encoded.as_bytes()),
        ("wrapped", wrapped.as_bytes()),
        ("quoted", format!("\"{encoded}\"").as_bytes()),
        ("object", format!("{{\"data\":\"{encoded}\"}}").as_bytes()),
        ("uri", format!("data:application/zip;base64,{encoded}").as_bytes()),
        ("nested", &outer),
    ] {
        place.file(name, bytes);
        let run = place.run(&["cat", name]);
        assert!(run.err.ends_with("not masked: may hold secrets and personal data\n"), "{name}");
        assert_eq!(
            (run.code, run.said(), run.out),
            (0, String::new(), format!("{JSON}\n")),
            "{name}"
        );
        assert_eq!(place.run_with(&["cat", "-"], bytes).out, format!("{JSON}\n"), "{name}");
    }
}

#[test]
fn any_chunking_of_standard_input_is_the_same_input() {
    let place = TestFolder::new();
    let payload = base64(&zip(&[("a.json", JSON.repeat(9).as_bytes())]));
    for chunk in [1, 2, 3, 7, 64, 1_000] {
        let mut child = place.command(&["cat", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for part in payload.as_bytes().chunks(chunk) {
            stdin.write_all(part).unwrap();
            stdin.flush().unwrap();
        }
        drop(stdin);
        let run = ended(child);
        assert_eq!((run.code, run.said()), (0, String::new()));
        assert_eq!(run.out, format!("{}\n", JSON.repeat(9)));
    }
}

#[test]
fn a_line_end_is_added_only_where_there_is_none() {
    let place = TestFolder::new();
    assert_eq!(place.run_with(&["cat", "-"], b" {\"a\":1}\r\n").out, " {\"a\":1}\r\n");
}

#[test]
fn pretty_changes_blanks_only() {
    let run = TestFolder::new().run_with(&["cat", "-", "--pretty"], JSON.as_bytes());
    assert_eq!(
        run.out,
        "{\n  \"big\": 1e400,\n  \"price\": 0.10,\n  \"name\": \"\\u0131\\ud800\"\n}\n"
    );
}

#[test]
fn pretty_leaves_what_is_not_json_as_it_is() {
    let run = TestFolder::new().run_with(&["cat", "-", "--pretty"], b"{\"a\": [1, 2");
    assert_eq!((run.code, run.out.as_str()), (0, "{\"a\": [1, 2\n"));
    assert!(run.err.contains("ends inside a value at byte 11; printed as it is"), "{}", run.err);
}

fn week(place: &TestFolder) {
    let members: [(&str, &[u8]); 4] = [
        ("readme.txt", b"hello there"),
        ("mon/1.json", b"{\"n\":1}"),
        ("tue/2.json", b"{\"n\":2}"),
        ("wed/2.json", b"{\"n\":3}"),
    ];
    place.file("week.zip", zip(&members));
}

#[test]
fn of_several_members_the_first_with_json_is_printed() {
    let place = TestFolder::new();
    week(&place);
    let run = place.run(&["cat", "week.zip"]);
    assert_eq!((run.code, run.out.as_str()), (0, "{\"n\":1}\n"));
    assert!(run.err.contains("2 more members with JSON; --all prints them"), "{}", run.err);
}

#[test]
fn all_members_with_json_are_printed_and_the_others_listed() {
    let place = TestFolder::new();
    week(&place);
    let run = place.run(&["cat", "week.zip", "--all"]);
    assert_eq!((run.code, run.out.as_str()), (0, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n"));
    assert!(
        run.err.contains("readme.txt: not printed: text that is not JSON, 11 B"),
        "{}",
        run.err
    );
}

#[test]
fn a_member_is_named_by_its_path_or_the_last_part_of_it() {
    let place = TestFolder::new();
    week(&place);
    for (name, expected) in
        [("wed/2.json", "{\"n\":3}\n"), ("2.json", "{\"n\":2}\n"), ("readme.txt", "hello there\n")]
    {
        let run = place.run(&["cat", "week.zip", "--member", name]);
        assert_eq!((run.code, run.out.as_str()), (0, expected), "{name}");
    }
    let run = place.run(&["cat", "week.zip", "--member", "3.json"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(
        run.err.contains("no member \"3.json\"\nits members are:\n  readme.txt  text"),
        "{}",
        run.err
    );
}

#[test]
fn a_file_without_json_is_1_and_its_content_is_named() {
    let place = TestFolder::new();
    for (bytes, what) in [
        (&b""[..], "empty"),
        (b"<html><title>502 Bad Gateway</title></html>", "HTML or XML"),
        (b"just words, no log", "text that is not JSON"),
        (b"\x7fELF\0\0\x01\xff\xfe", "binary data"),
    ] {
        let run = place.run_with(&["cat", "-"], bytes);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{what}");
        assert!(run.err.contains(what), "{what}: {}", run.err);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_2() {
    let place = TestFolder::with_dump();
    for name in ["absent.txt", "dump"] {
        let run = place.run(&["cat", name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.starts_with(&format!("error: {name}: ")), "{}", run.err);
    }
    let run = place.run(&["cat", "dump/90124.json", "--max-file-bytes", "10"]);
    assert_eq!(run.code, 2, "{}", run.err);
}

#[test]
fn problems_are_reported_and_the_rest_is_printed() {
    let place = TestFolder::new();
    let mut packed = zip(&[("a.json", JSON.as_bytes()), ("b.json", exchange("B", 400).as_bytes())]);
    let at = 30 + "a.json".len() + 3;
    packed[at] ^= 1;
    place.file("flipped.zip", packed);
    let run = place.run(&["cat", "flipped.zip"]);
    assert_eq!((run.code, run.out), (0, exchange("B", 400) + "\n"));
    assert!(run.err.contains("flipped.zip: ") && run.err.contains("a.json"), "{}", run.err);
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let place = TestFolder::new();
    place.file(
        "evil.zip",
        zip(&[("\x1b]0;owned\x07\u{202e}.txt", b"no log"), ("b\n\x1b[2J.txt", b"none")]),
    );
    let run = place.run(&["cat", "evil.zip", "--all"]);
    assert_eq!(run.code, 1);
    assert!(!run.err.contains(['\x1b', '\x07', '\u{202e}']), "{:?}", run.err);
    assert!(run.err.contains(r"\033]0;owned\007\342\200\256.txt"), "{}", run.err);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = TestFolder::new();
    place.file("large.json", format!("[{}0]", "1234567,".repeat(1 << 18)));
    for args in [&["cat", "large.json"][..], &["cat", "large.json", "--pretty"]] {
        let mut child = place.command(args).spawn().unwrap();
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let run = ended(child);
        assert_eq!((run.code, run.said().as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn a_record_is_printed_as_it_stands_by_the_number_that_reports_give_it() {
    let place = TestFolder::new();
    let dump = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
    let dump = dump.to_str().unwrap();
    let args = ["report", dump, "--out", "report", "-q", "--format", "json", "--redact", "none"];
    assert_eq!(place.run(&args).code, 0);
    let mut records = 0;
    for line in place.read("report/exchanges.jsonl").lines().step_by(13) {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = format!("{dump}/{}", row["file"].as_str().unwrap());
        let number = row["record"].to_string();
        let run = place.run(&["cat", &file, "--record", &number]);
        assert_eq!((run.code, run.said().as_str()), (0, ""), "{file} {number}");
        let printed: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let printed = printed.to_string();
        for column in ["url", "key"] {
            let value = row[column].as_str().unwrap_or_default();
            assert!(printed.contains(value), "{file} {number}: {column} {value}: {printed}");
        }
        records += 1;
    }
    assert!(records > 30);
}

#[test]
fn records_are_numbered_over_all_members_and_repeats_count_once() {
    let place = TestFolder::new();
    let record = |sku: &str| {
        format!(
            r#"{{"request":{{"method":"POST","url":"https://a.example.com/x","body":{{"sku":"{sku}"}}}},"response":{{"status":200}}}}"#
        )
    };
    let (first, second) = (format!("[{},{}]", record("A-1"), record("A-2")), record("A-3"));
    let members = [("1.json", &first), ("copy.json", &first), ("2.json", &second)];
    place.file("week.zip", zip(&members.map(|(name, text)| (name, text.as_bytes()))));
    let check = |number: &str, expected: &str| {
        let run = place.run(&["cat", "week.zip", "--record", number]);
        assert_eq!((run.code, run.out), (0, format!("{expected}\n")), "{number}: {}", run.err);
    };
    check("0", &record("A-1"));
    check("1", &record("A-2"));
    check("2", &record("A-3"));
    let run = place.run(&["cat", "week.zip", "--record", "3"]);
    let expected = "error: week.zip: no record 3; there are 3 records, numbered from 0 to 2";
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.starts_with(expected), "{}", run.err);
}

#[test]
fn a_record_that_is_no_json_value_is_printed_as_it_was_understood() {
    let place = TestFolder::new();
    let check = |text: &str| {
        let run = place.run_with(&["cat", "-", "--record", "0"], text.as_bytes());
        assert_eq!(run.code, 0, "{}", run.err);
        let printed: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(printed["request"], r#"{"sku":"A-1"}"#);
        assert_eq!(printed["response"], "no");
        assert!(run.err.contains("what was understood of it is printed"), "{}", run.err);
    };
    // Not strict.
    check(
        "[{'method': 'POST', 'url': 'https://a.example.com/x', 'status': 400, 'request': '{\"sku\":\"A-1\"}', 'response': 'no'},]",
    );
    // The response stands elsewhere.
    check(
        r#"{"requests":[{"method":"POST","url":"https://a.example.com/x","body":{"sku":"A-1"}}],"responses":[{"status":400,"body":"no"}]}"#,
    );
}
