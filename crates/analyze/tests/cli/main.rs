//! The command line as a whole: what is typed, printed, written, and how the program ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod api;
mod bench;
mod cat;
mod config;
mod connections;
mod copies;
mod diff;
mod endpoint;
mod explain;
mod faults;
mod first_steps;
mod html;
mod keys;
mod kit;
mod ls;
mod merge;
mod names;
mod redact;
mod report;
mod roles;
mod rules;
mod runs;
mod search;
mod show;
mod signals;
mod sql;
mod summary;
mod update;

use kit::TestFolder;

#[test]
fn the_help_says_what_there_is() {
    let run = TestFolder::new().run(&["--help"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn the_help_of_each_command_has_examples() {
    let place = TestFolder::new();
    for command in [
        "report",
        "merge",
        "cat",
        "ls",
        "summary",
        "explain",
        "endpoint",
        "keys",
        "search",
        "show",
        "diff",
        "runs",
        "sql",
        "html",
        "logs",
        "serve",
        "fetch",
        "bench",
        "demo",
        "completions",
        "man",
    ] {
        let run = place.run(&[command, "--help"]);
        assert_eq!(run.code, 0);
        assert!(run.out.contains(&format!("\nExamples:\n  analyze {command}")), "{}", run.out);
        assert!(run.out.contains("Exit codes:"), "{}", run.out);
    }
}

#[test]
fn usage_errors_are_2() {
    let place = TestFolder::new();
    for wrong in [
        &[][..],
        &["frobnicate"],
        &["report", "x"],
        &["report", "--out", "r"],
        &["report", "x", "--out", "r", "--format", "xml"],
        &["report", "x", "--out", "r", "--max-rejects", "lots"],
        &["report", "x", "--out", "r", "--max-member-bytes", "1.5g"],
        &["report", "x", "--out", "r", "--threads", "0"],
        &["report", "x", "--out", "r", "-q", "-v"],
        &["cat"],
        &["cat", "x", "--all", "--member", "y"],
        &["cat", "x", "--all", "--record", "1"],
        &["cat", "x", "--roles", "y"],
        &["ls"],
        &["explain", "r"],
        &["endpoint"],
        &["keys"],
        &["diff", "r"],
        &["diff", "r", "s", "--ratio", "0.9"],
        &["diff", "r", "s", "--fail-on", "anything"],
        &["keys", "r", "--kind", "cat"],
        &["keys", "r", "--format", "xml"],
        &["logs"],
        &["logs", "dump", "--all", "--page", "2"],
        &["serve", "dump", "--bind", "localhost"],
        &["fetch", "dump", "--project-id", "1"],
        &["fetch", "dump", "--project-id", "1", "--project-slug", "s", "--overlap", "1.5h"],
        &["fetch", "dump", "--project-id", "1", "--project-slug", "s", "--types", "4"],
        &["search"],
        &["search", "r", "--show", "some"],
        &["search", "r", "--count", "--by", "flow"],
        &["show", "r"],
        &["show", "r", "x", "--curl", "--har"],
        &["sql"],
        &["sql", "r", "select 1", "--save", "f"],
        &["sql", "r", "--force"],
        &["bench"],
        &["bench", "x", "--generate", "1MB"],
    ] {
        let run = place.run(wrong);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{wrong:?}");
        assert!(!run.err.is_empty());
    }
    assert_eq!(place.names(), [""; 0]);
}
