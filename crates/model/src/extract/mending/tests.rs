use crate::extract::{Extracted, Extractor};
use crate::json::FaultKind;

/// What is read of a text: pointer, status and key of each exchange.
fn read(text: &str) -> (Vec<String>, Extracted) {
    let mut seen = Vec::new();
    let account = Extractor::default().extract(text, true, &mut |x| {
        let key = x.key.map(|key| key.value.to_owned()).unwrap_or_default();
        let status = x.status.map(|status| status.to_string()).unwrap_or_default();
        seen.push(format!("{} {status} {key}", x.pointer));
    });
    (seen, account)
}

/// A text whose exchanges are those of the sound text, although it is no strict JSON.
fn check(text: &str, sound: &str) {
    let (wanted, account) = read(sound);
    assert!(account.faults.is_empty() && account.repairs.is_empty(), "not sound: {sound}");
    assert!(!wanted.is_empty(), "no exchanges: {sound}");
    let (got, account) = read(text);
    assert_eq!(got, wanted, "{text}");
    assert_eq!(account.faults, [], "{text}");
    assert!(!account.repairs.is_empty(), "{text}");
    let first = account.repairs.first().expect("a place");
    assert!(first < text.len(), "{text}");
}

/// A text of which `lost` records are lost, and the others are read: those of the sound text.
fn check_lost(text: &str, lost: u32, wanted: &[&str]) {
    let (got, account) = read(text);
    assert_eq!(got, wanted, "{text}");
    let [fault] = account.faults[..] else { panic!("{:?} in {text}", account.faults) };
    assert_eq!((fault.fault.kind, fault.places), (FaultKind::Syntax, lost), "{text}");
}

const RECORD: &str = r#"{"sku": "A-1", "status_code": 400, "note": "x"}"#;
const OTHER: &str = r#"{"sku": "B-2", "status_code": 200, "note": "y"}"#;

/// The record with one fault each.
const FAULTY: [&str; 20] = [
    "{\"sku\": \"A-1\", \"status_code\": 400, \"note\": \"x\ty\"}",
    "{\"sku\": \"A-1\", \"status_code\": 400, \"note\": \"one\ntwo\"}",
    r#"{"sku": "A-1", "status_code": 400, "note": "it\'s"}"#,
    r#"{"sku": "A-1", "status_code": 400, "note": "C:\users\q"}"#,
    r#"{"sku": "A-1", "status_code": 400, "note": "x",}"#,
    r#"{"sku": "A-1",, "status_code": 400}"#,
    r#"{"sku": "A-1" "status_code": 400}"#,
    r#"{'sku': 'A-1', 'status_code': 400, 'note': "it's"}"#,
    r#"{"sku": "A-1", "status_code": 400, "note": None}"#,
    r#"{"sku": "A-1", "status_code": 400, "note": undefined}"#,
    r#"{sku: "A-1", status_code: 400}"#,
    r#"{"sku": A-1, "status_code": 400}"#,
    r#"{"sku": "A-1", "status_code": 0x190}"#,
    r#"{"sku": "A-1", "status_code": +400, "n": .5}"#,
    r#"{"sku": "A-1", "status_code": 400, "at": datetime.datetime(2026, 3, 1, 10, 0)}"#,
    r#"{"sku": "A-1", "status_code": NumberInt(400), "_id": ObjectId("65")}"#,
    r#"{"sku"=>"A-1", "status_code"=>400}"#,
    "{\"sku\": \"A-1\", /* it's */ \"status_code\": 400 // \"\n}",
    "{\u{a0}\"sku\": \"A-1\",\u{feff} \"status_code\": 400\0}",
    "{“sku”: “A-1”, “status_code”: 400}",
];

