//! The server over real connections.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use api::dump::SavedLogs;
use api::protocol::{AskedAt, Parameters};
use api::query;
use api::serve::{ServeError, ServeOptions, Server};
use api::token::TokenSource;

use crate::kit::{self, TrueLog};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Sends bytes and reads until the end of the connection.
fn exchange(address: SocketAddr, request: &str) -> Received {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _cut = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Received { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

fn get(address: SocketAddr, target: &str, headers: &str) -> Received {
    exchange(
        address,
        &format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n"),
    )
}

/// Stops a server also when a test panics, so that its scope ends.
struct Stop<'s, 'd>(&'s Server<'d>);

impl Drop for Stop<'_, '_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Serves a dump while `test` runs.
pub(crate) fn while_served<T>(
    dump: &SavedLogs,
    options: ServeOptions,
    test: impl FnOnce(SocketAddr) -> T,
) -> T {
    let server = Server::bind(dump, "127.0.0.1:0".parse().unwrap(), options).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| server.run(&|_| {}));
        let _stop = Stop(&server);
        test(server.address())
    })
}

fn with_dump(test: impl FnOnce(&SavedLogs, &[TrueLog])) {
    let place = tempfile::tempdir().unwrap();
    let logs = kit::write_dump(place.path(), 5, 20);
    test(&kit::read(place.path()), &logs);
}

#[test]
fn the_body_is_that_of_the_query() {
    with_dump(|dump, logs| {
        while_served(dump, ServeOptions::default(), |address| {
            for log in logs {
                let query =
                    format!("projectId=1&flowId={}&log_type={}&limit=2", log.flow, log.log_type);
                let asked = AskedAt {
                    origin: format!("http://{address}"),
                    parameters: Parameters::of(&query),
                };
                let got = get(address, &format!("/logs?{query}"), "");
                assert_eq!((got.status, got.body), (200, query::list(dump, &asked).body));
            }
        });
    });
}

#[test]
fn following_next_walks_all_pages() {
    with_dump(|dump, logs| {
        while_served(dump, ServeOptions::default(), |address| {
            let flow = &logs[0].flow;
            let mut seen = 0;
            let mut target = format!("/logs?projectid=1&flowId={flow}&limit=3");
            while !target.is_empty() {
                let got = get(address, &target, "");
                let page: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
                seen += page["results"].as_array().unwrap().len();
                let next = page["next"].as_str().unwrap();
                target = next.strip_prefix(&format!("http://{address}")).unwrap_or(next).to_owned();
            }
            assert_eq!(seen, logs.iter().filter(|log| log.flow == *flow).count());
        });
    });
}

#[test]
fn a_download_is_plain_base64_of_a_zip_with_the_text() {
    with_dump(|dump, logs| {
        while_served(dump, ServeOptions::default(), |address| {
            for log in logs {
                let target = format!(
                    "/logs/download?id={}&projectId=1&flowId={}&projectslug=s",
                    log.id, log.flow
                );
                let got = get(address, &target, "");
                let Some(text) = &log.download else {
                    assert_eq!(got.status, 400, "{target}");
                    continue;
                };
                assert_eq!(got.status, 200);
                assert!(got.body.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)));
                let mut texts = Vec::new();
                let decoded = archive::Decoder::new(archive::Limits::default())
                    .decode(&got.body, &mut |leaf| texts.push(leaf.text.to_owned()));
                assert_eq!(decoded.layers, "base64>zip");
                assert_eq!(texts, [text.as_str()]);
            }
        });
    });
}

#[test]
fn errors_have_the_documented_status_and_say_what_is_wrong() {
    with_dump(|dump, logs| {
        let log = logs.iter().find(|log| log.download.is_some()).unwrap();
        let other = logs.iter().find(|other| other.flow != log.flow).unwrap();
        let (id, flow) = (log.id, &log.flow);
        while_served(dump, ServeOptions::default(), |address| {
            let check = |target: &str, status: u16, says: &str| {
                let got = get(address, target, "");
                let body = String::from_utf8(got.body).unwrap();
                assert_eq!(got.status, status, "{target}: {body}");
                assert!(body.contains(says), "{target}: {body}");
            };
            check("/logs?flowId=x", 400, "projectId: missing");
            check("/logs?projectId=1", 400, "flowId: missing");
            check(&format!("/logs?projectId=1&flowId={flow}&limit=101"), 400, "from 1 to 100");
            check("/logs?projectId=1&flowId=x", 404, "is not in this dump, which has");
            check(&format!("/logs?projectId=1&flowId={flow}&page=900"), 404, "the last page is");
            let download = |id: &str, flow: &str| {
                format!("/logs/download?id={id}&projectId=1&flowId={flow}&projectslug=s")
            };
            check(&download("1", flow), 400, "id: no log");
            check(&download(&id.to_string(), &other.flow), 400, "flowId: ");
            check(
                &format!("/logs/download?id={id}&projectId=1&flowId={flow}"),
                400,
                "projectslug: missing",
            );
            check("/other", 404, "no such path");
            check("http://elsewhere.example.com/logs", 400, "nothing is forwarded");
        });
    });
}

