//! Reports whose rows are made here: empty, with what a hostile log could say, with very many groups.

#![allow(clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "the numbers are small")]

use std::path::Path;

use tables::cell::{
    BodyDigest, BodyText, ClassWord, EndpointName, FileName, Fingerprint, FlowName, HttpMethod,
    KeyKindWord, KeyValue, LogStatusWord, LoggedUrl, MessageText, Micros, OutcomeWord,
    ProblemKindWord, RecordPointer, RunId, SideWord, SourceWord, StageWord, StepName, TemplateText,
};
use tables::rows::{
    Bodies, Endpoints, ErrorGroupRow, ErrorGroups, ErrorRow, Errors, ExchangeRow, Exchanges, Files,
    KeyRow, Keys, Logs, ProblemRow, Problems, RunRow, Runs,
};
use tables::{Batch, Encoder as _, Folder, Format, Formats, Metadata, Sink as _, Table};

/// 2026-10-24 00:00 UTC.
const START: i64 = 1_792_800_000_000_000;

/// What a log could say to break out of a page, to turn a line around, or to act on a terminal.
pub(crate) const HOSTILE: [&str; 8] = [
    "<script>document.title='broken out'</script>",
    "</template></script><img src=x onerror=\"document.title='broken out'\">",
    "a\u{2028}b\u{2029}c",
    "order \u{202e}gnp.exe\u{202c} end",
    "\u{1b}[31mred\u{1b}[0m \u{7}\u{0}",
    "\" onmouseover=\"document.title='broken out'\" x=\"",
    "{{constructor.constructor('return 1')()}} ${1} <!-- --> ]]> &lt;b&gt;",
    "javascript:document.title='broken out'",
];

/// An exchange that failed, in a group of its own: text of the error, bodies of request and answer.
struct MadeExchange<'m> {
    text: &'m str,
    request: &'m str,
    response: &'m str,
}