#[test]
fn a_fault_costs_no_record_wherever_it_stands() {
    for faulty in FAULTY {
        check(faulty, RECORD);
        check(&format!("[{faulty}]"), &format!("[{RECORD}]"));
        check(&format!("[{OTHER}, {faulty}, {OTHER}]"), &format!("[{OTHER},{RECORD},{OTHER}]"));
        check(&format!("{faulty}\n{OTHER}\n"), &format!("{RECORD}\n{OTHER}"));
        check(&format!("{OTHER}\n{faulty}\r\n{OTHER}\n"), &format!("{OTHER}\n{RECORD}\n{OTHER}"));
        check(
            &format!(r#"{{"log_id": "7", "records": [{OTHER}, {faulty}], "run": "r"}}"#),
            &format!(r#"{{"log_id": "7", "records": [{OTHER}, {RECORD}], "run": "r"}}"#),
        );
        check(
            &format!(r#"{{"data": {{"A-1": {faulty}, "B-2": {OTHER}}}}}"#),
            &format!(r#"{{"data": {{"A-1": {RECORD}, "B-2": {OTHER}}}}}"#),
        );
    }
}

#[test]
fn faults_between_records_cost_none() {
    let sound = format!("[{RECORD}, {OTHER}]");
    for text in [
        format!("[{RECORD}, {OTHER},]"),
        format!("[{RECORD},, {OTHER}]"),
        format!("[,{RECORD}, {OTHER}]"),
        format!("[{RECORD}{OTHER}]"),
        format!("[{RECORD}\n{OTHER}\n]"),
        format!("[{RECORD}; {OTHER}]"),
        format!("[{RECORD}, // next\n {OTHER}, ...]"),
        format!("[\u{feff}{RECORD}, \0 {OTHER}]"),
        format!("\u{feff}[{RECORD}, {OTHER}];"),
        format!("// saved\n[{RECORD}, {OTHER}]"),
        format!("// saved\r[{RECORD}, # first\r{OTHER}]\r"),
        format!("# saved\nlogs = [{RECORD}, {OTHER}];\n"),
        format!("export default [{RECORD}, {OTHER}];\n"),
        format!("({RECORD}, {OTHER})"),
    ] {
        check(&text, &sound);
    }
    let lines = format!("{RECORD}\n{OTHER}\n{RECORD}\n");
    for text in [
        format!("{RECORD},\n{OTHER},\n{RECORD},\n"),
        format!("{RECORD}\n\u{feff}{OTHER}\n\u{feff}{RECORD}\n"),
        format!("{RECORD}\0{OTHER}\0{RECORD}\0"),
        format!("{RECORD};\n// two\n{OTHER};{RECORD}"),
        format!("a = {RECORD};\nb = {OTHER};\nvar c = {RECORD};"),
    ] {
        check(&text, &lines);
    }
}

#[test]
fn elements_that_are_no_records_keep_the_numbers_of_the_others() {
    check(
        &format!("[None, {RECORD}, ('x',), 007, {OTHER}]"),
        &format!("[null, {RECORD}, [1], 7, {OTHER}]"),
    );
}

#[test]
fn what_python_prints_of_records_is_read() {
    check(
        "OrderedDict([('sku', 'A-1'), ('status_code', 400)])\n{'sku': u'B-2', 'status_code': 200L}\n",
        &format!("{RECORD}\n{OTHER}"),
    );
    check(
        "[OrderedDict([('sku', 'A-1'), ('status_code', 400)]), defaultdict(<class 'str'>, {'sku': b'B-2', 'status_code': 200})]",
        &format!("[{RECORD}, {OTHER}]"),
    );
}

#[test]
fn bodies_in_a_mended_record_stay_byte_for_byte() {
    let body = r#"{"price" : 1.50,  "n":[ 1,2 ],"s":"\u00e7\/"}"#;
    let text =
        format!(r#"[{{"url": "/a", "request": {{"body": {body}}}, "status": 400, 'x': "\q",}}]"#);
    let mut bodies = Vec::new();
    Extractor::default().extract(&text, true, &mut |x| {
        bodies.extend(x.request.map(|body| body.text.to_owned()));
    });
    assert_eq!(bodies, [body]);
}

#[test]
fn a_string_that_holds_broken_json_stays_as_it_is() {
    let text = r#"[{"sku": "A-1", "status": 400, "response_body": "{'price': ['low'],}"}]"#;
    let (seen, account) = read(text);
    assert_eq!((seen.len(), account.repairs.is_empty(), account.faults.len()), (1, true, 0));
}

#[test]
fn a_record_that_cannot_be_mended_costs_itself() {
    let wanted = ["/0 400 A-1", "/2 200 B-2"];
    for broken in [
        r#"{"sku": "say "no" now", "status_code": 400}"#,
        r#"{"sku": "C, "status_code": 400}"#,
        r#"{"sku": "C", "status_code": @@}"#,
        r#"{"sku": "C", "body": {"a": {{b}}, "c": [1]}}"#,
        "{'sku': 'it's', 'status_code': 400}",
        r#"{"sku": "C", "rows": [{"sku": 1}, {"sku": 2 "3"}]}"#,
        r#"@@ "x" @@"#,
    ] {
        check_lost(&format!("[{RECORD}, {broken}, {OTHER}]"), 1, &wanted);
        check_lost(&format!("[{broken}, {RECORD}, {OTHER}]"), 1, &["/1 400 A-1", "/2 200 B-2"]);
        let first = format!(r#"{{"data": {{"logs": [{broken}, {RECORD}, {OTHER}]}}}}"#);
        check_lost(&first, 1, &["/data/logs/1 400 A-1", "/data/logs/2 200 B-2"]);
        check_lost(&format!("[\n  {RECORD},\n  {broken},\n  {OTHER}\n]\n"), 1, &wanted);
        for end in ["\n", "\r\n", "\r"] {
            check_lost(&format!("{RECORD}{end}{broken}{end}{OTHER}{end}"), 1, &wanted);
        }
        let wanted = wanted.map(|x| format!("/logs{x}"));
        let wanted = wanted.each_ref().map(String::as_str);
        check_lost(&format!(r#"{{"logs": [{RECORD}, {broken}, {OTHER}], "n": 3}}"#), 1, &wanted);
        check_lost(
            &format!("{{\"logs\": [\n{RECORD},\n{broken},\n{OTHER}\n],\n\"n\": 3}}"),
            1,
            &wanted,
        );
    }
}

#[test]
fn lines_between_documents_cost_themselves() {
    let text = format!("{RECORD}\nretrying in 5 s\n{OTHER}\n--\n[notice] done\n{RECORD}\n");
    let (seen, account) = read(&text);
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!((account.faults.len(), account.faults[0].places), (1, 4));
}

#[test]
fn a_thousand_faults_are_counted_and_reported_once() {
    let lines = |line: &dyn Fn(usize) -> String| (0..1000).map(line).collect::<Vec<_>>().concat();
    let faulty = lines(&|n| format!("{{\"sku\": \"A\t{n}\", \"status\": 400}}\n"));
    let (seen, account) = read(&faulty);
    assert_eq!((seen.len(), account.faults.len()), (1000, 0));
    assert_eq!(account.repairs.to_string(), "1000 control characters in strings");
    assert_eq!(account.repairs.first(), Some(10));
    let lost = lines(&|n| format!("{{\"sku\": @{n}, \"status\": 400}}\n{RECORD}\n"));
    let (seen, account) = read(&lost);
    assert_eq!((seen.len(), account.faults.len(), account.faults[0].places), (1000, 1, 1000));
}

#[test]
fn a_text_that_is_cut_and_has_faults_gives_what_is_whole() {
    let text = format!(r#"{{"records": [{}, {OTHER}, {{"sku": "C"#, FAULTY[0]);
    let (seen, account) = read(&text);
    assert_eq!(seen, ["/records/0 400 A-1", "/records/1 200 B-2"]);
    assert_eq!(account.faults[0].fault.kind, FaultKind::Truncated);
    assert_eq!((account.faults.len(), account.repairs.is_empty()), (1, false));
}

#[test]
fn a_line_that_lacks_its_end_costs_itself() {
    for line in
        [r#"{"sku": "C", "body": {"a": 1}"#, r#"{"sku": "C", "body": [{"a": 1}"#, r#"{"sku": "C"#]
    {
        let text = format!("{RECORD}\n{line}\n{OTHER}\n{RECORD}\n");
        assert_eq!(read(&text).0, ["/0 400 A-1", "/2 200 B-2", "/3 400 A-1"], "{line}");
    }
}

#[test]
fn other_texts_do_not_become_exchanges() {
    for text in [
        "{{#each logs}} {url: '{{url}}', status: 400} {{/each}}",
        "[INFO] POST /orders status: 400\n[WARN] retry\n",
        "{\n  method: getMethod(),\n  url: base + '/orders',\n  status: 400\n}",
        "[request]\nurl = https://a.example\nstatus = 400\n",
        "{color: red}\n.b {status: 400; url: /a}\n",
        "{\"a\": 1} is an object, and {status: 400} is one\n",
    ] {
        let (seen, account) = read(text);
        assert!(seen.is_empty() && account.repairs.is_empty(), "{text}: {seen:?} {account:?}");
    }
}

#[test]
fn a_log_line_that_is_divided_is_joined() {
    let line = |n: u32| {
        format!(
            r#"{{"url": "/orders/{n}", "method": "POST", "sku": "S-{n}", "status": 400, "note": "a\nb"}}"#
        )
    };
    let record = |content: &str, stream: &str| {
        let log = serde_json::to_string(content).expect("a string");
        format!(
            "{{\"log\": {log}, \"stream\": \"{stream}\", \"time\": \"2026-03-01T10:00:00Z\"}}\n"
        )
    };
    let mut divided = String::new();
    for n in 0..3 {
        let line = line(n) + "\n";
        for piece in [&line[..20], &line[20..41], &line[41..]] {
            divided += &record(piece, "stdout");
            divided += &record("a line of another stream\n", "stderr");
        }
    }
    divided += &record(&(line(3) + "\n"), "stdout");
    let (seen, account) = read(&divided);
    let wanted = ["/0/log 400 S-0", "/6/log 400 S-1", "/12/log 400 S-2", "/18/log 400 S-3"];
    assert_eq!((seen.as_slice(), account.faults.len()), (&wanted.map(str::to_owned)[..], 0));

    // Shippers that take the line ends off: each record is whole, and one that is cut takes no other.
    let whole = record(&line(0), "stdout")
        + &record(&line(1)[..30], "stdout")
        + &record(&line(2), "stdout");
    let (seen, account) = read(&whole);
    assert_eq!((seen.len(), account.faults.len()), (2, 1), "{seen:?}");
    let (seen, account) = read(&(record(&line(0), "stdout") + &record(&line(1)[..30], "stdout")));
    assert_eq!((seen.len(), account.faults[0].fault.kind), (1, FaultKind::Truncated));
}

#[test]
fn bytes_that_are_read_twice_are_counted_once() {
    let text = concat!(
        r#"{"":{"":[{"e":{"{\"\":{\"method\":\"PT\",\"body\":{}},\"\":\"\"}"}}{"#,
        "\n[cd …,\0\0\0\0\0\u{1a}n\"a,n2[\"s\": ors\" [\"c=\"~\0[1]],[\" \\9],\n[\"u]\n\"[,83, 2[\"a]]}"
    );
    let (_, account) = read(text);
    let left_over: usize = account.faults.iter().map(|fault| fault.left_over).sum();
    assert!(left_over > 0 && left_over <= text.len(), "{:?} of {}", account.faults, text.len());
}

/// Records, each on a line, some of them broken by `fault`.
fn lines(records: usize, every: usize, fault: impl Fn(&str) -> String) -> Vec<String> {
    let record = |n| {
        format!(r#"{{"sku": "A-{n}", "status_code": 400, "list": [{{"a": 1}}], "note": true}}"#)
    };
    let broken = |n: usize| n % every == every / 2;
    (0..records).map(|n| if broken(n) { fault(&record(n)) } else { record(n) }).collect()
}

#[test]
fn records_of_a_broken_container_are_read_once() {
    let faults: [&dyn Fn(&str) -> String; 4] = [
        &|record| record.replace("true", "@@"),
        &|record| record.replace("\"A-", "\"say \"no\" A-"),
        &|record| record.replace("[{", "[[{"),
        &|record| record[..record.len() / 2].to_owned(),
    ];
    for fault in faults {
        let records = lines(60, 10, fault).join(",\n");
        for (before, behind) in [
            ("[", "]"),
            (r#"{"records":["#, "]}"),
            (r#"{"log":{"id":7,"records":["#, "]}}"),
            (r#"{"a":{"b":{"c":{"records":["#, "]}}}}"),
        ] {
            let text = format!("{before}{records}{behind}");
            let (got, _) = read(&text);
            assert!((54..=60).contains(&got.len()), "{} of {text}", got.len());
        }
    }
}

#[test]
fn a_closing_bracket_too_many_costs_no_record() {
    for between in [", ", ",\n"] {
        let records = lines(40, 10, |record| format!("{record}}}"));
        let (got, account) = read(&format!("[{}]", records.join(between)));
        assert_eq!(got.len(), 40, "{:?}", account.faults);
        assert!(!account.faults.is_empty() || !account.repairs.is_empty());
    }
}

#[test]
fn lists_that_are_never_closed_take_time_in_proportion() {
    // Each line opens a list whose elements break, so that what follows could be read again for each of them.
    let line = "[{\"request\": {\"metho_code\": 400, re\"\"body\": {\"price\": [\"A\"]}}, \"errors\": [\"p\"], [\n[\"\", []],\n";
    let calls = |lines: usize| read(&line.repeat(lines)).0.len();
    let began = std::time::Instant::now();
    calls(20);
    let few = began.elapsed();
    calls(2_000);
    // A hundred times the text; far from ten thousand times the time.
    assert!(began.elapsed() < few * 1_500 + std::time::Duration::from_secs(2));
}
