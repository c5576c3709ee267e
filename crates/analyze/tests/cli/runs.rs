//! `analyze runs`.

use super::kit::TestFolder;

#[test]
fn flows_and_runs_are_listed() {
    let run = TestFolder::with_report().run(&["runs", "report", "--limit", "3"]);
    assert_eq!((run.code, run.err.as_str()), (0, "45 more runs; --limit 0 shows all\n"));
    insta::assert_snapshot!(run.out);
}

#[test]
fn a_run_is_shown_with_its_steps_in_order() {
    let place = TestFolder::with_report();
    let run = place.run(&["runs", "report", "b803"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
    let json = place.run(&["runs", "report", "b803", "--json"]).out;
    let steps: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(steps.len(), 3);
    // A step takes until the next one begins, and the last one until the run ends.
    assert_eq!((&steps[0]["step"], &steps[0]["ms"]), (&"login".into(), &150.0.into()));
    for (name, said) in [("zz", "zz: no such run among 48\n"), ("5", "begin with it\n")] {
        let run = place.run(&["runs", "report", name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains(said), "{}", run.err);
    }
}

#[test]
fn runs_are_chosen_by_flow_failure_and_download() {
    let place = TestFolder::with_dump();
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let flows = |args: &[&str]| {
        let run = place.run(&[&["runs", "report", "--json"], args].concat());
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        run.out.lines().count()
    };
    assert_eq!(flows(&[]), 1);
    assert_eq!(flows(&["--failed"]), 1);
    assert_eq!(flows(&["--flow", "none"]), 0);
    assert_eq!(flows(&["--without-download"]), 0);
}
