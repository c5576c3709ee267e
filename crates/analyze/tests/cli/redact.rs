//! What is masked in reports and in output that leaves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use corpus::Random;
use corpus::planted::{forms, in_text, named};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::kit::TestFolder;

/// Commands that show the report, in all their formats.
const COMMANDS: [&[&str]; 18] = [
    &["summary", "report", "-v"],
    &["search", "report", "--limit", "0", "--show", "full"],
    &["search", "report", "is:failed", "--limit", "0"],
    &["search", "report", "--limit", "0", "--format", "table"],
    &["search", "report", "--limit", "0", "--format", "jsonl"],
    &["search", "report", "--limit", "0", "--format", "csv"],
    &["search", "report", "--limit", "0", "--format", "har"],
    &["search", "report", "--limit", "0", "--format", "curl"],
    &["search", "report", "--by", "group"],
    &["explain", "report", "1", "--samples", "50", "--top", "100"],
    &["explain", "report", "1", "--format", "json", "--samples", "50", "--top", "100"],
    &["show", "report", "K-0000"],
    &["keys", "report", "--limit", "0"],
    &["keys", "report", "--format", "json"],
    &["endpoint", "report", "customers", "--all"],
    &["diff", "old", "report", "--min-count", "1"],
    &["diff", "old", "report", "--min-count", "1", "--format", "markdown"],
    &["endpoint", "report"],
];

/// What was planted.
struct PlantedValues {
    /// Finds all forms of all values.
    forms: AhoCorasick,
    /// The value of each form.
    values: Vec<PlantedValue>,
    /// How many values are in sentences alone.
    free: usize,
}

#[derive(Debug, Clone)]
struct PlantedValue {
    value: String,
    /// In which part of the exchange it stands, and what carries it; for the message of a failure.
    #[expect(dead_code, reason = "shown by Debug")]
    place: String,
    /// Whether it stands under a name.
    named: bool,
}

impl PlantedValues {
    /// A dump with so many exchanges, with four values each: a body, a field and an answer with values under names, of
    /// which one is in the message of the answer too, and a sentence.
    fn dump(place: &TestFolder, exchanges: usize) -> Self {
        let mut random = Random::new(77);
        let mut values = Vec::new();
        let mut log = String::new();
        for n in 0..exchanges {
            let (sent, field) = (named(3 * n, &mut random), named(3 * n + 1, &mut random));
            let (answered, free) = (named(3 * n + 2, &mut random), in_text(n, &mut random));
            let mut message = free.text.clone();
            // A value that means nothing without its name is masked only beside it; and the head of a request is no part
            // of its body, so that its fields are not in the report.
            if sent.value.chars().count() > 6 && sent.carrier != "headers" {
                write!(message, " ({})", sent.value).unwrap();
            }
            let record = json!({
                "flow": "customers",
                "created": format!("2026-10-24T10:{:02}:{:02}Z", n / 60 % 60, n % 60),
                "sku": format!("K-{n:04}"),
                "method": "POST",
                "url": "https://erp.example.com/customers/",
                "request_body": sent.text,
                "status_code": 400,
                "response_body": json!({"message": message, "detail": answered.text}).to_string(),
                "comment": field.text,
            });
            writeln!(log, "{record}").unwrap();
            for (part, planted) in [("request", sent), ("field", field), ("answer", answered)] {
                let place = format!("{part}: {} in {}", planted.name, planted.carrier);
                values.push(PlantedValue { value: planted.value, place, named: true });
            }
            let place = format!("sentence: {} in {}", free.kind, free.text);
            values.push(PlantedValue { value: free.value, place, named: false });
        }
        place.file("dump/log.json", log);
        // Shorter ones may stand anywhere by chance.
        values.retain(|planted| planted.value.chars().count() > 7);
        let free = values.iter().filter(|planted| !planted.named).count();
        let (texts, values): (Vec<_>, Vec<_>) = values
            .iter()
            .flat_map(|planted| forms(&planted.value).map(|form| (form, planted.clone())))
            .unzip();
        Self { forms: AhoCorasick::new(texts).unwrap(), values, free }
    }

    /// The values that are in a text.
    fn found(&self, text: &[u8]) -> BTreeMap<&str, &PlantedValue> {
        let found = self.forms.find_overlapping_iter(text);
        let found = found.map(|found| &self.values[found.pattern().as_usize()]);
        found.map(|planted| (planted.value.as_str(), planted)).collect()
    }

