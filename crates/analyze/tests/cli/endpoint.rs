//! `analyze endpoint`.

use serde_json::Value;

use super::kit::{TestFolder, attempt};

/// A report of one endpoint: five requests in each of 24 hours. From hour 12 on they have a `vat`, and `shop` is a
/// number instead of a text; every fifth fails; `note` is rare.
fn place(args: &[&str]) -> TestFolder {
    let place = TestFolder::new();
    let request = |n: u32| {
        let (hour, minute) = (n / 5, n % 5 * 10);
        let late = hour >= 12;
        let vat = if late { r#","vat":{"rate":18}"# } else { "" };
        let shop = if late { "7" } else { r#""7""# };
        let note = if n == 70 { r#","note":"x""# } else { "" };
        let lines = format!(r#"[{{"sku":"S{n}","qty":1}},{{"sku":"T{n}"}}]"#);
        let sent = format!(r#"{{"order":"00{n}","shop":{shop}{vat}{note},"lines":{lines}}}"#);
        let (status, answer) = match n % 5 {
            4 => (400, r#"{"detail":"No stock."}"#.to_owned()),
            _ => (201, format!(r#"{{"pk":{n}}}"#)),
        };
        let created = format!("2026-10-24T{hour:02}:{minute:02}:00Z");
        attempt("price", &created, &sent, status, &answer)
    };
    let log: Vec<String> = (0..120).map(request).collect();
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    let run = place.run(&[&["report", "dump", "--out", "report", "-q"], args].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    place
}

fn json(place: &TestFolder, args: &[&str]) -> Value {
    let run = place.run(&[&["endpoint", "report", "1", "--json"], args].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    serde_json::from_str(&run.out).unwrap()
}

fn path<'v>(side: &'v Value, name: &str) -> &'v Value {
    let paths = side["paths"].as_array().unwrap();
    paths.iter().find(|path| path["path"] == name).unwrap_or(&Value::Null)
}

#[test]
fn an_endpoint_is_described() {
    let run = place(&[]).run(&["endpoint", "report", "prices"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn paths_have_presence_types_values_and_what_is_missing() {
    let described = json(&place(&[]), &[]);
    let request = &described["request"];
    assert_eq!((&request["bodies"], &request["left_out"]), (&120.into(), &0.into()));
    let order = path(request, "order");
    assert_eq!((&order["bodies"], &order["distinct"]), (&120.into(), &120.into()));
    assert_eq!((&order["share"], &order["failed"]), (&1.0.into(), &24.into()));
    assert_eq!(path(request, "shop")["types"], serde_json::json!(["number", "string"]));
    assert_eq!(path(request, "vat.rate")["bodies"], 60);
    assert_eq!(path(request, "vat.rate")["examples"][0]["value"], "18");
    // Every body has the path, and half of the lines do not.
    let quantity = path(request, "lines[].qty");
    assert_eq!((&quantity["bodies"], &quantity["missing"]), (&120.into(), &120.into()));
    let detail = path(&described["response"], "detail");
    assert_eq!((&detail["bodies"], &detail["share"]), (&24.into(), &0.2.into()));
    assert_eq!(detail["examples"][0]["value"], "\"No stock.\"");
}

#[test]
fn only_what_is_missing_is_shown_when_that_is_wanted() {
    let shown = place(&[]).run(&["endpoint", "report", "1", "--missing"]).out;
    let sent = shown.split("\nSent").nth(1).unwrap().split("\n  Changes").next().unwrap();
    let missing: Vec<_> =
        sent.lines().skip(2).map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(missing, ["120", "119", "60"], "{sent}");
}

#[test]
fn what_appeared_and_vanished_is_shown_and_what_is_rare_is_not() {
    let described = json(&place(&[]), &[]);
    let changes: Vec<_> = described["request"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let text = |name: &str| change[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {}", text("at"), text("event"), text("path"), text("value_type"))
        })
        .collect();
    assert_eq!(
        changes,
        [
            "2026-10-24T11:40:00.000000Z vanished shop string",
            "2026-10-24T12:00:00.000000Z appeared shop number",
            "2026-10-24T12:00:00.000000Z appeared vat -",
        ]
    );
    assert_eq!(described["response"]["changes"], serde_json::json!([]));
}

#[test]
fn requests_failures_and_times_are_counted_by_hour() {
    let described = json(&place(&[]), &[]);
    let periods = described["periods"].as_array().unwrap();
    assert_eq!(periods.len(), 24);
    for period in periods {
        assert_eq!((&period["requests"], &period["failed"]), (&5.into(), &1.into()));
    }
    assert_eq!(periods[3]["from"], "2026-10-24T03:00:00.000000Z");
    assert_eq!(described["statuses"]["top"][0]["value"], "201");
    assert_eq!(described["flows"][0]["requests"], 120);
}

#[test]
fn since_when_more_requests_fail_and_take_longer_is_shown() {
    let place = TestFolder::new();
    let log: Vec<String> = (0..240)
        .map(|n| {
            let (hour, late) = (n / 10, n >= 150);
            let failed = if late { n % 2 == 0 } else { n % 10 == 3 };
            let ms = if late { 2_000 } else { 300 } + n % 7 * 10;
            let created = format!("2026-10-24T{hour:02}:{:02}:00Z", n % 10);
            let request = attempt("price", &created, "{}", if failed { 500 } else { 200 }, "{}");
            request.replacen('{', &format!(r#"{{"duration_ms":{ms},"#), 1)
        })
        .collect();
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let text = place.run(&["endpoint", "report", "1"]).out;
    let expected = "\n  failed   50 % since 2026-10-24 15:00, 10 % before\n  median   2.0 s since 2026-10-24 15:00, 0.33 s before\n";
    assert!(text.contains(expected), "{text}");
    let described = json(&place, &[]);
    assert_eq!(described["turns"][0]["figure"], "failed_share");
    assert_eq!((&described["turns"][1]["runs_before"]), &15);
    assert_eq!(json(&self::place(&[]), &[])["turns"], serde_json::json!([]));
}

#[test]
fn a_report_without_bodies_says_what_is_missing() {
    let place_without = place(&["--bodies", "none"]);
    let described = json(&place_without, &[]);
    let request = &described["request"];
    assert_eq!((&request["left_out"], &request["changes"]), (&120.into(), &serde_json::json!([])));
    let vat = path(request, "vat.rate");
    assert_eq!((&vat["bodies"], &vat["types"][0]), (&60.into(), &"number".into()));
    assert_eq!((&vat["missing"], &vat["distinct"]), (&Value::Null, &Value::Null));
    let text = place_without.run(&["endpoint", "report", "1"]).out;
    assert!(text.contains("\n  no values: --bodies has left all of them out"), "{text}");
    let failed = place(&["--bodies", "failed"]);
    let described = json(&failed, &[]);
    assert_eq!(described["request"]["left_out"], 96);
    assert_eq!(path(&described["request"], "order")["bodies"], 120);
    assert_eq!(path(&described["request"], "order")["distinct"], 24);
    let text = failed.run(&["endpoint", "report", "1"]).out;
    assert!(text.contains("\n  values of 24 only: --bodies has left the others out"), "{text}");
}

#[test]
fn xml_and_forms_have_their_names_and_broken_json_is_counted() {
    let place = TestFolder::new();
    let bodies = [
        "<Order><No>1</No></Order>",
        "a=1&b=x",
        "a=2&b=x",
        r#"{"sku":"A"}"#,
        r#"{"sku":"B","name":"bro"#,
    ];
    let log: Vec<String> = (0..)
        .zip(bodies)
        .map(|(n, body)| {
            let body = serde_json::to_string(body).unwrap();
            attempt("price", &format!("2026-10-24T00:0{n}:00Z"), &body, 200, "{}")
        })
        .collect();
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let request = &json(&place, &[])["request"];
    assert_eq!((&request["bodies"], &request["cut"]), (&5.into(), &1.into()));
    assert_eq!(path(request, "<No>")["bodies"], 1);
    let field = path(request, "a=");
    assert_eq!((&field["bodies"], &field["distinct"]), (&2.into(), &2.into()));
    assert_eq!(path(request, "b=")["examples"][0]["count"], 2);
    let kinds = request["kinds"].as_array().unwrap();
    let kinds: Vec<_> = kinds.iter().map(|kind| kind["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 3);
    assert!(["xml", "form", "json"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

#[test]
fn an_endpoint_that_is_not_there_is_an_error_that_names_the_nearest() {
    let place = TestFolder::with_report();
    let refused = |name: &str| {
        let run = place.run(&["endpoint", "report", name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}");
        run.err
    };
    assert!(refused("ordres").contains("(did you mean orders?)"), "{}", refused("ordres"));
    assert!(
        refused("bulk").starts_with("error: bulk: 2 endpoints have it; their ranks are\n2  POST")
    );
    assert!(refused("999").contains("no such endpoint; there are "));
    let list = place.run(&["endpoint", "report"]);
    assert_eq!(list.out.lines().count(), 21, "{}", list.out);
    assert!(list.err.contains("more endpoints; --all shows them"), "{}", list.err);
}

/// Every endpoint of the dump: its counts are those of the tables, and the printed searches find its requests.
#[test]
#[cfg(unix)]
fn the_counts_are_those_of_the_report_and_the_printed_commands_work() {
    let place = TestFolder::with_report();
    let list = place.run(&["endpoint", "report", "--json"]).out;
    for line in list.lines().take(8) {
        let totals: Value = serde_json::from_str(line).unwrap();
        let name = totals["endpoint"].as_str().unwrap();
        let run = place.run(&["endpoint", "report", name, "--json"]);
        let described: Value = serde_json::from_str(&run.out).unwrap();
        for count in ["requests", "failed"] {
            assert_eq!(described[count], totals[count], "{name}");
            let flows = described["flows"].as_array().unwrap().iter();
            let of_flows: u64 = flows.map(|flow| flow[count].as_u64().unwrap()).sum();
            assert_eq!(Some(of_flows), totals[count].as_u64(), "{name}");
        }
        for side in ["request", "response"] {
            let kinds = described[side]["kinds"].as_array().unwrap().iter();
            let bodies: u64 = kinds.map(|kind| kind["bodies"].as_u64().unwrap()).sum();
            assert_eq!(described[side]["bodies"].as_u64(), Some(bodies), "{name} {side}");
            assert_eq!(described[side]["left_out"], 0, "{name} {side}");
        }
        let text = place.run(&["endpoint", "report", name]).out;
        let commands: Vec<_> =
            text.lines().filter_map(|line| line.strip_prefix("  analyze ")).collect();
        assert_eq!(commands.len(), 2, "{text}");
        for (command, count) in commands.iter().zip(["requests", "failed"]) {
            let program = env!("CARGO_BIN_EXE_analyze");
            let run = std::process::Command::new("sh")
                .args(["-c", &format!("'{program}' {command} --count")])
                .current_dir(place.path())
                .output()
                .unwrap();
            let found = String::from_utf8(run.stdout.clone()).unwrap();
            assert_eq!(found.trim(), totals[count].to_string(), "{command}: {run:?}");
        }
    }
}
