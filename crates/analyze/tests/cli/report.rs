//! `analyze report`.

use std::fs;

use super::kit::{PAGE, TestFolder, base64, exchange, zip};

#[test]
fn a_dump_becomes_a_report() {
    let place = TestFolder::with_dump();
    let run = place.run(&["report", "dump", "--out", "report"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    assert_eq!(place.names(), ["dump", "report"]);
    assert_eq!((place.summary("/files/total"), place.summary("/exchanges/failed")), (3, 1));
    let timeless = run.err.lines().map(|line| match line.split_once(" of text, ") {
        Some((before, _)) => format!("{before} of text, TIME"),
        None => line.to_owned(),
    });
    insta::assert_snapshot!(timeless.collect::<Vec<_>>().join("\n"));
}

#[test]
fn quiet_says_nothing() {
    let run = TestFolder::with_dump().run(&["report", "dump", "--out", "report", "-q"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
}

#[test]
fn verbose_shows_fingerprints_and_samples() {
    let place = TestFolder::with_dump();
    let said = |columns: &str| {
        let mut command = place.command(&["report", "dump", "--out", "report", "-v", "--force"]);
        String::from_utf8(command.env("COLUMNS", columns).output().unwrap().stderr).unwrap()
    };
    let (narrow, wide) = (said("80"), said("140"));
    assert!(wide.contains("  GROUP  ") && !narrow.contains("  GROUP  "), "{narrow}{wide}");
    assert!(narrow.contains("  90123.txt, record 0: price of A-1 is missing"), "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 120), "{narrow}");
}

#[test]
fn colours_only_with_the_flag() {
    let place = TestFolder::with_dump();
    let coloured = |args: &[&str], no_color: bool| {
        let mut all = vec!["report", "dump", "--out", "report", "--force"];
        all.extend(args);
        let mut command = place.command(&all);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        String::from_utf8(command.output().unwrap().stderr).unwrap().contains("\x1b[")
    };
    assert!(!coloured(&[], false), "not into a pipe");
    assert!(coloured(&["--color", "always"], false));
    assert!(coloured(&["--color", "always"], true), "the flag goes before the environment");
    assert!(!coloured(&["--color", "never"], false));
}

#[test]
fn an_existing_report_is_replaced_only_with_force() {
    let place = TestFolder::with_dump();
    assert_eq!(place.run(&["report", "dump", "--out", "report"]).code, 0);
    place.file("dump/90125.json", exchange("A-9", 500));
    let run = place.run(&["report", "dump", "--out", "report"]);
    assert_eq!(run.code, 2);
    assert_eq!(run.err, "error: report: a report is there already\nto replace it, add --force\n");
    assert_eq!(place.summary("/files/total"), 3);
    assert_eq!(
        place.run(&["report", "dump", "--out", "report", "--force", "--format", "json"]).code,
        0
    );
    assert_eq!(place.summary("/files/total"), 4);
    assert!(
        place.path().join("report/errors.jsonl").exists()
            && !place.path().join("report/errors.csv").exists()
    );
    assert_eq!(place.names(), ["dump", "report"]);
}

#[test]
fn what_is_not_a_report_is_never_replaced() {
    let place = TestFolder::with_dump();
    place.file("report/notes.txt", "mine");
    for force in [&[][..], &["--force"]] {
        let run = place.run(&[&["report", "dump", "--out", "report"], force].concat());
        assert_eq!(run.code, 2);
        assert!(run.err.starts_with("error: report: notes.txt is in the way\n"), "{}", run.err);
    }
    assert_eq!(place.read("report/notes.txt"), "mine");
}

#[test]
fn no_log_is_1_and_the_report_is_there() {
    let place = TestFolder::new();
    fs::create_dir(place.path().join("dump")).unwrap();
    let empty = "there is no file in the input";
    let no_log = "no log was found in the input";
    for (file, bytes, said) in
        [("", "", empty), ("dump/a.json", "{}", no_log), ("dump/b.txt", "words", no_log)]
    {
        if !file.is_empty() {
            place.file(file, bytes);
        }
        let run = place.run(&["report", "dump", "--out", "report", "--force"]);
        assert_eq!(run.code, 1, "{file}: {}", run.err);
        assert!(run.err.contains(said), "{}", run.err);
        assert_eq!(place.summary("/exchanges/total"), 0);
    }
}

#[test]
fn a_listing_alone_is_something() {
    let place = TestFolder::new();
    place.file("page.json", PAGE);
    assert_eq!(place.run(&["report", "page.json", "--out", "report"]).code, 0);
}

#[test]
fn too_many_rejects_are_3_and_the_report_is_there() {
    let place = TestFolder::with_dump();
    place.file("dump/notes.txt", "words");
    let run = place.run(&["report", "dump", "--out", "report"]);
    assert_eq!(run.code, 3, "1 of 4 is more than 10 %");
    assert!(run.err.contains("1 of 4 files could not be read"), "{}", run.err);
    assert_eq!(place.summary("/files/rejected"), 1);
    for enough in ["25%", "1"] {
        assert_eq!(
            place
                .run(&["report", "dump", "--out", "report", "--force", "--max-rejects", enough])
                .code,
            0
        );
    }
}

#[test]
fn one_payload_comes_from_standard_input() {
    let place = TestFolder::new();
    let payload = base64(&zip(&[("90123.json", exchange("A-1", 400).as_bytes())]));
    let run =
        place.run_with(&["report", "-", "--out", "report", "--format", "json"], payload.as_bytes());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(place.read("report/files.jsonl").contains(r#""file":"-""#));
}

#[test]
fn standard_input_has_the_limit_of_a_file() {
    let place = TestFolder::new();
    let args = ["report", "-", "--out", "report", "--max-file-bytes", "10", "--format", "json"];
    let run = place.run_with(&args, b"[{\"status\": 400}]");
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(place.read("report/problems.jsonl").contains("too_large"));
}

#[test]
fn inputs_come_from_a_list() {
    let place = TestFolder::with_dump();
    place.file("with blank.json", exchange("A-3", 200));
    for (list, end) in [("lines", "\n"), ("dos", "\r\n"), ("zero", "\0")] {
        place.file(list, ["dump/90123.txt", "", "with blank.json", ""].join(end));
        let run = place.run(&[
            "report",
            "--files-from",
            list,
            "dump/page.json",
            "--out",
            "report",
            "--force",
        ]);
        assert_eq!((run.code, place.summary("/files/total")), (0, 3), "{}", run.err);
        let stdin = fs::read(place.path().join(list)).unwrap();
        let run =
            place.run_with(&["report", "--files-from", "-", "--out", "report", "--force"], &stdin);
        assert_eq!((run.code, place.summary("/files/total")), (0, 2), "{}", run.err);
    }
    let run = place.run_with(&["report", "-", "--files-from", "-", "--out", "other"], b"");
    assert_eq!(run.code, 2);
}

#[test]
fn an_input_that_names_nothing_is_2() {
    let place = TestFolder::with_dump();
    for input in ["absent", "dump/*.zip"] {
        let run = place.run(&["report", input, "--out", "report"]);
        assert_eq!(run.code, 2);
        assert!(run.err.starts_with(&format!("error: {input}: no ")), "{}", run.err);
    }
    assert_eq!(place.names(), ["dump"]);
}

#[test]
fn the_report_is_the_same_for_any_number_of_threads() {
    let place = TestFolder::with_dump();
    let tables = |threads: &str| {
        assert_eq!(
            place.run(&["report", "dump", "--out", "report", "--force", "--threads", threads]).code,
            0
        );
        place.bytes_below("report")
    };
    let one = tables("1");
    assert_eq!(one.len(), 2 * 12 + 1 + 22);
    assert!(tables("2") == one && tables("7") == one);
}

#[test]
fn text_of_logs_does_not_act_on_the_terminal() {
    let place = TestFolder::new();
    let hostile = r#"[{"sku":"\u001b[2J","status_code":400,"url":"https://a\u202eb.example.com/\u0007","errors":["\u001b]0;owned\u0007 missing\n\nfake line"]}]"#;
    place.file("dump/\x1b[31m.json", hostile);
    let run = place.run(&["report", "dump", "--out", "report", "-v"]);
    assert_eq!(run.code, 0);
    assert!(!run.err.contains(['\x1b', '\x07', '\u{202e}']), "{:?}", run.err);
    assert!(run.err.contains(r"owned\u0007 missing"), "{}", run.err);
}

#[test]
fn an_exchange_that_comes_again_has_the_row_it_has_alone() {
    let method = ["GET", "POST", "PATCH"];
    let calls: Vec<String> = (0..7)
        .map(|n| {
            let body = |side: &str| {
                let long = format!("{side} {n} ").repeat(40);
                format!(r#""{side}_body":"{{\"sku\":\"A-{n}\",\"note\":\"{long}\"}}""#)
            };
            let method = method[n % method.len()];
            let call = format!(r#""method":"{method}","url":"https://e.example.com/p/{n}/q{n}/""#);
            // One has no request, one no answer.
            match n {
                4 => format!(r#"{{{call},"status_code":200,{}}}"#, body("response")),
                5 => format!(r#"{{{call},"status_code":504,{}}}"#, body("request")),
                _ => format!(
                    r#"{{{call},"status_code":{},{},{}}}"#,
                    200 + 222 * (n % 2),
                    body("request"),
                    body("response")
                ),
            }
        })
        .collect();
    // Each after each other one, and more than one job takes.
    let order: Vec<usize> = (0..2_800).map(|n| (n + n / 7 * (n / 7)) % 7).collect();
    let document = |calls: &[&str]| format!("[{}]", calls.join(","));
    let rows = |documents: Vec<String>| -> Vec<serde_json::Map<String, serde_json::Value>> {
        let place = TestFolder::new();
        for (n, document) in documents.iter().enumerate() {
            // No file is a copy of another.
            place.file(&format!("dump/{n:03}.json"), format!("{document}{}", " ".repeat(n)));
        }
        let run = ["report", "dump", "--out", "report", "--format", "json", "--threads", "1"];
        assert_eq!(place.run(&run).code, 0);
        let rows = place.read("report/exchanges.jsonl");
        let row = |line| {
            let mut row: serde_json::Map<_, _> = serde_json::from_str(line).unwrap();
            for place in ["exchange", "file", "pointer", "record"] {
                row.remove(place);
            }
            row
        };
        rows.lines().map(row).collect()
    };
    let alone: Vec<_> = calls.iter().map(|call| rows(vec![document(&[call])]).remove(0)).collect();
    let called: Vec<&str> = order.iter().map(|n| calls[*n].as_str()).collect();
    let together = rows(called.chunks(140).map(document).collect());
    assert_eq!(together.len(), order.len());
    for (row, n) in together.iter().zip(&order) {
        assert_eq!(row, &alone[*n]);
    }
}

#[test]
fn a_workbook_is_part_of_the_report_and_replaced_with_it() {
    let place = TestFolder::with_dump();
    let args = ["report", "dump", "--out", "report", "--format", "parquet,xlsx", "--force"];
    for threads in ["1", "3"] {
        let run = place.run(&[&args[..], &["--threads", threads]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(
            run.err.contains("(parquet, xlsx)") && run.err.contains("report.xlsx"),
            "{}",
            run.err
        );
        place.file(
            &format!("{threads}.xlsx"),
            fs::read(place.path().join("report/report.xlsx")).unwrap(),
        );
    }
    let [one, three] = ["1.xlsx", "3.xlsx"].map(|name| fs::read(place.path().join(name)).unwrap());
    assert!(one == three && one.starts_with(b"PK"));
}
