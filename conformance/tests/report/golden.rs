//! What the report of the dump says, to be read by people when it changes.

use std::fmt::Write as _;

use crate::kit::Report;

#[test]
fn the_summary_of_the_dump() {
    let summary = Report::of_dump().text("summary.json");
    // The checksum changes with every number.
    let (numbers, _checksum) = summary.split_once(",\n  \"xxh3\": ").unwrap();
    insta::assert_snapshot!(format!("{numbers}\n}}"));
}

#[test]
fn the_error_groups_of_the_dump() {
    let groups = Report::of_dump().table("error_groups");
    let mut text = String::from("count  open  retry  class         template\n");
    for row in 0..groups.rows() {
        let number = |column| groups.number(row, column).unwrap();
        let retry = if groups.flag(row, "retryable") == Some(true) { "yes" } else { "-" };
        let (count, open) = (number("count"), number("open_keys"));
        let class = groups.text(row, "class").unwrap();
        let template = groups.text(row, "template").unwrap().replace('\n', "\\n");
        let template: String = template.chars().take(100).collect();
        writeln!(text, "{count:>5} {open:>5}  {retry:<5}  {class:<12}  {template}").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// Files that are a plain download are counted by their layers, the others are named.
#[test]
fn the_files_of_the_dump() {
    let files = Report::of_dump().table("files");
    let mut plain = std::collections::BTreeMap::<String, u32>::new();
    let mut others = String::new();
    for row in 0..files.rows() {
        let cell = |column| files.text(row, column).unwrap_or("-");
        if cell("outcome") == "decoded" {
            *plain.entry(cell("layers").to_owned()).or_default() += 1;
            continue;
        }
        let (name, outcome, layers) = (cell("file"), cell("outcome"), cell("layers"));
        let (exchanges, problem) = (files.number(row, "exchanges").unwrap(), cell("problem"));
        writeln!(others, "{outcome:<10} {exchanges:>2}  {problem:<15}  {layers:<16}  {name}")
            .unwrap();
    }
    let mut text = String::new();
    for (layers, count) in plain {
        writeln!(text, "decoded {count:>3}  {layers}").unwrap();
    }
    insta::assert_snapshot!(text + "\n" + &others);
}

#[test]
fn the_problems_of_the_dump() {
    let problems = Report::of_dump().table("problems");
    let mut text = String::new();
    for row in 0..problems.rows() {
        let cell = |column| problems.text(row, column).unwrap_or("-");
        writeln!(text, "{}  {}  {}", cell("file"), cell("stage"), cell("kind")).unwrap();
        writeln!(text, "    {}", cell("message")).unwrap();
    }
    insta::assert_snapshot!(text);
}
