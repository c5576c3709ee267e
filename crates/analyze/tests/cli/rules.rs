//! `analyze report --rules`, and the other commands on such a report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::kit::{TestFolder, attempt};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A dump of five refused requests with four causes.
fn place() -> TestFolder {
    let place = TestFolder::new();
    let refused = |minute: u32, sku: &str, status: u16, answer: &str| {
        let created = format!("2026-10-24T06:{minute:02}:00Z");
        attempt("price", &created, &format!(r#"{{"sku":"{sku}"}}"#), status, answer)
    };
    let log = [
        refused(0, "A-0001", 406, r#"{"error":"A-0001 kodlu ürün bulunamadı."}"#),
        refused(1, "A-0002", 404, r#"{"detail":"Product with sku A-0002 was not found"}"#),
        refused(2, "A-0003", 400, r#"{"error":"kayıt 1: hata kodu 17"}"#),
        refused(3, "A-0004", 400, r#"{"error":"kayıt 2: hata kodu 23"}"#),
        refused(4, "A-0005", 400, r#"{"error":"depo ANKARA kapalı"}"#),
        refused(5, "A-0006", 400, r#"{"error":"depo BURSA kapalı"}"#),
    ];
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    fs::copy(root().join("docs/rules.toml"), place.path().join("rules.toml")).unwrap();
    place
}

fn report(place: &TestFolder, out: &str, args: &[&str]) {
    let run = place
        .run(&[&["report", "dump", "--out", out, "-q", "--format", "parquet,json"], args].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

fn rows(place: &TestFolder, table: &str) -> Vec<Value> {
    let text = place.read(&format!("{table}.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_example_of_the_docs_does_what_it_says() {
    let place = place();
    report(&place, "report", &["--rules", "rules.toml"]);
    let groups: BTreeMap<String, Value> = rows(&place, "report/error_groups")
        .into_iter()
        .map(|row| {
            let called = row["name"].as_str().or(row["template"].as_str());
            (called.unwrap().to_owned(), row)
        })
        .collect();
    let count = |called: &str| groups[called]["count"].as_u64().unwrap();
    assert_eq!(groups.len(), 4);
    assert_eq!(count("product missing in Omnitron"), 2);
    assert_eq!(groups["product missing in Omnitron"]["side"], "erp");
    assert_eq!((count("ERP error 17"), count("ERP error 23")), (1, 1));
    assert_eq!(count("<*> kapalı"), 2);
    // Rows have the side of their group.
    let errors = rows(&place, "report/errors");
    let sides: Vec<_> = errors.iter().map(|row| row["side"].as_str().unwrap()).collect();
    assert_eq!(sides, ["erp", "erp", "omnitron", "omnitron", "omnitron", "omnitron"]);
}

#[test]
fn the_other_commands_know_named_groups() {
    let place = place();
    report(&place, "report", &["--rules", "rules.toml"]);
    let rank = rows(&place, "report/error_groups")
        .iter()
        .position(|row| row["name"] == "product missing in Omnitron")
        .map(|at| (at + 1).to_string())
        .unwrap();
    let text = place.run(&["explain", "report", &rank]).out;
    assert!(text.lines().next().unwrap().ends_with(": product missing in Omnitron"), "{text}");
    assert!(text.contains("In common  name from --rules\n"), "{text}");
    assert!(text.contains("not counted: 1 message (other wording, too long, or cut)"), "{text}");
    let keys = place.run(&["keys", "report", "--open", "--group", &rank, "--format", "json"]);
    assert_eq!((keys.code, keys.out.lines().count()), (0, 2));

    report(&place, "plain", &[]);
    let run = place.run(&["diff", "plain", "report", "--min-count", "1"]);
    assert!(run.err.contains("the reports were made with different --rules"), "{}", run.err);
    assert!(run.out.contains("product missing in Omnitron"), "{}", run.out);
    let run = place.run(&["diff", "report", "report", "--min-count", "1"]);
    assert!(!run.err.contains("--rules"), "{}", run.err);
}

#[test]
fn with_rules_too_threads_change_nothing() {
    let place = TestFolder::new();
    let (dump, rules) = (root().join("testdata/dump"), root().join("docs/rules.toml"));
    let made = |out: &str, threads: &str| {
        let args =
            ["report", dump.to_str().unwrap(), "--out", out, "--rules", rules.to_str().unwrap()];
        assert_eq!(place.run(&[&args[..], &["-q", "--threads", threads]].concat()).code, 0);
        ["error_groups", "errors"].map(|table| place.read(&format!("{out}/{table}.csv")))
    };
    let one = made("one", "1");
    assert_eq!(one, made("four", "4"));
    assert!(one[0].contains(",product missing in Omnitron\n"));
}

#[test]
fn a_bad_rule_is_reported_before_any_work() {
    let place = place();
    place.file("bad.toml", "# mine\n[[mask]]\npattern = '(a'\n");
    let run = place.run(&["report", "no-such-dump", "--out", "report", "--rules", "bad.toml"]);
    let said = "error: bad.toml:3: no regular expression: unclosed group\n";
    assert_eq!((run.code, run.err.as_str()), (2, said));
    let run = place.run(&["report", "dump", "--out", "report", "--rules", "none.toml"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.starts_with("error: none.toml: cannot be read as a file of rules: "),
        "{}",
        run.err
    );
    assert_eq!(place.names(), ["bad.toml", "dump", "rules.toml"]);
}