/// Writes a report with these exchanges, one each minute.
fn write(dir: &Path, exchanges: &[MadeExchange<'_>]) {
    let mut folder = Folder::create(
        dir,
        true,
        Formats::new([Format::Parquet]),
        &Metadata { rules_version: 3, redaction: "none" },
    )
    .expect("a folder");
    let mut rows = Batch::<Exchanges>::new();
    let mut errors = Batch::<Errors>::new();
    let mut groups = Batch::<ErrorGroups>::new();
    let mut keys: Vec<(String, ErrorRow<'_>)> = Vec::new();
    let mut runs = Batch::<Runs>::new();
    let mut problems = Batch::<Problems>::new();
    let prints: Vec<String> = (0..exchanges.len()).map(|group| format!("{group:016x}")).collect();
    let names: Vec<String> =
        (0..exchanges.len()).map(|n| format!("K-{n:06} {}", exchanges[n].text)).collect();
    for (n, made) in (0..).zip(exchanges) {
        let at = n as usize;
        let short: &str =
            &names[at][..names[at].len().min(200).min(names[at].floor_char_boundary(200))];
        let error = ErrorRow {
            error: 0,
            exchange: n,
            file: FileName("a/<b>.txt"),
            record: n as i32,
            fingerprint: Fingerprint(&prints[at]),
            class: ClassWord("value"),
            code: None,
            field: None,
            message: MessageText(made.text),
            source: SourceWord("response"),
            key_kind: Some(KeyKindWord("order")),
            key: Some(KeyValue(short)),
            side: Some(SideWord("erp")),
            started_at: Some(Micros(START + n * 60_000_000)),
            flow: Some(FlowName("flow <i>\u{202e}x")),
            step: Some(StepName("send")),
            endpoint: Some(EndpointName("POST erp.example.com/<u>/orders")),
            status: Some(400),
        };
        let body = |text| BodyText {
            text,
            hash: n as u64 * 2 + u64::from(std::ptr::eq(text, made.response)) + 1,
        };
        rows.push(&ExchangeRow {
            exchange: n,
            file: error.file,
            member: None,
            pointer: RecordPointer(""),
            record: n as i32,
            log_id: None,
            run_id: Some(RunId("run")),
            flow: error.flow,
            step: error.step,
            row_num: None,
            key_kind: error.key_kind,
            key: error.key,
            started_at: error.started_at,
            duration_ms: Some(120.0),
            method: Some(HttpMethod("POST")),
            url: Some(LoggedUrl("https://erp.example.com/<u>/orders?x='a'")),
            endpoint: error.endpoint,
            status: error.status,
            outcome: OutcomeWord("failed"),
            evidence: None,
            request_body: Some(body(made.request)),
            response_body: Some(body(made.response)),
            request_digest: Some(BodyDigest(n as u128 * 2 + 1)),
            response_digest: Some(BodyDigest(n as u128 * 2 + 2)),
            response_truncated: false,
            extra: None,
        });
        errors.push(&error);
        keys.push((short.to_owned(), error));
    }
    for ((n, made), print) in (0..).zip(exchanges).zip(&prints) {
        let at = Some(Micros(START + n * 60_000_000));
        groups.push(&ErrorGroupRow {
            fingerprint: Fingerprint(print),
            template: TemplateText(made.text),
            class: ClassWord("value"),
            retryable: false,
            count: 1,
            exchanges: 1,
            files: 1,
            runs: 1,
            keys: 1,
            open_keys: 1,
            flows: vec![FlowName("flow <i>\u{202e}x")],
            steps: Vec::new(),
            endpoints: Vec::new(),
            statuses: Vec::new(),
            first_seen: at,
            last_seen: at,
            sample_file: FileName("a"),
            sample_record: 0,
            sample_message: MessageText(made.text),
            resolved_keys: 0,
            side: Some(SideWord("erp")),
            code: None,
            field: None,
            name: None,
        });
    }
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut key_rows = Batch::<Keys>::new();
    for (key, error) in &keys {
        key_rows.push(&KeyRow {
            flow: error.flow,
            key_kind: KeyKindWord("order"),
            key: KeyValue(key),
            attempts: 1,
            failures: 1,
            first_seen: error.started_at,
            last_seen: error.started_at,
            last_outcome: OutcomeWord("failed"),
            open: true,
            last_fingerprint: Some(error.fingerprint),
            last_message: Some(error.message),
            last_file: Some(error.file),
            last_record: Some(error.record),
        });
    }
    if let Some(made) = exchanges.first() {
        runs.push(&RunRow {
            run_id: RunId("run"),
            flow: Some(FlowName("flow <i>\u{202e}x")),
            started_at: Some(Micros(START)),
            finished_at: Some(Micros(START + 60_000_000)),
            duration_ms: Some(60_000.0),
            status: Some(LogStatusWord("failed")),
            logs: 1,
            downloaded: 1,
            exchanges: exchanges.len() as i64,
            failed: exchanges.len() as i64,
            error_rate: Some(1.0),
            groups: exchanges.len() as i64,
        });
        problems.push(&ProblemRow {
            file: FileName(made.text),
            member: None,
            byte: 0,
            stage: StageWord("json"),
            kind: ProblemKindWord("bad_json"),
            message: MessageText(made.text),
        });
    }
    append(&mut folder, rows);
    append(&mut folder, errors);
    append(&mut folder, groups);
    append(&mut folder, key_rows);
    append(&mut folder, runs);
    append(&mut folder, problems);
    append(&mut folder, Batch::<Files>::new());
    append(&mut folder, Batch::<Logs>::new());
    append(&mut folder, Batch::<Endpoints>::new());
    append(&mut folder, Batch::<Bodies>::new());
    let summary = format!(
        "{{\"schema_version\": {}, \"files\": {{\"total\": 1, \"decoded\": 1}}}}",
        tables::SCHEMA_VERSION
    );
    folder.finish(&summary).expect("a report");
}

fn append<T: Table>(folder: &mut Folder, mut batch: Batch<T>) {
    let part = folder.encoder().encode(&mut batch).expect("rows");
    folder.append(part).expect("a part");
}

/// A report of nothing.
pub(crate) fn empty(dir: &Path) {
    write(dir, &[]);
}

/// Hostile texts everywhere, and a message and bodies of a megabyte.
pub(crate) fn hostile(dir: &Path) {
    let long = "long <b> ".repeat(1 << 17);
    let texts: Vec<&str> = HOSTILE.into_iter().chain([long.as_str()]).collect();
    let bodies: Vec<String> =
        texts.iter().map(|text| format!("{{\"text\": {}}}", serde_json::json!(text))).collect();
    let exchanges: Vec<MadeExchange<'_>> = texts
        .iter()
        .zip(&bodies)
        .map(|(text, body)| MadeExchange { text, request: body, response: text })
        .collect();
    write(dir, &exchanges);
}

/// As many groups as wanted, each with a request.
pub(crate) fn many(dir: &Path, count: usize) {
    let texts: Vec<String> = (0..count)
        .map(|n| format!("Error of kind {n}: the value of field f{} is wrong", n % 97))
        .collect();
    let exchanges: Vec<MadeExchange<'_>> = texts
        .iter()
        .map(|text| MadeExchange { text, request: "{\"order\": 1}", response: text })
        .collect();
    write(dir, &exchanges);
}
