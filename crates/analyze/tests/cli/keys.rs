//! `analyze keys`.

use std::collections::BTreeSet;
use std::fs;

use super::kit::{RunOutput, TestFolder, attempt, exchange};

const REFUSED: &str = r#"{"price":["A valid number is required."]}"#;

/// A dump in which A is open, B is resolved, C never failed, D and E are rows of a bulk request, of which E was
/// refused, and `../=F` is open too.
fn place() -> TestFolder {
    let place = TestFolder::new();
    let sku = |sku: &str| format!(r#"{{"sku":"{sku}","price":"x"}}"#);
    let attempt = |minute: u32, request: &str, status, response: &str| {
        attempt("price", &format!("2026-10-24T06:{minute:02}:00Z"), request, status, response)
    };
    let log = [
        attempt(1, &sku("A"), 200, "{}"),
        attempt(2, &sku("A"), 400, REFUSED),
        attempt(3, &sku("B"), 400, REFUSED),
        attempt(4, &sku("B"), 200, "{}"),
        attempt(5, &sku("C"), 200, "{}"),
        attempt(
            6,
            r#"[{"sku":"D","price":1.50},{"sku":"E","price":-1}]"#,
            400,
            r#"[{},{"price":["Ensure this value is greater than or equal to 0."]}]"#,
        ),
        attempt(7, &sku("../=F"), 500, r#"{"detail":"Internal error"}"#),
    ];
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    place
}

fn with_report() -> TestFolder {
    let place = place();
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    place
}

fn keys(place: &TestFolder, args: &[&str]) -> RunOutput {
    place.run(&[&["keys", "report"], args].concat())
}

/// The keys of JSON lines, in their order.
fn names(place: &TestFolder, args: &[&str]) -> Vec<String> {
    let run = keys(place, &[&["--format", "json"], args].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let lines =
        run.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| line["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn json_for_a_terminal_has_no_character_that_acts_on_it() {
    let place = TestFolder::new();
    let sku = "A\u{9b}31m\u{202e}\u{7f}";
    place.file("dump/a.json", exchange(sku, 400));
    assert_eq!(place.run(&["report", "dump", "--out", "report"]).code, 0);
    let acts = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}');
    for command in [
        &["keys", "report", "--format", "json"][..],
        &["explain", "report", "1", "--format", "json"],
        &["diff", "report", "report", "--format", "json", "--min-count", "1"],
        &["ls", "dump", "--json"],
    ] {
        let run = place.run(command);
        assert_eq!(run.code, 0, "{command:?}: {}", run.err);
        assert!(!run.out.contains(acts), "{command:?}: {}", run.out);
    }
    let row = place.run(&["keys", "report", "--format", "json"]).out;
    let row: serde_json::Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row["key"], sku);
}

#[test]
fn open_keys_are_as_many_as_the_summary_says_newest_first() {
    let place = with_report();
    assert_eq!(names(&place, &["--open"]), ["../=F", "E", "A"]);
    assert_eq!(place.summary("/keys/open"), 3);
    assert_eq!(names(&place, &["--resolved"]), ["B"]);
    assert_eq!(place.summary("/keys/resolved"), 1);
    assert_eq!(names(&place, &["--open", "--resolved"]), ["../=F", "E", "B", "A"]);
    assert_eq!(names(&place, &[]).len() as u64, place.summary("/keys/total"));
}

#[test]
fn keys_are_picked_by_group_flow_and_kind() {
    let place = with_report();
    assert_eq!(names(&place, &["--group", "1"]), ["B", "A"]);
    assert_eq!(names(&place, &["--group", "1", "--open"]), ["A"]);
    assert_eq!(names(&place, &["--flow", "price", "--open"]).len(), 3);
    assert_eq!(names(&place, &["--class", "value", "--open"]).len(), 2);
    assert_eq!(names(&place, &["--retry"]).len(), 1);
    assert_eq!(names(&place, &["--since", "2026-10-24T06:06", "--open"]).len(), 2);
    let refused = |args: &[&str], message: &str| {
        let run = keys(&place, args);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains(message), "{}", run.err);
    };
    refused(&["--flow", "Prices"], "error: Prices: no key of such a flow; did you mean price?\n");
    refused(&["--class", "valu"], "value");
    refused(&["--since", "yesteryear"], "--since yesteryear: not a time");
    assert_eq!(names(&place, &["--kind", "order"]), [""; 0]);
    assert_eq!(names(&place, &["--kind", "sku", "--open"]).len(), 3);
    let run = keys(&place, &["--group", "zz"]);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("error: zz: no such group; there are 3\n"), "{}", run.err);
}

