//! Answers in XML.

use crate::check;

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
