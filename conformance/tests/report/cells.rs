//! Parquet, CSV and JSON lines hold the same values, cell by cell.

use pipeline::run::Options;
use polars::prelude::AnyValue;
use serde_json::Value;
use tables::{BODY_CHARACTERS, TABLES};

use crate::kit::{Report, Table, copy, dump, every_format, micros};

/// Texts that each format has to take care of in its own way.
const ODD: &str = r#"[
    {"sku":"=1+1","status_code":400,"response_body":"{\"detail\":\"+49 \\\"quoted\\\", and\\ncut\"}","created":"1969-07-20T20:17:40.5Z"},
    {"sku":"-7","status_code":400,"response_body":{"detail":"@home, really"},"note":"\tafter a tab"},
    {"sku":"00042","status_code":200,"request_body":"\r\nfirst a line end","errors":["|a|b|"],"duration":0.1},
    {"sku":"ş","row_num":-3,"request_body":{},"response_body":"","errors":"=cmd()"}
]"#;

/// A report with such texts, and with bodies around the longest that CSV keeps.
fn report() -> (tempfile::TempDir, Report) {
    let folder = tempfile::tempdir().unwrap();
    copy(&dump(), folder.path(), b"", |_| ());
    std::fs::write(folder.path().join("odd.json"), ODD).unwrap();
    let long = |count| format!(r#"{{"request_body":"{}","status_code":200}}"#, "ğ".repeat(count));
    let bodies = [BODY_CHARACTERS - 1, BODY_CHARACTERS, BODY_CHARACTERS + 1].map(long).join(",");
    std::fs::write(folder.path().join("long.json"), format!("[{bodies}]")).unwrap();
    let mut formats = every_format();
    formats.csv.bodies = true;
    let report = Report::written(&[folder.path()], &Options::default(), formats);
    (folder, report)
}

#[test]
fn csv_holds_what_parquet_holds() {
    let (_folder, report) = report();
    let (mut cells, mut guarded, mut cut) = (0, 0, 0);
    for schema in TABLES {
        let table = report.table(schema.name);
        let mut lines = rows(&report.text(&format!("{}.csv", schema.name))).into_iter();
        let names: Vec<_> = lines.next().unwrap().into_iter().map(Option::unwrap).collect();
        assert_eq!(names, column_names(&table), "{}", schema.name);
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), table.rows(), "{}", schema.name);
        for (row, line) in lines.iter().enumerate() {
            assert_eq!(line.len(), names.len());
            for ((name, column), cell) in names.iter().zip(schema.columns).zip(line) {
                let value = table.cell(row, name);
                let place = || format!("{}.{name}, row {row}: {value:?} and {cell:?}", schema.name);
                cells += 1;
                let Some(cell) = cell else {
                    assert!(matches!(value, AnyValue::Null), "{}", place());
                    continue;
                };
                let text = match &value {
                    AnyValue::String(text) => (*text).to_owned(),
                    AnyValue::List(items) => {
                        items.str().unwrap().iter().flatten().collect::<Vec<_>>().join("|")
                    }
                    AnyValue::Boolean(flag) => flag.to_string(),
                    AnyValue::Float64(number) => {
                        assert_eq!(cell.parse::<f64>().ok(), Some(*number), "{}", place());
                        continue;
                    }
                    AnyValue::Datetime(..) => {
                        assert_eq!(instant(cell), micros(&value), "{}", place());
                        continue;
                    }
                    AnyValue::Null => panic!("{}", place()),
                    number => number.to_string(),
                };
                let mut expected = text.clone();
                if column.body && text.chars().count() > BODY_CHARACTERS {
                    expected = text.chars().take(BODY_CHARACTERS).collect::<String>() + "...";
                    cut += 1;
                }
                let textual = matches!(value, AnyValue::String(_) | AnyValue::List(_));
                if textual && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                    expected.insert(0, '\'');
                    guarded += 1;
                }
                assert!(*cell == expected, "{}", place());
            }
        }
    }
    assert!(cells > 10_000, "{cells}");
    assert!(guarded >= 8, "{guarded}");
    assert_eq!(cut, 1, "the one body that is longer than CSV keeps");
}

