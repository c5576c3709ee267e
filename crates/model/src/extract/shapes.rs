//! Where the records of a document stand: one row a shape, with the statuses of the exchanges in it.
//!
//! `@A`, `@B` and `@C` are records with the statuses 400, 200 and 404; `#A` is a record as JSON in a text.

use super::*;

const RECORDS: [(&str, &str); 3] = [
    (
        "A",
        r#"{"request":{"method":"POST","url":"https://erp.example/a","body":{"sku":"A-1"}},"response":{"status":400,"body":{"detail":"yok"}},"errors":["yok"]}"#,
    ),
    (
        "B",
        r#"{"method":"PUT","url":"https://erp.example/b","status":200,"request_body":"{\"sku\":\"B-1\"}","response_body":"{\"id\":1}"}"#,
    ),
    ("C", r#"{"request_body":{"sku":"C-1"},"response_body":"yok","status_code":404}"#),
];

#[rustfmt::skip]
const CASES: &[(&str, &str, &str)] = &[
    // Lists under any name.
    ("a list under a name of a flag", r#"{"success":[@A,@B]}"#, "400 200"),
    ("the same, with a count", r#"{"ok":[@A,@B,@C],"count":3}"#, "400 200 404"),
    ("two lists under names of outcomes", r#"{"success":[@B,@B],"failed":[@A]}"#, "200 200 400"),
    ("two lists, the second of errors", r#"{"successful":[@B],"errors":[@A,@C]}"#, "200 400 404"),
    ("three lists", r#"{"created":[@B],"updated":[@B],"exception":[@A]}"#, "200 200 400"),
    ("a list under a name of a message part", r#"{"headers":[@A,@B],"status":[@C]}"#, "400 200 404"),
    ("lists under request and response", r#"{"request":[@A],"response":[@B,@C]}"#, "400 200 404"),
    ("lists of one length under request and response", r#"{"request":[@A,@A],"response":[@B,@B]}"#, "400 400 200 200"),
    ("a list beside a number of the envelope", r#"{"code":200,"message":"OK","data":[@A,@B]}"#, "400 200"),
    ("a list beside a status of the envelope", r#"{"status":200,"data":[@A,@B]}"#, "400 200"),
    ("a list inside data beside a status", r#"{"status_code":200,"data":{"page":1,"rows":[@A,@B]}}"#, "400 200"),
    ("a list beside an address of the envelope", r#"{"url":"https://i.example/logs","status":200,"body":[@A,@B]}"#, "400 200"),
    ("maps under names of outcomes", r#"{"success":{"1":@B,"2":@B},"failed":{"3":@A}}"#, "200 200 400"),
    ("a map under a name of a key", r#"{"sku":{"A-1":@A,"B-1":@B}}"#, "400 200"),
    ("a list under the name of an id", r#"{"id":[@A,@B],"key":[@C]}"#, "400 200 404"),
    ("lists under method, url, duration", r#"{"method":[@A],"url":[@B],"duration":[@C]}"#, "400 200 404"),
    ("Turkish names of outcomes", r#"{"başarılı":[@B],"hatalı":[@A],"bekleyen":[@C]}"#, "200 400 404"),
    ("deep below names of outcomes", r#"{"ok":{"2026-11-01":{"price":[@B]}},"errors":{"2026-11-01":{"price":[@A,@C]}}}"#, "200 400 404"),
    ("a single record under a name of a flag", r#"{"success":@B}"#, "200"),
    ("a list of texts under a name of a flag", r##"{"success":["#A","#B"],"count":2}"##, "400 200"),
    ("records in lists of lists", r"[[@A,@B],[@C]]", "400 200 404"),
    ("pages in a list", r#"[{"page":1,"success":[@B],"failed":[@A]},{"page":2,"success":[@B],"failed":[]}]"#, "200 400 200"),
    ("a sole list behind ten others of numbers", r#"{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1],"g":[1],"h":[1],"i":[1],"j":[1],"k":[@A,@B]}"#, "400 200"),
    ("records behind elements of another kind", r#"{"logs":[{"v":1},{"v":2},{"v":3},{"v":4},{"v":5},@A,@B]}"#, "400 200"),

    // What is no list of records.
    ("errors beside a status", r#"{"status":400,"request_body":{"sku":"A-1"},"errors":[{"field":"price","message":"low"},{"message":"x"}]}"#, "400"),
    ("rows of a bulk request and their answers", r#"{"request":[{"sku":"A-1"},{"sku":"B-1"}],"response":[{"status":200},{"status":400,"errors":["x"]}],"status_code":207}"#, "207"),
    ("an answer that is a list of logged calls", r#"{"request":{"method":"GET","url":"https://i.example/logs"},"response":{"status":200,"body":[@A,@B]}}"#, "200"),
    ("the same with a body by its name", r#"{"method":"GET","url":"https://i.example/logs","status":200,"response_body":{"results":[@A,@B]}}"#, "200"),
    ("headers as pairs", r#"{"method":"GET","url":"https://i.example/x","status":200,"headers":[{"name":"a","value":"b"}],"response_body":"x"}"#, "200"),
    ("links of an answer", r#"{"method":"GET","url":"https://i.example/x","status":200,"links":[{"rel":"self","href":"https://i.example/x","method":"GET"}]}"#, "200"),
    ("attempts with nothing but their status", r#"{"method":"GET","url":"https://i.example/x","status":200,"attempts":[{"status":503,"at":"2026-03-01T10:00:00Z"},{"status":200}]}"#, "200"),

    // Exchanges inside exchanges.
    ("calls of a call", r#"{"request":{"method":"POST","url":"https://erp.example/a"},"response":{"status":502},"calls":[@A,@B]}"#, "502 400 200"),
    ("children at two levels", r#"[{"method":"POST","url":"https://erp.example/p","status":500,"children":[{"method":"POST","url":"https://erp.example/q","status":501,"children":[@A]}]}]"#, "500 501 400"),
    ("retries that are records", r#"{"logs":[{"request_body":{"sku":"A-1"},"response_body":"x","status_code":200,"retries":[@A,@C]},@B]}"#, "200 400 404 200"),
    ("sub requests by their names", r#"{"method":"POST","url":"https://erp.example/a","status":207,"request_body":{"n":2},"sub_requests":{"first":@A,"second":@B}}"#, "207 400 200"),
    ("a trace with calls", r#"{"method":"POST","url":"https://erp.example/a","status":500,"response_body":"x","trace":{"count":2,"calls":[@A,@B]}}"#, "500 400 200"),
    ("a call under its own name", r#"{"method":"POST","url":"https://erp.example/a","status":500,"request_body":"x","inner":@A}"#, "500 400"),

    // Tables.
    ("columns by their index", r#"{"method":{"0":"POST","1":"PUT"},"url":{"0":"https://erp.example/a","1":"https://erp.example/b"},"status":{"0":400,"1":200}}"#, "400 200"),
    ("columns by their index, within data", r#"{"data":{"request_body":{"7":"{}","8":"{}","9":"{}"},"status_code":{"7":400,"8":200,"9":404},"sku":{"7":"A","8":"B","9":"C"}}}"#, "400 200 404"),
    ("columns as lists", r#"{"method":["POST","PUT"],"url":["https://erp.example/a","https://erp.example/b"],"status":[400,200]}"#, "400 200"),
    ("columns as lists, with a count", r#"{"n":3,"url":["/a","/b","/c"],"status_code":[400,200,404],"response_body":["x","y","z"]}"#, "400 200 404"),
    ("names and rows", r#"{"columns":["method","url","status"],"index":[0,1],"data":[["POST","https://erp.example/a",400],["PUT","https://erp.example/b",200]]}"#, "400 200"),
    ("names and one row", r#"{"columns":["method","url","status"],"data":[["POST","https://erp.example/a",400]]}"#, "400"),
    ("names as objects, rows", r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"timestamp","type":"datetime"},{"name":"url","type":"string"},{"name":"resultCode","type":"string"}],"rows":[["2026-03-01T10:00:00Z","https://erp.example/a","400"],["2026-03-01T10:00:01Z","https://erp.example/b","200"]]}]}"#, "400 200"),
    ("series of a database of times", r#"{"results":[{"series":[{"name":"calls","columns":["time","method","url","status"],"values":[["2026-03-01T10:00:00Z","POST","/a",400],["2026-03-01T10:00:01Z","PUT","/b",200]]}]}]}"#, "400 200"),
    ("rows of cells with a schema", r#"{"schema":{"fields":[{"name":"method","type":"STRING"},{"name":"url","type":"STRING"},{"name":"status","type":"INTEGER"}]},"rows":[{"f":[{"v":"POST"},{"v":"https://erp.example/a"},{"v":"400"}]},{"f":[{"v":"PUT"},{"v":"https://erp.example/b"},{"v":"200"}]}],"totalRows":"2"}"#, "400 200"),
    ("rows of cells with a head", r#"{"ResultSet":{"Rows":[{"Data":[{"VarCharValue":"method"},{"VarCharValue":"url"},{"VarCharValue":"status"}]},{"Data":[{"VarCharValue":"POST"},{"VarCharValue":"https://erp.example/a"},{"VarCharValue":"400"}]},{"Data":[{"VarCharValue":"PUT"},{"VarCharValue":"https://erp.example/b"},{"VarCharValue":"200"}]}]}}"#, "400 200"),
    ("rows with a head", r#"[["method","url","status"],["POST","https://erp.example/a",400],["PUT","https://erp.example/b",200]]"#, "400 200"),
    ("rows with a head, within a sheet", r#"{"range":"Sheet1!A1:C3","majorDimension":"ROWS","values":[["method","url","status"],["POST","https://erp.example/a","400"],["PUT","https://erp.example/b","200"]]}"#, "400 200"),
    ("rows without a head", r#"[["https://erp.example/a","POST",400],["https://erp.example/b","PUT",200]]"#, "400 200"),
    ("rows without a head, with bodies and more", r#"[["2026-03-01T10:00:00Z",7,"POST","https://erp.example/a","{\"sku\":\"A-1\"}",400,"{}","x"],["2026-03-01T10:00:00Z",8,"PUT","https://erp.example/b","{}",200,"{}",null]]"#, "400 200"),
    ("rows of products without a head", r#"[["A-1","https://cdn.example/a.jpg",200],["B-1","https://cdn.example/b.jpg",150]]"#, ""),
    ("a table with a schema and objects", r#"{"schema":{"fields":[{"name":"index","type":"integer"},{"name":"method","type":"string"}]},"data":[@B,@B]}"#, "200 200"),
    ("cells that are bodies", r#"{"fields":["request_body","response_body","status_code"],"records":[[{"sku":"A-1"},{"detail":"yok"},400],["{\"sku\":\"B-1\"}","{}",200]]}"#, "400 200"),
    ("a table of products is no log", r#"{"columns":["sku","price"],"data":[["A-1",10],["B-1",20]]}"#, ""),
    ("a table inside an answer", r#"{"method":"GET","url":"https://erp.example/a","status":200,"response_body":{"columns":["method","url","status"],"rows":[["POST","/a",400],["PUT","/b",200]]}}"#, "200"),

    // Exports.
    ("streams of a log store", r##"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"app":"x"},"values":[["1772359200000000000","#A"],["1772359201000000000","#B"]]}]}}"##, "400 200"),
    ("results with a raw line", r##"{"preview":false,"offset":0,"result":{"_time":"2026-03-01T10:00:00Z","source":"x","_raw":"#A"}}"##, "400"),
    ("raw lines of two results", "{\"preview\":false,\"result\":{\"_raw\":\"#A\"}}\n{\"preview\":false,\"result\":{\"_raw\":\"#B\",\"host\":\"w\"}}", "400 200"),
    ("events of a log group", r##"{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[{"id":"1","timestamp":1772359200000,"message":"#A"},{"id":"2","timestamp":1772359201000,"message":"#B"}]}"##, "400 200"),
    ("results of a query as pairs", r#"{"results":[[{"field":"method","value":"POST"},{"field":"url","value":"https://erp.example/a"},{"field":"status","value":"400"}],[{"field":"method","value":"PUT"},{"field":"url","value":"https://erp.example/b"},{"field":"status","value":"200"}]],"status":"Complete"}"#, "400 200"),
    ("hits of an index", r#"{"took":3,"hits":{"total":{"value":2},"hits":[{"_index":"l","_id":"1","_source":@A},{"_index":"l","_id":"2","_source":@B}]}}"#, "400 200"),
    ("hits inside buckets", r#"{"aggregations":{"by":{"buckets":[{"key":"a","doc_count":2,"top":{"hits":{"hits":[{"_source":@A},{"_source":@B}]}}}]}}}"#, "400 200"),
    ("fields of hits as lists", r#"{"hits":{"hits":[{"_id":"1","fields":{"method":["POST"],"url":["https://erp.example/a"],"status":[400]}},{"_id":"2","fields":{"method":["PUT"],"url":["https://erp.example/b"],"status":[200]}}]}}"#, "400 200"),
    ("runs of a collection", r#"{"collection":{"info":{"name":"c"}},"run":{"stats":{"requests":{"total":2}},"executions":[{"item":{"name":"a"},"request":{"method":"POST","url":{"protocol":"https","host":["erp","example"],"path":["a"]}},"response":{"code":400,"status":"Bad Request","responseTime":31}},{"item":{"name":"b"},"request":{"method":"PUT","url":{"protocol":"https","host":["erp","example"],"path":["b"]}},"response":{"code":200,"status":"OK"}}]}}"#, "400 200"),
    ("edges and nodes", r#"{"data":{"logs":{"edges":[{"node":@A,"cursor":"x"},{"node":@B}],"pageInfo":{"hasNextPage":false}}}}"#, "400 200"),
    ("results inside d", r#"{"d":{"results":[@A,@B]}}"#, "400 200"),
    ("value beside a context", r#"{"@odata.context":"x","value":[@A,@B]}"#, "400 200"),
    ("attributes of resources", r#"{"data":[{"type":"logs","id":"1","attributes":@B},{"type":"logs","id":"2","attributes":{"method":"POST","url":"https://erp.example/a","status":400}}]}"#, "200 400"),
    ("spans of a trace", r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"x"}}]},"scopeSpans":[{"scope":{"name":"h"},"spans":[{"name":"POST","attributes":[{"key":"http.request.method","value":{"stringValue":"POST"}},{"key":"url.full","value":{"stringValue":"https://erp.example/a"}},{"key":"http.response.status_code","value":{"intValue":"400"}}]},{"name":"PUT","attributes":[{"key":"http.request.method","value":{"stringValue":"PUT"}},{"key":"url.full","value":{"stringValue":"https://erp.example/b"}},{"key":"http.response.status_code","value":{"intValue":200}}]}]}]}]}"#, "400 200"),
    ("spans with tags as a map", r#"[[{"traceId":"t","id":"1","kind":"CLIENT","tags":{"http.method":"POST","http.url":"https://erp.example/a","http.status_code":"400"}},{"traceId":"t","id":"2","kind":"CLIENT","tags":{"http.method":"PUT","http.url":"https://erp.example/b","http.status_code":"200"}}]]"#, "400 200"),
    ("items of a key-value store", r#"{"Items":[{"request":{"M":{"method":{"S":"POST"},"url":{"S":"https://erp.example/a"},"body":{"M":{"sku":{"S":"A-1"}}}}},"response":{"M":{"status":{"N":"400"},"body":{"S":"yok"}}}},{"method":{"S":"PUT"},"url":{"S":"https://erp.example/b"},"status":{"N":"200"}}],"Count":2}"#, "400 200"),
    ("documents of a store with typed values", r#"{"documents":[{"name":"projects/p/documents/logs/1","fields":{"method":{"stringValue":"POST"},"url":{"stringValue":"https://erp.example/a"},"status":{"integerValue":"400"}},"createTime":"2026-03-01T10:00:00Z"},{"name":"x","fields":{"request":{"mapValue":{"fields":{"method":{"stringValue":"PUT"},"url":{"stringValue":"https://erp.example/b"}}}},"response":{"mapValue":{"fields":{"status":{"integerValue":"200"}}}}}}]}"#, "400 200"),
    ("documents with extended JSON", r#"[{"_id":{"$oid":"64b1"},"method":"POST","url":"https://erp.example/a","status":{"$numberInt":"400"},"createdAt":{"$date":{"$numberLong":"1772359200000"}}},{"_id":{"$oid":"64b2"},"method":"PUT","url":"https://erp.example/b","status":{"$numberLong":"200"}}]"#, "400 200"),
    ("elements of XML with texts", r##"{"logs":{"log":[{"method":{"#text":"POST"},"url":{"#text":"https://erp.example/a"},"status":{"#text":"400"}},{"method":{"#text":"PUT"},"url":{"#text":"https://erp.example/b"},"status":{"#text":"200"}}]}}"##, "400 200"),
    ("elements of XML with attributes", r#"{"logs":{"log":[{"$":{"method":"POST","url":"https://erp.example/a","status":"400"}},{"$":{"method":"PUT","url":"https://erp.example/b","status":"200"}}]}}"#, "400 200"),
    ("attributes of XML beside elements", r#"{"logs":{"log":[{"@method":"POST","@url":"https://erp.example/a","@status":"400"},{"-method":"PUT","-url":"https://erp.example/b","-status":"200"}]}}"#, "400 200"),
    ("events of a structured logger", "{\"@t\":\"2026-03-01T10:00:00Z\",\"@mt\":\"x\",\"Method\":\"POST\",\"Url\":\"https://erp.example/a\",\"StatusCode\":400}\n{\"Timestamp\":\"2026-03-01T10:00:00Z\",\"Level\":\"Error\",\"Properties\":{\"Method\":\"PUT\",\"Url\":\"https://erp.example/b\",\"StatusCode\":200}}", "400 200"),
    ("saved answers of a collection in folders", r#"{"info":{"name":"c","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},"item":[{"name":"f","item":[{"name":"a","request":{"method":"POST","url":{"raw":"https://erp.example/a"}},"response":[{"name":"x","originalRequest":{"method":"POST","url":{"raw":"https://erp.example/a"}},"status":"Bad Request","code":400,"body":"yok"}]},{"name":"b","request":{"method":"GET","url":"https://erp.example/b"},"response":[]}]}]}"#, "400"),
    ("lines of a log that end in JSON", r#"{"data":{"result":[{"stream":{},"values":[["1772359200000000000","2026-03-01 10:00:00 INFO call {\"method\":\"POST\",\"url\":\"https://erp.example/a\",\"status\":400}"],["1772359200000000001","started"]]}]}}"#, "400"),
    ("messages that end in JSON", r#"[{"timestamp":1772359200000,"message":"2026-03-01T10:00:00Z\t8f1\tINFO\t{\"request\":{\"method\":\"POST\",\"url\":\"https://erp.example/a\"},\"response\":{\"status\":400}}\n"},{"timestamp":1772359200001,"message":"END RequestId: 8f1"}]"#, "400"),
    ("lines in a list", r#"["INFO {\"method\":\"POST\",\"url\":\"https://erp.example/a\",\"status\":400,\"response_body\":\"{}\"}","WARN {\"retry\":1}"]"#, "400"),
    ("records of a stream in base64 are not read here", r#"{"Records":[{"kinesis":{"data":"eyJ4IjoxfQ=="}}]}"#, ""),
    ("an index of runs with calls by step", r#"{"runs":{"2026-11-01":{"steps":{"write_prices":{"calls":[@A,@B]},"write_stock":{"calls":[@C]}}}}}"#, "400 200 404"),
    ("calls beside their summary", r#"{"summary":{"success":1,"failed":1},"failed":1,"success":1,"details":[@A,@B]}"#, "400 200"),
    ("responses of one request by name", r#"{"results":{"ok":{"count":1,"items":[@B]},"error":{"count":2,"items":[@A,@C]}}}"#, "200 400 404"),
    ("requests and responses in two lists", r#"{"requests":[{"method":"POST","url":"https://erp.example/a","body":{"sku":"A-1"}},{"method":"PUT","url":"https://erp.example/b"}],"responses":[{"status":400,"body":{"detail":"yok"}},{"status":200,"body":"{}"}]}"#, "400 200"),
    ("requests and responses in two maps", r#"{"requests":{"1":{"method":"POST","url":"https://erp.example/a","body":{"sku":"A-1"}},"2":{"method":"PUT","url":"https://erp.example/b"}},"responses":{"1":{"status":400,"body":{"detail":"yok"}},"2":{"status":200,"body":"{}"}}}"#, "400 200"),
    ("a text that is a list of calls inside a call", r##"{"method":"POST","url":"https://erp.example/p","status":500,"request_body":"{}","attempts":"#A"}"##, "500 400"),
    ("a map under the name of an answer", r#"{"response":{"1":@A,"2":@B}}"#, "400 200"),
    ("a table under the name of an answer", r#"{"status":"ok","response":{"columns":["method","url","status"],"rows":[["POST","https://erp.example/a",400],["PUT","https://erp.example/b",200]]}}"#, "400 200"),
    ("answers with their statuses, whose requests were not kept", r#"{"ok":true,"code":200,"data":[{"sku":"A-1","status_code":422,"response":{"detail":"x"}},{"sku":"B-1","status_code":200,"response":{}}]}"#, "422 200"),
    ("an error that describes its call", r#"{"method":"POST","url":"https://erp.example/a","status":500,"request_body":"{}","error":{"message":"x","config":{"method":"post","url":"https://erp.example/a"},"response":{"status":500}}}"#, "500"),
    ("a column for each name in a list of columns", r#"{"data":{"url":["https://erp.example/a","https://erp.example/b"],"method":["POST","PUT"],"statusCode":[400,200],"request":[{"sku":"A-1"},{"sku":"B-1"}]}}"#, "400 200"),
    ("columns with a named index", r#"{"method":{"A-1":"POST","B-1":"PUT"},"status_code":{"A-1":400,"B-1":200},"response_body":{"A-1":"x","B-1":"y"}}"#, "400 200"),
    ("a feature collection of calls", r#"{"type":"Collection","features":[{"type":"Feature","properties":@B},{"type":"Feature","properties":@A}]}"#, "200 400"),
    ("entries with request and response lists of headers", r#"{"log":{"entries":[{"request":{"method":"POST","url":"https://erp.example/a","headers":[{"name":"A","value":"b"}],"postData":{"text":"{}"}},"response":{"status":400,"headers":[],"content":{"text":"yok"}},"timings":{"send":1,"wait":2}}]}}"#, "400"),
    ("a map of more records than a record has fields", "@MANY", "@MANY"),
];

/// The statuses of the exchanges of a document, and what was found besides.
fn statuses(document: &str) -> (String, Extracted) {
    let mut statuses = Vec::new();
    let extracted = Extractor::default().extract(document, true, &mut |x| {
        statuses.push(x.status.map_or_else(|| "-".to_owned(), |status| status.to_string()));
    });
    (statuses.join(" "), extracted)
}

/// A document with the records in their places.
fn filled(document: &str) -> String {
    let mut document = document.to_owned();
    for (name, record) in RECORDS {
        let text = serde_json::Value::String(record.to_owned()).to_string();
        document = document.replace(&format!("@{name}"), record);
        document = document.replace(&format!("\"#{name}\""), &text);
    }
    document
}

#[test]
fn records_are_found_wherever_they_stand() {
    let mut wrong = Vec::new();
    for (what, document, wanted) in CASES {
        let (mut document, mut wanted) = (filled(document), (*wanted).to_owned());
        if document == "@MANY" {
            let record = RECORDS[1].1;
            let members: Vec<_> = (0..600).map(|n| format!("\"SKU-{n:06}\":{record}")).collect();
            document = format!("{{{}}}", members.join(","));
            wanted = vec!["200"; 600].join(" ");
        }
        let (got, _) = statuses(&document);
        if got != wanted {
            wrong.push(format!("{what}: wanted {wanted}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

/// Values where an HTTP status belongs, with the status and the outcome of a call with an answer.
#[rustfmt::skip]
const STATUSES: &[(&str, &str)] = &[
    ("400", "400 failed"), ("400.0", "400 failed"), ("4e2", "400 failed"), ("4.0E+2", "400 failed"),
    ("\"400\"", "400 failed"), ("\" 400 \"", "400 failed"), ("\"0400\"", "400 failed"), ("\"400.0\"", "400 failed"),
    ("\"400,0\"", "400 failed"), ("\"400 Bad Request\"", "400 failed"), ("\"HTTP/1.1 400 Bad Request\"", "400 failed"),
    ("\"HTTP 400\"", "400 failed"), ("\"4xx\"", "- failed"), ("\"4XX\"", "- failed"), ("\"2xx\"", "- success"),
    ("{\"$numberInt\":\"400\"}", "400 failed"), ("{\"$numberDouble\":\"400.0\"}", "400 failed"),
    ("{\"N\":\"400\"}", "400 failed"), ("{\"value\":400}", "400 failed"), ("{\"integerValue\":\"400\"}", "400 failed"),
    ("{\"#text\":\"400\"}", "400 failed"), ("[400]", "400 failed"), ("[\"400\"]", "400 failed"),
    ("[400,\"Bad Request\"]", "400 failed"), ("{\"code\":400,\"text\":\"x\"}", "400 failed"),
    ("\"４００\"", "400 failed"), ("\"٤٠٠\"", "400 failed"),
    ("null", "- success"), ("\"\"", "- success"), ("\"-\"", "- success"), ("\"n/a\"", "- success"), ("\"N/A\"", "- success"),
    ("\"gone fishing\"", "- unknown"), ("999", "- unknown"), ("\"40O\"", "- unknown"), ("{}", "- success"),
    ("{\"a\":1}", "- unknown"), ("[1,2]", "- unknown"), ("12", "- unknown"), ("400.5", "- unknown"),
];

#[test]
fn a_status_that_stands_there_is_read_or_unknown() {
    let mut wrong = Vec::new();
    for name in ["status_code", "status", "httpStatus"] {
        for (value, wanted) in STATUSES {
            let record = format!(
                r#"{{"method":"POST","url":"https://erp.example/a","{name}":{value},"response_body":"{{}}"}}"#
            );
            let mut got = Vec::new();
            Extractor::default().extract(&record, true, &mut |x| {
                let status = x.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
                got.push(format!("{status} {}", x.outcome.name()));
            });
            if got != [*wanted] {
                wrong.push(format!("{name} {value}: wanted {wanted}, got {got:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Values where a time belongs; what is not understood stays in `extra`.
#[rustfmt::skip]
const TIMES: &[(&str, &str)] = &[
    ("\"2026-11-28T10:05:06Z\"", "2026-11-28T10:05:06"), ("\"2026-11-28 13:05:06+03:00\"", "2026-11-28T10:05:06"),
    ("\"2026-11-28T10.05.06\"", "2026-11-28T10:05:06"), ("\"2026-11-28 10.05.06.250\"", "2026-11-28T10:05:06"),
    ("\"20261128T100506Z\"", "2026-11-28T10:05:06"), ("\"2026/11/28 10:05\"", "2026-11-28T10:05:00"),
    ("\"28/11/2026\"", "2026-11-28T00:00:00"), ("\"28/11/2026 10:05\"", "2026-11-28T10:05:00"), ("\"28/11/2026, 10:05:06\"", "2026-11-28T10:05:06"),
    ("\"28.11.2026 10:05\"", "2026-11-28T10:05:00"), ("\"28.11.2026 10:05:06,250\"", "2026-11-28T10:05:06"), ("\"28.11.2026 - 10:05\"", "2026-11-28T10:05:00"),
    ("\"28-11-2026 10:05:06\"", "2026-11-28T10:05:06"), ("\"28-Nov-2026 10:05:06\"", "2026-11-28T10:05:06"),
    ("\"28 Kasım 2026 10:05\"", "2026-11-28T10:05:00"), ("\"28 Kasim 2026 10:05:06\"", "2026-11-28T10:05:06"), ("\"28 Kas 2026 10:05\"", "2026-11-28T10:05:00"),
    ("\"1 Ocak 2026 10:05\"", "2026-01-01T10:05:00"), ("\"1 Şubat 2026\"", "2026-02-01T00:00:00"), ("\"1 Ağustos 2026 10:05\"", "2026-08-01T10:05:00"),
    ("\"28 Kasım 2026 Cumartesi 10:05\"", "2026-11-28T10:05:00"), ("\"Cumartesi, 28 Kasım 2026 10:05\"", "2026-11-28T10:05:00"),
    ("\"Sat, 28 Nov 2026 10:05:06 GMT\"", "2026-11-28T10:05:06"), ("\"Sat Nov 28 10:05:06 2026\"", "2026-11-28T10:05:06"), ("\"Nov 28, 2026 10:05:06 AM\"", "2026-11-28T10:05:06"),
    ("\"11/28/2026 10:05:06 PM\"", "2026-11-28T22:05:06"), ("\"2026-11-28 10:05:06 PM\"", "2026-11-28T22:05:06"),
    ("1795860306", "2026-11-28T10:05:06"), ("1795860306250", "2026-11-28T10:05:06"), ("\"1795860306250\"", "2026-11-28T10:05:06"),
    ("1795860306250000", "2026-11-28T10:05:06"), ("\"1795860306250000000\"", "2026-11-28T10:05:06"), ("1795860306.25", "2026-11-28T10:05:06"),
    ("\"/Date(1795860306000+0300)/\"", "2026-11-28T10:05:06"), ("\"\\/Date(1795860306000)\\/\"", "2026-11-28T10:05:06"),
    ("{\"$date\":\"2026-11-28T10:05:06Z\"}", "2026-11-28T10:05:06"), ("{\"$date\":1795860306000}", "2026-11-28T10:05:06"), ("{\"$date\":{\"$numberLong\":\"1795860306000\"}}", "2026-11-28T10:05:06"),
    ("[2026,11,28,10,5,6]", "2026-11-28T10:05:06"), ("{\"seconds\":1795860306,\"nanos\":1}", "2026-11-28T10:05:06"), ("{\"_seconds\":1795860306,\"_nanoseconds\":0}", "2026-11-28T10:05:06"),
    ("{\"timestampValue\":\"2026-11-28T10:05:06Z\"}", "2026-11-28T10:05:06"), ("[\"2026-11-28T10:05:06Z\"]", "2026-11-28T10:05:06"),
    ("\"11/12/2022\"", "extra"), ("\"yesterday\"", "extra"), ("46354.42", "extra"), ("\"31.02.2026\"", "extra"), ("{\"a\":1}", "extra"),
];

#[test]
fn a_time_that_stands_there_is_read_or_kept() {
    let mut wrong = Vec::new();
    for (value, wanted) in TIMES {
        let record = format!(
            r#"{{"method":"POST","url":"https://erp.example/a","status_code":200,"created_at":{value}}}"#
        );
        let mut got = String::new();
        Extractor::default().extract(&record, true, &mut |x| {
            got = match (x.started_at, x.extra) {
                (Some(at), None) => at.to_string()[..19].to_owned(),
                (None, Some(_)) => "extra".to_owned(),
                other => format!("{other:?}"),
            };
        });
        if got != *wanted {
            wrong.push(format!("{value}: wanted {wanted}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Documents in which something looks like calls and stands where nothing is read: exchanges, place, count.
#[rustfmt::skip]
const UNREAD: &[(&str, &str, &str, &str, u32)] = &[
    ("calls deeper than containers may nest", r#"{"logs":[@B],"x":[[[[[[[[[[[[[[@A,@C]]]]]]]]]]]]]]}"#, "200", "/x", 2),
    ("rows of a call among rows of another width", r#"[@B,{"notes":[["POST","https://erp.example/a",400],["x"],7]}]"#, "200", "/1/notes", 1),
    ("rows beside calls", r#"{"logs":[@B],"older":[["x"],["POST","https://erp.example/a",400],["PUT","https://erp.example/b",200]]}"#, "200", "/older", 2),
    ("logs among the entries of a recorder", r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://i.example/"},"response":{"status":200,"content":{"text":"x"}}},{"request":{"method":"GET","url":"https://i.example/logs/1"},"response":{"status":200,"content":{"size":9,"encoding":"base64","text":"UEsDBBQAAAAIALqNfF1WF3w4EAEAAKcDAAAKAAAAOTAwMDEuanNvbrWST2sDIRDFv4p4aqG7"}}}]}}"#, "200 200", "/log/entries/1", 1),
    ("the log itself as the answer of the only call", r#"{"method":"GET","url":"https://i.example/download/1","status":200,"response_body":"UEsDBBQAAAAIALqNfF1WF3w4EAEAAKcDAAAKAAAAOTAwMDEuanNvbrWST2sDIRDFv4p4aqG7"}"#, "200", "", 1),
];

#[test]
fn what_looks_like_calls_and_is_not_read_is_reported() {
    for (what, document, wanted, pointer, count) in UNREAD {
        let (got, account) = statuses(&filled(document));
        let unread = account.unread.map(|unread| (unread.pointer, unread.count));
        assert_eq!(
            (got.as_str(), unread),
            (*wanted, Some(((*pointer).to_owned(), *count))),
            "{what}"
        );
    }
    // Nothing in documents that are understood.
    for (what, document, _) in CASES.iter().filter(|(_, document, _)| *document != "@MANY") {
        assert_eq!(statuses(&filled(document)).1.unread, None, "{what}");
    }
}

/// Records with a body whose side no name says: what it is, request or response.
#[rustfmt::skip]
const SOLE_BODIES: &[(&str, &str)] = &[
    (r#"{"status":200,"content":"x"}"#, "response"), (r#"{"status_code":500,"body":{"a":1}}"#, "response"),
    (r#"{"status_code":200,"data":{"a":1}}"#, "response"), (r#"{"status_code":"200 OK","payload":{"a":1}}"#, "response"),
    (r#"{"statusCode":200,"result":{"a":1}}"#, "response"), (r#"{"statusCode":"gone fishing","body":"x"}"#, "response"),
    (r#"{"status_code":"4xx","body":"x"}"#, "response"),
    (r#"{"url":"https://erp.example/a","status_code":404,"text":"x"}"#, "response"),
    (r#"{"url":"https://erp.example/a","status_code":404,"content":"x","headers":{"a":"b"}}"#, "response"),
    (r#"{"method":"GET","url":"https://erp.example/a","status":200,"body":"x"}"#, "response"),
    (r#"{"method":"POST","url":"https://erp.example/a","body":{"sku":"A-1"}}"#, "request"),
    (r#"{"method":"POST","url":"https://erp.example/a","payload":{"sku":"A-1"}}"#, "request"),
    (r#"{"method":"POST","url":"https://erp.example/a","status":400,"body":{"sku":"A-1"},"response_body":"x"}"#, "both"),
];

#[test]
fn a_sole_body_beside_a_status_is_the_answer() {
    for (record, wanted) in SOLE_BODIES {
        let mut got = Vec::new();
        Extractor::default().extract(record, true, &mut |x| {
            got.push(match (x.request, x.response) {
                (Some(_), None) => "request",
                (None, Some(_)) => "response",
                (Some(_), Some(_)) => "both",
                (None, None) => "none",
            });
        });
        assert_eq!(got, [*wanted], "{record}");
    }
}
