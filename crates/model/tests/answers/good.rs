//! Answers that went well, whatever they speak of.

use crate::{answered, check, told};

#[test]
fn good_answers_stay_good() {
    check(&[
        (
            "a flag beats filled fields",
            r#"{"success":true,"errorCode":"1000","errorMessage":"İşlem tamam"}"#,
            "ok",
        ),
        (
            "a word beats filled fields",
            r#"{"status":"success","errorCode":"S00","errorMessage":"-"}"#,
            "ok",
        ),
        (
            "a trace id",
            r#"{"id":4,"trace":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}"#,
            "ok",
        ),
        ("nothing in the error", r#"{"data":[1],"error":{"code":0,"message":""}}"#, "ok"),
        ("nothing in words", r#"{"data":[1],"errors":"none","errorMessage":"N/A"}"#, "ok"),
        (
            "empty maps",
            r#"{"items":[{"sku":"A","errors":{}},{"sku":"B","errors":[]}],"failed":0}"#,
            "ok",
        ),
        (
            "goods that speak of errors",
            r#"{"products":[{"sku":"E-1","name":"Error 404 T-shirt","description":"Failed to be boring","code":"404"}]}"#,
            "ok",
        ),
        (
            "an order on its way back",
            r#"{"orders":[{"number":"77","status":"failed_delivery","total":"5"}]}"#,
            "ok",
        ),
        (
            "a refused payment of an order",
            r#"{"orders":[{"number":"78","payment":{"status":"rejected","method":"card"}}]}"#,
            "ok",
        ),
        ("an order with a number as status", r#"{"results":[{"number":"79","status":450}]}"#, "ok"),
        (
            "what happened before",
            r#"{"id":5,"state":"active","last_error":"timeout","history":[{"status":"error","message":"Host is down"}]}"#,
            "ok",
        ),
        (
            "what was sent",
            r#"{"accepted":true,"request":{"type":"error","message":"resend","errors":["x"]}}"#,
            "ok",
        ),
        (
            "a thing with states of its own",
            r#"{"id":"adr_1","created_at":"2026-01-01T10:00:00Z","city":"X","checks":{"zip":{"success":false,"errors":[{"message":"Address not found"}]}}}"#,
            "ok",
        ),
        (
            "warnings",
            r#"{"result":"OK","messages":[{"type":"warning","message":"Field x is deprecated"},{"type":"info","message":"Saved"}]}"#,
            "ok",
        ),
        (
            "settings",
            r#"{"widgets":[{"type":"chart","title":"Errors by day","show_errors":true,"on_error":"retry"}]}"#,
            "ok",
        ),
        ("a number of rows", "42", "ok"),
    ]);
}

#[test]
fn good_answers_of_many_systems_stay_good() {
    check(&[
        (
            "an interchange that was accepted",
            "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*1200*U*00401*000000001*0*P*>~GS*FA*A*B*20260101*1200*1*X*004010~ST*997*0001~AK1*PO*1~AK9*A*1*1*1~SE*4*0001~",
            "ok",
        ),
        (
            "a list of jobs with a failed one",
            r#"{"jobs":[{"id":1,"created_at":"2026-01-01T10:00:00Z","status":"failed","message":"Timeout"},{"id":2,"created_at":"2026-01-01T10:00:00Z","status":"done"}]}"#,
            "ok",
        ),
        (
            "a description of an interface",
            r#"{"openapi":"3.0","components":{"schemas":{"Error":{"type":"object","properties":{"message":{"type":"string"}}}}},"paths":{"/x":{"get":{"responses":{"400":{"description":"Bad request"}}}}}}"#,
            "ok",
        ),
        (
            "texts of a shop",
            r#"{"translations":{"errors":{"required":"This field is required","invalid":"Not valid"}}}"#,
            "ok",
        ),
        ("counts of zero", r#"{"total":3,"success":3,"failed":0,"errors":0,"errorCount":0}"#, "ok"),
        (
            "a stock list",
            r#"{"items":[{"sku":"A","qty":0,"state":"out_of_stock","message":null,"code":"500"}]}"#,
            "ok",
        ),
        (
            "a webhook",
            r#"{"id":8,"url":"https://x.example.com","is_active":true,"on_failure":"retry","failure_count":0,"last_error_message":"timeout"}"#,
            "ok",
        ),
        (
            "a return order",
            r#"{"returns":[{"returnNumber":"R-1","reason":"Defective: screen error","status":"REJECTED"}]}"#,
            "ok",
        ),
        (
            "a claim with reasons",
            r#"{"claims":[{"claimId":"c","status":"rejected","rejectNote":"used"}],"total":1}"#,
            "ok",
        ),
        (
            "advice beside a success",
            r#"{"success":true,"message":"Saved","errors":null,"warnings":["Price is low"]}"#,
            "ok",
        ),
        (
            "a word for success in Turkish",
            r#"{"sonuc":"BAŞARILI","hataKodu":"0","hataMesaji":"Hata yok"}"#,
            "ok",
        ),
        (
            "a code 1 with a good text",
            r#"{"resultCode":1,"resultMessage":"İşlem başarıyla tamamlandı"}"#,
            "ok",
        ),
        (
            "a flag of a check",
            r#"{"address":{"city":"Ankara","isValid":false},"saved":true}"#,
            "ok",
        ),
        (
            "a message of an order",
            r#"{"order":{"number":"5","customer_message":"error on the box please","gift_message":"failed again"}}"#,
            "ok",
        ),
        (
            "an empty row of errors",
            r#"{"rows":[{"sku":"A","hatalar":[],"hataMesaji":""},{"sku":"B","hatalar":null,"hataMesaji":"-"}]}"#,
            "ok",
        ),
        (
            "an id of an error object that is null",
            r#"{"response":{"error":null,"errors":{},"data":{"ok":true}}}"#,
            "ok",
        ),
        (
            "states in an audit",
            r#"{"audit":[{"status":"error","message":"x"}],"auditLog":[{"success":false,"error":"y"}]}"#,
            "ok",
        ),
        (
            "goods of kind E",
            r#"{"data":[{"type":"E","title":"Euro pallet","description":"A pallet"}]}"#,
            "ok",
        ),
        ("a text that begins well", "Record saved without errors", "ok"),
        ("a table of orders", "number;status;total\n1;rejected;5\n2;failed_delivery;6\n", "ok"),
        ("a page", "<html><head><title>Orders</title></head><body>Hello</body></html>", "ok"),
        (
            "XML of goods",
            "<Products><Product><Sku>A</Sku><Type>E</Type><Description>Error proof</Description><Status>rejected</Status></Product></Products>",
            "ok",
        ),
    ]);
}

#[test]
fn a_list_of_errors_that_was_asked_for_is_no_failure() {
    let body = r#"{"count":1,"next":null,"results":[{"id":9,"sku":"A","error_message":"Price is missing"}]}"#;
    let url = "https://omnitron.example.com/api/v1/channels/3/error-reports/?page=1";
    assert_eq!(told(&answered("GET", &url.replace("error-reports", "errors"), body)), "ok");
    assert_eq!(told(&answered("GET", url, body)), "ok");
    assert_ne!(told(&answered("POST", "https://omnitron.example.com/api/v1/prices/", body)), "ok");
}

#[test]
fn a_record_that_went_well_may_fill_its_error_fields() {
    let record = |mut more: serde_json::Value| {
        more["url"] = "https://x.example.com/stocks".into();
        more["response_body"] = r#"{"jobId":4}"#.into();
        told(&serde_json::json!([more]))
    };
    let well =
        serde_json::json!({"is_ok": true, "error_code": "job-77", "error_desc": "SendPrices"});
    assert_eq!(record(well), "ok");
    let listed = serde_json::json!({"is_ok": true, "errors": [{"message": "Price is missing"}]});
    assert_eq!(record(listed), "- | - | - | Price is missing");
    let failed = serde_json::json!({"error_code": "E-7", "error_desc": "Depo kapalı"});
    assert_eq!(record(failed), "E-7 | - | - | Depo kapalı");
}