#[test]
fn csv_has_no_bodies_unless_asked_for() {
    let report = Report::written(&[&dump()], &Options::default(), every_format());
    let names = rows(&report.text("exchanges.csv")).swap_remove(0);
    let names: Vec<_> = names.into_iter().map(Option::unwrap).collect();
    let mut expected = column_names(&report.table("exchanges"));
    expected.retain(|name| !name.ends_with("_body"));
    assert_eq!(names, expected);
    assert_eq!(names.len(), report.table("exchanges").0.width() - 2);
}

#[test]
fn json_lines_hold_what_parquet_holds() {
    let (_folder, report) = report();
    for schema in TABLES {
        let table = report.table(schema.name);
        let text = report.text(&format!("{}.jsonl", schema.name));
        assert_eq!(text.lines().count(), table.rows(), "{}", schema.name);
        for (row, line) in text.lines().enumerate() {
            let line: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
            assert_eq!(line.len(), schema.columns.len());
            for column in schema.columns {
                let (cell, value) = (&line[column.name], table.cell(row, column.name));
                let same = match &value {
                    AnyValue::Null => cell.is_null(),
                    AnyValue::String(text) => cell.as_str() == Some(text),
                    AnyValue::Boolean(flag) => cell.as_bool() == Some(*flag),
                    AnyValue::Float64(number) => cell.as_f64() == Some(*number),
                    AnyValue::Datetime(..) => cell.as_str().and_then(instant) == micros(&value),
                    AnyValue::List(items) => {
                        let items: Vec<_> = items.str().unwrap().iter().flatten().collect();
                        let cell: Vec<_> =
                            cell.as_array().unwrap().iter().filter_map(Value::as_str).collect();
                        items == cell
                    }
                    number => cell.as_i64() == number.try_extract().ok(),
                };
                assert!(same, "{}.{}, row {row}: {value:?} and {cell}", schema.name, column.name);
            }
        }
    }
}

#[test]
fn an_empty_text_is_not_an_absent_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nothing"), "").unwrap();
    let report = Report::written(&[folder.path()], &Options::default(), every_format());
    let files = report.table("files");
    assert_eq!(files.text(0, "layers"), Some(""));
    assert_eq!(files.text(0, "log_id"), None);
    let lines = rows(&report.text("files.csv"));
    let cell = |name: &str| {
        let place = lines[0].iter().position(|cell| cell.as_deref() == Some(name)).unwrap();
        lines[1][place].clone()
    };
    assert_eq!((cell("layers"), cell("log_id")), (Some(String::new()), None));
}

fn column_names(table: &Table) -> Vec<String> {
    table.0.get_column_names().iter().map(ToString::to_string).collect()
}

/// The rows of a CSV file (RFC 4180); a cell without quotes and characters is absent.
fn rows(text: &str) -> Vec<Vec<Option<String>>> {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let (mut cell, mut quoted, mut inside) = (String::new(), false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if inside && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => (quoted, inside) = (true, !inside),
            ',' | '\n' if !inside => {
                let content = std::mem::take(&mut cell);
                row.push((quoted || !content.is_empty()).then_some(content));
                quoted = false;
                if character == '\n' {
                    rows.push(std::mem::take(&mut row));
                }
            }
            other => cell.push(other),
        }
    }
    assert!(cell.is_empty() && row.is_empty() && !inside, "the last line has its end");
    rows
}

/// Microseconds since 1970 of `2026-10-24T00:00:00.000000Z`.
fn instant(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) =
        (number(0, 4)?, text.get(5..7)?.parse::<usize>().ok()?, number(8, 10)?);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    // The years between, one by one: slow and plain, as a test of something fast should be.
    let mut days: i64 = if year >= 1970 {
        (1970..year).map(|year| 365 + i64::from(leap(year))).sum()
    } else {
        -(year..1970).map(|year| 365 + i64::from(leap(year))).sum::<i64>()
    };
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths[..month - 1].iter().sum::<i64>() + day - 1;
    let seconds = (number(11, 13)? * 60 + number(14, 16)?) * 60 + number(17, 19)?;
    assert_eq!((text.get(19..20), text.get(26..)), (Some("."), Some("Z")), "{text}");
    Some((days * 86_400 + seconds) * 1_000_000 + number(20, 26)?)
}
