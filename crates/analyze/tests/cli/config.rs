//! Settings of the environment and of analyze.toml: which goes first, and what is refused.

use super::kit::{RunOutput, TestFolder, ended};

/// Runs with variables of the environment.
fn run(place: &TestFolder, variables: &[(&str, &str)], words: &[&str]) -> RunOutput {
    let mut command = place.command(words);
    command.envs(variables.iter().copied());
    ended(command.spawn().unwrap())
}

#[test]
fn a_typed_flag_goes_before_the_environment_the_project_and_the_user() {
    let place = TestFolder::with_report();
    let kinds = |variables: &[(&str, &str)], flags: &[&str]| {
        let run = run(&place, variables, &[&["keys", "report", "--limit", "1"], flags].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        // Which format the output has tells which setting held.
        match run.out.chars().next().unwrap() {
            '{' => "jsonl",
            'f' => "csv",
            _ => "table",
        }
    };
    let one = ("ANALYZE_KEYS_FORMAT", "table");
    let all = ("ANALYZE_FORMAT", "json");
    assert_eq!(kinds(&[], &[]), "csv");
    place.file("config/analyze/analyze.toml", "[keys]\nformat = \"table\"\n");
    assert_eq!(kinds(&[], &[]), "table");
    place.file("analyze.toml", "[keys]\nformat = \"json\"\n");
    assert_eq!(kinds(&[], &[]), "jsonl");
    assert_eq!(kinds(&[one], &[]), "table");
    assert_eq!(kinds(&[one, all], &[]), "table");
    assert_eq!(kinds(&[all], &[]), "jsonl");
    assert_eq!(kinds(&[one, all], &["--format", "csv"]), "csv");
}

#[test]
fn settings_give_required_flags_and_lists() {
    let place = TestFolder::with_dump();
    place.file(
        "analyze.toml",
        "[report]\nout = \"made\"\nformat = [\"csv\", \"json\"]\nquiet = true\n",
    );
    let run = place.run(&["report", "dump"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(place.path().join("made/keys.csv").is_file());
    assert!(place.path().join("made/keys.jsonl").is_file());
    assert!(!place.path().join("made/keys.parquet").exists());
}

#[test]
fn a_typed_flag_turns_off_the_settings_that_it_excludes() {
    let place = TestFolder::with_dump();
    place.file("analyze.toml", "quiet = true\n");
    let run = place.run(&["report", "dump", "--out", "report", "--verbose"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("Requests"), "{}", run.err);
}

#[test]
fn false_in_the_environment_turns_a_setting_off() {
    let place = TestFolder::with_dump();
    place.file("analyze.toml", "quiet = true\n");
    let run = run(&place, &[("ANALYZE_QUIET", "false")], &["report", "dump", "--out", "report"]);
    assert!(run.err.contains("Requests"), "{}", run.err);
}

#[test]
fn a_file_with_something_else_is_refused_with_its_line() {
    let place = TestFolder::new();
    for (text, reason) in [
        ("[report]\n\nformt = \"csv\"\n", "3: `formt` is not a flag of `report`; `format` is"),
        ("[reports]\n", "1: `reports` is not a command with settings; `report` is"),
        ("\nfoo_bar_baz = 1\n", "2: `foo_bar_baz` is not a flag"),
        ("tz = 1979-05-27\n", "1: `tz` has to be a text, a number, true, false, or a list of them"),
        ("[config]\norigin = true\n", "1: `config` is not a command with settings"),
    ] {
        place.file("analyze.toml", text);
        let run = place.run(&["keys", "report"]);
        assert_eq!((run.code, run.err.as_str()), (2, &*format!("error: analyze.toml:{reason}\n")));
        // Help is there all the same.
        assert_eq!(place.run(&["keys", "--help"]).code, 0);
        assert_eq!(place.run(&["--version"]).code, 0);
        assert_eq!(place.run(&["completions", "bash"]).code, 0);
    }
}

#[test]
fn the_file_of_a_dump_from_someone_else_runs_no_command_and_sends_no_token() {
    let place = TestFolder::with_report();
    for setting in [
        "show_secrets = true",
        "[report]\nforce = true",
        "[fetch]\nhost = \"https://example.com\"",
        "[fetch]\ntoken_command = \"touch ran\"",
        "[fetch]\ntoken-file = \"/dev/stdin\"",
        "[fetch]\nproxy = \"http://example.com\"",
    ] {
        place.file("analyze.toml", setting);
        let run = place.run(&["fetch", "new", "--project-id", "1", "--project-slug", "s"]);
        assert_eq!(run.code, 2, "{setting}");
        assert!(run.err.contains("the file of the user only"), "{}", run.err);
        assert!(!place.path().join("ran").exists());
    }
    std::fs::remove_file(place.path().join("analyze.toml")).unwrap();
    place.file("config/analyze/analyze.toml", "show_secrets = true\n");
    assert!(place.run(&["summary", "report"]).err.contains("not masked"));
}

#[test]
fn a_wrong_value_is_told_with_where_it_is_given() {
    let place = TestFolder::with_dump();
    place.file("analyze.toml", "tz = \"UTC\"\n[report]\nformat = \"xml\"\n");
    let run = place.run(&["report", "dump", "--out", "report"]);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("--format is given by analyze.toml:3\n"), "{}", run.err);
    assert!(!run.err.contains("--tz"), "{}", run.err);
}

#[test]
fn show_prints_the_settings_with_their_origins() {
    let place = TestFolder::new();
    place.file("analyze.toml", "tz = \"local\"\n[report]\nformat = [\"csv\", \"parquet\"]\n");
    place.file("config/analyze/analyze.toml", "[keys]\nlimit = 7\n[report]\nformat = \"json\"\n");
    let shown = run(&place, &[("ANALYZE_REPORT_OUT", "a \"b\"")], &["config", "show", "--origin"]);
    let shown = shown.out.replace(&*place.path().to_string_lossy(), "HOME");
    insta::assert_snapshot!(shown, @r#"
    tz = "local"                              # analyze.toml:1

    [report]
    out = "a \"b\""                           # ANALYZE_REPORT_OUT
    format = ["csv", "parquet"]               # analyze.toml:3

    [keys]
    limit = 7                                 # HOME/config/analyze/analyze.toml:2
    "#);
    // What it prints is a file of settings.
    let plain = run(&place, &[("ANALYZE_REPORT_OUT", "a \"b\"")], &["config", "show"]).out;
    place.file("analyze.toml", &plain);
    assert_eq!(place.run(&["config", "show"]).out, plain);
    let all = place.run(&["config", "show", "report"]).out;
    assert!(all.contains("\n# bodies = \"all\"\n"), "{all}");
    place.file("analyze.toml", &all);
    assert_eq!(place.run(&["config", "show"]).code, 0);
}