/// A dump with the outcomes of the attempts of some keys, oldest first: `f` failed, `s` succeeded, `u` unknown, in
/// capital letters as a row of a bulk request.
fn attempts(histories: &[(&str, &str)]) -> TestFolder {
    let place = TestFolder::new();
    let mut log = Vec::new();
    for (sku, outcomes) in histories {
        for outcome in outcomes.chars() {
            let created = format!("2026-10-24T06:{:02}:00Z", log.len());
            let row = format!(r#"{{"sku":"{sku}","price":"x"}}"#);
            let bulk = format!(r#"[{{"sku":"Z-{}","price":"x"}},{row}]"#, log.len());
            log.push(match outcome {
                'f' => attempt("price", &created, &row, 400, REFUSED),
                's' => attempt("price", &created, &row, 200, "{}"),
                'F' => attempt("price", &created, &bulk, 400, &format!("[{{}},{REFUSED}]")),
                'S' => attempt("price", &created, &bulk, 200, "[{},{}]"),
                _ => format!(
                    r#"{{"flow_name":"price","created":"{created}","request_body":{row},"method":"PUT"}}"#
                ),
            });
        }
    }
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    place
}

#[test]
fn keys_that_failed_several_times_in_a_row_are_found() {
    let place = attempts(&[
        ("ONCE", "f"),
        ("RESOLVED", "ffffs"),
        ("ALWAYS", "ffff"),
        ("SINCE", "fsfuf"),
        ("LOST", "sfuu"),
        ("BULK", "SFSFfF"),
        ("GOOD", "SsS"),
    ]);
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let times = || {
        let run = keys(&place, &["--format", "json", "--open"]);
        let rows = run.out.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("key"), text("state"), row["failed_in_a_row"].as_i64())
        });
        rows.collect::<BTreeSet<_>>()
    };
    let row = |key: &str, state: &str, times| (String::from(key), String::from(state), Some(times));
    let expected = [
        row("ONCE", "open", 1),
        row("ALWAYS", "open", 4),
        row("SINCE", "open", 2),
        row("LOST", "unknown", 1),
        row("BULK", "open", 3),
    ];
    assert_eq!(times(), expected.into());
    assert_eq!(names(&place, &["--failed-in-a-row", "2"]), ["ALWAYS", "BULK", "SINCE"]);
    assert_eq!(names(&place, &["--failed-in-a-row", "4"]), ["ALWAYS"]);
    assert_eq!(names(&place, &["--unknown"]), ["LOST"]);
    let shown = keys(&place, &["--open", "--format", "table"]).out;
    assert_eq!(shown.matches("failed, then unknown").count(), 1, "{shown}");
    let sent = keys(&place, &["--unknown", "--payloads", "send"]);
    assert!(sent.err.contains("look before you send"), "{}", sent.err);

    // Without bodies the rows that went well are not known, so BULK is not said to have failed so often.
    let bodies = ["report", "dump", "--out", "report", "-q", "--bodies", "none", "--force"];
    assert_eq!(place.run(&bodies).code, 0);
    let run = keys(&place, &["--failed-in-a-row", "2", "--format", "csv"]);
    assert_eq!(run.out.lines().count(), 3, "{}", run.out);
    assert!(run.err.starts_with("1 key left out, of which the report"), "{}", run.err);
}

