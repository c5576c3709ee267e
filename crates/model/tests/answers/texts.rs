//! Message, code and field, each from its own place.

use crate::check;

#[test]
fn answers_tell_message_code_and_field() {
    check(&[
        (
            "a code that is not zero",
            r#"{"errcode":40013,"errmsg":"invalid appid"}"#,
            "40013 | - | - | invalid appid",
        ),
        (
            "a word as a code",
            r#"{"error":"error_auth","message":"Wrong sign.","request_id":"9f"}"#,
            "error_auth | - | - | Wrong sign.",
        ),
        (
            "a type of error",
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"sku: field is missing"}}"#,
            "invalid_request_error | - | - | sku: field is missing",
        ),
        (
            "a failed transaction",
            r#"{"status":"failed","reason":"paytr_token gecersiz"}"#,
            "- | - | - | paytr_token gecersiz",
        ),
        (
            "a code as word",
            r#"{"code":"ERROR","message":"허용되지 않은 요청입니다."}"#,
            "- | - | - | 허용되지 않은 요청입니다.",
        ),
        (
            "faults with capitals",
            r#"{"Fault":{"Error":[{"Message":"Duplicate Name Exists Error","Detail":"The name supplied already exists.","code":"6240","element":"Name"}],"type":"ValidationFault"}}"#,
            "6240 | Name | - | Duplicate Name Exists Error",
        ),
        (
            "elements with validation errors",
            r#"{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[{"InvoiceID":"i","ValidationErrors":[{"Message":"Account code '99' is not valid"}]}]}"#,
            "- | - | - | Account code '99' is not valid",
        ),
        (
            "details by namespace",
            r#"{"type":"about:blank","title":"Bad Request","status":400,"o:errorDetails":[{"detail":"Invalid value for the resource field","o:errorCode":"INVALID_CONTENT","o:errorPath":"entity"}]}"#,
            "INVALID_CONTENT | entity | - | Invalid value for the resource field",
        ),
        (
            "a server error with the exception in data",
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"Odoo Server Error","data":{"name":"odoo.exceptions.UserError","message":"You cannot delete a posted entry.","arguments":["You cannot delete a posted entry."],"debug":"Traceback (most recent call last):\n  File \"/o.py\", line 1\n"}}}"#,
            "odoo.exceptions.UserError | - | - | You cannot delete a posted entry.",
        ),
        (
            "details of fields behind a summary",
            r#"{"success":false,"message":"Validation failed","fields":[{"field":"tax","message":"Tax rate is unknown"}]}"#,
            "- | tax | - | Tax rate is unknown",
        ),
        (
            "issues with descriptions",
            r#"{"name":"UNPROCESSABLE_ENTITY","message":"The requested action could not be performed.","success":false,"details":[{"field":"/items/0/qty","issue":"INTEGER_ONLY","description":"Quantity must be an integer."}]}"#,
            "INTEGER_ONLY | items/0/qty | - | Quantity must be an integer.",
        ),
        (
            "violations by name",
            r#"{"success":false,"title":"Constraint","violations":[{"name":"ean","reason":"EAN is not valid"}]}"#,
            "- | - | - | EAN is not valid",
        ),
        (
            "placeholders by name",
            r#"{"success":false,"message":"No such entity with %fieldName = %fieldValue","parameters":{"fieldName":"sku","fieldValue":"Q-7"}}"#,
            "- | - | - | No such entity with sku = Q-7",
        ),
        (
            "placeholders by place",
            r#"{"success":false,"message":"{0} is not a unit of {1}","args":["BOX","Q-8"]}"#,
            "- | - | - | BOX is not a unit of Q-8",
        ),
        (
            "the cause behind a summary",
            r#"{"error":{"type":"search_phase","reason":"all shards failed","caused_by":{"type":"illegal_argument","reason":"Text fields are not optimised"}}}"#,
            "illegal_argument | - | - | Text fields are not optimised",
        ),
        (
            "an answer quoted by a client",
            r#"{"success":false,"message":"400 Bad Request: \"{\"code\":\"P-22\",\"message\":\"Currency TRX is unknown\"}\""}"#,
            "P-22 | - | - | Currency TRX is unknown",
        ),
        (
            "many flags and texts in Turkish",
            r#"{"islemSonucu":{"basarili":false,"hataKodu":"K-12","hataAciklamasi":"Vergi numarası hatalı"}}"#,
            "K-12 | - | - | Vergi numarası hatalı",
        ),
        (
            "a result code with a text",
            r#"{"resultCode":"E104","resultText":"Müşteri pasif durumda"}"#,
            "E104 | - | - | Müşteri pasif durumda",
        ),
        (
            "path as a list",
            r#"{"ok":false,"errors":[{"code":"too_small","path":["lines",0,"qty"],"message":"Number must be greater than 0"}]}"#,
            "too_small | lines.qty | - | Number must be greater than 0",
        ),
        (
            "only an error code inside",
            r#"{"status":"error","errors":[{"error":{"code":"PRICE_TOO_LOW"}}]}"#,
            "PRICE_TOO_LOW | - | - | PRICE_TOO_LOW",
        ),
        ("a negative number", "-1", "- | - | - | -1"),
        ("one word", "NOK", "- | - | - | NOK"),
        (
            "a line of a driver",
            "Bağlantı kurulamadı: SQLSTATE[08001] sunucuya ulaşılamıyor",
            "- | - | - | Bağlantı kurulamadı: SQLSTATE[08001] sunucuya ulaşılamıyor",
        ),
        (
            "a client's timeout",
            "HTTPConnectionPool(host='10.0.0.5', port=80): Read timed out. (read timeout=30)",
            "- | - | - | HTTPConnectionPool(host='10.0.0.5', port=80): Read timed out. (read timeout=30)",
        ),
        (
            "a page that asks for a person",
            "<html><head><title>Security check</title></head><body><p>Please verify you are human.</p></body></html>",
            "- | - | - | Security check",
        ),
        (
            "an interchange that was rejected",
            "UNB+UNOA:1+S+R+260101:1200+1'UNH+1+CONTRL:2:2:UN'UCI+77+S+R+4+18'UNT+3+1'UNZ+1+1'",
            "4 | - | - | rejected: UCI+77+S+R+4+18",
        ),
    ]);
}
