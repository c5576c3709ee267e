//! Answers of more systems.

use crate::check;

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
        (
            "a negative result beside a text",
            r#"{"Items":[{"ItemCode":"A","Result":0,"ResultMessage":"OK"},{"ItemCode":"B","Result":-5,"ResultMessage":"Stok kartı yok"}]}"#,
            "- | - | B | Stok kartı yok",
        ),
        (
            "a state of failure in an element of any name",
            "<soap:Envelope><soap:Body><r><Durum>HATA</Durum><Mesaj>Ürün kodu yok</Mesaj></r></soap:Body></soap:Envelope>",
            "- | - | - | Ürün kodu yok",
        ),
        (
            "a list of what failed beside a flag",
            r#"{"success":true,"data":{"failed_items":[{"sku":"Q","reason":"Duplicate barcode"}],"items":[{"sku":"P"}]}}"#,
            "- | - | Q | Duplicate barcode",
        ),
    ]);
}
