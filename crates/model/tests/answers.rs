//! What answers say: whether the call failed, and what a person would quote, in the shapes of many systems.
//!
//! One case each: what it is, the answer, and what is to come out: `ok`, or the errors as
//! `code | field | key | message`, with `-` for none. The call was a POST that was answered with 200.
//! Who meets a system that is told wrongly adds a case here.

use std::fmt::Write as _;

use model::exchange::Outcome;
use model::extract::Extractor;
use serde_json::{Value, json};

/// What the program says of a record, in the form of the table.
fn told(record: &Value) -> String {
    let text = record.to_string();
    let mut told = String::new();
    Extractor::default().extract(&text, true, &mut |x| {
        let key =
            |key: Option<model::exchange::Key<'_>>| key.map_or("-", |key| key.value).to_owned();
        told = match x.outcome {
            Outcome::Success => "ok".to_owned(),
            Outcome::Unknown => "unknown".to_owned(),
            Outcome::Failed => x
                .errors
                .iter()
                .map(|e| {
                    format!(
                        "{} | {} | {} | {}",
                        e.code.unwrap_or("-"),
                        e.field.unwrap_or("-"),
                        key(e.key),
                        e.message
                    )
                })
                .collect::<Vec<_>>()
                .join("\n"),
        };
    });
    told
}

fn answered(method: &str, url: &str, body: &str) -> Value {
    json!([{
        "id": 1, "created": "2026-03-01T10:00:00Z", "method": method, "url": url,
        "request_body": {"note": "x"}, "status_code": 200, "response_body": body,
    }])
}