#[test]
fn other_methods_hosts_and_bodies_are_refused() {
    with_dump(|dump, logs| {
        let target = format!("/logs?projectId=1&flowId={}", logs[0].flow);
        while_served(dump, ServeOptions::default(), |address| {
            let ask = |request: String| exchange(address, &request);
            let port = address.port();
            let with_host = |host: &str| {
                ask(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
                    .status
            };
            assert_eq!(with_host(&format!("localhost:{port}")), 200);
            assert_eq!(with_host(&format!("127.0.0.1:{port}")), 200);
            for host in [
                "evil.example.com",
                &format!("evil.example.com:{port}"),
                "127.0.0.1:1",
                "127.0.0.1",
                &format!("10.0.0.1:{port}"),
            ] {
                assert_eq!(with_host(host), 421, "{host}");
            }
            assert_eq!(
                ask(format!("GET {target} HTTP/1.1\r\nConnection: close\r\n\r\n")).status,
                421
            );
            let head = ask(format!(
                "HEAD {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            ));
            assert_eq!((head.status, head.body.len()), (200, 0));
            assert!(!head.head.to_lowercase().contains("access-control"), "{}", head.head);
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"] {
                let got = ask(format!(
                    "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
                ));
                assert_eq!(got.status, 405, "{method}");
            }
            assert_eq!(
                ask(format!(
                    "GET {target} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 5\r\n\r\nhello"
                ))
                .status,
                400
            );
            assert_eq!(ask("rubbish\r\n\r\n".to_owned()).status, 400);
            let long =
                format!("GET /logs?{} HTTP/1.1\r\nHost: {address}\r\n\r\n", "x".repeat(20_000));
            assert_eq!(ask(long).status, 431);
        });
    });
}

#[test]
fn the_token_is_needed_in_either_header() {
    let place = tempfile::tempdir().unwrap();
    let token = private(place.path().join("token"), "s3cret\n");
    with_dump(|dump, logs| {
        let options =
            ServeOptions { token: Some(TokenSource::File(token)), ..ServeOptions::default() };
        let target = format!("/logs?projectId=1&flowId={}", logs[0].flow);
        while_served(dump, options, |address| {
            let with = |header: &str| get(address, &target, header).status;
            assert_eq!(with(""), 401);
            assert_eq!(with("Authorization: Bearer wrong\r\n"), 401);
            assert_eq!(with("Authorization: Bearer s3cret\r\n"), 200);
            assert_eq!(with("authentication: s3cret\r\n"), 200);
            assert_eq!(with("Authentication: bearer s3cret\r\n"), 200);
        });
    });
}

#[test]
fn an_address_that_others_reach_needs_consent() {
    with_dump(|dump, _| {
        let all = "0.0.0.0:0".parse().unwrap();
        let refused = Server::bind(dump, all, ServeOptions::default()).unwrap_err();
        assert!(matches!(refused, ServeError::Remote { .. }));
        let options = ServeOptions { allows_remote: true, ..ServeOptions::default() };
        assert!(Server::bind(dump, all, options).is_ok());
    });
}

/// Writes a file that only its owner may read.
pub(crate) fn private(path: PathBuf, text: &str) -> PathBuf {
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

#[test]
fn verbatim_downloads_are_the_files_of_the_dump() {
    let place = tempfile::tempdir().unwrap();
    let logs = kit::write_dump(place.path(), 5, 20);
    let dump = kit::read(place.path());
    let options = ServeOptions { is_verbatim: true, ..ServeOptions::default() };
    let mut files: Vec<Vec<u8>> = std::fs::read_dir(place.path().join("downloads"))
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    while_served(&dump, options, |address| {
        for log in logs.iter().filter(|log| log.download.is_some()) {
            let target = format!(
                "/logs/download?id={}&projectId=1&flowId={}&projectslug=s",
                log.id, log.flow
            );
            let got = get(address, &target, "");
            let place = files.iter().position(|file| *file == got.body);
            files.remove(place.unwrap());
        }
    });
    assert!(files.is_empty());
}

#[test]
fn shifted_pages_show_rows_that_arrive_and_disappear() {
    with_dump(|dump, logs| {
        let faults = Some("kinds=shifted".parse().unwrap());
        while_served(dump, ServeOptions { faults, ..ServeOptions::default() }, |address| {
            let mut firsts = std::collections::HashSet::new();
            let mut counts = Vec::new();
            for _ in 0..40 {
                let got = get(address, &format!("/logs?projectId=1&flowId={}", logs[0].flow), "");
                let page: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
                firsts.insert(page["results"][0]["id"].to_string());
                counts.push(page["count"].as_u64().unwrap());
            }
            assert!(firsts.len() > 1, "{firsts:?}");
            assert!(counts.windows(2).any(|two| two[0] > two[1]), "{counts:?}");
        });
    });
}
