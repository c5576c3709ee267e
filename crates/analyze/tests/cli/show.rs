//! `analyze show`.

use serde_json::{Value, json};

use super::kit::{TestFolder, attempt};

const REFUSED: &str = r#"{"price":["A valid number is required."]}"#;

/// A dump in which A failed, was refused in a bulk request, and then succeeded in another one.
pub(super) fn with_report() -> TestFolder {
    let place = TestFolder::new();
    let attempt = |minute: u32, request: &str, status, response: &str| {
        attempt("price", &format!("2026-10-24T06:{minute:02}:00Z"), request, status, response)
    };
    let log = [
        attempt(1, r#"{"sku":"A-0001","price":"x"}"#, 400, REFUSED),
        attempt(
            2,
            r#"[{"sku":"A-0001","price":-1},{"sku":"B-0002","price":2}]"#,
            400,
            r#"[{"price":["Ensure this value is greater than or equal to 0."]},{}]"#,
        ),
        attempt(
            3,
            r#"[{"sku":"B-0002","price":2},{"sku":"A-0001","price":1}]"#,
            200,
            r#"{"batch_id":"7","count":2}"#,
        ),
        attempt(4, r#"{"sku":"7"}"#, 500, r#"{"detail":"\u001b[31mred\u202e"}"#),
    ];
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    place
}

#[test]
fn every_attempt_at_a_key_is_shown_in_order_with_its_row_of_bulk_requests() {
    let run = with_report().run(&["show", "report", "A-0001"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn only_the_newest_are_shown_and_the_rest_is_counted() {
    let run = with_report().run(&["show", "report", "A-0001", "--limit", "1"]);
    assert!(run.out.contains("; 2 older requests not shown (--limit)\n"), "{}", run.out);
    assert_eq!(run.out.matches("\n  request ").count(), 1, "{}", run.out);
    assert!(run.out.contains("row 2 of 2 of a bulk request: accepted\n"), "{}", run.out);
}

#[test]
fn a_request_and_a_group_are_shown_too() {
    let place = with_report();
    let run = place.run(&["show", "report", "exchange:3"]);
    assert!(run.out.starts_with("2026-10-24 06:04:00 UTC  500 failed  "), "{}", run.out);
    assert!(run.out.contains(r"\u001b[31mred\u202e"), "{}", run.out);
    assert!(!run.out.contains(['\u{1b}', '\u{202e}']), "{}", run.out);
    let group = place.run(&["explain", "report", "1", "--format", "json"]).out;
    let group: Value = serde_json::from_str(&group).unwrap();
    let fingerprint = group["group"]["fingerprint"].as_str().unwrap();
    let run = place.run(&["show", "report", fingerprint]);
    let title = format!("Group {fingerprint}: the newest 1 request\n\n2026-10-24 06:0");
    assert!(run.out.starts_with(&title), "{}", run.out);
}

#[test]
fn a_name_that_means_nothing_or_several_things_is_an_error() {
    let place = with_report();
    let refused = |name: &str| {
        let run = place.run(&["show", "report", name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}");
        run.err
    };
    let err = refused("A-001");
    assert!(
        err.starts_with(
            "error: A-001: no such key, request or error group (did you mean A-0001?)\n"
        ),
        "{err}"
    );
    assert!(refused("sku:X").contains("no such key"));
    assert!(refused("exchange:99").contains("no such key"));
}

#[test]
fn json_has_the_columns_and_the_errors() {
    let run = with_report().run(&["show", "report", "A-0001", "--json"]);
    let rows: Vec<Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (rows[0]["key"].as_str(), rows[0]["state"].as_str()),
        (Some("A-0001"), Some("resolved"))
    );
    assert_eq!(rows[1]["errors"][0]["key"], "A-0001");
    assert!(rows[2]["request_body"].as_str().unwrap().contains("B-0002"));
}

#[test]
fn har_is_what_browsers_write() {
    let place = TestFolder::new();
    let log = json!([{
        "sku": "A-1", "created": "2026-10-24T06:00:00Z", "method": "PATCH", "status_code": 400,
        "url": "https://omnitron.example.com/api/i1/x/?page=2&token=secret",
        "request": {"headers": {"Authorization": "Token secret", "Accept": "*/*"}, "body": {"sku": "A-1"}},
        "response_body": {"detail": "no"},
    }]);
    place.file("dump/log.json", log.to_string());
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let run = place.run(&["show", "report", "A-1", "--har"]);
    assert_eq!((run.code, run.said().as_str()), (0, ""));
    assert!(!run.out.contains("secret"), "{}", run.out);
    let har: Value = serde_json::from_str(&run.out).unwrap();
    let entry = &har["log"]["entries"][0];
    assert_eq!(har["log"]["version"], "1.2");
    assert_eq!(entry["startedDateTime"], "2026-10-24T06:00:00.000000Z");
    assert_eq!(
        (entry["request"]["method"].as_str(), entry["response"]["status"].as_i64()),
        (Some("PATCH"), Some(400))
    );
    assert_eq!(entry["request"]["queryString"][0], json!({"name": "page", "value": "2"}));
    assert_eq!(entry["request"]["postData"]["text"], r#"{"sku": "A-1"}"#.replace(' ', ""));
    assert_eq!(entry["response"]["content"]["mimeType"], "application/json");
}

#[cfg(unix)]
mod resent {
    //! The commands of `--curl`, run by `sh` against a server of this test.

    use std::collections::BTreeMap;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::process::{Command, Stdio};
    use std::thread;

    use serde_json::json;

    use super::TestFolder;

    /// A request as it arrived.
    struct ReceivedRequest {
        line: String,
        /// By names in small letters.
        headers: BTreeMap<String, String>,
        body: String,
    }

    /// Takes one request and answers it.
    fn receive(listener: &TcpListener) -> ReceivedRequest {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut next = || {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let line = next();
        let mut headers = BTreeMap::new();
        loop {
            let header = next();
            let Some((name, value)) = header.split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        ReceivedRequest { line, headers, body: String::from_utf8(body).unwrap() }
    }

    /// Makes a report of one request to this server, runs the command that sends it again, and returns what arrived.
    fn resent(
        method: &str,
        path: &str,
        body: &str,
        headers: &serde_json::Value,
    ) -> ReceivedRequest {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let place = TestFolder::new();
        let log = json!([{
            "sku": "A-1", "method": method, "url": format!("http://{address}{path}"), "status_code": 400,
            "request": {"headers": headers, "body": body}, "response_body": "no",
        }]);
        place.file("dump/log.json", log.to_string());
        assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
        let run = place.run(&["show", "report", "A-1", "--curl", "--show-secrets"]);
        assert_eq!((run.code, run.said().as_str()), (0, ""));
        assert!(run.out.starts_with("# request 0, failed, "), "{}", run.out);
        let server = thread::spawn(move || receive(&listener));
        let script = place.file("resend.sh", &run.out);
        let status = Command::new("sh")
            .arg(script)
            .env_remove("http_proxy")
            .env("NO_PROXY", "*")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        // Without an end the server would wait for ever.
        assert!(status.success(), "{}", run.out);
        server.join().unwrap()
    }

    #[test]
    fn a_command_sends_what_was_recorded() {
        let bodies = [
            r#"{"sku":"A-1","name":"it's $HOME `id` \\ \"x\" !! 100 %s"}"#,
            "{\"sku\":\"A-1\",\n\t\"city\":\"İzmir ş 日本\"}",
            "<a sku=\"A-1\">\r\n\u{7f}\\n\u{202e}</a>",
            "sku=A-1&x=%20y",
            "@/etc/passwd",
        ];
        for body in bodies {
            let path = "/api/i1/../x/?a[]=1&b={2,3}&c='$(id)'";
            let received = resent(
                "PATCH",
                path,
                body,
                &json!({"X-Trace": "it's 1", "Authorization": "Token s"}),
            );
            assert_eq!(received.line, format!("PATCH {path} HTTP/1.1"));
            assert_eq!(received.body, body);
            assert_eq!(received.headers["x-trace"], "it's 1");
            assert_eq!(received.headers["authorization"], "CREDENTIALS");
        }
    }

    #[test]
    fn the_type_of_the_body_is_sent_when_the_log_has_no_headers() {
        let received = resent("POST", "/x", "<a>A-1</a>", &json!({}));
        assert_eq!(received.headers["content-type"], "application/xml");
        assert_eq!(received.headers["authorization"], "CREDENTIALS");
        assert_eq!(received.line, "POST /x HTTP/1.1");
    }
}