fn check(cases: &[(&str, &str, &str)]) {
    let mut wrong = String::new();
    for (what, body, expected) in cases {
        let told = told(&answered("POST", "https://erp.example.com/api/v1/items", body));
        let expected = expected.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        if told != expected {
            write!(wrong, "\n== {what}\n{body}\nexpected\n{expected}\ntold\n{told}\n")
                .expect("room");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn rows_of_batches_tell_their_errors_and_keys() {
    check(&[
        (
            "a flag and a list in one row",
            r#"{"results":[{"sku":"A-1","success":true,"errors":[]},{"sku":"A-2","success":false,"errors":[{"statusCode":"INVALID_TYPE","message":"Price is not a number","fields":["Price"]}]}]}"#,
            "INVALID_TYPE | Price | A-2 | Price is not a number",
        ),
        (
            "reasons beside the state of the row",
            r#"{"taskId":7,"skus":{"content":[{"itemCode":"B-1","status":"SUCCESS","reasons":[]},{"itemCode":"B-2","status":"FAIL","reasons":["Kategori pasif"]}]}}"#,
            "- | - | B-2 | Kategori pasif",
        ),
        (
            "failure reasons with the echo of the request row",
            r#"{"batchRequestId":"b","items":[{"requestItem":{"barcode":"8690000000555","quantity":1},"status":"FAILED","failureReasons":["Stok sıfırdan küçük olamaz"]}],"status":"COMPLETED"}"#,
            "- | - | 8690000000555 | Stok sıfırdan küçük olamaz",
        ),
        (
            "an error object in the created row",
            r#"{"create":[{"id":0,"sku":"C-9","error":{"code":"product_invalid_sku","message":"Invalid or duplicated SKU.","data":{"status":400}}}]}"#,
            "product_invalid_sku | - | C-9 | Invalid or duplicated SKU.",
        ),
        (
            "a composite answer",
            r#"{"hasErrors":true,"results":[{"referenceId":"ref1","errors":[{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: Code__c","fields":["Code__c"]}]}]}"#,
            "DUPLICATE_VALUE | Code__c | - | duplicate value found: Code__c",
        ),
        (
            "issues of a feed, warnings among them",
            r#"{"header":{"status":"DONE"},"issues":[{"messageId":1,"code":"90220","severity":"ERROR","message":"'brand' is required but not supplied.","attributeNames":["brand"]},{"messageId":2,"code":"18","severity":"WARNING","message":"An image is recommended."}],"summary":{"errors":1,"warnings":1}}"#,
            "90220 | brand | - | 'brand' is required but not supplied.",
        ),
        (
            "orders that failed, by their numbers",
            r#"{"successCount":0,"errorsCount":1,"failedOrders":[{"order":{"orderNumber":"SO-77"},"errors":[{"errorCode":"AddressLine1","errorMessage":"Address line 1 is too long"}]}]}"#,
            "AddressLine1 | - | SO-77 | Address line 1 is too long",
        ),
        (
            "rows of a warehouse table",
            r#"{"kind":"insertAll","insertErrors":[{"index":1,"errors":[{"reason":"invalid","location":"price","message":"Cannot convert value to float"}]}]}"#,
            "invalid | price | - | Cannot convert value to float",
        ),
        (
            "messages of a queue",
            r#"{"Successful":[{"Id":"a"}],"Failed":[{"Id":"b","SenderFault":true,"Code":"InvalidMessageContents","Message":"The message contains characters outside the allowed set."}]}"#,
            "InvalidMessageContents | - | - | The message contains characters outside the allowed set.",
        ),
        (
            "write errors beside ok",
            r#"{"ok":1,"n":1,"writeErrors":[{"index":0,"code":11000,"errmsg":"E11000 duplicate key error collection: shop.products"}]}"#,
            "11000 | - | - | E11000 duplicate key error collection: shop.products",
        ),
        (
            "import status with validation results",
            r#"{"success":true,"data":[{"merchantSku":"H-1","importStatus":"SUCCESS","validationResults":[]},{"merchantSku":"H-2","importStatus":"FAILED","validationResults":[{"attributeName":"renk","message":"Renk seçiniz"}]}]}"#,
            "- | renk | H-2 | Renk seçiniz",
        ),
        (
            "status in a part of a batch",
            r#"{"responses":[{"id":"1","status":204},{"id":"2","status":404,"body":{"error":{"code":"ResourceNotFound","message":"Item was not found."}}}]}"#,
            "ResourceNotFound | - | - | Item was not found.",
        ),
        (
            "mutations of a query language",
            r#"{"data":{"productVariantsBulkUpdate":{"productVariants":null,"userErrors":[{"field":["variants","0","price"],"message":"Price must be greater than or equal to 0","code":"GREATER_THAN_OR_EQUAL_TO"}]}}}"#,
            "GREATER_THAN_OR_EQUAL_TO | variants.0.price | - | Price must be greater than or equal to 0",
        ),
        (
            "a table of return messages",
            r#"{"ET_RETURN":[{"TYPE":"S","ID":"MM","NUMBER":"300","MESSAGE":"Malzeme değiştirildi"},{"TYPE":"E","ID":"M3","NUMBER":"305","MESSAGE":"Malzeme X-9 yok","FIELD":"MATNR"},{"TYPE":"W","ID":"M3","NUMBER":"024","MESSAGE":"Fiyat eski"}]}"#,
            "305 | MATNR | - | Malzeme X-9 yok",
        ),
        (
            "each order with a flag and a text",
            r#"[{"orderKey":"k1","orderNumber":"S-1","success":true,"errorMessage":null},{"orderKey":"k2","orderNumber":"S-2","success":false,"errorMessage":"Requested warehouse was not found"}]"#,
            "- | - | S-2 | Requested warehouse was not found",
        ),
        (
            "an answer as a text in an answer",
            r#"{"d":"{\"Basarili\":false,\"Mesaj\":\"Cari kart bulunamadı\"}"}"#,
            "- | - | - | Cari kart bulunamadı",
        ),
        (
            "four levels down",
            r#"{"envelope":{"payload2":{"answer":{"lines":[{"stokKodu":"Z-1","hataMesaji":"Depo kapalı"}]}}}}"#,
            "- | - | Z-1 | Depo kapalı",
        ),
        (
            "lines of JSON",
            "{\"id\":\"1\",\"result\":\"created\"}\n{\"id\":\"2\",\"sku\":\"N-2\",\"success\":false,\"message\":\"Unit is unknown\"}",
            "- | - | N-2 | Unit is unknown",
        ),
        (
            "a table with a verdict",
            "sku;status;message\nT-1;OK;\nT-2;ERROR;Barcode is not valid\n",
            "- | - | T-2 | Barcode is not valid",
        ),
        (
            "a table with errors",
            "\"offer-sku\",\"error-code\",\"error-message\"\nM-1,2004,\"Price, or discount, is too low\"\n",
            "2004 | - | M-1 | Price, or discount, is too low",
        ),
        (
            "a batch of HTTP answers",
            "--cs_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{\"d\":{\"Id\":\"1\"}}\r\n--cs_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n{\"error\":{\"code\":\"CX/017\",\"message\":{\"lang\":\"en\",\"value\":\"Plant 3000 is locked\"}}}\r\n--cs_1--\r\n",
            "CX/017 | - | - | Plant 3000 is locked",
        ),
    ]);
}

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

#[test]
fn xml_tells_of_parts_that_were_refused() {
    check(&[
        (
            "a flag as the result",
            "<Envelope><Body><SaveOrderResponse><SaveOrderResult>false</SaveOrderResult></SaveOrderResponse></Body></Envelope>",
            "- | - | - | failed without a reason",
        ),
        (
            "a code with a text",
            "<Response><returnCode>17</returnCode><returnText>Irsaliye no kullanılmış</returnText></Response>",
            "17 | - | - | Irsaliye no kullanılmış",
        ),
        (
            "messages with types",
            "<RFC><RETURN><item><TYPE>W</TYPE><MESSAGE>Old price</MESSAGE></item><item><TYPE>A</TYPE><ID>CO</ID><NUMBER>888</NUMBER><MESSAGE>Period 013 is closed</MESSAGE></item></RETURN></RFC>",
            "888 | - | - | Period 013 is closed",
        ),
        (
            "rows with keys",
            "<Report><Row><SKU>X-1</SKU><ResultCode>OK</ResultCode></Row><Row><SKU>X-2</SKU><ResultCode>Failed</ResultCode><ResultDescription>Tax code missing</ResultDescription></Row></Report>",
            "- | - | X-2 | Tax code missing",
        ),
        (
            "errors of severity",
            "<AddItemResponse><Ack>Failure</Ack><Errors><ShortMessage>Bad item.</ShortMessage><LongMessage>Item specifics are missing.</LongMessage><ErrorCode>21919303</ErrorCode><SeverityCode>Error</SeverityCode></Errors></AddItemResponse>",
            "21919303 | - | - | Item specifics are missing.",
        ),
        (
            "attributes",
            r#"<addResponse><status isSuccess="false"><statusDetail type="ERROR"><code>DUP_ITEM</code><message>Uniqueness error</message></statusDetail></status></addResponse>"#,
            "DUP_ITEM | - | - | Uniqueness error",
        ),
        (
            "a fault of names and values",
            "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>3</int></value></member><member><name>faultString</name><value>Access denied.</value></member></struct></value></fault></methodResponse>",
            "3 | - | - | Access denied.",
        ),
        (
            "a code with zeros",
            "<r><resultCode>AB00000</resultCode><resultText>Kaydedildi</resultText></r>",
            "ok",
        ),
        (
            "a code of one and a good text",
            "<r><sonucKodu>1</sonucKodu><sonucMesaji>İşlem başarılı</sonucMesaji></r>",
            "ok",
        ),
        ("no error stated", "<r><Hata>false</Hata><HataKodu>-1</HataKodu></r>", "ok"),
        (
            "only warnings",
            "<RETURN><item><TYPE>W</TYPE><MESSAGE>Price is old</MESSAGE></item></RETURN>",
            "ok",
        ),
    ]);
}

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
fn more_answers_of_other_systems() {
    check(&[
        (
            "a big code and a message",
            r#"{"code":36009004,"message":"Signature is not correct","request_id":"2026","data":{}}"#,
            "36009004 | - | - | Signature is not correct",
        ),
        (
            "the name of an error as code",
            r#"{"code":"IllegalAccessToken","type":"ISV","message":"The token is of another app","request_id":"9"}"#,
            "IllegalAccessToken | - | - | The token is of another app",
        ),
        (
            "zero and success",
            r#"{"code":0,"message":"Success","request_id":"2026","data":{"id":1}}"#,
            "ok",
        ),
        ("a coupon", r#"{"code":"WELCOME10","message":"10 percent off"}"#, "ok"),
        (
            "codes of a batch in a library",
            r#"{"new_members":[],"errors":[{"email_address":"a@example.com","error":"Please provide a valid address.","error_code":"ERROR_GENERIC","field":"email"}],"total_created":0,"error_count":1}"#,
            "ERROR_GENERIC | email | - | Please provide a valid address.",
        ),
        (
            "offsets with and without errors",
            r#"{"offsets":[{"partition":0,"offset":5,"error_code":null,"error":null},{"partition":null,"offset":null,"error_code":50002,"error":"Topic is closed"}]}"#,
            "50002 | - | - | Topic is closed",
        ),
        (
            "messages of a label",
            r#"{"object_state":"VALID","status":"ERROR","tracking_number":"","messages":[{"source":"UPS","code":"120","text":"Postal code is of another state"}]}"#,
            "120 | - | - | Postal code is of another state",
        ),
        (
            "validation status of a catalogue",
            r#"{"handles":[],"validation_status":[{"retailer_id":"sku-1","errors":[{"message":"Currency is not valid"}],"warnings":[{"message":"Use a larger image"}]}]}"#,
            "- | - | - | Currency is not valid",
        ),
        (
            "entries of a feed",
            r#"{"entries":[{"batchId":1,"product":{"offerId":"9"}},{"batchId":2,"errors":{"code":400,"message":"[price] Missing required attribute","errors":[{"domain":"content","reason":"required","message":"[price] Missing required attribute"}]}}]}"#,
            "400 | - | - | [price] Missing required attribute",
        ),
        (
            "error messages as a list",
            r#"{"error_code":"BAD_VALUE","error_messages":["Bad value: order_lines[0].tax_rate"],"correlation_id":"c"}"#,
            "BAD_VALUE | - | - | Bad value: order_lines[0].tax_rate",
        ),
        (
            "details by field",
            r#"{"error":"RecordInvalid","description":"Record validation errors","details":{"name":[{"description":"Name: cannot be blank","error":"BlankValue"}]}}"#,
            "BlankValue | name | - | Name: cannot be blank",
        ),
        (
            "numbers of errors in a batch",
            r#"{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"CONFLICT","message":"Contact already exists","context":{"ids":["1"]}}]}"#,
            "CONFLICT | - | - | Contact already exists",
        ),
        (
            "a cause list",
            r#"{"success":false,"message":"body.invalid_fields","error":"Bad Request","cause":[{"code":"item.price.invalid","message":"Item price must be a number"}]}"#,
            "item.price.invalid | - | - | Item price must be a number",
        ),
        (
            "errors by name in an object of the answer",
            r#"{"isSuccess":false,"message":null,"validationErrors":{"Quantity":["Miktar sıfır olamaz"]}}"#,
            "- | Quantity | - | Miktar sıfır olamaz",
        ),
        (
            "parts with a code of HTTP",
            r#"{"compositeResponse":[{"httpStatusCode":201,"body":{"id":"1","success":true,"errors":[]}},{"httpStatusCode":404,"body":[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist"}]}]}"#,
            "NOT_FOUND | - | - | Provided external ID field does not exist",
        ),
        (
            "a message with a severity in data",
            r#"{"data":{"order":{"ref":"1"},"messages":[{"severity":"ERROR","code":"E7","text":"Limit of the customer is reached"}]}}"#,
            "E7 | - | - | Limit of the customer is reached",
        ),
        (
            "rows in a map by key",
            r#"{"results":{"K-1":{"ok":true},"K-2":{"ok":false,"error":"Variant is archived"}}}"#,
            "- | - | - | Variant is archived",
        ),
        (
            "an SMS gateway",
            r#"{"response":{"status":{"code":"401","description":"Kullanici bilgileri hatali"}}}"#,
            "401 | - | - | Kullanici bilgileri hatali",
        ),
        (
            "an order with a flag for each line",
            r#"{"siparisNo":"S-9","satirlar":[{"stokKodu":"L-1","durum":"OK"},{"stokKodu":"L-2","durum":"HATA","mesaj":"Birim çevrimi yok"}]}"#,
            "- | - | L-2 | Birim çevrimi yok",
        ),
        (
            "a nested exception",
            r#"{"success":false,"message":"Request processing failed; nested exception is java.lang.IllegalStateException: Period is closed"}"#,
            "java.lang.IllegalStateException | - | - | Period is closed",
        ),
        (
            "Spring's rejected values",
            r#"{"error":"Bad Request","errors":[{"codes":["Size.order.note"],"defaultMessage":"size must be between 0 and 50","objectName":"order","field":"note","rejectedValue":"x","code":"Size"}]}"#,
            "Size | note | - | size must be between 0 and 50",
        ),
        (
            "a bank",
            "<CC5Response><OrderId>O-1</OrderId><Response>Declined</Response><ProcReturnCode>51</ProcReturnCode><ErrMsg>Limit yetersiz</ErrMsg></CC5Response>",
            "51 | - | O-1 | Limit yetersiz",
        ),
        (
            "a market in Japan",
            "<result><status><systemStatus>OK</systemStatus></status><code>C001</code><errorMessage>itemUrl is required</errorMessage></result>",
            "C001 | - | - | itemUrl is required",
        ),
        (
            "an element of errors with numbers",
            "<Response><Error><Number>-2147219401</Number><Source>clsAMS</Source><Description>Address Not Found.</Description></Error></Response>",
            "-2147219401 | - | - | Address Not Found.",
        ),
        (
            "the outcome of a service of a carrier",
            "<Sonuc><IslemKodu>X</IslemKodu><HataVar>true</HataVar><HataAciklama>Desi sıfır</HataAciklama></Sonuc>",
            "- | - | - | Desi sıfır",
        ),
    ]);
}

#[test]
fn answers_of_the_third_round() {
    check(&[
        (
            "a German service",
            r#"{"ergebnis":null,"errors":[{"kennung":"X","errorText":"Artikel ist gesperrt","errorCode":"ART-9"}]}"#,
            "ART-9 | - | - | Artikel ist gesperrt",
        ),
        (
            "a Russian service",
            r#"{"result":[{"offer_id":"R-1","updated":false,"errors":[{"code":"SKU_NOT_FOUND","message":"Товар не найден"}]},{"offer_id":"R-2","updated":true,"errors":[]}]}"#,
            "SKU_NOT_FOUND | - | - | Товар не найден",
        ),
        (
            "a Chinese service",
            r#"{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isv.item-not-exist","sub_msg":"该商品不存在","request_id":"r"}}"#,
            "15 | - | - | Remote service error",
        ),
        (
            "a Spanish service",
            r#"{"success":false,"error":{"codigo":"E-3","message":"El pedido ya existe"}}"#,
            "- | - | - | El pedido ya existe",
        ),
        (
            "JSON:API",
            r#"{"errors":[{"status":"422","title":"Invalid attribute","detail":"Tax id is taken","source":{"pointer":"/data/attributes/tax_id"},"code":"taken"}]}"#,
            "taken | tax_id | - | Tax id is taken",
        ),
        (
            "two errors in a list",
            r#"{"success":false,"errors":["Fiyat zorunlu","Stok zorunlu"]}"#,
            "- | - | - | Fiyat zorunlu\n- | - | - | Stok zorunlu",
        ),
        (
            "a state with a reason in data",
            r#"{"data":{"status":"REJECTED","rejectReason":"Marka onaysız"}}"#,
            "- | - | - | Marka onaysız",
        ),
        (
            "a state and a text in lists of lists",
            r#"{"result":{"batches":[[{"barcode":"869055","state":"error","message":"Barkod kayıtlı"}]]}}"#,
            "- | - | 869055 | Barkod kayıtlı",
        ),
        (
            "a numeric status with a message",
            r#"{"status":500,"message":"Beklenmeyen bir durum: kilit"}"#,
            "- | - | - | Beklenmeyen bir durum: kilit",
        ),
        (
            "an inner status in data",
            r#"{"data":{"statusCode":422,"detail":"Weight must be positive"}}"#,
            "- | - | - | Weight must be positive",
        ),
        (
            "flags as texts",
            r#"{"IsSuccess":"False","ErrorMessage":"Oturum süresi doldu"}"#,
            "- | - | - | Oturum süresi doldu",
        ),
        (
            "flags as numbers",
            r#"{"basarili":0,"mesaj":"Lisans bitti"}"#,
            "- | - | - | Lisans bitti",
        ),
        (
            "an error flag with a text",
            r#"{"hata":true,"mesaj":"Cari yok"}"#,
            "- | - | - | Cari yok",
        ),
        (
            "an exception with its name",
            r#"{"exc_type":"DoesNotExistError","_server_messages":"[\"{\\\"message\\\": \\\"Item Q-1 not found\\\"}\"]","exception":"frappe.exceptions.DoesNotExistError: Item Q-1 not found"}"#,
            "DoesNotExistError | - | - | Item Q-1 not found",
        ),
        (
            "rows by index",
            r#"{"errors":{"0":{"price":["Must be positive"]},"3":{"sku":["Unknown"]}}}"#,
            "- | price | - | Must be positive\n- | sku | - | Unknown",
        ),
        (
            "an error beside data",
            r#"{"data":{"order":null},"errors":[{"message":"Order is closed","path":["order"],"extensions":{"code":"CONFLICT"}}]}"#,
            "CONFLICT | order | - | Order is closed",
        ),
        (
            "a summary with lines",
            r#"{"ok":false,"error":{"message":"Validation error","details":["qty: too big","unit: unknown"]}}"#,
            "- | - | - | qty: too big\n- | - | - | unit: unknown",
        ),
        (
            "a list of parts of one order",
            r#"{"orderNumber":"P-5","lines":[{"sku":"P-5a","result":{"success":true}},{"sku":"P-5b","result":{"success":false,"message":"Out of stock"}}]}"#,
            "- | - | P-5b | Out of stock",
        ),
        (
            "a page of login",
            "<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body>x</body></html>",
            "- | - | - | 403 Forbidden",
        ),
        (
            "a form",
            "ACK=Failure&L_ERRORCODE0=10002&L_LONGMESSAGE0=Security+header+is+not+valid",
            "10002 | - | - | Security header is not valid",
        ),
        (
            "a code and a text by a bar",
            "ERR|1043|Musteri bulunamadi",
            "- | - | - | ERR|1043|Musteri bulunamadi",
        ),
        (
            "a group that was rejected",
            "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*1200*U*00401*000000001*0*P*>~GS*FA*A*B*20260101*1200*1*X*004010~ST*997*0001~AK1*PO*1~AK9*R*1*1*0~SE*4*0001~",
            "R | - | - | rejected: AK9*R*1*1*0",
        ),
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
