//! A log that is saved twice counts once, in whatever wraps.

use super::kit::{TestFolder, base64, exchange, zip};

/// The same document on more lines.
fn indented(text: &str) -> String {
    text.replace(',', ",\n  ").replace('{', "{\n  ")
}

/// The files as `name outcome exchanges copy_of`, and the members that are duplicates.
fn read(place: &TestFolder, threads: &str) -> (Vec<String>, u64) {
    let out = format!("r{threads}");
    let args =
        ["report", "dump", "--out", &out, "--format", "json", "--quiet", "--threads", threads];
    let run = place.run(&args);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let rows = std::fs::read_to_string(place.path().join(&out).join("files.jsonl")).unwrap();
    let rows = rows.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |column: &str| row[column].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("file"), text("outcome"), row["exchanges"], text("copy_of"))
    });
    let summary = std::fs::read_to_string(place.path().join(&out).join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    (rows.collect(), summary["members"]["duplicate"].as_u64().unwrap_or(0))
}

/// Files, what becomes of them, and how many members are duplicates.
fn check(files: &[(&str, Vec<u8>)], wanted: &[&str], members: u64) {
    let place = TestFolder::new();
    for (name, bytes) in files {
        place.file(&format!("dump/{name}"), bytes);
    }
    let found = read(&place, "1");
    assert_eq!(found, (wanted.iter().map(|row| (*row).to_owned()).collect(), members));
    assert_eq!(read(&place, "5"), found);
}

/// A log of about this many kilobytes.
fn log(sku: &str, kilobytes: usize) -> String {
    let rows = vec![exchange(sku, 400); kilobytes * 1024 / exchange(sku, 400).len() + 1];
    format!("[{}]", rows.join(","))
}

fn wraps(text: &str) -> [(&'static str, Vec<u8>); 3] {
    let packed = zip(&[("log.json", text.as_bytes())]);
    [
        ("c.json", text.as_bytes().to_vec()),
        ("b.zip", packed.clone()),
        ("a.txt", base64(&packed).into_bytes()),
    ]
}

#[test]
fn one_text_in_three_wraps_counts_once_small_and_large() {
    for kilobytes in [0, 3, 30, 300] {
        let text = log("A-1", kilobytes);
        let rows =
            text.matches("\"A-1\"").count() / exchange("A-1", 400).matches("\"A-1\"").count();
        let first = format!("a.txt decoded {rows} -");
        check(&wraps(&text), &[&first, "b.zip duplicate 0 a.txt", "c.json duplicate 0 a.txt"], 1);
    }
}

#[test]
fn one_log_id_with_equal_content_counts_once_though_it_is_indented() {
    let text = exchange("A-1", 400);
    let indented = indented(&text).into_bytes();
    check(
        &[
            ("x/90123.txt", base64(&zip(&[("90123.json", text.as_bytes())])).into_bytes()),
            ("y/90123.json", indented.clone()),
        ],
        &["x/90123.txt decoded 1 -", "y/90123.json duplicate 0 x/90123.txt"],
        0,
    );
    // Without a log id an indented text is another text.
    check(
        &[("a.json", text.into_bytes()), ("b.json", indented)],
        &["a.json decoded 1 -", "b.json decoded 1 -"],
        0,
    );
}

#[test]
fn equal_texts_of_two_logs_count_twice() {
    let text = exchange("A-1", 400);
    let packed = |member: &str| zip(&[(member, text.as_bytes())]);
    check(
        &[
            ("90123.json", text.clone().into_bytes()),
            ("90124.zip", packed("90124.json")),
            ("copy.zip", packed("90123.json")),
        ],
        &["90123.json decoded 1 -", "90124.zip decoded 1 -", "copy.zip duplicate 0 90123.json"],
        1,
    );
}

#[test]
fn logs_of_an_archive_that_stand_beside_it_count_once_each() {
    let [one, two, three] = ["A-1", "A-2", "A-3"].map(|sku| exchange(sku, 400));
    let all =
        [("1.json", one.as_bytes()), ("2.json", two.as_bytes()), ("3.json", three.as_bytes())];
    check(
        &[
            ("a.json", one.clone().into_bytes()),
            ("m.zip", zip(&all)),
            ("z.json", three.clone().into_bytes()),
        ],
        &["a.json decoded 1 -", "m.zip decoded 2 a.json", "z.json duplicate 0 m.zip"],
        1,
    );
    let both = [("x/1.json", one.as_bytes()), ("y/1.json", one.as_bytes())];
    check(&[("m.zip", zip(&both))], &["m.zip decoded 1 m.zip"], 1);
}

#[test]
fn texts_that_only_begin_alike_are_two_logs() {
    let text = log("A-1", 30);
    let other = format!("{},{}]", text.trim_end_matches(']'), exchange("A-9", 200));
    let rows = text.matches("\"A-1\"").count() / exchange("A-1", 400).matches("\"A-1\"").count();
    check(
        &[("a.json", text.into_bytes()), ("b.zip", zip(&[("b.json", other.as_bytes())]))],
        &[&format!("a.json decoded {rows} -"), &format!("b.zip decoded {} -", rows + 1)],
        0,
    );
}

#[test]
fn ls_names_the_file_that_a_copy_is_of() {
    let place = TestFolder::new();
    for (name, bytes) in wraps(&exchange("A-1", 400)) {
        place.file(&format!("dump/{name}"), bytes);
    }
    let run = place.run(&["ls", "dump", "--json"]);
    let copies: Vec<serde_json::Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["copy_of"].clone())
        .collect();
    assert_eq!(copies, [serde_json::Value::Null, "a.txt".into(), "a.txt".into()]);
}
