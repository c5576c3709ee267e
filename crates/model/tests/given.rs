//! Roles that a user gives, on shapes that no table of names can know.

use std::sync::Arc;

use model::extract::Extractor;
use model::given::{FieldPlace, GivenRole, GivenRoles, ROLE_WORDS};
use model::how::FieldFate;
use proptest::prelude::*;

/// Roles as `role name`, `role .a.b` for a path, and `=value` for values after it.
fn roles(lines: &[&str]) -> Arc<GivenRoles> {
    let mut roles = GivenRoles::default();
    for line in lines {
        let mut parts = line.split_whitespace();
        let (Some(role), Some(place)) = (parts.next(), parts.next()) else { panic!("{line}") };
        let known = ROLE_WORDS.iter().find(|(word, _)| *word == role);
        let (_, role) = *known.expect("a role");
        let place = match place.strip_prefix('.') {
            Some(path) => FieldPlace::Path(path.split('.').map(str::to_owned).collect()),
            None => FieldPlace::Name(place.to_owned()),
        };
        let values = parts.map(|value| value.trim_start_matches('=').to_owned()).collect();
        assert!(roles.add(GivenRole { place, role, values }), "{line}");
    }
    Arc::new(roles)
}

/// Each exchange as `outcome status key request response error`, absent parts as `-`.
fn read(lines: &[&str], text: &str) -> Vec<String> {
    let mut found = Vec::new();
    Extractor::default().with_roles(roles(lines)).extract(text, true, &mut |x| {
        let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        found.push(
            [
                x.outcome.name().to_owned(),
                or(x.status.map(|status| status.to_string())),
                or(x.key.map(|key| format!("{}:{}", key.kind.name(), key.value))),
                or(x.request.map(|body| body.text.to_owned())),
                or(x.response.map(|body| body.text.to_owned())),
                or(x.errors.first().map(|error| error.message.to_owned())),
            ]
            .join(" "),
        );
    });
    found
}

