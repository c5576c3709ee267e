//! `analyze sql`.

use super::kit::{TestFolder, exchange};

const OPEN_KEYS: &str = "select flow, count(*) as open_keys, null as missing from keys where open group by flow \
     order by open_keys desc, flow limit 2";

#[test]
fn an_answer_is_csv_a_table_or_json_lines() {
    let place = TestFolder::with_report();
    let answer = |format: &[&str]| {
        let run = place.run(&[&["sql", "report", OPEN_KEYS], format].concat());
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        run.out
    };
    assert_eq!(answer(&[]), "flow,open_keys,missing\nprice,47,\nstock,40,\n");
    assert_eq!(answer(&["--format", "csv", "--limit", "1"]), "flow,open_keys,missing\nprice,47,\n");
    assert_eq!(
        answer(&["--format", "table"]),
        "flow   open_keys  missing\nprice         47     null\nstock         40     null\n"
    );
    assert_eq!(
        answer(&["--format", "jsonl"]),
        "{\"flow\":\"price\",\"open_keys\":47,\"missing\":null}\n{\"flow\":\"stock\",\"open_keys\":40,\"missing\":null}\n"
    );
    let run = place.run(&["sql", "report", OPEN_KEYS, "--format", "table", "--limit", "1"]);
    assert_eq!(run.err, "there are more rows than these 1; --limit 0 shows all\n");
}

#[test]
fn texts_are_quoted_and_do_not_run_in_a_spreadsheet() {
    let place = TestFolder::with_report();
    let query = "select '=1+1' a, '' b, 'x,\"y' c, -1 d, x'0aff' e, 1 as \"a\"";
    let csv = place.run(&["sql", "report", query]).out;
    assert_eq!(csv, "a,b,c,d,e,a\n'=1+1,\"\",\"x,\"\"y\",-1,0aff,1\n");
    let csv = place.run(&["sql", "report", query, "--raw-csv"]).out;
    assert!(csv.ends_with("\n=1+1,\"\",\"x,\"\"y\",-1,0aff,1\n"), "{csv}");
    // A name that comes twice would lose a value.
    let json = place.run(&["sql", "report", query, "--format", "jsonl"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["a"], &json["a_2"], &json["c"]),
        (&"=1+1".into(), &1.into(), &"x,\"y".into())
    );
    let table = place.run(&["sql", "report", "select 'a\x1b[31m\nb' x", "--format", "table"]).out;
    assert_eq!(table, "x\na\\u001b[31m\\nb\n");
}

