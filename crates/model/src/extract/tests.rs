//! Whole documents through the extractor.

use super::*;
use proptest::prelude::*;

/// Pointers of the exchanges in a bare text, and the account of it.
fn found(text: &str) -> (Vec<String>, Extracted) {
    let mut pointers = Vec::new();
    let extracted =
        Extractor::default().extract(text, false, &mut |x| pointers.push(x.pointer.to_owned()));
    (pointers, extracted)
}

#[test]
fn error_answers_are_no_logs_and_logs_are_no_error_answers() {
    for page in [
        r#"{"detail":"Invalid token."}"#,
        r#"{"message":"Unauthorized","statusCode":401}"#,
        r#"{"type":"about:blank","title":"Not Found","status":404}"#,
        r#"{"timestamp":"2026-01-01T00:00:00Z","status":502,"error":"Bad Gateway","path":"/logs"}"#,
    ] {
        let (_, account) = found(page);
        assert_eq!((account.exchanges, account.error_pages), (0, 1), "{page}");
    }
    for log in [
        r#"{"sku":"A-1","errors":["too low"]}"#,
        r#"{"request_body":{"sku":"A-1"},"error":"refused"}"#,
        r#"{"url":"/x/","method":"GET","status_code":500}"#,
    ] {
        assert_eq!(found(log).1.exchanges, 1, "{log}");
    }
    for other in [r#"{"title":"x","items":[{"k":1}]}"#, r#"{"name":"x","version":1}"#, "[1,2]"] {
        let (_, account) = found(other);
        assert_eq!((account.exchanges, account.unknown), (0, 1), "{other}");
    }
    for nothing in ["null", "{}", "[]", "\"\"", "[{}, null]", " [ ] "] {
        assert_eq!(found(nothing).1.empty, 1, "{nothing}");
    }
}