/// Roles, a document, and what it says with them.
#[rustfmt::skip]
const CASES: &[(&[&str], &str, &[&str])] = &[
    // Names.
    (&["request_body zq1", "response_body zq2", "status zq3"],
     r#"[{"zq1":{"a":1},"zq2":{"b":2},"zq3":503}]"#, &[r#"failed 503 - {"a":1} {"b":2} HTTP 503 Service Unavailable"#]),
    (&["request_body Zq-1", "error_message zq4"],
     r#"{"zq1":"<a/>","ZQ_4":"kapı kapalı"}"#, &["failed - - <a/> - kapı kapalı"]),
    // A key that is nested in the body, whatever else looks like one.
    (&["order .request.doc.head.ref"],
     r#"{"sku":"A-1","request":{"doc":{"head":{"ref":"7700"}}},"response":{"x":1},"status":200}"#,
     &[r#"success 200 order:7700 {"doc":{"head":{"ref":"7700"}}} {"x":1} -"#]),
    // The same in a text, escaped twice, and behind a list.
    (&["sku .request.rows.0.zz"],
     r#"{"request":"{\"rows\":[{\"zz\":\"K-9\"}]}","status":200}"#,
     &[r#"success 200 sku:K-9 {"rows":[{"zz":"K-9"}]} - -"#]),
    (&["barcode .request.*.zz"],
     r#"{"request":"\"{\\\"p\\\":{\\\"zz\\\":\\\"8690\\\"}}\"","status":200}"#,
     &[r#"success 200 barcode:8690 {"p":{"zz":"8690"}} - -"#]),
    // Bodies deep in objects that mean nothing.
    (&["request_body .u.v.in", "response_body .u.w.out", "status .u.w.no", "url .u.v.to"],
     r#"{"list":[{"u":{"v":{"to":"/x","in":[1]},"w":{"out":{"y":1},"no":"404"}}}]}"#,
     &[r#"failed 404 - [1] {"y":1} HTTP 404 Not Found"#]),
    // Values that mean failure.
    (&["failed zs =N =X"],
     r#"[{"request":{"a":1},"zs":"N"},{"request":{"a":2},"zs":"n"},{"request":{"a":3},"zs":"J"},{"request":{"a":4},"zs":""}]"#,
     &[r#"failed - - {"a":1} - failed without a reason"#, r#"failed - - {"a":2} - failed without a reason"#, r#"success - - {"a":3} - -"#, r#"unknown - - {"a":4} - -"#]),
    (&["ok .response.r =0"],
     r#"[{"request":{"a":1},"response":{"r":0},"status":200},{"request":{"a":2},"response":{"r":7},"status":200}]"#,
     &[r#"success 200 - {"a":1} {"r":0} -"#, r#"failed 200 - {"a":2} {"r":7} failed without a reason"#]),
    // A flag that the record states is not the one that counts.
    (&["failed zs =N"],
     r#"{"request":{"a":1},"success":true,"zs":"N"}"#, &[r#"failed - - {"a":1} - failed without a reason"#]),
    // Names inside an answer.
    (&["failed zf", "error_message zt"],
     r#"{"request":{"a":1},"response_body":{"rows":[{"zf":false},{"zf":true,"zt":"kapalı"}]},"status":200}"#,
     &[r#"failed 200 - {"a":1} {"rows":[{"zf":false},{"zf":true,"zt":"kapalı"}]} kapalı"#]),
    // Where the records stand.
    (&["records zr", "request_body zq1", "response_body zq2"],
     r#"{"zr":[{"zq1":{"a":1},"zq2":{"b":2}},{"zq1":{"a":3},"zq2":{"b":4}}]}"#,
     &[r#"success - - {"a":1} {"b":2} -"#, r#"success - - {"a":3} {"b":4} -"#]),
    // A role is taken away.
    (&["none result"], r#"{"request":{"a":1},"result":{"b":2},"status":200}"#, &[r#"success 200 - {"a":1} - -"#]),
];

#[test]
fn roles_of_the_user_come_first() {
    for (lines, text, wanted) in CASES {
        assert_eq!(read(lines, text), *wanted, "{lines:?} {text}");
    }
}

#[test]
fn a_name_has_one_role() {
    let mut roles = GivenRoles::default();
    let rule = |name: &str| GivenRole {
        place: FieldPlace::Name(name.to_owned()),
        role: ROLE_WORDS[0].1,
        values: Vec::new(),
    };
    assert!(roles.add(rule("Zq-1")) && !roles.add(rule("zq1")) && !roles.add(rule("--")));
}

#[test]
fn each_shape_is_explained_once() {
    let text = r#"{"rows":[
        {"request":{"method":"PUT","body":{"sku":"A-1"}},"kod":"X","statusCode":400,"zz":7},
        {"request":{"method":"PUT","body":{"sku":"A-2"}},"kod":"Y","statusCode":200,"zz":8},
        {"request":{"method":"PUT","body":{"sku":"A-3"}},"statusCode":"none"}]}"#;
    let shapes = Extractor::default().explain(text, true);
    let counts: Vec<_> = shapes.iter().map(|s| (s.pointer.as_str(), s.count)).collect();
    assert_eq!(counts, [("/rows/0", 2), ("/rows/2", 1)]);
    let fields: Vec<_> =
        shapes[0].fields.iter().map(|f| (f.path.as_str(), f.role.as_str(), f.fate)).collect();
    assert_eq!(
        fields,
        [
            ("request", "request", FieldFate::Entered),
            ("request.method", "method", FieldFate::Used),
            ("request.body", "request_body", FieldFate::Used),
            ("kod", "code", FieldFate::NotTaken),
            ("statusCode", "status", FieldFate::Used),
            ("zz", "none", FieldFate::LeftOver),
        ]
    );
    let first = shapes[0].exchange.as_ref().unwrap();
    assert_eq!((first.outcome, first.evidence), ("failed", Some("status")));
    assert_eq!(first.key, Some(("sku", "A-1".to_owned())));
    let odd = shapes[1].fields.iter().find(|f| f.path == "statusCode").unwrap();
    assert_eq!(odd.fate, FieldFate::NotTaken);
}

#[test]
fn an_object_that_is_no_exchange_is_explained_too() {
    let shapes = Extractor::default().explain(r#"{"zq1":"a","zq2":{"b":1}}"#, true);
    assert_eq!(shapes.len(), 1);
    assert_eq!(shapes[0].exchange, None);
    assert!(shapes[0].fields.iter().all(|f| f.fate == FieldFate::LeftOver));
    let paths: Vec<_> = shapes[0].fields.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["zq1", "zq2", "zq2.b"]);
    let shapes = Extractor::default()
        .with_roles(roles(&["request_body zq1", "response_body .zq2"]))
        .explain(r#"{"zq1":"a","zq2":{"b":1}}"#, true);
    let why: Vec<_> = shapes[0].fields.iter().map(|f| f.why).collect();
    assert!(shapes[0].exchange.is_some());
    assert_eq!(why[0], "a name of your roles");
    assert_eq!(why[2], "a path of your roles");
}

proptest! {
    /// Whatever a record holds besides, and in whatever order, given roles are taken.
    #[test]
    fn neighbours_and_order_change_nothing(
        others in prop::collection::vec("(status|data|code|body|message|result|zx)[a-z]{0,2}", 0..5),
        place in 0..6usize,
        nested: bool,
    ) {
        let given = [r#""zq1":{"a":1}"#, r#""zq2":{"b":2}"#, r#""zq3":418"#];
        let others = others.iter().enumerate().map(|(n, name)| format!(r#""{name}{n}":"{n}""#));
        let mut fields: Vec<String> = others.collect();
        for (n, field) in given.iter().enumerate() {
            let at = (place + n) % (fields.len() + 1);
            fields.insert(at, (*field).to_owned());
        }
        let record = format!("{{{}}}", fields.join(","));
        let (text, lines) = if nested {
            (format!(r#"[{{"zz":{record}}}]"#), ["request_body .zz.zq1", "response_body .zz.zq2", "status .zz.zq3"])
        } else {
            (format!("[{record}]"), ["request_body zq1", "response_body zq2", "status zq3"])
        };
        let found = read(&lines, &text);
        prop_assert_eq!(found.len(), 1, "{}", text);
        prop_assert!(found[0].contains(" 418 ") && found[0].contains(r#"{"a":1} {"b":2}"#), "{} {}", text, found[0]);
    }

    /// Without roles nothing changes, and rules that fit nothing change nothing either.
    #[test]
    fn rules_that_fit_nothing_change_nothing(seed in 0..3usize) {
        let text = [
            r#"[{"request":{"body":{"sku":"A"}},"statusCode":400}]"#,
            r#"{"istek":"{}","cevap":"{\"error\":\"x\"}"}"#,
            r#"{"logs":[{"sku":"A","hata":"yok"}]}"#,
        ][seed];
        prop_assert_eq!(read(&[], text), read(&["order .no.where", "failed nothere =x"], text));
    }
}
