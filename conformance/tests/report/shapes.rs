//! Documents of shapes and spellings that the dump does not have. The format of a download is not
//! published, so each of these is as likely as any other.

use base64::prelude::*;
use pipeline::run::Options;

use crate::kit::{Report, Table};
use crate::odd::zip;

/// What is to be found in one exchange.
struct Expected {
    status: Option<i64>,
    key: Option<&'static str>,
    outcome: &'static str,
    /// The message of its first error.
    error: Option<&'static str>,
}

const fn sound(status: i64, key: &'static str) -> Expected {
    Expected { status: Some(status), key: Some(key), outcome: "success", error: None }
}

const fn failed(status: i64, key: &'static str, error: &'static str) -> Expected {
    Expected { status: Some(status), key: Some(key), outcome: "failed", error: Some(error) }
}

/// What the document is like, the document, what is in it.
const CASES: &[(&str, &str, &[Expected])] = &[
    (
        "one object is one exchange",
        r#"{"product_sku":"KZ-1","request_data":{"price":"10.00"},"response_data":{"detail":"Not found."},"http_status":404}"#,
        &[failed(404, "KZ-1", "Not found.")],
    ),
    (
        "two names for the status, camel case",
        r#"[{"orderNumber":"S100","requestBody":"{}","responseBody":"{\"error\":\"Sipariş bulunamadı\"}","httpStatus":404},
            {"orderNumber":"S101","requestBody":"{}","responseBody":"{\"pk\":4}","httpStatus":201}]"#,
        &[failed(404, "S100", "Sipariş bulunamadı"), sound(201, "S101")],
    ),
    (
        "Turkish names",
        r#"[{"stokKodu":"TR-9","istek":{"fiyat":5},"cevap":{"sonuc":"tamam"},"durumKodu":200,"hatalar":[]},
            {"stokKodu":"TR-10","istek":{"fiyat":-5},"cevap":null,"durumKodu":500,"hatalar":["Fiyat sıfırdan büyük olmalı"]}]"#,
        &[sound(200, "TR-9"), failed(500, "TR-10", "Fiyat sıfırdan büyük olmalı")],
    ),
    (
        "a list below a name, with facts beside it",
        r#"{"log_id":7,"flow":"price","items":[{"sku":"A1","status_code":200,"response":{"pk":1}},{"sku":"A2","status_code":400,"response":{"price":["A valid number is required."]}}]}"#,
        &[sound(200, "A1"), failed(400, "A2", "A valid number is required.")],
    ),
    (
        "a map by key",
        r#"{"SKU-000001":{"request":{"stock":1},"response":{"pk":1},"status_code":200},
            "SKU-000002":{"request":{"stock":2},"response":{"detail":"Not found."},"status_code":404}}"#,
        &[sound(200, "SKU-000001"), failed(404, "SKU-000002", "Not found.")],
    ),
    (
        "all values are strings, below attributes",
        r#"[{"attributes":{"invokehttp.status.code":"503","invokehttp.status.message":"Service Unavailable","invokehttp.request.url":"https://erp.example.com/x","sku":"N1"},"content":"{\"sku\":\"N1\"}"}]"#,
        &[failed(503, "N1", "HTTP 503 Service Unavailable")],
    ),
    (
        "requests and responses in lists beside each other",
        r#"{"requests":[{"sku":"P1"},{"sku":"P2"}],"responses":[{"status":200,"body":{"ok":true}},{"status":400,"body":{"detail":"Bad row."}}]}"#,
        &[sound(200, "P1"), failed(400, "P2", "Bad row.")],
    ),
    (
        "errors as JSON in a string",
        r#"[{"sku":"E1","status_code":200,"errors":"[{\"message\":\"Out of range\",\"code\":\"E7\"}]"},{"sku":"E2","status_code":200,"errors":"[]"}]"#,
        &[failed(200, "E1", "Out of range"), sound(200, "E2")],
    ),
    (
        "errors by field",
        r#"[{"sku":"F1","status_code":400,"errors":{"name":["This field may not be blank."]}}]"#,
        &[failed(400, "F1", "This field may not be blank.")],
    ),
    (
        "a response escaped twice",
        r#"[{"sku":"D1","status_code":400,"response_body":"\"{\\\"detail\\\":\\\"Twice.\\\"}\""}]"#,
        &[failed(400, "D1", "Twice.")],
    ),
    (
        "status 200, and the body says no",
        r#"[{"order_no":"B1","status_code":200,"response":{"IsSuccess":false,"Message":"Kayıt kilitli"}},{"order_no":"B2","status_code":200,"response":{"IsSuccess":true,"Message":""}}]"#,
        &[failed(200, "B1", "Kayıt kilitli"), sound(200, "B2")],
    ),
    (
        "a result that is false, and a state that is",
        r#"[{"order_no":"B3","status_code":200,"response":{"sonuc":false,"mesaj":"Kredi limiti aşıldı"}},{"order_no":"B4","status_code":200,"response":{"pk":3,"durum":false}}]"#,
        &[failed(200, "B3", "Kredi limiti aşıldı"), sound(200, "B4")],
    ),
    (
        "a SOAP fault",
        r#"[{"siparisNo":"X1","status_code":500,"raw_response":"<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>Depo kapalı</faultstring></s:Fault></s:Body></s:Envelope>"}]"#,
        &[failed(500, "X1", "Depo kapalı")],
    ),
    (
        "a saved page as the answer",
        r#"[{"sku":"H1","status_code":504,"response_body":"<html><head><title>504 Gateway Time-out</title></head><body><h1>504 Gateway Time-out</h1></body></html>"}]"#,
        &[failed(504, "H1", "504 Gateway Time-out")],
    ),
    (
        "an exception and no answer: its class is the code, not the text",
        r#"[{"sku":"T1","status_code":null,"exception":"java.net.ConnectException: Connection refused"}]"#,
        &[Expected {
            status: None,
            key: Some("T1"),
            outcome: "failed",
            error: Some("Connection refused"),
        }],
    ),
    (
        "problem details",
        r#"[{"barcode":"8690000000017","status":422,"response":{"type":"about:blank","title":"Unprocessable","status":422,"detail":"Quantity must be whole."}}]"#,
        &[failed(422, "8690000000017", "Quantity must be whole.")],
    ),
    (
        "an OData error",
        r#"[{"matnr":"000000000000012345","status_code":400,"response_body":{"error":{"code":"SY/530","message":{"lang":"en","value":"Material is locked"}}}}]"#,
        &[failed(400, "000000000000012345", "Material is locked")],
    ),
    (
        "an OData error with advice beside it, which is no error",
        r#"[{"matnr":"12345","status_code":400,"response_body":{"error":{"code":"SD/146","message":{"lang":"en","value":"Material is locked"},"innererror":{"Error_Resolution":{"SAP_Note":"See SAP Note 1797736"},"errordetails":[]}}}}]"#,
        &[failed(400, "12345", "Material is locked")],
    ),
    (
        "an answer that breaks off behind its message, below another object",
        r#"[{"sku":"C1","status_code":400,"response_body":"{\"error\":{\"code\":\"E-17\",\"message\":\"Price is locked\",\"trace\":[{\"at\":\"somewh"}]"#,
        &[failed(400, "C1", "Price is locked")],
    ),
    (
        "an answer that breaks off in its message",
        r#"[{"sku":"C2","status_code":400,"response_body":"{\"errors\":[{\"message\":\"Price is loc"}]"#,
        &[failed(400, "C2", "Price is loc")],
    ),
    (
        "an answer that is not valid JSON and reports no error",
        r#"[{"sku":"O1","status_code":200,"response_body":"{\"id\": <ID>, \"name\": \"A light shirt\", \"lines\": [{\"text\": \"Two of them\"}]}"}]"#,
        &[sound(200, "O1")],
    ),
    (
        "one string holds method, address and body",
        r#"{"raw_request":"POST - https://api.example.com/api/i1/products/ - {\"sku\":\"R1\"}","raw_response":"mapping-Renk eşleşmesi yok","is_ok":false}"#,
        &[Expected {
            status: None,
            key: Some("R1"),
            outcome: "failed",
            error: Some("Renk eşleşmesi yok"),
        }],
    ),
    (
        "a flag beside the traffic",
        r#"[{"sku":"G1","request":{"a":1},"response":{"b":2},"success":true},{"sku":"G2","request":{"a":1},"response":{"b":2},"success":false}]"#,
        &[
            Expected { status: None, key: Some("G1"), outcome: "success", error: None },
            Expected { status: None, key: Some("G2"), outcome: "failed", error: None },
        ],
    ),
    (
        "one exchange a line",
        "{\"sku\":\"L1\",\"status_code\":200}\n{\"sku\":\"L2\",\"status_code\":429,\"response_body\":\"{\\\"detail\\\":\\\"Slow down.\\\"}\"}\n",
        &[sound(200, "L1"), failed(429, "L2", "Slow down.")],
    ),
    (
        "a key that is a number stays as it is written",
        r#"[{"barkod":8690000000000000017,"status_code":200},{"order_id":"0007","status_code":200}]"#,
        &[sound(200, "8690000000000000017"), sound(200, "0007")],
    ),
    (
        "the key stands only in the request",
        r#"[{"url":"https://erp.example.com/stock","method":"PUT","status_code":200,"request_body":"{\"UsedBarcode\":\"K-55\",\"qty\":1}","response_body":"{}"}]"#,
        &[sound(200, "K-55")],
    ),
    (
        "a Python object for an answer",
        r#"[{"order_number":"Y1","status_code":400,"response_text":"{'detail': 'Adres eksik', 'code': None}"}]"#,
        &[failed(400, "Y1", "Adres eksik")],
    ),
];

