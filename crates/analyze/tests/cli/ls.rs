//! `analyze ls`.

use std::io::Read as _;

use super::kit::{TestFolder, ended, exchange, zip};

fn mixed() -> TestFolder {
    let place = TestFolder::with_dump();
    place.file("dump/again.json", exchange("A-2", 200));
    place.file("dump/empty.json", "[]");
    place.file("dump/gone.html", "<html><title>502 Bad Gateway</title></html>");
    place.file("dump/notes.txt", "just words, no log");
    place.file(
        "dump/two.zip",
        zip(&[("a.json", exchange("A-3", 400).as_bytes()), ("b/notes.txt", b"words")]),
    );
    place
}

#[test]
fn a_line_says_what_a_file_holds() {
    let run = mixed().run(&["ls", "dump"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn members_follow_their_file() {
    let run = mixed().run(&["ls", "dump/two.zip", "--members"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn the_lines_are_the_same_for_any_number_of_threads() {
    let place = mixed();
    let one = place.run(&["ls", "dump", "--threads", "1"]).out;
    assert_eq!(place.run(&["ls", "dump", "--threads", "7"]).out, one);
}

#[test]
fn json_lines_say_the_same_and_more() {
    let run = mixed().run(&["ls", "dump", "--json", "-l"]);
    let lines: Vec<serde_json::Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(
        (&lines[0]["file"], &lines[0]["log_id"], &lines[0]["layers"]),
        (&"90123.txt".into(), &"90123".into(), &"base64>zip>json".into())
    );
    let two = lines.last().unwrap();
    assert_eq!((&two["outcome"], &two["contents"][0]["exchanges"]), (&"decoded".into(), &1.into()));
}

#[test]
fn nothing_is_written_and_names_are_safe() {
    let place = TestFolder::new();
    place.file("dump/\x1b[31m\u{202e}.json", exchange("A", 200));
    let run = place.run(&["ls", "dump"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains(r"\u001b[31m\u202e.json") && !run.out.contains('\x1b'), "{}", run.out);
    assert_eq!(place.names(), ["dump"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = TestFolder::new();
    for n in 0..1_500 {
        place.file(&format!("dump/{n:060}.json"), exchange(&n.to_string(), 200));
    }
    for args in [&["ls", "dump"][..], &["ls", "dump", "--json"]] {
        let mut child = place.command(args).spawn().unwrap();
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let run = ended(child);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn no_log_is_1_and_no_file_2() {
    let place = TestFolder::new();
    place.file("dump/notes.txt", "just words");
    let run = place.run(&["ls", "dump"]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("rejected") && run.err.contains("no log was found"),
        "{}{}",
        run.out,
        run.err
    );
    let run = place.run(&["ls", "absent"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.starts_with("error: absent: no such file or folder\n"), "{}", run.err);
}
