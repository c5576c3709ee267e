use proptest::prelude::*;

use super::*;

/// The documented example of `GET /logs`, with its placeholders filled in.
const DOCUMENTED: &str = r#"{
  "count": 1, "limit": 25, "page": 1, "previous": "", "next": "",
  "results": [{
    "created": "1687519997186", "id": 90001, "process_group_id": "f-1", "process_group_name": "price",
    "parent_process_group_id": null, "original_filename_uuid": "run-1", "filename_uuid": "run-1",
    "state": 1, "status": 1, "finished": null, "fragment_count": null, "process_count": 0,
    "success_count": 0, "fail_count": 0, "in_bound": false, "schedule": null, "is_triggered": true,
    "triggered_by": "ops@example.com\n", "log_type": 1, "flow_order": 1, "is_send_S3": 0,
    "sub_flows": [
      {"created": "2023-06-23T11:33:17.898+00:00", "id": 90002, "process_group_id": "login",
       "process_group_name": "Login", "parent_process_group_id": "f-1", "original_filename_uuid": "run-1",
       "filename_uuid": "step-1", "state": 3, "status": 2, "finished": "2023-06-23T11:33:41.00073+00:00",
       "fragment_count": null, "process_count": 1, "success_count": 0, "fail_count": 0, "row_num": 1,
       "in_bound": false, "schedule": null, "is_triggered": true, "triggered_by": "ops@example.com\n",
       "log_type": 2, "flow_order": 2, "is_send_S3": 0},
      {"created": "2023-06-23T11:33:18.46+00:00", "id": 90003, "process_group_id": "read_data_from_erp",
       "process_group_name": "Read Data From ERP", "parent_process_group_id": "f-1",
       "original_filename_uuid": "run-1", "filename_uuid": "step-2", "state": 3, "status": 2,
       "finished": "2023-06-23T11:33:41.000768+00:00", "process_count": 1, "success_count": 0,
       "fail_count": 0, "log_type": 2, "flow_order": 4, "is_send_S3": 1}]
  }]
}"#;

fn listing(pages: &[&str]) -> Listing {
    let mut listing = Listing::default();
    for (place, page) in pages.iter().enumerate() {
        listing.add(parse(page).expect(page), place as u64);
    }
    listing.finish();
    listing
}