#[test]
fn documents_of_other_shapes_are_read_too() {
    let folder = tempfile::tempdir().unwrap();
    for (n, (_, document, _)) in CASES.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{n:02}.json")), document).unwrap();
    }
    let report = Report::of(folder.path(), &Options::default());
    let (exchanges, errors) = (report.table("exchanges"), report.table("errors"));
    let mut differences = Vec::new();
    for (n, (name, _, expected)) in CASES.iter().enumerate() {
        let file = format!("{n:02}.json");
        let rows = rows_of(&exchanges, &file);
        if rows.len() != expected.len() {
            differences.push(format!("{name}: {} exchanges, not {}", rows.len(), expected.len()));
            continue;
        }
        for (row, expected) in rows.into_iter().zip(*expected) {
            let error = rows_of(&errors, &file).into_iter().find(|error| {
                errors.number(*error, "exchange") == exchanges.number(row, "exchange")
            });
            let found = (
                exchanges.number(row, "status"),
                exchanges.text(row, "key"),
                exchanges.text(row, "outcome"),
                error.and_then(|error| errors.text(error, "message")),
            );
            let error = expected.error.or(found.3.filter(|_| expected.outcome == "failed"));
            let wanted = (expected.status, expected.key, Some(expected.outcome), error);
            if found != wanted {
                differences.push(format!("{name}: {found:?}, not {wanted:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Only what the platform cut in two is taken for the beginning of a text: the title of a page that
/// breaks off later is whole, and so is its group.
#[test]
fn a_whole_text_of_a_cut_answer_is_in_the_group_of_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let page = "<html><head><title>503 Service Unavailable</title></head><body><h1>Service";
    let json = |end: &str| {
        format!(r#"{{"title":"Stock is locked","detail":"Item 5 of the stock is locked{end}"#)
    };
    let bodies = [
        format!("{page} Unavailable</h1></body></html>"),
        page.to_owned(),
        json(r#" since noon","status":409}"#),
        json(r#" since noon","trace":"4bf92"#),
        json(" since no"),
    ];
    let rows: Vec<_> = bodies
        .iter()
        .map(|body| serde_json::json!({"sku": "A-1", "status_code": 503, "response_body": body}))
        .collect();
    std::fs::write(folder.path().join("log.json"), serde_json::to_string(&rows).unwrap()).unwrap();
    let errors = Report::of(folder.path(), &Options::default()).table("errors");
    let groups: Vec<_> = (0..errors.rows()).map(|row| errors.text(row, "fingerprint")).collect();
    assert_eq!(groups.len(), 5);
    assert!(groups[0] == groups[1] && groups[1] != groups[2], "{groups:?}");
    assert!(groups[2] == groups[3] && groups[3] == groups[4], "{groups:?}");
}

/// Who refused or could not be reached, in rows and in groups.
#[test]
fn the_side_of_an_error_follows_from_what_it_says_and_where_it_occurs() {
    let folder = tempfile::tempdir().unwrap();
    let document = r#"[
        {"sku":"S1","url":"https://omnitron.example.com/api/i1/products/","status_code":400,"response_body":{"detail":"No such brand."}},
        {"sku":"S2","url":"https://erp.example.com/orders","status_code":400,"response_body":{"detail":"No such brand."}},
        {"sku":"S3","url":"https://erp.example.com/orders","status_code":400,"response_body":{"detail":"No such brand."}},
        {"sku":"S4","url":"https://shop.example.com/","status_code":400,"response_body":{"detail":"No such brand."}},
        {"sku":"S5","url":"https://omnitron.example.com/api/i1/products/","exception":"KeyError: 'price'"},
        {"sku":"S6","url":"https://omnitron.example.com/api/i1/products/","is_ok":false,"raw_response":"mapping-Renk yok"}]"#;
    std::fs::write(folder.path().join("log.json"), document).unwrap();
    let report = Report::of(folder.path(), &Options::default());
    let (errors, groups) = (report.table("errors"), report.table("error_groups"));
    let sides: Vec<_> = (0..errors.rows()).map(|row| errors.text(row, "side")).collect();
    let expected = ["omnitron", "erp", "erp", "", "integrator", "mapping"];
    assert_eq!(sides, expected.map(|side| Some(side).filter(|side| !side.is_empty())));
    // Half of the errors of one group are on the side of the ERP: on none that is clear.
    let mut of_groups: Vec<_> = (0..groups.rows())
        .map(|row| (groups.number(row, "count"), groups.text(row, "side")))
        .collect();
    of_groups.sort_unstable();
    let expected = [(Some(1), Some("integrator")), (Some(1), Some("mapping")), (Some(4), None)];
    assert_eq!(of_groups, expected);
}

/// A document without any exchange is empty, not broken.
#[test]
fn an_empty_log_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let documents = ["", "null", "{}", "[]", "\"\"", " \r\n", "\u{feff}[]"];
    for (n, document) in documents.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{n}.json")), document).unwrap();
    }
    let report = Report::of(folder.path(), &Options::default());
    assert_eq!(report.summary.files["empty"], documents.len() as u64);
    assert_eq!(report.summary.problems["total"], 0);
    assert_eq!(report.summary.exchanges.total, 0);
}

/// Two saved copies of one download count once; two downloads with equal rows count twice.
#[test]
fn only_equal_bytes_are_a_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let document = r#"[{"sku":"A1","status_code":500}]"#;
    for (name, text) in
        [("1.json", document), ("2.json", document), ("3.json", &format!("{document}\n"))]
    {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let report = Report::of(folder.path(), &Options::default());
    let files = report.table("files");
    let outcomes: Vec<_> = (0..3).map(|row| files.text(row, "outcome").unwrap()).collect();
    assert_eq!(outcomes, ["decoded", "duplicate", "decoded"]);
    assert_eq!(report.summary.exchanges.total, 2);
}

/// Of large downloads the first look reads the ends only. Copies are found by all their bytes all the same, and so is
/// a listing page among them.
#[test]
fn large_downloads_are_compared_by_all_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let large = |row: fn(u64, u64) -> String, end: &str| {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1442);
            state >> 16
        };
        let rows: String = (0..6000).map(|n| row(n, next()) + ",").collect();
        let json = format!("[{rows}{end}]");
        BASE64_STANDARD.encode(zip(&[("log.json", json.as_bytes())], false))
    };
    let log = large(
        |n, sku| format!(r#"{{"id":{n},"sku":"A{sku:016x}","status_code":200}}"#),
        r#"{"sku":"B2","status_code":500}"#,
    );
    let page = large(
        |n, uuid| {
            format!(
                r#"{{"id":{},"log_type":1,"process_group_id":"f1","process_group_name":"Price","filename_uuid":"3f0c7c1e-0000-4000-8000-{uuid:012x}","state":3,"status":2,"created":"1792800000000"}}"#,
                90_000 + n
            )
        },
        "{}",
    );
    assert!(log.len().min(page.len()) > 1 << 16, "{} {}", log.len(), page.len());
    // One letter in the middle; the ends are those of the others.
    let mut other = log.clone().into_bytes();
    let middle = other.len() / 2;
    other[middle] = if other[middle] == b'A' { b'B' } else { b'A' };
    for (name, bytes) in [
        ("1.txt", log.as_bytes()),
        ("2.txt", log.as_bytes()),
        ("90001.txt", &other),
        ("page.txt", page.as_bytes()),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let report = Report::of(folder.path(), &Options::default());
    let files = report.table("files");
    let outcomes: Vec<_> = (0..4).map(|row| files.text(row, "outcome").unwrap()).collect();
    assert_eq!(outcomes, ["decoded", "duplicate", "rejected", "listing"]);
    let digests: Vec<_> = (0..4).map(|row| files.text(row, "digest").unwrap()).collect();
    assert!(digests[0] == digests[1] && digests[0] != digests[2], "{digests:?}");
    assert!(digests.iter().all(|digest| digest.len() == 64), "{digests:?}");
    assert_eq!(report.table("logs").rows(), 6000);
    assert_eq!(report.summary.problems.get("changed"), None);
}

/// The listing names runs and logs; a download finds its own by the id in its name.
#[test]
fn a_listing_page_says_which_run_a_download_belongs_to() {
    let folder = tempfile::tempdir().unwrap();
    let page = r#"{"count":1,"limit":25,"page":1,"previous":"","next":null,"results":[
        {"id":501,"log_type":1,"process_group_id":"f1","process_group_name":"Price","parent_process_group_id":null,
         "original_filename_uuid":"3f0c7c1e-0000-4000-8000-000000000001","filename_uuid":"3f0c7c1e-0000-4000-8000-000000000001",
         "state":3,"status":3,"created":"1792800000000","finished":"1792800060000","sub_flows":[]}]}"#;
    std::fs::write(folder.path().join("page-1.json"), page).unwrap();
    std::fs::write(folder.path().join("501.json"), r#"[{"sku":"A1","status_code":500}]"#).unwrap();
    let report = Report::of(folder.path(), &Options::default());
    let files = report.table("files");
    assert_eq!(files.text(0, "log_id"), Some("501"));
    assert_eq!(files.text(0, "run_id"), Some("3f0c7c1e-0000-4000-8000-000000000001"));
    assert_eq!(files.text(1, "outcome"), Some("listing"));
    let (runs, logs) = (report.table("runs"), report.table("logs"));
    assert_eq!((runs.rows(), runs.number(0, "failed")), (1, Some(1)));
    assert_eq!(runs.text(0, "flow"), Some("Price"));
    assert_eq!((logs.rows(), logs.flag(0, "downloaded")), (1, Some(true)));
    assert_eq!(logs.text(0, "status"), Some("failed"));
}

fn rows_of(table: &Table, file: &str) -> Vec<usize> {
    (0..table.rows()).filter(|row| table.text(*row, "file") == Some(file)).collect()
}