    /// Holds that no value under a name is in a text, and at most one in two hundred of the others.
    fn are_not_in(&self, what: &str, text: &[u8]) {
        let (named, free): (Vec<_>, Vec<_>) =
            self.found(text).into_values().partition(|planted| planted.named);
        let shown = |left: &[&PlantedValue]| format!("{:#?}", &left[..left.len().min(9)]);
        assert!(named.is_empty(), "{what}: {} left: {}", named.len(), shown(&named));
        assert!(free.len() * 200 <= self.free, "{what}: {} left: {}", free.len(), shown(&free));
    }
}

#[test]
fn of_ten_thousand_planted_values_none_is_left_in_a_report_or_in_output_of_one() {
    let place = TestFolder::new();
    let values = PlantedValues::dump(&place, 2500);
    let report = |more: &[&str]| {
        let run = place.run(&[&["report", "dump", "--out", "report", "--force"], more].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        run.err
    };
    let formats = ["--format", "parquet,csv,json", "--csv-bodies"];
    let said = report(&[&formats[..], &["--redact", "personal"]].concat());
    values.are_not_in("stderr of report", said.as_bytes());
    for (path, bytes) in place.bytes_below("report") {
        values.are_not_in(&path.display().to_string(), &bytes);
    }
    place.file("empty/x.json", "[]");
    let run = place.run(&["report", "empty", "--out", "old"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let said = report(&["--redact", "none"]);
    values.are_not_in("stderr of report", said.as_bytes());
    for command in COMMANDS {
        let run = place.run(command);
        assert_eq!(run.code, 0, "{command:?}: {}", run.err);
        assert!(!run.out.is_empty(), "{command:?}");
        values.are_not_in(&format!("{command:?}"), (run.out + &run.err).as_bytes());
    }
    let page = |more: &[&str]| {
        let run = place.run(&[&["html", "report", "-o", "page.html", "--force"], more].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        opened(&place.read("page.html"))
    };
    values.are_not_in("page", &page(&[]));
    let found = values.found(&page(&["--show-secrets"])).len();
    assert!(found * 10 > values.values.len(), "the test finds what is in the page: {found}");
    let run =
        place.run(&["search", "report", "--limit", "0", "--format", "jsonl", "--show-secrets"]);
    assert!(run.err.contains("not masked"), "{}", run.err);
    let found = values.found(run.out.as_bytes()).len();
    assert!(found * 10 > values.values.len(), "the test finds what is there: {found}");
}

/// A page, and what its templates hold.
fn opened(page: &str) -> Vec<u8> {
    let mut all = page.as_bytes().to_vec();
    for template in page.split("<template id=").skip(1) {
        let data = template.split_once('>').unwrap().1.split_once('<').unwrap().0;
        let packed = STANDARD.decode(data).unwrap();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut all).unwrap();
    }
    all
}

const LOGIN: &str = r#"{"flow":"login","sku":"A-1","method":"POST","url":"https://erp.example.com/login?token=tok-91827364","request_body":{"password":"Kara-Kutu-9","email":"ali@example.com"},"status_code":401,"response_body":{"error":"no login with Kara-Kutu-9 for ali@example.com"}}"#;

#[test]
fn secrets_are_masked_unless_told_otherwise_and_persons_when_asked_for() {
    let place = TestFolder::new();
    place.file("dump/a.json", LOGIN);
    for (level, secret, person) in [
        (None, false, true),
        (Some("secrets"), false, true),
        (Some("personal"), false, false),
        (Some("none"), true, true),
    ] {
        let mut args = vec![
            "report",
            "dump",
            "--out",
            "report",
            "--force",
            "--format",
            "parquet,json,csv",
            "-q",
        ];
        args.extend(level.iter().flat_map(|level| ["--redact", level]));
        assert_eq!(place.run(&args).code, 0);
        for table in
            ["exchanges.jsonl", "errors.jsonl", "error_groups.jsonl", "keys.jsonl", "errors.csv"]
        {
            let text = place.read(&format!("report/{table}"));
            assert_eq!(text.contains("Kara-Kutu-9"), secret, "{level:?} {table}: {text}");
            assert_eq!(text.contains("ali@example.com"), person, "{level:?} {table}: {text}");
            assert_eq!(
                text.contains("tok-91827364"),
                secret && table == "exchanges.jsonl",
                "{table}: {text}"
            );
        }
        let summary: Value = serde_json::from_str(&place.read("report/summary.json")).unwrap();
        assert_eq!(summary["redaction"], level.unwrap_or("secrets"));
        let parquet =
            String::from_utf8_lossy(&fs::read(place.path().join("report/keys.parquet")).unwrap())
                .into_owned();
        assert!(parquet.contains(level.unwrap_or("secrets")), "{level:?}");
        let counts = place.read("report/redactions.jsonl");
        assert_eq!(counts.is_empty(), secret, "{level:?}: {counts}");
        assert_eq!(counts.contains("\"email\""), !person, "{level:?}: {counts}");
    }
}

#[test]
fn groups_keys_and_counts_are_the_same_at_each_level() {
    let place = TestFolder::new();
    PlantedValues::dump(&place, 60);
    let tables = |level: &str| {
        let args = [
            "report", "dump", "--out", "report", "--force", "--format", "json", "-q", "--redact",
            level,
        ];
        assert_eq!(place.run(&args).code, 0);
        ["error_groups", "errors", "keys", "exchanges", "endpoints", "runs"].map(|table| {
            let rows = place.read(&format!("report/{table}.jsonl"));
            let rows = rows.lines().map(|line| {
                let mut row: Value = serde_json::from_str(line).unwrap();
                for text in [
                    "template",
                    "sample_message",
                    "message",
                    "last_message",
                    "code",
                    "field",
                    "url",
                    "extra",
                    "request_body",
                    "response_body",
                    "request_digest",
                    "response_digest",
                ] {
                    row.as_object_mut().unwrap().remove(text);
                }
                row
            });
            rows.collect::<Vec<_>>()
        })
    };
    assert_eq!(tables("personal"), tables("none"));
    assert_eq!(tables("secrets"), tables("none"));
}

#[test]
fn one_key_gives_the_same_bytes_with_any_number_of_threads() {
    let place = TestFolder::new();
    PlantedValues::dump(&place, 300);
    for n in 0..9 {
        fs::copy(place.path().join("dump/log.json"), place.path().join(format!("dump/{n}.json")))
            .unwrap();
        place.file(&format!("dump/more{n}.json"), LOGIN.replace("ali", &format!("ali{n}")));
    }
    let files = |threads: &str, key: &str| {
        let args = [
            "report",
            "dump",
            "--out",
            "report",
            "--force",
            "--redact",
            "personal",
            "--redact-key",
            key,
            "--threads",
            threads,
            "-q",
        ];
        let run = place.run(&args);
        assert_eq!(run.code, 0, "{}", run.err);
        place.bytes_below("report")
    };
    let one = files("1", "key");
    assert!(files("4", "key") == one, "the key was made, and is used again");
    assert!(files("4", "other") != one, "another key gives other pseudonyms");
}

#[test]
fn a_key_that_is_no_text_is_refused_by_its_name() {
    let place = TestFolder::new();
    place.file("dump/a.json", LOGIN);
    place.file("key", [0xff_u8; 32]);
    #[cfg(unix)]
    {
        let only_own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(place.path().join("key"), only_own).unwrap();
    }
    let run = place.run(&["report", "dump", "--out", "report", "--redact-key", "key"]);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("error: key: no key: it has to hold 64 hex digits"), "{}", run.err);
}

#[test]
fn what_is_real_says_so() {
    let place = TestFolder::new();
    place.file("dump/a.json", LOGIN);
    let run = place.run(&["report", "dump", "--out", "report", "--redact", "none", "-q"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let cat = place.run(&["cat", "dump/a.json"]);
    assert!(cat.out.contains("Kara-Kutu-9") && cat.err.contains("not masked"), "{cat:?}");
    let keys = place.run(&["keys", "report", "--open", "--payloads", "resend"]);
    assert!(keys.err.contains("not masked"), "{keys:?}");
    let written = fs::read_dir(place.path().join("resend")).unwrap();
    let texts = written.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    assert!(texts.collect::<String>().contains("Kara-Kutu-9"));
    let diff = place.run(&["diff", "report", "report", "--format", "markdown", "--show-secrets"]);
    assert!(diff.out.starts_with("> not masked"), "{diff:?}");
    let show = place.run(&["show", "report", "A-1"]);
    assert!(show.out.contains("[redacted]") && show.err.contains("--show-secrets"), "{show:?}");
}