#[test]
fn pointers_lead_to_the_record() {
    let record = r#"{"sku":"A-1","status_code":400,"request_body":"x"}"#;
    for (text, pointer) in [
        (record.to_owned(), ""),
        (format!("[{record}]"), "/0"),
        (format!(r#"{{"data":{{"a/b~":[{record}]}}}}"#), "/data/a~1b~0/0"),
        (format!(r#"{{"SKU-000123":{record}}}"#), "/SKU-000123"),
        (format!("{{}}\n{record}"), "/1"),
    ] {
        assert_eq!(found(&text).0, [pointer], "{text}");
    }
}

#[test]
fn what_stands_before_a_break_is_read_and_the_rest_is_counted() {
    let record = r#"{"sku":"A-1","status_code":400}"#;
    let cut = format!(r#"{{"records":[{record},{record},{{"sku":"#);
    let (pointers, account) = found(&cut);
    assert_eq!(pointers, ["/records/0", "/records/1"]);
    assert_eq!(account.faults[0].fault.kind, FaultKind::Truncated);

    // One bad line costs itself and nothing else.
    let lines = format!("{record}\n{{\"sku\": oops}}\n{record}\n");
    let (pointers, account) = found(&lines);
    assert_eq!((pointers.len(), account.documents, account.faults.len()), (2, 3, 1));
    assert_eq!(account.faults[0].fault.kind, FaultKind::Syntax);
}

#[test]
fn no_cut_loses_or_invents_a_record_before_it() {
    let record = r#"{"sku":"A-1","status_code":400,"response_body":"{\"price\":[\"low\"]}"}"#;
    let text = format!(r#"{{"id":7,"original_filename_uuid":"r","lines":[{record},{record}]}}"#);
    for end in 0..text.len() {
        let whole_records = text[..end].matches(record).count();
        assert_eq!(found(&text[..end]).0.len(), whole_records, "{}", &text[..end]);
    }
}

/// Documents of many shapes, small enough to be changed at every byte.
const SAMPLES: [&str; 8] = [
    r#"{"istek":{"govde":"{\"sku\":\"ş-1\"}","adres":"/x?sku=1"},"yanıt":{"durum":500,"govde":"<a><Fault><faultcode>c</faultcode>"},"tarih":"24.10.2026 10:00"}"#,
    r#"{"requests":[[{"sku":"A"},{"sku":"ğ"}],{"number":"00012345"}],"responses":[[{},{"price":["düşük"]}],{"errors":[{"index":0}]}],"errors":{"0":["x"],"1":null}}"#,
    r#"[[{"Name":"status_code","Value":"400"},{"Name":"sku","Value":"İ1"}],{"attributes":[{"name":"invokehttp.status.code","value":"502"}],"content":"\"{\\\"a\\\":1}\""}]"#,
    r#"{"SKU-000123":{"raw_request":"POST-https://a-b.example/x-y-{\"ü\":1}","raw_response":"{'detail': 'yok', 'n': None}","is_ok":false},"write_data":[{"res":{"code":1,"content":{"text":"é"}}}]}"#,
    r#"{"log":{"entries":[{"startedDateTime":"2026-10-24T00:00:00.1Z","time":3,"request":{"method":"GET","url":"/ç","headers":[{"name":"a","value":"b"}],"postData":{"text":"a=1&b=2"}},"response":{"status":404,"content":{"text":"Traceback (most recent call last):\n  File \"x\"\nKeyError: 'ı'"}}}]}}"#,
    "{\"a\":NaN,\"errors\":\"[{\\\"message\\\":{\\\"lang\\\":\\\"tr\\\",\\\"value\\\":\\\"ö\\\"}}]\",\"sku\":1}\n{\"status\":3,\"errors\":{\"items\":{\"3\":{\"x\":[\"y z\"]}}},\"url\":\"u\"}",
    r#"{"request_body":{"items":[{"sku":"A"},{"sku":"B"}]},"response_body":"{\"results\":[{\"row\":2,\"success\":false,\"hata\":\"ş\"}]}","status_code":207,"response_truncated":true}"#,
    r#""[{\"sku\":\"\\u0131\\ud83d\",\"status_code\":400,\"response\":{\"body\":{\"error\":{\"code\":\"E\",\"innererror\":{\"errordetails\":[{\"message\":\"m\"}]}}}}}]""#,
];

#[test]
fn no_cut_and_no_changed_byte_of_any_shape_panics() {
    let mut extractor = Extractor::default();
    let mut read = |bytes: &[u8]| {
        // What is no UTF-8 any more is made some, as the text layer does.
        let text = String::from_utf8_lossy(bytes);
        for wrapped in [false, true] {
            extractor.extract(&text, wrapped, &mut |x| {
                let bodies = [x.request, x.response];
                for body in bodies.iter().flatten() {
                    let _paths = crate::body::paths(body);
                }
                if let Some(extra) = x.extra {
                    assert!(Value::of(extra).is_some(), "extra is JSON: {extra}");
                }
            });
        }
    };
    for sample in SAMPLES {
        let whole = sample.as_bytes();
        for end in 0..whole.len() {
            read(&whole[..end]);
        }
        let mut changed = whole.to_vec();
        for at in 0..whole.len() {
            for byte in [b'"', b'\\', b'{', b']', b',', b'0', b' ', 0x00, 0xc5, whole[at] ^ 1] {
                changed[at] = byte;
                read(&changed);
            }
            changed[at] = whole[at];
        }
    }
}

#[test]
fn the_url_decides_the_kind_of_key_that_a_name_in_a_map_is() {
    let kind = |url: &str| {
        let text = format!(r#"{{"0000001234567890":{{"url":"{url}","status_code":200}}}}"#);
        let mut kinds = Vec::new();
        Extractor::default().extract(&text, true, &mut |x| kinds.extend(x.key.map(|key| key.kind)));
        kinds
    };
    assert_eq!(kind("https://erp.example/orders/"), [KeyKind::Order]);
    assert_eq!(kind("https://omnitron.example/api/i1/product_prices/"), [KeyKind::Sku]);
}

/// A record by its bodies, its address, its answer and its own error fields; `n` changes only what differs when
/// the same call is repeated.
fn record([bodies, call, status, own, words]: [usize; 5], n: usize) -> String {
    let status = [200, 400, 504][status];
    let word = ["refused", "not known"][words];
    let note = "a note, \u{131}\u{15f} \"quoted\"\n".repeat(4 + 60 * (bodies % 2));
    let (sent, said) = match bodies {
        0 | 1 => (
            serde_json::json!({"sku": "A-1", "number": "00012345", "note": note}),
            serde_json::json!({"price": ["too low"], "note": note}),
        ),
        2 => (
            serde_json::json!([{"sku": "A-1", "note": note}, {"sku": "B-2"}]),
            serde_json::json!([{"sku": "B-2", "errors": ["no such product"]}, {"sku": "A-1"}]),
        ),
        3 => (
            serde_json::json!({"note": note}),
            serde_json::json!({"success": false, "message": note}),
        ),
        _ => (serde_json::json!({"sku": "A-1", "note": note}), serde_json::json!({"ok": true})),
    };
    let mut record = serde_json::json!({
        "row_num": n,
        "created": format!("2026-11-{:02}T10:00:00Z", 1 + n % 28),
        "duration": n % 7,
        "id": 90_000 + n,
        "status_code": status,
        "request_body": sent.to_string(),
        "response_body": said.to_string(),
    });
    let mut set = |name: &str, value: serde_json::Value| record[name] = value;
    match call {
        0 => set("url", "https://shop.example/prices/?sku=C-3".into()),
        1 => set("url", "https://erp.example/orders/7/".into()),
        2 => set("step", ["write_prices", "write_orders"][words].into()),
        _ => set("method", "PATCH".into()),
    }
    match own {
        0 => set("errors", vec![format!("it is {word}")].into()),
        1 => set("is_ok", false.into()),
        2 => set("error_code", format!("E-17-{word}").into()),
        3 => set("sku", format!("D-4-{word}").into()),
        4 => set("exception_message", word.into()),
        // Bodies that do not stand escaped.
        5 => (record["request_body"], record["response_body"]) = (sent, said),
        _ => set("truncated", true.into()),
    }
    record.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_remembered_changes_nothing(
        // Exchanges that differ in one thing from each other.
        first in [0_usize..5, 0..4, 0..3, 0..7, 0..2],
        others in prop::collection::vec((0_usize..5, any::<prop::sample::Index>()), 0..4),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let kinds: Vec<_> = std::iter::once(first)
            .chain(others.into_iter().map(|(what, value)| {
                let mut kind = first;
                kind[what] = value.index([5, 4, 3, 7, 2][what]);
                kind
            }))
            .collect();
        // Nothing, too little, enough.
        let mut extractors = [0, 1 << 14, 16 << 20].map(|bytes| Extractor::new(bytes, 64));
        for (n, pick) in picks.into_iter().enumerate() {
            let text = record(kinds[pick.index(kinds.len())], n);
            let [off, tiny, on] = extractors.each_mut().map(|extractor| shown(extractor, &text));
            prop_assert_eq!(&off, &tiny);
            prop_assert_eq!(&off, &on);
        }
    }
}

/// The exchanges of a text as text.
fn shown(extractor: &mut Extractor, text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    extractor.extract(text, true, &mut |x| writeln!(out, "{x:?}").expect("room"));
    out
}

#[test]
fn every_body_says_the_same_however_often_it_comes() {
    let bodies = [
        r#"{"sku":"A-1","success":false,"message":"no such \u0131tem"}"#,
        r#"{"number":"00012345","sku":"B-2"}"#,
        r#"[{"sku":"A-1"},{"sku":"B-2"}]"#,
        r#"[{},{"price":["too low"]}]"#,
        "<a><sku>C-3</sku></a>",
        "<a><Fault><faultcode>c</faultcode><faultstring>no</faultstring></Fault></a>",
        r#""{\"a\":{\"sku\":\"D-4\"}}""#,
        r#"{"price":["too low"]}"#,
        r#"{"cut":{"message":"half a"#,
        "sku=E-5&price=1",
        "",
    ];
    let mut extractor = Extractor::default();
    for _ in 0..4 {
        for request in bodies {
            for response in bodies {
                for url in ["/orders/", "/prices/"] {
                    let record = serde_json::json!({
                        "url": url, "status_code": 400, "request_body": request, "response_body": response,
                    });
                    let text = record.to_string();
                    let fresh = shown(&mut Extractor::new(0, 64), &text);
                    assert_eq!(shown(&mut extractor, &text), fresh, "{text}");
                }
            }
        }
    }
}
