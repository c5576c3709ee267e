//! `analyze summary`.

use super::kit::TestFolder;

#[test]
fn the_summary_of_a_report_is_printed_again_with_period_ranks_and_trends() {
    let run = TestFolder::with_report().run(&["summary", "report"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn the_numbers_are_those_that_the_report_printed() {
    let place = TestFolder::with_dump();
    let printed = place.run(&["report", "dump", "--out", "report"]).err;
    let again = place.run(&["summary", "report"]).out;
    for line in
        ["Worst flows, by failed requests", "Open orders and products, newest first (1 in all)"]
    {
        assert!(printed.contains(line) && again.contains(line), "{printed}\n{again}");
    }
    let part = |text: &str| text.split("Worst flows").nth(1).unwrap().to_owned();
    let until_report = |text: String| text.split("\nReport").next().unwrap().to_owned();
    assert_eq!(until_report(part(&again)), until_report(part(&printed)));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let place = TestFolder::with_report();
    for columns in ["60", "80", "100", "200"] {
        let mut command = place.command(&["summary", "report", "-v"]);
        let out = command.env("COLUMNS", columns).output().unwrap().stdout;
        let out = String::from_utf8(out).unwrap();
        // Commands and paths are not cut.
        let texts = out.lines().filter(|line| !line.starts_with("  analyze "));
        let wide = texts.map(|line| line.chars().count()).max().unwrap();
        assert!(wide <= columns.parse::<usize>().unwrap(), "{columns}: {wide}\n{out}");
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let place = TestFolder::with_dump();
    let run = place.run(&["summary", "dump"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("dump: no report"), "{}", run.err);
}