/// A page of the given records.
fn page(records: &[&str]) -> String {
    format!(r#"{{"count":{},"page":1,"results":[{}]}}"#, records.len(), records.join(","))
}

/// A record of run `run-1`: `more` are its further fields.
fn log(id: u32, log_type: u8, more: &str) -> String {
    let (group, parent, own) = match log_type {
        1 => (r#""f-1","process_group_name":"price""#.to_owned(), "null", "run-1".to_owned()),
        _ => (format!(r#""step_{id}","process_group_name":"Step""#), "\"f-1\"", format!("u-{id}")),
    };
    format!(
        r#"{{"id":{id},"log_type":{log_type},"process_group_id":{group},"parent_process_group_id":{parent},"original_filename_uuid":"run-1","filename_uuid":"{own}"{more}}}"#
    )
}

fn one(record: &str) -> LogEntry {
    let page = parse(&page(&[record])).expect(record);
    assert_eq!(page.entries.len(), 1);
    page.entries[0].clone()
}

#[test]
fn the_documented_example() {
    let page = parse(DOCUMENTED).unwrap();
    assert_eq!(
        (page.entries.len(), page.count, page.skipped, page.broken_at),
        (3, Some(1), 0, None)
    );
    let main = &page.entries[0];
    assert_eq!(main.id, "90001");
    assert_eq!(main.log_type, Some(LogType::Main));
    assert_eq!(main.process_group_name.as_deref(), Some("price"));
    assert_eq!(main.parent_process_group_id, None);
    assert_eq!((main.state, main.status), (Some(State::Start), Some(Status::InProgress)));
    assert_eq!(main.created.unwrap().to_string(), "2023-06-23T11:33:17.186000Z");
    assert_eq!(main.finished, None);
    assert_eq!(main.triggered_by.as_deref(), Some("ops@example.com"));
    assert_eq!((main.is_triggered, main.in_bound), (Some(true), Some(false)));
    assert_eq!((main.is_send_s3, main.process_count), (Some(false), Some(0)));
    assert_eq!(main.extra, None);
    let step = &page.entries[2];
    assert_eq!(step.parent_id.as_deref(), Some("90001"));
    assert_eq!(step.process_group_id.as_deref(), Some("read_data_from_erp"));
    assert_eq!(step.finished.unwrap().to_string(), "2023-06-23T11:33:41.000768Z");
    assert_eq!((step.flow_order, step.is_send_s3), (Some(4), Some(true)));
}

#[test]
fn a_stale_main_log_is_put_right_from_its_steps() {
    let listing = listing(&[DOCUMENTED]);
    let main = listing.by_id("90001").unwrap();
    assert_eq!(main.entry.status, Some(Status::InProgress));
    assert_eq!(main.effective_status, Some(Status::Success));
    assert_eq!((main.flow.as_deref(), main.step.as_deref()), (Some("price"), None));
    assert_eq!(main.duration_ms, None);
    let step = listing.by_filename_uuid("step-1").unwrap();
    assert_eq!((step.flow.as_deref(), step.step.as_deref()), (Some("price"), Some("login")));
    assert_eq!(step.duration_ms, Some(23102.73));
    let run = listing.run("run-1").unwrap();
    assert_eq!((run.flow.as_deref(), run.flow_id.as_deref()), (Some("price"), Some("f-1")));
    assert_eq!((run.logs, run.main_id.as_deref()), (3, Some("90001")));
    assert_eq!(run.started_at.unwrap().to_string(), "2023-06-23T11:33:17.186000Z");
    assert_eq!(run.finished_at.unwrap().to_string(), "2023-06-23T11:33:41.000768Z");
    assert_eq!(run.status, Some(Status::Success));
    assert_eq!(listing.by_filename_uuid("run-1").unwrap().entry.id, "90001");
    assert!(listing.by_id("90004").is_none());
    assert!(listing.by_filename_uuid("step-9").is_none());
    assert!(listing.run("run-2").is_none());
}

#[test]
fn pages_in_every_wrapping() {
    let row = log(1, 3, r#","row_num":1"#);
    for text in [
        page(&[&row]),
        format!("\u{feff} \r\n{}\n", page(&[&row])),
        format!(
            r#"{{"results":[{row}],"count":1,"limit":25,"page":1,"previous":null,"next":null}}"#
        ),
        format!(r#"{{"results":[{row}]}}"#),
        format!(r#"{{"data":{}}}"#, page(&[&row])),
        format!(r#"{{"success":true,"data":[{row}]}}"#),
        format!(r#"{{"logs":[{row}]}}"#),
        format!("[{row}]"),
        format!("[null,{row}]"),
        row.clone(),
        format!("[{},{}]", page(&[&row]), page(&[])),
        format!("[[{row}]]").replace("[[", r#"[{"data":["#).replace("]]", "]}]"),
    ] {
        let page = parse(&text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(page.entries.len(), 1, "{text}");
        assert!(may_be_listing(&text), "{text}");
    }
}

#[test]
fn envelopes_without_rows_are_pages() {
    for text in [
        r#"{"count":0,"limit":25,"page":1,"previous":"","next":"","results":[]}"#,
        r#"{"count":0,"results":[]}"#,
        r#"{"results":[],"page":3,"limit":25}"#,
        r#"{"data":{"count":0,"results":[]}}"#,
    ] {
        let page = parse(text).unwrap_or_else(|| panic!("{text}"));
        assert!(page.entries.is_empty());
        assert!(may_be_listing(text), "{text}");
    }
}

#[test]
fn downloads_are_refused() {
    let row = log(1, 3, "");
    let with = |more: &str| log(1, 3, more);
    for text in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#""UEsDBBQAAAAI""#.to_owned(),
        "<html></html>".to_owned(),
        r#"{"detail":"Not found."}"#.to_owned(),
        r#"{"data":"UEsDBBQAAAAI"}"#.to_owned(),
        r#"{"data":[]}"#.to_owned(),
        r#"{"results":[]}"#.to_owned(),
        r#"{"id":1,"original_filename_uuid":"r","process_group_id":"x","parent_process_group_id":"y","results":[{"raw_request":"GET - /x - "}]}"#.to_owned(),
        r#"{"id":1,"original_filename_uuid":"r","process_group_id":"x","results":[]}"#.to_owned(),
        r#"{"results":[],"count":0,"original_filename_uuid":"r"}"#.to_owned(),
        r#"{"id":1,"original_filename_uuid":"r","process_group_id":"x","records":[{"row_num":1,"request_body":"{}"}]}"#.to_owned(),
        r#"{"log":{"id":1,"original_filename_uuid":"r","process_group_id":"x","lines":[]}}"#.to_owned(),
        r#"[{"row_num":1,"created":"2026-11-01T10:00:00Z","request_body":"{}","response_body":"{}","status_code":200,"url":"https://h/","method":"GET","errors":[]}]"#.to_owned(),
        r#"{"count":1,"results":[{"row_num":1,"created":"2026-11-01T10:00:00Z","status_code":200}]}"#.to_owned(),
        r#"{"count":1,"results":[{"pk":5,"sku":"A","state":"x"}]}"#.to_owned(),
        // A business answer is no page, although it is paged.
        r#"{"count":1,"next":null,"previous":null,"results":[{"id":5,"status":"400","created":"2026-11-01"}]}"#.to_owned(),
        with(r#","request_body":"{}""#),
        with(r#","state":3,"errors":[]"#),
        with(r#","state":3,"status":3,"message":"Invalid token.""#),
        with(r#","state":3,"response":{"status":400}"#),
        format!("[{row},{}]", with(r#","raw_response":"""#)),
        page(&[&row, &with(r#","requestBody":"{}""#)]),
        page(&[&with(r#","status_code":200"#)]),
        page(&[&with(r#","data":{"sku":"A"}"#)]),
        format!(r#"{{"request":{{}},"data":[{row}]}}"#),
        format!("{row}\n{row}"),
        r#"{"id":1,"original_filename_uuid":"r","process_group_id":"login","created":"2026-11-01T10:00:00Z","status":2,"row_num":4,"sku":"A"}"#.to_owned(),
        "[1,2,3]".to_owned(),
        r#"[{"a":1},{"b":2}]"#.to_owned(),
    ] {
        assert_eq!(parse(&text), None, "{text}");
    }
}

#[test]
fn kinds_of_values() {
    let entry = one(
        r#"{"id":"0090","logType":"2","process_group_id":17,"parentProcessGroupId":"f","state":"3","status":"Failed",
            "created":1687519997186,"finished":"1687519998","process_count":"12","success_count":11.0,"fail_count":"",
            "row_num":"3","in_bound":"true","is_triggered":0,"is_send_s3":"1","schedule":"  ","triggered_by":" System \n"}"#,
    );
    assert_eq!(entry.id, "0090");
    assert_eq!(
        (entry.log_type, entry.state, entry.status),
        (Some(LogType::Sub), Some(State::Finished), Some(Status::Failed))
    );
    assert_eq!(entry.process_group_id.as_deref(), Some("17"));
    assert_eq!(entry.parent_process_group_id.as_deref(), Some("f"));
    assert_eq!(
        (entry.process_count, entry.success_count, entry.fail_count),
        (Some(12), Some(11), None)
    );
    assert_eq!(
        (entry.row_num, entry.in_bound, entry.is_triggered, entry.is_send_s3),
        (Some(3), Some(true), Some(false), Some(true))
    );
    assert_eq!(entry.created.unwrap().to_string(), "2023-06-23T11:33:17.186000Z");
    assert_eq!(entry.finished.unwrap().to_string(), "2023-06-23T11:33:18.000000Z");
    assert_eq!(entry.triggered_by.as_deref(), Some("System"));
    assert_eq!(entry.extra.as_deref(), Some(r#"{"schedule":"  "}"#));
}

#[test]
fn what_is_not_understood_stays_as_it_was_written() {
    let entry = one(&log(
        7,
        1,
        r#","status":9,"state":"paused","created":"0001-01-01T00:00:00","fail_count":1.50,"zone":"T\u00fcrkiye","barcode":8690000000000000000000,"tags":[1, 2],"new":null"#,
    ));
    assert_eq!(
        (entry.status, entry.state, entry.created, entry.fail_count),
        (None, None, None, None)
    );
    assert_eq!(
        entry.extra.as_deref(),
        Some(
            r#"{"barcode":8690000000000000000000,"created":"0001-01-01T00:00:00","fail_count":1.50,"new":null,"state":"paused","status":9,"tags":[1, 2],"zone":"T\u00fcrkiye"}"#
        )
    );
}

#[test]
fn lone_surrogates_do_not_cost_the_record() {
    let entry = one(&log(7, 1, r#","triggered_by":"caf\u00e9 \ud83d""#));
    assert_eq!(entry.triggered_by.as_deref(), Some("café \u{fffd}"));
}

#[test]
fn an_error_field_in_a_long_row_of_an_envelope_is_kept() {
    let row = log(7, 3, r#","state":3,"status":3,"error_message":"Invalid token.""#);
    let entry = one(&row);
    assert_eq!(entry.extra.as_deref(), Some(r#"{"error_message":"Invalid token."}"#));
    assert_eq!(parse(&row), None, "on its own it may as well be a download");
}

#[test]
fn a_page_that_breaks_off_keeps_its_whole_records() {
    let whole = page(&[&log(1, 1, ""), &log(2, 2, "")]);
    let cut = &whole[..whole.len() - 10];
    let page = parse(cut).unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.broken_at, Some(cut.len() as u64 - 1));
    assert_eq!(parse(&whole[..60]), None);
}

#[test]
fn elements_that_are_no_records_are_counted() {
    let text = page(&[&log(1, 1, r#","sub_flows":[{"no":"id"},5]"#), &log(2, 2, ""), "null"]);
    let page = parse(&text).unwrap();
    assert_eq!((page.entries.len(), page.skipped), (2, 3));
}

#[test]
fn flow_and_project_lists() {
    let flows = r#"[{"id":"f-1","state":"RUNNING","component":{"id":"f-1","name":"Price","parentGroupId":"p-1","variables":{
        "!flowId":"17","!flowSlug":"price","!flowType":"Price","!inbound":"true","!outbound":"false",
        "!schedulingStrategy":"CRON_DRIVEN","!schedulingPeriod":"0 0,30 * * * ? *"}}},
        {"id":"f-2","state":"STOPPED","component":{"id":"f-2","name":"Stock","parentGroupId":"p-1"}}]"#;
    let projects = r#"{"count":1,"results":[{"flowCount":2,"revision":{"version":3},"id":"p-1","state":"RUNNING","component":{"id":"p-1",
        "name":"Shop","parentGroupId":"root","comments":"","variables":{"!projectSlug":"shop","!projectId":"4","!createdDate":"1687519997186"}}}]}"#;
    assert!(may_be_listing(flows) && may_be_listing(projects));
    let page = parse(flows).unwrap();
    assert_eq!((page.flows.len(), page.projects.len()), (2, 0));
    let flow = &page.flows[0];
    assert_eq!(
        (flow.id.as_str(), flow.flow_id.as_deref(), flow.inbound),
        ("f-1", Some("17"), Some(true))
    );
    assert_eq!(flow.scheduling_period.as_deref(), Some("0 0,30 * * * ? *"));
    let page = parse(projects).unwrap();
    assert_eq!((page.flows.len(), page.projects.len()), (0, 1));
    assert_eq!(page.projects[0].slug.as_deref(), Some("shop"));
    assert_eq!(page.projects[0].flow_count, Some(2));
    assert_eq!(page.projects[0].created.unwrap().to_string(), "2023-06-23T11:33:17.186000Z");

    // A step whose main log was not saved gets its flow from the list.
    let listing = listing(&[&super::tests::page(&[&log(2, 2, "")]), flows, projects]);
    assert_eq!(listing.by_id("2").unwrap().flow.as_deref(), Some("price"));
    for flow in ["f-1", "17", "price", "Price", "PRICE"] {
        assert_eq!(listing.flow_name(flow), Some("price"), "{flow}");
    }
    assert_eq!(listing.flow_name("f-2"), Some("Stock"));
    assert_eq!(listing.flow_name("f-3"), None);
    assert_eq!((listing.flows().len(), listing.projects().len()), (2, 1));
}

#[test]
fn the_later_of_two_flow_lists_counts() {
    let list = |name: &str| {
        format!(
            r#"[{{"id":"f-1","state":"RUNNING","component":{{"name":"{name}","variables":{{"!flowId":"f-1"}}}}}}]"#
        )
    };
    assert_eq!(listing(&[&list("b"), &list("a")]).flow_name("f-1"), Some("a"));
}

#[test]
fn the_newest_main_log_names_a_flow_whose_other_main_logs_are_missing() {
    let old = log(1, 1, r#","created":"1687519997186""#);
    let new = old
        .replace("run-1", "run-2")
        .replace(r#""id":1"#, r#""id":2"#)
        .replace("price", "Price TR");
    let new = new.replace("1687519997186", "1687519999186");
    let lonely = log(3, 2, "").replace("run-1", "run-3");
    let listing = listing(&[&page(&[&old, &new, &lonely])]);
    assert_eq!(listing.by_id("1").unwrap().flow.as_deref(), Some("price"));
    assert_eq!(listing.by_id("3").unwrap().flow.as_deref(), Some("Price TR"));
    let run = listing.run("run-3").unwrap();
    assert_eq!((run.flow.as_deref(), run.flow_id.as_deref()), (Some("Price TR"), Some("f-1")));
}

#[test]
fn the_newest_snapshot_wins_and_older_ones_fill_it() {
    let running = log(
        1,
        1,
        r#","state":1,"status":1,"created":"1687519997186","finished":null,"process_count":3,"colour":"red""#,
    );
    let over = log(
        1,
        1,
        r#","state":3,"status":3,"created":null,"finished":"1687519998186","process_count":5,"size":4"#,
    );
    for pages in [[&running, &over, &running], [&over, &running, &over]] {
        let pages: Vec<String> = pages.iter().map(|record| page(&[record])).collect();
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let listing = listing(&pages);
        let log = listing.by_id("1").unwrap();
        assert_eq!(log.snapshots, 2);
        assert_eq!(
            (log.entry.state, log.entry.status),
            (Some(State::Finished), Some(Status::Failed))
        );
        assert_eq!((log.entry.process_count, log.duration_ms), (Some(5), Some(1000.0)));
        assert_eq!(log.entry.extra.as_deref(), Some(r#"{"colour":"red","size":4}"#));
    }
}

#[test]
fn a_new_value_that_is_not_understood_is_not_replaced_by_an_old_one() {
    let old = log(1, 1, r#","state":1,"status":1"#);
    let new = log(1, 1, r#","state":3,"status":9"#);
    let listing = listing(&[&page(&[&new]), &page(&[&old])]);
    let log = listing.by_id("1").unwrap();
    assert_eq!(log.entry.status, None);
    assert_eq!(log.entry.extra.as_deref(), Some(r#"{"status":9}"#));
}

#[test]
fn a_record_seen_nested_and_alone_is_one_snapshot() {
    let step = log(2, 2, r#","state":3"#);
    let main = log(1, 1, &format!(r#","sub_flows":[{step}]"#));
    for pages in [[&main, &step], [&step, &main]] {
        let pages: Vec<String> = pages.iter().map(|record| page(&[record])).collect();
        let listing = listing(&[&pages[0], &pages[1]]);
        let log = listing.by_id("2").unwrap();
        assert_eq!((log.snapshots, log.entry.parent_id.as_deref()), (1, Some("1")));
    }
}

#[test]
fn a_nested_step_without_an_execution_id_belongs_to_the_run_around_it() {
    let main = log(1, 1, r#","sub_flows":[{"id":2,"log_type":2,"process_group_id":"login"}]"#);
    let listing = listing(&[&page(&[&main])]);
    let step = listing.by_id("2").unwrap();
    assert_eq!((step.run_id.as_deref(), step.flow.as_deref()), (Some("run-1"), Some("price")));
}

#[test]
fn steps_are_named_by_slug() {
    let named = |id: &str, name: &str| {
        let record = format!(
            r#"{{"id":1,"log_type":2,"process_group_id":"{id}","process_group_name":"{name}","original_filename_uuid":"r"}}"#
        );
        listing(&[&page(&[&record])]).by_id("1").unwrap().step.clone()
    };
    assert_eq!(named("login", "Login").as_deref(), Some("login"));
    let uuid = "0b5cfa30-0a4e-4f2e-9d5d-0a1b2c3d4e5f";
    assert_eq!(named(uuid, "Read Data From ERP").as_deref(), Some("read_data_from_erp"));
    assert_eq!(named("4711", "Login").as_deref(), Some("login"));
    assert_eq!(named(uuid, "").as_deref(), Some(uuid));
}

#[test]
fn effective_status_of_a_run() {
    // What the main log says (0 for no main log), what its steps and lines say, what comes out.
    let check = |main: u8, steps: &[(u8, u8)], lines: &[u8], expected: Option<Status>| {
        let mut records = Vec::new();
        if main > 0 {
            records.push(log(1, 1, &format!(r#","state":1,"status":{main}"#)));
        }
        for (place, (state, status)) in steps.iter().enumerate() {
            records.push(log(
                10 + place as u32,
                2,
                &format!(r#","state":{state},"status":{status}"#),
            ));
        }
        for (place, status) in lines.iter().enumerate() {
            records.push(log(50 + place as u32, 3, &format!(r#","state":3,"status":{status}"#)));
        }
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let listing = listing(&[&page(&records)]);
        let run = listing.run("run-1").unwrap();
        assert_eq!(run.status, expected, "{main} {steps:?} {lines:?}");
        if main > 0 {
            assert_eq!(listing.by_id("1").unwrap().effective_status, expected);
        }
    };
    check(1, &[(3, 2), (3, 2)], &[], Some(Status::Success));
    check(1, &[(3, 2), (3, 3)], &[], Some(Status::Failed));
    check(1, &[(3, 2), (3, 2)], &[2, 3], Some(Status::Failed));
    check(1, &[(3, 4), (3, 4)], &[], Some(Status::Empty));
    check(1, &[(3, 2), (3, 4)], &[], Some(Status::Success));
    check(1, &[(3, 2), (2, 1)], &[], Some(Status::InProgress));
    check(1, &[], &[2, 2], Some(Status::InProgress));
    check(1, &[], &[], Some(Status::InProgress));
    check(2, &[(3, 2), (3, 3)], &[], Some(Status::Failed));
    check(2, &[(3, 2)], &[3], Some(Status::Failed));
    check(2, &[(3, 2), (2, 1)], &[], Some(Status::Success));
    check(4, &[(3, 4)], &[], Some(Status::Empty));
    check(3, &[(3, 2)], &[], Some(Status::Failed));
    check(0, &[(3, 2)], &[], Some(Status::Success));
    check(0, &[(3, 2), (3, 3)], &[], Some(Status::Failed));
    check(0, &[(3, 2), (1, 1)], &[], Some(Status::InProgress));
    check(0, &[], &[2], None);
    check(0, &[], &[2, 3], Some(Status::Failed));
}

#[test]
fn logs_are_sorted_by_number_then_by_text() {
    let records: Vec<String> = ["10", "9", "b", "009", "a10", "18446744073709551616", "a9"]
        .iter()
        .map(|id| log(1, 3, "").replace(r#""id":1"#, &format!(r#""id":"{id}""#)))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let listing = listing(&[&page(&records)]);
    let ids: Vec<&str> = listing.logs().map(|log| log.entry.id.as_str()).collect();
    assert_eq!(ids, ["009", "9", "10", "18446744073709551616", "a10", "a9", "b"]);
    for id in ids {
        assert_eq!(listing.by_id(id).unwrap().entry.id, id);
    }
}

#[test]
fn the_cheap_test_refuses_what_is_surely_no_page() {
    for text in [
        "",
        "null",
        "UEsDBBQAAAAI",
        r#"[{"row_num":1,"request_body":"{}"}]"#,
        "<html>\"results\"</html>",
    ] {
        assert!(!may_be_listing(text), "{text}");
        assert_eq!(parse(text), None);
    }
    // A cut through a character at the limit does no harm.
    assert!(!may_be_listing(&format!("[{}", "ş".repeat(4096))));
}

#[test]
fn a_beginning_of_a_download_is_refused_once_its_first_record_is_whole() {
    let text = r#"[{"id":1,"process":"x","request_body":"{}","url":"/a"},{"id":2,"proc"#;
    let first =
        text.find('}').unwrap() + text[text.find('}').unwrap() + 1..].find('}').unwrap() + 1;
    for end in 40..text.len() {
        assert_eq!(may_begin_listing(&text[..end]), end <= first, "{}", &text[..end]);
    }
}

#[test]
fn every_beginning_of_a_page_that_tells_its_names_may_be_one() {
    for end in (0..=DOCUMENTED.len()).filter(|end| DOCUMENTED.is_char_boundary(*end)) {
        let begins = may_be_listing(&DOCUMENTED[..end]);
        assert_eq!(may_begin_listing(&DOCUMENTED[..end]), begins, "{}", &DOCUMENTED[..end]);
    }
}

#[test]
fn deep_nesting_is_no_page_and_no_panic() {
    for text in
        ["[".repeat(100_000), r#"{"data":"#.repeat(100_000), r#"[{"results":"#.repeat(100_000)]
    {
        assert_eq!(parse(&text), None);
    }
    let nested = log(1, 1, "").replace('}', r#","sub_flows":["#).repeat(200);
    assert_eq!(parse(&page(&[&format!("{nested}{}", "]}".repeat(200))])).unwrap().entries.len(), 9);
}

prop_compose! {
    /// A record with few ids and values, so that several snapshots are of one log.
    fn record()(
        id in 1..4_u32,
        log_type in 1..4_u8,
        state in proptest::option::of(0..5_u8),
        status in proptest::option::of(0..6_u8),
        finished in proptest::option::of(1_687_519_997_186_u64..1_687_519_997_190),
        processed in proptest::option::of(0..3_u8),
        colour in proptest::option::of(0..3_u8),
    ) -> String {
        let mut more = String::new();
        let mut push = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                more = format!(r#"{more},"{name}":{value}"#);
            }
        };
        push("state", state.map(|state| state.to_string()));
        push("status", status.map(|status| status.to_string()));
        push("finished", finished.map(|finished| format!(r#""{finished}""#)));
        push("process_count", processed.map(|count| count.to_string()));
        push("colour", colour.map(|colour| colour.to_string()));
        log(id, log_type, &more)
    }
}

proptest! {
    #[test]
    fn the_order_of_pages_and_merges_does_not_matter(
        pages in proptest::collection::vec(proptest::collection::vec(record(), 1..4), 1..6)
            .prop_flat_map(|pages| (Just(pages.clone()), Just(pages).prop_shuffle())),
        split in 0..6_usize,
    ) {
        let read = |records: &Vec<String>| {
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            parse(&page(&records)).unwrap()
        };
        let (pages, shuffled) = pages;
        let mut whole = Listing::default();
        for records in &pages {
            whole.add(read(records), 0);
        }
        let (mut left, mut right) = (Listing::default(), Listing::default());
        for (place, records) in shuffled.iter().enumerate() {
            (if place < split { &mut left } else { &mut right }).add(read(records), 0);
        }
        right.merge(left);
        whole.finish();
        right.finish();
        prop_assert!(whole.logs().eq(right.logs()));
        prop_assert!(whole.runs().eq(right.runs()));
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = parse(&text);
        let _ = may_be_listing(&text);
    }

    #[test]
    fn no_damage_to_a_page_panics(place in 0..DOCUMENTED.len(), byte in 0..128_u8, cut in any::<bool>()) {
        let mut bytes = DOCUMENTED.as_bytes().to_vec();
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        let text = String::from_utf8(bytes).unwrap();
        if let Some(page) = parse(&text) {
            let mut listing = Listing::default();
            listing.add(page, 0);
            listing.finish();
        }
    }

    #[test]
    fn what_is_a_page_passes_the_cheap_test(text in r#"(\{|\[|\}|\]|,|:|"id":1|"results":|"count":0|"log_type":1|"data":|"process_group_id":"f"|"state":3|"url":""|null){0,12}"#) {
        if parse(&text).is_some() {
            prop_assert!(may_be_listing(&text), "{}", text);
            for end in 0..text.len() {
                prop_assert_eq!(may_begin_listing(&text[..end]), may_be_listing(&text[..end]));
            }
        }
    }
}
