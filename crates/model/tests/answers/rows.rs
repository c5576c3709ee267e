//! Parts and rows that failed, with their keys.

use crate::check;

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
