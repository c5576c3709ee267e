//! `fetch` over connections that are secured, badly secured, or lead through a proxy.
#![cfg(unix)]

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::api::{Served, fetch, with_dump};
use super::faults::{skipped, wait_until};
use super::kit::{RunOutput, TestFolder, ended};

/// `openssl s_server` with a certificate made here.
struct Secured {
    child: Child,
    port: u16,
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn openssl(place: &TestFolder, args: &str) -> bool {
    let mut command = Command::new("openssl");
    command.args(args.split(' ')).current_dir(place.path()).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Makes an authority in `ca.pem` and a certificate signed by it for `name`, valid from and until these times.
fn certificate(place: &TestFolder, name: &str, times: &str) -> bool {
    place.file("ext", format!("subjectAltName={name}\n"));
    place.file(
        "ca.conf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nemail_in_dn=no\n[p]\ncommonName=supplied\n",
    );
    place.file("index", "");
    place.file("serial", "01\n");
    openssl(
        place,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj /CN=ca",
    ) && openssl(
        place,
        "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=test",
    ) && openssl(
        place,
        &format!(
            "ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in request.pem -out cert.pem -extfile ext {times}"
        ),
    )
}

fn secured(place: &TestFolder) -> Secured {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let args = [
        "s_server",
        "-accept",
        &port.to_string(),
        "-cert",
        "cert.pem",
        "-key",
        "key.pem",
        "-www",
        "-quiet",
    ];
    let mut command = Command::new("openssl");
    command.args(args).current_dir(place.path()).stdin(Stdio::null());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("a secured server", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    Secured { child, port }
}

fn fetch_from(place: &TestFolder, host: &str, more: &[&str]) -> RunOutput {
    let args = [
        "fetch",
        "fetched",
        "--project-id",
        "12",
        "--project-slug",
        "shop",
        "--pause-scale",
        "0.001",
    ];
    let args = [&args[..], &["--host", host], more].concat();
    ended(place.command(&args).env("AKINON_TOKEN", "s3cret").spawn().unwrap())
}

#[test]
fn only_a_certificate_that_is_valid_for_the_host_is_trusted() {
    const NOW: &str = "-startdate 20200101000000Z -enddate 20990101000000Z";
    const PAST: &str = "-startdate 20200101000000Z -enddate 20210101000000Z";
    for (name, times, with_authority, says) in [
        ("IP:127.0.0.1", NOW, true, "the answer is no flow list"),
        ("IP:127.0.0.1", NOW, false, "unknownissuer"),
        ("IP:127.0.0.1", PAST, true, "expired"),
        ("DNS:other.example.com", NOW, true, "not valid for name"),
    ] {
        let place = TestFolder::new();
        if !certificate(&place, name, times) {
            return skipped("no openssl here to make certificates");
        }
        let server = secured(&place);
        let host = format!("https://127.0.0.1:{}", server.port);
        let authority = ["--ca-file", "ca.pem"];
        let run = fetch_from(&place, &host, if with_authority { &authority } else { &[] });
        assert_eq!(run.code, 2, "{name} {times}: {}", run.err);
        assert!(run.err.to_lowercase().contains(says), "{name} {times}: {}", run.err);
        assert!(run.err.lines().count() <= 2, "{}", run.err);
        assert!(!run.err.contains("s3cret"));
        // A connection that is not trusted is refused at once, and nothing is sent over it.
        assert_eq!(run.err.contains("6 times"), says.contains("flow list"), "{}", run.err);
    }
}

/// A proxy that only connects; counts its connections.
fn proxy() -> (SocketAddr, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&count);
    // Ends with the tests.
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || connect(client, &counted));
        }
    });
    (address, count)
}

fn connect(mut client: TcpStream, counted: &AtomicU32) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let Some(target) = target else { return client.write_all(b"HTTP/1.1 405 X\r\n\r\n") };
    counted.fetch_add(1, Ordering::Relaxed);
    let mut server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || io::copy(&mut from_server, &mut to_client));
    io::copy(&mut client, &mut server).map(|_| ())
}

#[test]
fn a_proxy_is_used_when_it_is_named() {
    let place = with_dump();
    let served = Served::start(&place, &[]);
    let (address, count) = proxy();
    let run = fetch(&place, &served, &["--proxy", &format!("http://{address}")]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(count.load(Ordering::Relaxed) > 0);
    assert!(Path::new(&place.path().join("fetched/downloads")).is_dir());
    let wrong = fetch(&place, &served, &["--proxy", "http://user:pa55@"]);
    assert!(wrong.code == 2 && !wrong.err.contains("pa55"), "{}", wrong.err);
}

#[test]
fn the_token_is_in_no_argument_no_message_and_no_file() {
    let place = with_dump();
    let served =
        Served::start(&place, &["--faults", "seed=2,percent=50,kinds=401+expired+500+login"]);
    let args = ["fetch", "fetched", "--project-id", "12", "--project-slug", "shop", "--rate", "50"];
    let args = [&args[..], &["--pause-scale", "0.01", "--host", &served.url]].concat();
    let child = place.command(&args).env("AKINON_TOKEN", "s3cret-token").spawn().unwrap();
    if let Ok(line) = std::fs::read(format!("/proc/{}/cmdline", child.id())) {
        assert!(!String::from_utf8_lossy(&line).contains("s3cret-token"));
    }
    let run = ended(child);
    assert!(!run.err.contains("s3cret-token"), "{}", run.err);
    let mut grep = Command::new("grep");
    grep.args(["-r", "s3cret-token", "."]).current_dir(place.path());
    assert_eq!(grep.output().unwrap().status.code(), Some(1), "a file has the token");
}