#[test]
fn requests_are_written_by_endpoint_with_all_that_is_needed_to_send_them() {
    let place = TestFolder::new();
    let sent = |sku: &str, path: &str, authorization: &str| {
        format!(
            r#"{{"created":"2026-10-24T06:00:00Z","request":{{"method":"PATCH","url":"https://a.example.com/{path}","headers":{{"Authorization":"{authorization}","X-Shop":"7"}},"body":{{"sku":"{sku}","price":1.50}}}},"response":{{"status":400,"body":{REFUSED}}}}}"#
        )
    };
    let log = [
        sent("A", "prices/17/", "Token abc"),
        sent("B", "prices/18/?token=abc", "Token abc"),
        sent("C", "stocks/", "Token abc"),
    ];
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let run = keys(&place, &["--open", "--payloads", "send"]);
    assert!(run.err.contains("2 files of JSON lines"), "{}", run.err);
    let mut files: Vec<_> = fs::read_dir(place.path().join("send"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("requests-"))
        .collect();
    files.sort();
    assert!(files[0].starts_with("requests-PATCH_a.example.com_prices__id_"), "{files:?}");
    let lines = place.read(&format!("send/{}", files[0]));
    assert!(!lines.contains("abc"), "{lines}");
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [first, second] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(first["method"], "PATCH");
    assert_eq!(first["url"], "https://a.example.com/prices/17/");
    assert_eq!(first["body"], r#"{"sku":"A","price":1.50}"#);
    assert_eq!(first["headers"]["X-Shop"], "7");
    assert_eq!(second["key"], "B");
    let file = first["file"].as_str().unwrap();
    assert_eq!(place.read(&format!("send/{file}")), first["body"].as_str().unwrap());
}

#[test]
fn what_the_other_side_has_already_is_set_apart() {
    let place = TestFolder::new();
    let sent = |minute: u32, sku: &str, answer: &str| {
        let created = format!("2026-10-24T06:{minute:02}:00Z");
        attempt("stock", &created, &format!(r#"{{"sku":"{sku}"}}"#), 400, answer)
    };
    let log = [
        sent(1, "A", r#"{"sku":["product with this sku already exists."]}"#),
        sent(2, "B", r#"{"price":["A valid number is required."]}"#),
    ];
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let run = keys(&place, &["--open", "--payloads", "send"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.err.contains("send: 1 key left out, which the other side has already"),
        "{}",
        run.err
    );
    assert!(!place.read("send/index.csv").contains(",A,"));
    let run = keys(&place, &["--open", "--payloads", "both", "--with-duplicates"]);
    assert!(run.err.starts_with("both: 2 request bodies"), "{}", run.err);
    let shown = keys(&place, &["--open", "--format", "table"]).out;
    assert_eq!(shown.matches("there already").count(), 1, "{shown}");
    let run = keys(&place, &["--limit", "1"]);
    assert_eq!(
        (run.out.lines().count(), run.err.as_str()),
        (2, "1 more key; --limit 0 shows all\n")
    );
}

#[test]
fn a_pipe_gets_csv_in_which_no_cell_is_a_formula() {
    let place = with_report();
    let run = keys(&place, &["--open"]);
    let header = run.out.lines().next().unwrap();
    assert!(header.starts_with("flow,key_kind,key,"), "{header}");
    assert!(header.ends_with(",last_file,last_record,state,failed_in_a_row"), "{header}");
    assert_eq!(run.out.lines().count(), 4);
    assert!(run.out.contains(",log.json,1,open,1\n"), "{}", run.out);
    insta::assert_snapshot!(keys(&place, &["--open", "--resolved", "--format", "table"]).out);
}

#[test]
fn payloads_are_the_bodies_of_the_newest_failures() {
    let place = with_report();
    let run = keys(&place, &["--open", "--payloads", "out/again"]);
    assert_eq!(run.code, 0);
    assert_eq!(run.out, "", "the list is in index.csv");
    assert_eq!(
        run.said(),
        "out/again: 2 request bodies and 1 row of bulk requests written, listed in index.csv; with method, URL and headers in 1 file of JSON lines\n"
    );
    let mut files: Vec<_> = fs::read_dir(place.path().join("out/again"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let starts = ["index.csv", "requests-", "sku-.._", "sku-A-", "sku-E-"];
    assert_eq!(files.len(), starts.len());
    for (file, start) in files.iter().zip(starts) {
        assert!(file.starts_with(start), "{file}");
    }
    assert_eq!(place.read(&format!("out/again/{}", files[4])), r#"{"sku":"E","price":-1}"#);
    assert_eq!(place.read(&format!("out/again/{}", files[3])), r#"{"sku":"A","price":"x"}"#);
    let index = place.read("out/again/index.csv");
    assert!(index.contains(&format!("{},row,,price,sku,E,POST,", files[4])), "{index}");

    let again = keys(&place, &["--open", "--payloads", "out/again"]);
    assert_eq!((again.code, again.out.as_str()), (2, ""));
    assert!(again.err.starts_with("error: out/again: not empty\n"), "{}", again.err);
    let all = keys(&place, &["--payloads", "all"]);
    assert_eq!((all.code, all.out.as_str()), (2, ""));
    assert!(!place.path().join("all").exists());
}

#[test]
fn bodies_that_the_report_leaves_out_are_counted() {
    let place = place();
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q", "--bodies", "none"]).code, 0);
    let run = keys(&place, &["--open", "--payloads", "out"]);
    assert_eq!(run.code, 0);
    assert!(
        run.err.contains("\nout: for 3 keys the body was left out of the report\n"),
        "{}",
        run.err
    );
    assert!(place.read("out/index.csv").contains(",,left_out,"));
}

#[test]
fn what_is_no_report_is_refused_with_what_is_missing() {
    let place = place();
    let check = |folder: &str, message: &str| {
        let run = place.run(&["keys", folder]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains(message), "{}", run.err);
    };
    check("nowhere", "error: nowhere: no report: there is no such folder\n");
    check("dump", "error: dump: no report: summary.json is not in it\n");
    check("dump/log.json", "error: dump/log.json: no report: it is a file\n");
    place.run(&["report", "dump", "--out", "csv", "-q", "--format", "csv"]);
    check("csv", "csv: keys.parquet is not there\n");
    check("csv", "--format parquet");
    place.file("newer/summary.json", r#"{"schema_version":99}"#);
    check("newer", "newer: a report of schema version 99; this program knows up to 2\n");
    place.file("older/summary.json", r#"{"schema_version":1}"#);
    check("older", "older: a report of schema version 1; this program reads version 2\n");
    place.file("broken/summary.json", r#"{"schema_version":2}"#);
    place.file("broken/keys.parquet", "PAR1 and no more PAR1");
    check("broken", "broken/keys.parquet: damaged: ");
}

#[test]
fn a_changed_bit_of_a_report_is_one_sentence_and_never_another_answer() {
    let place = TestFolder::with_dump();
    assert_eq!(place.run(&["report", "dump", "--out", "report", "--format", "parquet"]).code, 0);
    let commands = [
        (&["keys", "report"][..], "keys.parquet"),
        (&["explain", "report", "1"], "errors.parquet"),
        (&["diff", "report", "report"], "error_groups.parquet"),
        (&["diff", "report", "report"], "summary.json"),
    ];
    for (command, file) in commands {
        place.refuses_changed_bits(command, file, 12);
    }
}
