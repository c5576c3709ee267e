//! A folder to work in, the program, and small dumps made by hand.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A folder of a test, which is also where the program runs.
pub(crate) struct TestFolder {
    folder: tempfile::TempDir,
}

/// How a run ended and what it printed.
#[derive(Debug)]
pub(crate) struct RunOutput {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl TestFolder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with `dump`: two downloads, one of them wrapped, and a listing page.
    pub(crate) fn with_dump() -> Self {
        let place = Self::new();
        place.file(
            "dump/90123.txt",
            base64(&zip(&[("90123.json", exchange("A-1", 400).as_bytes())])),
        );
        place.file("dump/90124.json", exchange("A-2", 200));
        place.file("dump/page.json", PAGE);
        place
    }

    /// A folder with `report`, that of testdata.
    pub(crate) fn with_report() -> Self {
        let place = Self::new();
        let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
        let run = place.run(&["report", dump.to_str().unwrap(), "--out", "report", "-q"]);
        assert_eq!(run.code, 0, "{}", run.err);
        place
    }

    /// Changes single bits of a file of `report`, one after the other: the command answers as before, since it does not
    /// read that byte, or refuses in one sentence. Then the file is as it was.
    pub(crate) fn refuses_changed_bits(&self, command: &[&str], file: &str, changes: usize) {
        let right = self.run(command).out;
        let path = self.path().join("report").join(file);
        let whole = fs::read(&path).unwrap();
        for n in 0..changes {
            let mut changed = whole.clone();
            let at = n * 7_919 % whole.len();
            changed[at] ^= 1 << (n % 8);
            fs::write(&path, changed).unwrap();
            let run = self.run(command);
            let same = run.code == 0 && run.out == right;
            assert!(same || run.code == 2 && run.out.is_empty(), "{file} {at}: {run:?}");
            assert!(same || run.err.starts_with("error: report/"), "{file} {at}: {}", run.err);
            assert!(!run.err.contains("panicked"), "{file} {at}: {}", run.err);
        }
        fs::write(&path, whole).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders around it.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The bytes of all files below a folder, by their paths in it.
    pub(crate) fn bytes_below(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path().join(folder);
        let mut folders = vec![root.clone()];
        let mut files = BTreeMap::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().to_owned();
                    files.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        files
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// A number of `report/summary.json`, by JSON pointer.
    pub(crate) fn summary(&self, pointer: &str) -> u64 {
        let summary: serde_json::Value =
            serde_json::from_str(&self.read("report/summary.json")).unwrap();
        summary.pointer(pointer).and_then(serde_json::Value::as_u64).unwrap()
    }

    /// The names in the folder, hidden ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program, not yet started.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_analyze"));
        command.args(args).current_dir(self.path()).env_remove("COLUMNS").env_remove("NO_COLOR");
        command.env("XDG_CONFIG_HOME", self.path().join("config"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> RunOutput {
        ended(self.command(args).spawn().unwrap())
    }

    pub(crate) fn run_with<S: AsRef<OsStr>>(&self, args: &[S], stdin: &[u8]) -> RunOutput {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        ended(child)
    }
}

impl RunOutput {
    /// What it said, apart from whether its output is masked.
    pub(crate) fn said(&self) -> String {
        let masked = |line: &&str| {
            line.ends_with("not masked: may hold secrets and personal data")
                || line.ends_with("are masked; --show-secrets shows them")
        };
        self.err.split_inclusive('\n').filter(|line| !masked(&line.trim_end())).collect()
    }
}

/// Waits for the end of a run.
pub(crate) fn ended(child: Child) -> RunOutput {
    let output = child.wait_with_output().unwrap();
    RunOutput {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A download with one exchange.
pub(crate) fn exchange(sku: &str, status: u16) -> String {
    let errors =
        if status < 400 { "null".to_owned() } else { format!(r#"["price of {sku} is missing"]"#) };
    format!(
        r#"{{"sku":"{sku}","method":"PATCH","url":"https://omnitron.example.com/api/i1/product_prices/17/","request_body":{{"price":0.10}},"status_code":{status},"errors":{errors},"response_body":{{"ok":1}}}}"#
    )
}

/// An exchange of a log of several, with flow and time.
pub(crate) fn attempt(
    flow: &str,
    created: &str,
    request: &str,
    status: u16,
    response: &str,
) -> String {
    format!(
        r#"{{"flow":"{flow}","created":"{created}","method":"POST","url":"https://omnitron.example.com/api/i1/product_prices/","request_body":{request},"status_code":{status},"response_body":{response}}}"#
    )
}

/// A listing page that knows log 90123.
pub(crate) const PAGE: &str = r#"{"count":1,"limit":25,"page":1,"previous":"","next":"","results":[
    {"id":90123,"log_type":1,"process_group_id":"f-1","process_group_name":"price","parent_process_group_id":null,
     "original_filename_uuid":"11111111-2222-4333-8444-555555555555","filename_uuid":"11111111-2222-4333-8444-555555555555",
     "state":3,"status":2,"created":"1687519997186","finished":null}]}"#;

/// A zip of stored members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x50];
        common.extend(crc32(bytes).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let offset = out.len() as u32;
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, count) = (out.len() as u32, (members.len() as u16).to_le_bytes());
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// Base64 as a download has it, on one line.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let sextet = group >> (18 - 6 * n) & 63;
            out.push(if n <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    out
}
