//! What holds for any nesting, any order of members and any neighbours.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use crate::{answered, told};

/// Names in which answers stand.
const NAMES: &[&str] = &[
    "data", "result", "response", "items", "content", "d", "body", "batch", "Envelope", "sonuclar",
    "lines", "x1", "products", "orders", "output", "entries",
];

/// Names in which nothing is told of the call.
const ASIDE: &[&str] = &[
    "request",
    "history",
    "logs",
    "warnings",
    "settings",
    "lastError",
    "requestItem",
    "translations",
    "audit",
];

/// How a row says that it failed, and what a person would quote.
fn refusals() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"success": false, "message": "Unit is unknown"}), "Unit is unknown"),
        (json!({"isSuccess": "false", "hataMesaji": "Birim yok"}), "Birim yok"),
        (
            json!({"status": "REJECTED", "errors": [{"code": "E-1", "message": "No such tax"}]}),
            "No such tax",
        ),
        (json!({"error": {"code": "E-2", "message": "Price is gone"}}), "Price is gone"),
        (json!({"TYPE": "E", "MESSAGE": "Plant is closed"}), "Plant is closed"),
        (json!({"httpStatusCode": 422, "body": {"message": "Weight is zero"}}), "Weight is zero"),
        (
            json!({"ingestionStatus": "DATA_ERROR", "description": "x", "failureReasons": ["Brand is bad"]}),
            "Brand is bad",
        ),
        (json!({"hasError": true, "errorMessage": "Depo kapalı"}), "Depo kapalı"),
    ]
}

/// Members that say nothing of failure, though they speak of it.
fn neighbours() -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!("Error 404 T-shirt")),
        ("qty", json!(3)),
        ("errorCount", json!(0)),
        ("note", json!("failed twice before")),
        ("warnings", json!(["Price is low"])),
        ("traceId", json!("0af7651916cd43dd8448eb211c80319c")),
        ("errorCode", json!("0")),
        ("tags", json!(["error", "failed"])),
        ("deliveryStatus", json!("failed")),
        ("previous_errors", json!([{"message": "Host is down"}])),
        ("exception", Value::Null),
        ("validationErrors", json!([])),
    ]
}

/// `row` with a key and neighbours, its members turned by `turn`.
fn dressed(row: &Value, key: Option<&str>, beside: &[Index], turn: usize) -> Value {
    let mut members: Vec<(String, Value)> =
        row.as_object().expect("an object").clone().into_iter().collect();
    let all = neighbours();
    for index in beside {
        let (name, value) = &all[index.index(all.len())];
        if row.get(name).is_none() {
            members.push(((*name).to_owned(), value.clone()));
        }
    }
    members.extend(key.map(|key| ("sku".to_owned(), json!(key))));
    let turn = turn % members.len();
    members.rotate_left(turn);
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

/// `value` inside objects of these names, from the inside out.
fn nested(value: Value, names: &[&str]) -> Value {
    names.iter().fold(value, |value, name| json!({ *name: value }))
}

proptest! {
    #[test]
    fn a_refused_row_is_told_wherever_it_stands(
        refusal in select(refusals()), names in vec(select(NAMES), 1..6),
        beside in vec(any::<Index>(), 0..5), turn in 0usize..12, place in 0usize..3,
    ) {
        let (row, quoted) = refusal;
        let sound = |key| dressed(&json!({"success": true}), Some(key), &beside, turn);
        let mut rows = vec![sound("S-1"), sound("S-2")];
        rows.insert(place, dressed(&row, Some("K-9"), &beside, turn));
        let body = nested(json!(rows), &names).to_string();
        let told = told(&answered("POST", "https://erp.example.com/api/items", &body));
        prop_assert!(told.ends_with(&format!("| K-9 | {quoted}")) && told.lines().count() == 1, "{body}\n{told}");
    }

    #[test]
    fn sound_rows_are_no_failure(
        names in vec(select(NAMES), 1..6), beside in vec(any::<Index>(), 0..8), turn in 0usize..12,
    ) {
        let row = dressed(&json!({"id": 7}), Some("S-1"), &beside, turn);
        let body = nested(json!([row]), &names).to_string();
        prop_assert_eq!(told(&answered("POST", "https://erp.example.com/api/items", &body)), "ok", "{}", body);
    }

    #[test]
    fn what_was_sent_or_happened_before_tells_nothing(
        refusal in select(refusals()), inner in vec(select(NAMES), 0..3), aside in select(ASIDE),
        outer in vec(select(NAMES), 0..3),
    ) {
        let body = nested(nested(json!([refusal.0]), &inner), &[aside]);
        let body = nested(body, &outer).to_string();
        prop_assert_eq!(told(&answered("POST", "https://erp.example.com/api/items", &body)), "ok", "{}", body);
    }

    #[test]
    fn a_stated_success_outweighs_filled_fields(
        flag in select(vec!["success", "isSuccess", "basarili", "ok"]), turn in 0usize..6,
    ) {
        let row = json!({flag: true, "errorCode": "S-100", "errorMessage": "İşlem tamam", "error": "-"});
        let body = dressed(&row, None, &[], turn).to_string();
        prop_assert_eq!(told(&answered("POST", "https://erp.example.com/api/items", &body)), "ok", "{}", body);
    }
}
