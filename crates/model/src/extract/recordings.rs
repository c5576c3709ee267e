//! Records as recorders, gateways, queues and log shippers write them.
//!
//! One row a document: what it is like, the document, and one line for each exchange in it. A line names what it
//! checks: `method`, `url`, `status`, `outcome`, `key`, `ms`, `at`, `request`, `response`, `error`; `-` is none.

use super::*;
use proptest::prelude::*;

#[rustfmt::skip]
const CASES: &[(&str, &str, &[&str])] = &[
    // Statuses.
    ("a proxy that names the status of both sides", r#"{"RequestMethod":"POST","RequestHost":"shop.example","RequestPath":"/orders","RequestScheme":"https","DownstreamStatus":502,"OriginStatus":0,"Duration":52382000,"OriginDuration":50000000,"StartUTC":"2026-03-01T10:00:00.5Z"}"#,
        &["method=POST | url=https://shop.example/orders | status=502 | outcome=failed | ms=52.382 | at=2026-03-01T10:00:00.500000Z"]),
    ("an edge that names the status of both sides", r#"{"ClientRequestHost":"shop.example","ClientRequestMethod":"GET","ClientRequestURI":"/a?b=1","ClientRequestScheme":"https","OriginResponseStatus":200,"EdgeResponseStatus":403,"EdgeStartTimestamp":1772359200000000000}"#,
        &["method=GET | url=https://shop.example/a?b=1 | status=403 | outcome=failed"]),
    ("status and latency inside httpRequest", r#"[{"insertId":"x","severity":"ERROR","timestamp":"2026-03-01T10:00:00Z","httpRequest":{"requestMethod":"POST","requestUrl":"https://erp.example/o","status":503,"latency":"1.25s","protocol":"HTTP/1.1","userAgent":"x"}}]"#,
        &["method=POST | url=https://erp.example/o | status=503 | outcome=failed | ms=1250"]),
    ("status as an object", r#"{"method":"POST","url":"https://erp.example/o","status":{"code":422,"message":"Unprocessable"},"response_body":"{}"}"#, &["status=422 | outcome=failed"]),
    ("status as a line", r#"{"method":"GET","url":"https://erp.example/o","response_status":"HTTP/1.1 503 Service Unavailable"}"#, &["status=503 | outcome=failed"]),
    ("status as a name in upper case", r#"{"url":"https://erp.example/o","request_body":"{}","httpStatus":"INTERNAL_SERVER_ERROR"}"#, &["status=500 | outcome=failed"]),
    ("status as a constant of a language", r#"{"url":"https://erp.example/o","request_body":"{}","statusCode":"HttpStatusCode.TooManyRequests"}"#, &["status=429 | outcome=failed"]),
    ("status with a point", r#"{"url":"https://erp.example/o","request_body":"{}","status_code":404.0}"#, &["status=404 | outcome=failed"]),
    ("status with its phrase and number behind", r#"{"url":"https://erp.example/o","request_body":"{}","http_status":"Bad Gateway (502)"}"#, &["status=502 | outcome=failed"]),
    ("only the class of the status", r#"{"url":"https://erp.example/o","response_body":"x","status_code":"5xx"}"#, &["status=- | outcome=failed"]),
    ("a status that nobody understands", r#"{"url":"https://erp.example/o","response_body":"x","status_code":"gone fishing"}"#, &["status=- | outcome=unknown"]),
    ("a status out of range", r#"{"url":"https://erp.example/o","response_body":"x","status_code":999}"#, &["status=- | outcome=unknown"]),
    ("a status of a table of columns", r#"[{"fields":{"http.request.method":["PUT"],"url.full":["https://erp.example/o"],"http.response.status_code":[409]}}]"#, &["method=PUT | url=https://erp.example/o | status=409 | outcome=failed"]),
    ("items of a key-value store", r#"{"Items":[{"method":{"S":"POST"},"url":{"S":"https://erp.example/o"},"status_code":{"N":"500"}}]}"#, &["method=POST | url=https://erp.example/o | status=500 | outcome=failed"]),
    ("a workflow that is complete is no success of the call", r#"[{"status":"COMPLETE","method":"GET","scheme":"https","host":"erp.example","path":"/o","response":{"status":404,"headers":{},"body":{"text":"yok","charset":"utf-8"}}}]"#, &["url=https://erp.example/o | status=404 | outcome=failed | response=yok"]),
    ("telemetry names the status a result", r#"{"name":"POST /o","url":"https://erp.example/o","resultCode":"422","duration":"00:00:00.1230000","timestamp":"2026-03-01T10:00:00Z"}"#, &["status=422 | outcome=failed | ms=123"]),
    ("of gateway and backend the gateway", r#"{"method":"GET","url":"https://erp.example/o","backendResponseCode":200,"responseCode":504}"#, &["status=504 | outcome=failed"]),

    ("a stated success beside fields that are always filled", r#"[{"errCode":"x-Send-1709","errDesc":"Send","request":"POST-https://erp.example/o-{\"sku\":\"A-1\"}","response":"{\"trackingId\":7}","success":true}]"#, &["outcome=success | error=- | key=A-1"]),
    ("a stated success beside a list of errors", r#"[{"errors":["kayit yok"],"request_body":{"sku":"A-1"},"success":true}]"#, &["outcome=failed | error=kayit yok"]),

    // Bodies.
    ("a cassette", r#"{"http_interactions":[{"request":{"method":"post","uri":"https://erp.example/o","body":{"encoding":"UTF-8","string":"{\"sku\":\"A-1\"}"},"headers":{"Accept":["*/*"]}},"response":{"status":{"code":422,"message":"Unprocessable Entity"},"headers":{},"body":{"encoding":"ASCII-8BIT","base64_string":"eyJkZXRhaWwiOiJrYXlpdCB5b2sifQ==\n"}},"recorded_at":"Fri, 01 Mar 2024 10:00:00 GMT"}],"recorded_with":"VCR 6"}"#,
        &[r#"method=post | url=https://erp.example/o | status=422 | outcome=failed | key=A-1 | request={"sku":"A-1"} | response={"detail":"kayit yok"} | error=kayit yok | at=2024-03-01T10:00:00.000000Z"#]),
    ("a function behind a gateway", r#"[{"statusCode":400,"headers":{"Content-Type":"application/json"},"body":"eyJtZXNzYWdlIjoia2F5aXQgeW9rIn0=","isBase64Encoded":true}]"#, &[r#"status=400 | outcome=failed | request=- | response={"message":"kayit yok"} | error=kayit yok"#]),
    ("a buffer as a list of bytes", r#"{"request":{"method":"GET","url":{"raw":"https://erp.example/o"}},"response":{"code":404,"status":"Not Found","header":[],"stream":{"type":"Buffer","data":[121,111,107]},"responseTime":31}}"#, &["url=https://erp.example/o | status=404 | response=yok | ms=31"]),
    ("a simulation whose body is encoded", r#"[{"request":{"method":"POST","scheme":"https","destination":"erp.example","path":"/o","query":"","body":"a"},"response":{"status":500,"body":"eW9r","encodedBody":true,"headers":{}}}]"#, &["url=https://erp.example/o | status=500 | request=a | response=yok"]),
    ("a body twice, as text and in base64", r#"{"request":{"url":"/o","absoluteUrl":"https://erp.example/o","method":"POST","body":"ab","bodyAsBase64":"YWI=","loggedDate":1709287200000},"response":{"status":400,"bodyAsBase64":"eW9r","body":"yok"}}"#, &["url=https://erp.example/o | request=ab | response=yok | at=2024-03-01T10:00:00.000000Z"]),
    ("a form as pairs", r#"{"request":{"method":"POST","url":"https://erp.example/o","postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"sku","value":"A 1"}]}},"response":{"status":200,"content":{"size":2,"mimeType":"text/plain","text":"ok"}}}"#, &["request=sku=A+1 | response=ok"]),
    ("whole messages in base64", r#"{"method":"POST","path":"/o","response_code":404,"raw_request":"UE9TVCAvbyBIVFRQLzEuMQ0KSG9zdDogZXJwDQoNCnsic2t1IjoiQS0xIn0=","raw_response":"SFRUUC8xLjEgNDA0IE5vdCBGb3VuZA0KDQp5b2s="}"#, &[r#"url=/o | status=404 | request={"sku":"A-1"} | response=yok | key=A-1"#]),
    ("an answer that is a payload with such names", r#"{"method":"POST","url":"https://erp.example/o","status":200,"response":{"id":5,"headers":"none","encoding":"utf-8","timeout":30,"body":"cotton","query":"x"}}"#, &[r#"response={"id":5,"headers":"none","encoding":"utf-8","timeout":30,"body":"cotton","query":"x"} | outcome=success"#]),
    ("a query language in the request", r#"{"url":"https://erp.example/graphql","status":200,"request":{"query":"{ products { sku } }","variables":{}},"response":{"data":{"products":[]}}}"#, &[r#"request={"query":"{ products { sku } }","variables":{}} | response={"data":{"products":[]}}"#]),
    ("an answer with a code and a text only", r#"{"method":"POST","url":"https://erp.example/o","response":{"code":400,"message":"sku zorunlu"}}"#, &[r#"status=400 | outcome=failed | response={"code":400,"message":"sku zorunlu"} | error=sku zorunlu"#]),
    ("a delivery of a webhook", r#"{"guid":"g","delivered_at":"2026-03-01T10:00:00Z","duration":0.27,"status":"Invalid HTTP Response: 502","status_code":502,"url":"https://erp.example/hook","request":{"headers":{"X-Event":"order"},"payload":{"order_number":"S-9"}},"response":{"headers":{"Server":"x"},"payload":"no upstream"}}"#,
        &[r#"status=502 | request={"order_number":"S-9"} | response=no upstream | key=S-9 | ms=- | at=2026-03-01T10:00:00.000000Z"#]),

    // URLs in parts.
    ("scope and path", r#"[{"scope":"https://erp.example:443","method":"GET","path":"/o?a=1","body":"","status":404,"response":{"detail":"yok"}}]"#, &[r#"url=https://erp.example:443/o?a=1 | status=404 | response={"detail":"yok"}"#]),
    ("a port that is not the usual one", r#"{"request":{"method":"GET","scheme":"http","host":"erp.example","port":8080,"path":"/o","query":{"a":["1","2"]}},"response":{"status":200}}"#, &["url=http://erp.example:8080/o?a=1&a=2"]),
    ("the host of the machine is none of the URL", r#"{"host":"worker-1.internal","method":"GET","path":"/o","status":200}"#, &["url=/o"]),
    ("a URL object of a shipper", r#"{"http":{"request":{"method":"GET"},"response":{"status_code":500}},"url":{"scheme":"https","domain":"erp.example","path":"/o","query":"a=1"}}"#, &["method=GET | url=https://erp.example/o?a=1 | status=500"]),

    // Wrappers.
    ("lines of a container", "{\"log\":\"{\\\"method\\\":\\\"POST\\\",\\\"url\\\":\\\"https://erp.example/o\\\",\\\"status\\\":500,\\\"response\\\":\\\"yok\\\"}\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-01T10:00:00Z\"}\n{\"log\":\"started\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-01T10:00:01Z\"}",
        &["method=POST | url=https://erp.example/o | status=500 | response=yok | at=2026-03-01T10:00:00.000000Z"]),
    ("messages of a queue", r#"{"Messages":[{"MessageId":"m1","Body":"{\"request\":{\"method\":\"POST\",\"url\":\"https://erp.example/o\",\"body\":{\"sku\":\"A-1\"}},\"response\":{\"status\":409}}"}]}"#, &["status=409 | key=A-1"]),
    ("an entry of another kind beside a call", r#"[{"type":"request","content":"{\"method\":\"POST\",\"uri\":\"/o\",\"response_status\":500}"},{"type":"query","content":"{\"sql\":\"select 1\"}"}]"#, &["method=POST | url=/o | status=500"]),
    ("a dead letter with its reason among properties", r#"[{"ApplicationProperties":{"DeadLetterReason":"kayit yok"},"Body":{"order_number":"S-1"}}]"#, &["outcome=failed | key=S-1 | error=kayit yok"]),
    ("a message whose encoding stands beside it", r#"[{"properties":{"headers":{"x-exception-message":"kayit yok"}},"payload":"eyJvcmRlcl9udW1iZXIiOiJTLTEifQ==","payload_encoding":"base64"}]"#, &["outcome=failed | key=S-1 | error=kayit yok"]),
    ("a document of an index", r#"{"_index":"a","_source":{"record":{"request_body":{"sku":"A-1"},"status_code":500}}}"#, &["status=500 | key=A-1"]),
    ("dotted names below a prefix", r#"{"record.request.method":"PUT","record.request.url":"https://erp.example/o","record.response.status":500,"record.response.body":"yok"}"#, &["method=PUT | url=https://erp.example/o | status=500 | response=yok"]),
    ("attributes of a trace", r#"{"spans":[{"name":"POST","startTimeUnixNano":"1772359200000000000","attributes":[{"key":"http.method","value":{"stringValue":"POST"}},{"key":"http.url","value":{"stringValue":"https://erp.example/o"}},{"key":"http.status_code","value":{"intValue":"502"}}]}]}"#,
        &["method=POST | url=https://erp.example/o | status=502 | outcome=failed | at=2026-03-01T10:00:00.000000Z"]),
    ("a message that no consumer could process", r#"[{"queue":"orders.dlq","headers":{"x-exception-message":"Stok yetersiz","x-original-exchange":"o"},"payload":"{\"order_number\":\"S-7\"}"}]"#, &["outcome=failed | key=S-7 | error=Stok yetersiz"]),
    ("a dead letter", r#"[{"MessageId":"1","DeadLetterReason":"Stok yetersiz","EnqueuedTimeUtc":"2026-03-01T10:00:00Z","Body":"{\"orderNumber\":\"S-8\"}"}]"#, &["outcome=failed | key=S-8 | error=Stok yetersiz | at=2026-03-01T10:00:00.000000Z"]),
    ("a text that is a payload stays one", r#"{"method":"POST","url":"https://erp.example/o","status":200,"body":"{\"status\":\"A\",\"url\":\"https://cdn.example/a.jpg\",\"method\":\"cash\"}"}"#, &[r#"request={"status":"A","url":"https://cdn.example/a.jpg","method":"cash"}"#]),

    // Request and answer apart.
    ("request and answer in two lines", "{\"origin\":\"remote\",\"type\":\"request\",\"correlation\":\"c1\",\"method\":\"POST\",\"uri\":\"https://erp.example/o\",\"headers\":{},\"body\":{\"sku\":\"A-1\"}}\n{\"origin\":\"local\",\"type\":\"response\",\"correlation\":\"c1\",\"duration\":25,\"status\":422,\"headers\":{},\"body\":{\"detail\":\"kayit yok\"}}",
        &[r#"method=POST | url=https://erp.example/o | status=422 | key=A-1 | ms=25 | request={"sku":"A-1"} | response={"detail":"kayit yok"} | error=kayit yok"#]),
    ("two lines whose bodies have one name", "{\"direction\":\"OUT\",\"correlationId\":\"c\",\"endpoint\":\"https://erp.example/o\",\"httpMethod\":\"POST\",\"payload\":{\"sku\":\"A-1\"}}\n{\"direction\":\"IN\",\"correlationId\":\"c\",\"endpoint\":\"https://erp.example/o\",\"httpStatus\":500,\"payload\":\"kayit yok\"}",
        &[r#"method=POST | status=500 | request={"sku":"A-1"} | response=kayit yok | key=A-1"#]),
    ("an error of a client library", r#"{"message":"Request failed with status code 422","code":"ERR_BAD_REQUEST","config":{"url":"/o","baseURL":"https://erp.example/api","method":"post","data":"{\"sku\":\"A-1\"}","timeout":30},"response":{"status":422,"headers":{"content-type":"application/json"},"data":{"detail":"kayit yok"}}}"#,
        &[r#"method=post | url=https://erp.example/api/o | status=422 | key=A-1 | response={"detail":"kayit yok"} | error=kayit yok"#]),
    ("input and output of an action", r#"{"name":"a","inputs":{"method":"POST","uri":"https://erp.example/o","body":{"sku":"A-1"}},"outputs":{"statusCode":404,"headers":{"Date":"x"},"body":"kayit yok"},"startTime":"2026-03-01T10:00:00Z"}"#,
        &[r#"method=POST | url=https://erp.example/o | status=404 | key=A-1 | request={"sku":"A-1"} | response=kayit yok"#]),
    ("a session of a debugging proxy", r#"[{"status":"COMPLETE","method":"POST","scheme":"https","host":"erp.example","path":"/o","durations":{"total":226,"dns":2},"times":{"start":"2026-03-01T10:00:00Z","end":"2026-03-01T10:00:01Z"},"request":{"sizes":{"body":2},"header":{"firstLine":"POST /o","headers":[{"name":"Host","value":"erp.example"}]},"body":{"text":"{}","charset":"utf-8"}},"response":{"status":400,"header":{"headers":[]},"body":{"text":"yok","charset":"utf-8"}}}]"#,
        &["url=https://erp.example/o | status=400 | request={} | response=yok | ms=226 | at=2026-03-01T10:00:00.000000Z"]),
    ("a row of a table in a stream", r#"{"dynamodb":{"NewImage":{"method":{"S":"POST"},"url":{"S":"https://erp.example/o"},"status":{"N":"404"},"responseBody":{"S":"{\"detail\":\"kayit yok\"}"}}}}"#, &[r#"method=POST | status=404 | response={"detail":"kayit yok"} | error=kayit yok"#]),
    ("answers that come later, and one that never comes", r#"[{"request_id":"1","method":"POST","url":"https://erp.example/a","request_body":{"sku":"A-1"}},{"request_id":"2","method":"POST","url":"https://erp.example/b","request_body":{"sku":"B-1"}},{"request_id":"1","status_code":200,"response_body":{"id":1}},{"request_id":"3","status_code":500,"response_body":"yok"}]"#,
        &["url=https://erp.example/a | status=200 | key=A-1 | outcome=success", "url=- | status=500 | outcome=failed", "url=https://erp.example/b | status=- | outcome=unknown"]),
    ("attempts of one call stay attempts", r#"[{"request_id":"1","method":"POST","url":"https://erp.example/a","status_code":503},{"request_id":"1","method":"POST","url":"https://erp.example/a","status_code":200}]"#, &["status=503", "status=200"]),

    // Errors that are logs, rows with a state.
    ("events of errors", r#"{"failures":[{"recordId":"K-1","failed_at":"2026-03-01T10:00:00Z","code":"E1","message":"adres yok"},{"recordId":"K-2","failed_at":"2026-03-01T10:00:01Z","code":"E1","message":"il yok"}]}"#, &["key=K-1 | outcome=failed | error=adres yok | at=2026-03-01T10:00:00.000000Z", "key=K-2 | outcome=failed | error=il yok"]),
    ("results of an import", r#"{"importStatus":"DONE","rows":[{"stockCode":"A-1","matchStatus":"LISTED"},{"stockCode":"A-2","matchStatus":"REFUSED","rejectionReasons":[{"description":"Renk zorunlu"}]}]}"#, &["key=A-1 | outcome=unknown", "key=A-2 | outcome=failed | error=Renk zorunlu"]),
    ("ids of documents", r#"{"took":3,"errors":true,"items":[{"index":{"_index":"p","_id":"D-1","status":201}},{"index":{"_index":"p","_id":"D-2","status":400,"error":{"type":"mapper_parsing_exception","reason":"bad field"}}}]}"#, &["key=D-1 | status=201 | outcome=success", "key=D-2 | status=400 | outcome=failed | error=bad field"]),

    // Keys of orders.
    ("an order has items", r#"{"method":"POST","url":"https://hook.example/x","status_code":200,"request_body":{"id":450789469,"name":"\u00231001","order_number":1001,"line_items":[{"sku":"A-1"},{"sku":"B-1"}]}}"#, &["key=1001"]),
    ("an order has a short number", r#"{"url":"https://hook.example/x","status_code":200,"request_body":{"id":727,"number":"727","line_items":[{"id":1,"sku":"A-1"}]}}"#, &["key=727"]),
    ("an order inside its name", r#"{"url":"https://hook.example/x","status_code":200,"request_body":{"order":{"order_number":"S-1001","line_items":[{"sku":"A-1"},{"sku":"B-1"}]}}}"#, &["key=S-1001"]),
    ("a package of a marketplace", r#"{"url":"https://hook.example/x","status_code":200,"request_body":{"shipmentPackageId":11,"orderNumber":"80869231","lines":[{"barcode":"869","merchantSku":"A-1"}]}}"#, &["key=80869231"]),
    ("an order that has only an id", r#"{"url":"https://hook.example/x","status_code":200,"request_body":{"id":820982911946154508,"line_items":[{"sku":"A-1"},{"sku":"B-1"}]}}"#, &["key=820982911946154508"]),

    // What is no call.
    ("an environment", r#"{"id":"e","name":"prod","values":[{"key":"url","value":"https://erp.example","enabled":true},{"key":"status","value":"500","enabled":true}],"_postman_variable_scope":"environment"}"#, &[]),
    ("a description of an interface", r#"{"openapi":"3.0.0","paths":{"/o":{"post":{"requestBody":{"content":{}},"responses":{"404":{"description":"yok"}}}}},"servers":[{"url":"https://erp.example"}]}"#, &[]),
    ("a mapping with matchers", r#"{"mappings":[{"id":"m","request":{"urlPathPattern":"/o/.*","method":"POST","bodyPatterns":[{"equalToJson":"{}"}]},"response":{"status":404,"body":"yok"}}]}"#, &[]),
    ("an expectation with matchers", r#"[{"request":{"method":[{"matcher":"exact","value":"GET"}],"path":[{"matcher":"glob","value":"/o/*"}]},"response":{"status":500,"body":"yok"}}]"#, &[]),
    ("a collection without answers", r#"{"info":{"name":"c","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},"item":[{"name":"a","request":{"method":"POST","url":"https://erp.example/o","body":{"mode":"raw","raw":"{}"}},"response":[]}]}"#, &[]),
    ("a collection with several answers", r#"{"info":{"name":"c","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},"item":[{"name":"a","request":{"method":"GET","url":"https://erp.example/o"},"response":[{"name":"x","originalRequest":{"method":"GET","url":"https://erp.example/o?a=1"},"status":"OK","code":200,"body":"{}"},{"name":"y","originalRequest":{"method":"GET","url":"https://erp.example/o?a=2"},"status":"Not Found","code":404,"body":"yok"}]}]}"#,
        &["url=https://erp.example/o?a=1 | status=200 | response={}", "url=https://erp.example/o?a=2 | status=404 | response=yok"]),

    // Times and durations.
    ("a time with one letter, a duration beside its template", r#"{"@t":"2026-03-01T10:00:00.1Z","@mt":"HTTP {RequestMethod}","RequestMethod":"GET","RequestPath":"/o","StatusCode":500,"Elapsed":34.5}"#, &["method=GET | url=/o | status=500 | ms=34.5 | at=2026-03-01T10:00:00.100000Z"]),
    ("seconds of a web server", r#"{"time_local":"01/Mar/2026:13:00:00 +0300","request":"POST /o HTTP/1.1","status":"502","request_time":"0.123","upstream_status":"502"}"#, &["method=POST | url=/o | status=502 | ms=123 | at=2026-03-01T10:00:00.000000Z"]),
    ("microseconds beside microseconds", r#"[{"startTime":1772359200000000,"duration":2500,"tags":[{"key":"http.method","type":"string","value":"GET"},{"key":"http.url","type":"string","value":"https://erp.example/o"},{"key":"http.status_code","type":"int64","value":200}]}]"#, &["method=GET | status=200 | ms=2.5"]),
    ("a unit in a field of its own", r#"{"method":"GET","url":"/o","status":200,"duration":2,"duration_unit":"seconds"}"#, &["ms=2000"]),
    ("a fraction without a unit", r#"{"method":"GET","url":"/o","status":200,"duration":0.35}"#, &["ms=-"]),
    ("a duration in a text under a name that may be a time", r#"{"method":"GET","url":"/o","status":200,"execution_time":"1.5 s","datetime":{"date":"2026-03-01 10:00:00.000000","timezone_type":3,"timezone":"UTC"}}"#, &["ms=1500 | at=2026-03-01T10:00:00.000000Z"]),
    ("start and end", r#"{"method":"GET","url":"/o","status":200,"timeStarted":"2026-03-01T10:00:00Z","timeEnded":"2026-03-01T10:00:01.5Z"}"#, &["ms=1500"]),
    ("a time in parts", r#"{"method":"GET","url":"/o","status":200,"timestamp":[2026,3,1,10,0,0,500000000]}"#, &["at=2026-03-01T10:00:00.500000Z"]),
    ("a time of seconds and nanoseconds", r#"{"method":"GET","url":"/o","status":200,"startTime":{"seconds":1772359200,"nanos":0}}"#, &["at=2026-03-01T10:00:00.000000Z"]),
];

/// What an exchange has under the name of a check.
fn column(x: &Exchange<'_>, name: &str) -> Option<String> {
    match name {
        "method" => x.method.map(str::to_owned),
        "url" => x.url.map(str::to_owned),
        "status" => x.status.map(|status| status.to_string()),
        "outcome" => Some(x.outcome.name().to_owned()),
        "key" => x.key.map(|key| key.value.to_owned()),
        "ms" => x.duration_ms.map(|ms| ms.to_string()),
        "at" => x.started_at.map(|at| at.to_string()),
        "request" => x.request.map(|body| body.text.to_owned()),
        "response" => x.response.map(|body| body.text.to_owned()),
        "error" => x.errors.first().map(|error| error.message.to_owned()),
        other => panic!("no such check: {other}"),
    }
}

#[test]
fn records_are_understood_as_recorders_write_them() {
    let mut wrong = Vec::new();
    for (what, document, expected) in CASES {
        let mut lines = Vec::new();
        Extractor::default().extract(document, true, &mut |x| {
            let checks = expected.get(lines.len()).copied().unwrap_or("url=");
            let line = checks.split(" | ").map(|check| {
                let (name, _) = check.split_once('=').expect("name=value");
                format!("{name}={}", column(x, name).as_deref().unwrap_or("-"))
            });
            lines.push(line.collect::<Vec<_>>().join(" | "));
        });
        if lines != *expected {
            wrong.push(format!("{what}\n  wanted {expected:#?}\n  got {lines:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

/// A small object as an API sends it: `n` picks its members.
fn payload(n: usize) -> serde_json::Map<String, serde_json::Value> {
    let members = [
        ("id", serde_json::json!(7)),
        ("sku", "A-1".into()),
        ("price", "10.00".into()),
        ("attributes", serde_json::json!({"colour": "red", "headers": ["x"]})),
        ("tags", serde_json::json!(["a", "b"])),
        ("note", "şık \"x\"".into()),
    ];
    let picked = members.into_iter().enumerate().filter(|(at, _)| (n + 1) >> at & 1 == 1);
    picked.map(|(_, (name, value))| (name.to_owned(), value)).collect()
}

/// Names of HTTP messages and of wrappers around bodies, with values as a body has them.
const MESSAGE_NAMES: [(&str, &str); 26] = [
    ("size", "\"XL\""),
    ("size", "3"),
    ("encoding", "\"base64\""),
    ("cookies", "[]"),
    ("cookies", "{\"oat\":2}"),
    ("headers", "{}"),
    ("headers", "\"none\""),
    ("content_type", "\"article\""),
    ("body", "\"cotton\""),
    ("body", "{\"a\":1}"),
    ("query", "\"x\""),
    ("params", "{\"a\":1}"),
    ("method", "\"call\""),
    ("method", "\"cash\""),
    ("timeout", "30"),
    ("content", "\"x\""),
    ("text", "\"x\""),
    ("compression", "0"),
    ("redirect_url", "\"\""),
    ("mimeType", "\"a/b\""),
    ("url", "\"https://cdn.example/a.jpg\""),
    ("status", "\"paid\""),
    ("type", "\"Buffer\""),
    ("isBase64Encoded", "true"),
    ("host", "\"h\""),
    ("duration", "1"),
];

/// Spellings of a status, `N` its number, `P` its phrase.
const STATUS_SPELLINGS: [&str; 12] = [
    "N",
    "\"N\"",
    "N.0",
    "\"N P\"",
    "\"P\"",
    "\"HTTP/1.1 N P\"",
    "\"P (N)\"",
    "{\"code\":N}",
    "{\"$numberInt\":\"N\"}",
    "{\"status\":\"N\",\"message\":\"P\"}",
    "[N]",
    "{\"N\":\"N\"}",
];

/// What may stand around a record, `R` the record and `T` the record as a text.
const WRAPPINGS: [&str; 16] = [
    "R",
    "[R]",
    "{\"logs\":[R]}",
    "{\"data\":{\"items\":[R]}}",
    "{\"_source\":R}",
    "{\"source\":R}",
    "[{\"_index\":\"a\",\"_source\":R}]",
    "{\"message\":T}",
    "{\"log\":T,\"stream\":\"stdout\"}",
    "{\"content\":T,\"type\":\"request\"}",
    "[[\"1700000000\",T]]",
    "{\"record\":R,\"level\":\"info\"}",
    "{\"hits\":{\"hits\":[{\"_source\":R}]}}",
    "{\"event\":{\"payload\":T}}",
    "T",
    "{\"value\":T,\"offset\":7,\"partition\":0}",
];

/// The exchanges of a document in short.
fn short(document: &str) -> Vec<String> {
    let mut lines = Vec::new();
    Extractor::default().extract(document, true, &mut |x| {
        let columns = ["method", "url", "status", "outcome", "key", "request", "response"];
        let line = columns.map(|name| column(x, name).unwrap_or_else(|| "-".to_owned()));
        lines.push(line.join(" | "));
    });
    lines
}

proptest! {
    #[test]
    fn a_body_is_kept_whole_whatever_names_stand_in_it(
        n in 0_usize..62, named in 0..MESSAGE_NAMES.len(), first in any::<bool>(), answer in any::<bool>(), status in any::<bool>(),
    ) {
        let body = serde_json::Value::Object(payload(n)).to_string();
        let (name, value) = MESSAGE_NAMES[named];
        let inside = &body[1..body.len() - 1];
        let body = if first { format!("{{\"{name}\":{value},{inside}}}") } else { format!("{{{inside},\"{name}\":{value}}}") };
        let side = if answer { "response" } else { "request" };
        let status = if status { ",\"status_code\":200" } else { "" };
        let record = format!("{{\"method\":\"POST\",\"url\":\"https://erp.example/o\",\"{side}\":{body}{status}}}");
        let mut kept = Vec::new();
        Extractor::default().extract(&record, true, &mut |x| kept.push(column(x, side)));
        prop_assert_eq!(kept, [Some(body)], "{}", record);
    }

    #[test]
    fn a_status_of_failure_is_none_of_success_in_any_spelling(
        status in prop::sample::select(vec![400_u16, 401, 403, 404, 422, 429, 500, 502, 503, 504]), spelling in 0..STATUS_SPELLINGS.len(),
        name in prop::sample::select(vec!["status_code", "statusCode", "HttpStatus", "responseStatus", "durum_kodu", "http.response.status_code"]),
    ) {
        let spelling = STATUS_SPELLINGS[spelling].replace('N', &status.to_string()).replace('P', crate::reason::phrase(status));
        let spelling = spelling.replace(&format!("{{\"{status}\":"), "{\"N\":");
        let record = format!("{{\"url\":\"https://erp.example/o\",\"{name}\":{spelling},\"response_body\":\"x\"}}");
        let mut read = Vec::new();
        Extractor::default().extract(&record, true, &mut |x| read.push((x.status, x.outcome)));
        prop_assert_eq!(read, [(Some(status), crate::exchange::Outcome::Failed)], "{}", record);
    }

    #[test]
    fn a_record_is_the_same_in_any_wrapping(
        outer in 0..WRAPPINGS.len(), inner in 0..WRAPPINGS.len(), status in prop::sample::select(vec![200, 404, 500]), swapped in any::<bool>(),
    ) {
        let mut members = [
            "\"method\":\"POST\"".to_owned(),
            "\"url\":\"https://erp.example/o\"".to_owned(),
            format!("\"status_code\":{status}"),
            "\"request_body\":{\"sku\":\"A-1\",\"note\":\"a \\\"b\\\" \\u0131\"}".to_owned(),
            "\"response_body\":\"{\\\"detail\\\":\\\"kayit yok\\\"}\"".to_owned(),
        ];
        if swapped {
            members.reverse();
        }
        let record = format!("{{{}}}", members.join(","));
        let wrapped = [inner, outer].into_iter().fold(record.clone(), |record, wrapping| {
            let text = serde_json::Value::String(record.clone()).to_string();
            let (before, after) = WRAPPINGS[wrapping].split_once(['R', 'T']).expect("a record");
            let record = if WRAPPINGS[wrapping].contains('R') { record } else { text };
            format!("{before}{record}{after}")
        });
        prop_assert_eq!(short(&wrapped), short(&record), "{}", wrapped);
    }
}