#[test]
fn no_row_is_no_failure() {
    let place = TestFolder::with_report();
    let run = place.run(&["sql", "report", "select key from keys where key = 'none'"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "key\n", ""));
    let query = "select key from keys where key = 'none'";
    let run = place.run(&["sql", "report", query, "--format", "table"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", "no rows\n"));
}

#[test]
fn what_is_wrong_with_a_query_is_said_and_nothing_printed() {
    let place = TestFolder::with_report();
    let check = |query: &str, said: &str| {
        let run = place.run(&["sql", "report", query]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{query}");
        assert!(run.err.starts_with(said), "{query}: {}", run.err);
    };
    check(
        "select staus from exchanges",
        "error: no such column: staus (did you mean status?)\n  select staus from exchanges\n         ^\n",
    );
    check("select * from error", "error: no such table: error (did you mean errors?)\n");
    check("selec 1", "error: near \"selec\": syntax error\n  selec 1\n  ^\n");
    check("delete from keys", "error: only queries are answered: select, with or values\n");
    check("select json_extract('{', '$.a') from keys", "error: malformed JSON\n");
    let run = place.run(&["sql", "report", "--table", "key"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(
        run.err.starts_with("error: key: no such table\nthe tables are files, "),
        "{}",
        run.err
    );
}

#[test]
fn only_the_columns_that_are_named_are_read() {
    let place = TestFolder::with_report();
    std::fs::remove_file(place.path().join("report/errors.parquet")).unwrap();
    assert_eq!(place.run(&["sql", "report", "select count(*) from runs"]).code, 0);
    let run = place.run(&["sql", "report", "select count(*) from errors"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.starts_with("error: report: errors.parquet is not there\n"), "{}", run.err);
}

#[test]
fn a_damaged_report_is_refused() {
    let place = TestFolder::with_report();
    let query = "select key, message, started_at, flow from errors";
    place.refuses_changed_bits(&["sql", "report", query], "errors.parquet", 40);
}

#[test]
fn without_a_query_tables_and_columns_are_listed() {
    let place = TestFolder::with_report();
    let run = place.run(&["sql", "report", "--table", "runs,bodies"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
    let all = place.run(&["sql", "report"]).out;
    assert_eq!(all.matches("  COLUMN").count(), 12);
}

#[test]
fn a_report_is_saved_as_one_file() {
    let place = TestFolder::with_report();
    let save = ["sql", "report", "--save", "r.sqlite"];
    let run = place.run(&save);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.said().starts_with("r.sqlite: 12 tables, "), "{}", run.err);
    assert!(
        std::fs::read(place.path().join("r.sqlite")).unwrap().starts_with(b"SQLite format 3\0")
    );
    let run = place.run(&save);
    assert_eq!(
        (run.code, run.err.as_str()),
        (2, "error: r.sqlite: is there already\nto replace it, add --force\n")
    );
    let run = place.run(&[&save[..], &["--force", "--table", "keys"]].concat());
    assert_eq!((run.code, run.said().as_str()), (0, "r.sqlite: 1 table, 510 rows\n"));
    let run = place.run(&["sql", "report", "--save", "none/r.sqlite"]);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("error: none/r.sqlite: cannot write: "), "{}", run.err);
    assert_eq!(place.names(), ["r.sqlite", "report"]);
}

#[cfg(unix)]
#[test]
fn duckdb_is_run_with_the_tables_as_views() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = TestFolder::new();
    place.file("dump/90124.json", exchange("A-2", 200));
    assert_eq!(place.run(&["report", "dump", "--out", "it's", "-q"]).code, 0);
    let program = place.file(
        "bin/duckdb",
        "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done\nexit $FAIL\n",
    );
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |bin: &str, fail: &str, args: &[&str]| {
        let mut command = place.command(&[&["sql", "it's", "--engine", "duckdb"], args].concat());
        command
            .env("PATH", format!("{}:/usr/bin:/bin", place.path().join(bin).display()))
            .env("FAIL", fail);
        super::kit::ended(command.spawn().unwrap())
    };
    let ran = run("bin", "0", &["select 1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[..2], ["-cmd", "set TimeZone = 'UTC';"]);
    let view = format!(
        "create view files as select * from read_parquet('{}/it''s/files.parquet');",
        place.path().display()
    );
    assert_eq!(lines[2], view);
    assert_eq!(lines[lines.len() - 3..], ["-csv", "-c", "select 1"]);
    assert_eq!(run("bin", "1", &["select 1", "--format", "jsonl"]).code, 2);
    let mut command = place.command(&["sql", "it's", "select 1", "--engine", "duckdb"]);
    let missing = super::kit::ended(command.env("PATH", place.path()).spawn().unwrap());
    assert_eq!((missing.code, missing.out.as_str()), (2, ""));
    assert!(
        missing.err.contains("there is no program duckdb in the PATH\n`pip install duckdb-cli`"),
        "{}",
        missing.err
    );
}

#[cfg(unix)]
#[test]
fn the_end_of_a_pipe_ends_a_query_without_end() {
    use std::io::Read as _;
    let place = TestFolder::with_report();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    let mut child = place.command(&["sql", "report", endless]).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = [0; 8];
    out.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"i\n1\n2\n3\n");
    drop(out);
    assert_eq!(super::kit::ended(child).code, 0);
}
