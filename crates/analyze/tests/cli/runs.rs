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

#[test]
fn planned_runs_that_are_missing_are_listed() {
    let place = TestFolder::new();
    let main = |id: u32, created: &str| {
        format!(
            r#"{{"id":{id},"log_type":1,"process_group_id":"f-1","process_group_name":"price","original_filename_uuid":"run-{id}",
            "state":3,"status":2,"created":"{created}","finished":"{created}"}}"#
        )
    };
    let starts = ["2026-10-24T00:00:01Z", "2026-10-24T00:30:00Z", "2026-10-24T02:30:00Z"];
    let logs: Vec<String> = (1..).zip(starts).map(|(id, at)| main(id, at)).collect();
    let flow = |id: &str, name: &str, plan: &str| {
        format!(
            r#"{{"id":"{id}","state":"RUNNING","component":{{"id":"{id}","name":"{name}","variables":{{"!inbound":"true",
            "!schedulingStrategy":"CRON_DRIVEN","!schedulingPeriod":"{plan}"}}}}}}"#
        )
    };
    let plans = [
        flow("f-1", "price", "0 0/30 * * * ? *"),
        flow("f-2", "stock", "0 0 4 * * ? *"),
        flow("f-3", "order", "every now and then"),
    ];
    place.file("dump/main.json", format!(r#"{{"results":[{}]}}"#, logs.join(",")));
    place.file("dump/flows.json", format!("[{}]", plans.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let run = place.run(&["runs", "report", "--missing"]);
    assert!(run.err.starts_with("order: schedule every now and then: "), "{}", run.err);
    insta::assert_snapshot!(run.out);
    // Hours of a schedule are those of the zone, and the period holds 04:00 in Istanbul.
    let run = place.run(&[
        "runs",
        "report",
        "--missing",
        "--flow",
        "stock",
        "--tz",
        "Europe/Istanbul",
        "--json",
    ]);
    let stock: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&stock["planned"], &stock["ran"]), (&1.into(), &0.into()), "{stock}");
    assert_eq!(stock["holes"][0]["from"], "2026-10-24T01:00:00.000000Z");
    let run = place.run(&["runs", "report"]);
    assert!(run.out.lines().next().unwrap().contains("  MISSING  "), "{}", run.out);
}
