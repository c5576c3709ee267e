//! Requests for people: what was sent and what was answered, one card for each.

use query::grammar::TextPattern;
use query::{BulkRow, KeyState, LoggedRequest, answer_of_row, row_of};
use tables::cell::{BodyDigest, BodyText, KeyValue};

use super::figures::{bytes, counted, second, span};
use super::pretty;
use super::terminal::{Style, columns, cut, cut_end, cut_start, safe};

/// From this width on the response stands beside the request.
const WIDE: usize = 120;

/// Most lines of a body in a snippet.
const SNIPPET_LINES: usize = 14;

/// Most errors of a request in a card that is no full one.
const ERRORS: usize = 3;

/// How much of the bodies is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShownBodies {
    /// Nothing.
    None,
    /// The hits, with so many lines around each.
    Snippets(usize),
    /// All.
    Full,
}

/// How cards are shown.
#[derive(Debug)]
pub(crate) struct Cards<'s> {
    /// Colours, or none.
    pub(crate) style: Style,
    /// Columns of the terminal; `None` when the output is no terminal, and lines may be long.
    pub(crate) width: Option<usize>,
    /// How much of the bodies is shown.
    pub(crate) bodies: ShownBodies,
    /// What is marked as a hit.
    pub(crate) highlights: Vec<&'s TextPattern>,
    /// The key whose row is shown of a bulk request.
    pub(crate) key: Option<&'s str>,
}

impl Cards<'_> {
    /// The lines of the card of a request.
    pub(crate) fn lines(&self, request: &LoggedRequest<'_>) -> Vec<String> {
        let exchange = &request.exchange;
        let row = self.row(request);
        let mut lines = vec![self.title(request)];
        lines.push(self.facts(request));
        let place = format!("  request {}, record {} of ", exchange.exchange, exchange.record);
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(columns(&place)));
        let place = format!("{place}{}", cut_start(&safe(exchange.file.0), room));
        lines.push(self.style.dim(&self.fitted(&place)));
        if let (ShownBodies::Full, Some(url)) = (self.bodies, exchange.url) {
            lines.push(self.marked(&self.fitted(&format!("  {}", safe(url.0)))));
        }
        if let Some(row) = &row {
            let of = format!("row {} of {} of a bulk request", row.place + 1, row.rows);
            lines.push(self.fitted(&format!("  {of}: {}", self.verdict(request))));
        }
        lines.extend(self.errors(request, row.is_some()));
        if self.bodies != ShownBodies::None {
            lines.extend(self.both_bodies(request, row.as_ref()));
        }
        lines
    }

    /// When, how it ended, and where it went.
    fn title(&self, request: &LoggedRequest<'_>) -> String {
        let exchange = &request.exchange;
        let time = exchange.started_at.map_or_else(|| "no time".to_owned(), second);
        let status = exchange.status.map(|status| format!("{status} ")).unwrap_or_default();
        let outcome = match exchange.outcome.0 {
            "unknown" => "outcome unknown",
            outcome => outcome,
        };
        let outcome = safe(&format!("{status}{outcome}"));
        let target = match (exchange.endpoint, exchange.method, exchange.url) {
            (Some(endpoint), _, _) => endpoint.0.to_owned(),
            (None, method, url) => {
                format!("{} {}", method.map_or("", |m| m.0), url.map_or("", |url| url.0))
            }
        };
        let before = columns(&time) + columns(&outcome) + 4;
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(before));
        let paint = |text: &str| match exchange.outcome.0 {
            "failed" => self.style.red(text),
            _ => self.style.bold(text),
        };
        let target = cut(&target, room);
        format!("{}  {}  {}", self.style.bold(&time), paint(&outcome), self.style.bold(&target))
            .trim_end()
            .to_owned()
    }

    /// Its key and the state of it, flow, step and duration.
    fn facts(&self, request: &LoggedRequest<'_>) -> String {
        let exchange = &request.exchange;
        let mut facts = Vec::new();
        if let (Some(kind), Some(key)) = (exchange.key_kind, exchange.key) {
            facts.push(format!("{} {}", kind.0, key.0));
        }
        facts.extend(request.state.map(|state| match state {
            KeyState::Good => "never failed".to_owned(),
            KeyState::Open | KeyState::Resolved => state.word().to_owned(),
        }));
        facts.extend(exchange.duration_ms.map(|duration| span((duration as i64).unsigned_abs())));
        facts.extend(exchange.flow.map(|flow| format!("flow {}", flow.0)));
        facts.extend(exchange.step.map(|step| format!("step {}", step.0)));
        let facts = facts.join(", ");
        self.marked(&self.fitted(&format!("  {}", safe(&facts))))
    }

    /// The row of the key, when it is one of several in a bulk request.
    fn row<'b>(&self, request: &LoggedRequest<'b>) -> Option<BulkRow<'b>> {
        let key = self.key?;
        let is_own = request.exchange.key.is_some_and(|own| own.0 == key);
        let body = request.exchange.request_body.filter(|_| !is_own)?;
        row_of(body.text, key)
    }

    /// How the row of the key ended: as the table `keys` counts it.
    fn verdict(&self, request: &LoggedRequest<'_>) -> &'static str {
        let refused = request.errors.iter().any(|error| error.key.map(|key| key.0) == self.key);
        let names_rows = request.errors.iter().any(|error| error.key.is_some());
        match request.exchange.outcome.0 {
            _ if refused => "refused",
            "success" => "accepted",
            "failed" if names_rows => "accepted",
            "failed" => "failed with the whole request",
            _ => "outcome unknown",
        }
    }

    fn errors(&self, request: &LoggedRequest<'_>, of_row: bool) -> Vec<String> {
        let shown =
            |key: Option<KeyValue<'_>>| !of_row || key.is_none_or(|key| Some(key.0) == self.key);
        let errors: Vec<_> = request.errors.iter().filter(|error| shown(error.key)).collect();
        let most = if self.bodies == ShownBodies::Full { errors.len().min(50) } else { ERRORS };
        let mut lines = Vec::new();
        for error in errors.iter().take(most) {
            let side = error.side.map(|side| format!(", {}", side.0)).unwrap_or_default();
            let field = error.field.map(|field| format!("{}: ", field.0)).unwrap_or_default();
            let text = format!(
                "  {}  {}{side}  {field}{}",
                error.fingerprint.0, error.class.0, error.message.0
            );
            lines.push(self.marked(&self.fitted(&safe(&text))));
        }
        let more = request.errors.len() - lines.len();
        if more > 0 {
            let of = if of_row { "of other rows" } else { "more" };
            lines.push(format!("  and {} {of}", counted(more as u64, "error", "errors")));
        }
        lines
    }

    fn both_bodies(&self, request: &LoggedRequest<'_>, row: Option<&BulkRow<'_>>) -> Vec<String> {
        let exchange = &request.exchange;
        let row_answer = row.and_then(|row| {
            let answer = exchange.response_body?;
            answer_of_row(answer.text, row, self.key.unwrap_or_default())
        });
        let cut = exchange.response_truncated.then_some(", cut by the platform");
        let beside = self.width.filter(|width| *width >= WIDE);
        let room = beside.map(|width| (width - 7) / 2).or(self.width.map(|width| width - 4));
        let sent = self.body(
            "Request",
            exchange.request_body,
            exchange.request_digest,
            row.map(|row| row.text),
            room,
        );
        let mut answered = self.body(
            "Response",
            exchange.response_body,
            exchange.response_digest,
            row_answer,
            room,
        );
        if let (Some(title), Some(cut)) = (answered.first_mut(), cut) {
            title.push_str(cut);
        }
        let mut lines = Vec::new();
        match (beside, room) {
            (Some(_), Some(room)) => {
                let blank = String::new();
                for n in 0..sent.len().max(answered.len()) {
                    let left = sent.get(n).unwrap_or(&blank);
                    let right = answered.get(n).unwrap_or(&blank);
                    let (left_text, right_text) = (self.line(n, left), self.line(n, right));
                    let gap = " ".repeat(room.saturating_sub(columns(left)));
                    lines.push(format!("  {left_text}{gap}  │ {right_text}").trim_end().to_owned());
                }
            }
            _ => {
                for part in [sent, answered] {
                    for (n, line) in part.iter().enumerate() {
                        let indent = if n == 0 { "  " } else { "    " };
                        lines.push(format!("{indent}{}", self.line(n, line)).trim_end().to_owned());
                    }
                }
            }
        }
        lines
    }

    /// A line of a body with its hits marked; the first is its title.
    fn line(&self, n: usize, line: &str) -> String {
        if n == 0 { self.style.dim(line) } else { self.marked(line) }
    }

    /// A title and the lines of a body, safe for a terminal and no wider than `room`.
    fn body(
        &self,
        name: &str,
        body: Option<BodyText<'_>>,
        digest: Option<BodyDigest>,
        part: Option<&str>,
        room: Option<usize>,
    ) -> Vec<String> {
        let Some(BodyText { text, .. }) = body else {
            let why = if digest.is_some() { "left out of the report by --bodies" } else { "none" };
            return vec![format!("{name}: {why}")];
        };
        let size = bytes(text.len() as u64);
        let mut lines = match part {
            Some(_) => vec![format!("{name}, its row of {size}")],
            None => vec![format!("{name}, {size}")],
        };
        let written = pretty_lines(part.unwrap_or(text));
        match self.bodies {
            ShownBodies::None => {}
            ShownBodies::Full => {
                for line in written {
                    match room {
                        Some(room) => lines.extend(wrapped(&line, room)),
                        None => lines.push(line),
                    }
                }
            }
            ShownBodies::Snippets(around) => {
                // Without a terminal lines are folded too: a snippet is meant to be short.
                let room = room.unwrap_or(160);
                lines.extend(self.snippet(&written, around, room));
            }
        }
        lines
    }

    /// The lines with hits and those around them; without a hit the first ones.
    fn snippet(&self, lines: &[String], around: usize, room: usize) -> Vec<String> {
        let is_hit = |line: &String| self.first_hit(line).is_some();
        let hits: Vec<usize> = (0..lines.len()).filter(|n| is_hit(&lines[*n])).collect();
        let near = |n: usize| hits.iter().any(|hit| hit.abs_diff(n) <= around);
        let first = if hits.is_empty() { 2 * around + 1 } else { 0 };
        let wanted: Vec<usize> = (0..lines.len()).filter(|&n| n < first || near(n)).collect();
        let mut shown = Vec::new();
        let mut next = 0;
        for &n in wanted.iter().take(SNIPPET_LINES) {
            if n > next {
                shown.push("…".to_owned());
            }
            shown.push(folded(&lines[n], self.first_hit(&lines[n]), room));
            next = n + 1;
        }
        if next < lines.len() {
            let rest = (lines.len() - next) as u64;
            shown.push(cut(&format!("… {} more", counted(rest, "line", "lines")), room));
        }
        shown
    }

    fn first_hit(&self, line: &str) -> Option<usize> {
        let places = self.highlights.iter().flat_map(|pattern| pattern.places(line));
        places.map(|place| place.start).min()
    }

    /// A safe line with its hits in colour.
    fn marked(&self, line: &str) -> String {
        let mut places: Vec<_> =
            self.highlights.iter().flat_map(|pattern| pattern.places(line)).collect();
        places.sort_by_key(|place| (place.start, place.end));
        let mut out = String::new();
        let mut at = 0;
        for place in places.into_iter().filter(|_| !line.is_empty()) {
            let start = place.start.max(at);
            if place.end > start {
                out.push_str(&line[at..start]);
                out.push_str(&self.style.hit(&line[start..place.end]));
                at = place.end;
            }
        }
        out.push_str(&line[at..]);
        out
    }

    /// A safe line cut to the width.
    fn fitted(&self, line: &str) -> String {
        match self.width {
            Some(width) if columns(line) > width => cut_end(line, width),
            _ => line.to_owned(),
        }
    }
}

/// The lines of a body: JSON indented, elements of XML on lines of their own, anything else as it is. Safe for a terminal.
fn pretty_lines(text: &str) -> Vec<String> {
    let mut out = String::new();
    let mut push = |piece: &str| {
        out.push_str(piece);
        Ok(())
    };
    let is_json = text.trim_start().starts_with(['{', '[']) && pretty::check(text).is_ok();
    if is_json {
        // Writing to a String does not fail.
        let _never = pretty::write(text, &mut push);
    } else if text.trim_start().starts_with('<') {
        out = text.replace("><", ">\n<");
    } else {
        text.clone_into(&mut out);
    }
    out.lines().map(|line| safe(line.trim_end())).collect()
}

/// A line in pieces of at most `room` columns.
fn wrapped(line: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut taken = 0;
    for c in line.chars() {
        let wide = columns(c.encode_utf8(&mut [0; 4]));
        if taken + wide > room {
            pieces.push(String::new());
            taken = 0;
        }
        taken += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// A line cut to `room` columns around its first hit; what is missing at the end is counted.
fn folded(line: &str, hit: Option<usize>, room: usize) -> String {
    if columns(line) <= room {
        return line.to_owned();
    }
    // A third of the room for what stands before the hit.
    let before = room / 3;
    let chars_before = hit.map_or(0, |hit| line[..hit].chars().count());
    let skipped = if chars_before + 20 > room { chars_before.saturating_sub(before) } else { 0 };
    let start = line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at);
    let lead = if skipped > 0 { "…" } else { "" };
    let tail = |rest: usize| format!("… +{}", bytes(rest as u64));
    // As wide as a tail gets.
    let room = room.saturating_sub(columns(lead) + columns(&tail(line.len())) + 2);
    let piece = wrapped(&line[start..], room.max(1)).swap_remove(0);
    let rest = line.len() - start - piece.len();
    if rest == 0 { format!("{lead}{piece}") } else { format!("{lead}{piece}{}", tail(rest)) }
}

#[cfg(test)]
mod tests {
    use tables::cell::{
        ClassWord, EndpointName, ErrorCode, FieldPath, FileName, Fingerprint, FlowName,
        KeyKindWord, LoggedUrl, MessageText, Micros, OutcomeWord, RecordPointer, SideWord,
        SourceWord, StepName,
    };
    use tables::rows::{ErrorRow, ExchangeRow};

    use super::*;

    const LONG: &str = "a text of a log that goes on and on, with \u{1b}[31m in it, until it is wider than any terminal that is used for reading logs, and then some more: 日本語 ışık";

    /// A request in which every text is long and acts on a terminal.
    fn request<'b>(sent: &'b str, answered: &'b str) -> LoggedRequest<'b> {
        let body = |text| Some(BodyText { text, hash: 0 });
        let exchange = ExchangeRow {
            exchange: i64::MAX,
            file: FileName(LONG),
            member: None,
            pointer: RecordPointer(""),
            record: i32::MAX,
            log_id: None,
            run_id: None,
            flow: Some(FlowName(LONG)),
            step: Some(StepName(LONG)),
            row_num: None,
            key_kind: Some(KeyKindWord("sku")),
            key: Some(KeyValue(LONG)),
            started_at: Some(Micros(0)),
            duration_ms: Some(1234.5),
            method: None,
            url: Some(LoggedUrl(LONG)),
            endpoint: Some(EndpointName(LONG)),
            status: Some(400),
            outcome: OutcomeWord("failed"),
            evidence: None,
            request_body: body(sent),
            response_body: body(answered),
            request_digest: None,
            response_digest: None,
            response_truncated: true,
            extra: None,
        };
        let error = ErrorRow {
            error: 0,
            exchange: i64::MAX,
            file: FileName(LONG),
            record: 0,
            fingerprint: Fingerprint("12ab000000000000"),
            class: ClassWord("missing"),
            code: Some(ErrorCode(LONG)),
            field: Some(FieldPath(LONG)),
            message: MessageText(LONG),
            source: SourceWord("response"),
            key_kind: None,
            key: None,
            side: Some(SideWord("omnitron")),
            started_at: None,
            flow: None,
            step: None,
            endpoint: None,
            status: None,
        };
        let errors = vec![error; 5];
        LoggedRequest { exchange, errors, state: Some(KeyState::Open) }
    }

    fn cards(width: Option<usize>, bodies: ShownBodies, hits: &[TextPattern]) -> Cards<'_> {
        let highlights = hits.iter().collect();
        Cards { style: Style::plain(), width, bodies, highlights, key: None }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let json = format!(r#"{{"a":["{}",{{"b":"{}"}}]}}"#, "x".repeat(5_000), "ş".repeat(300));
        let hits = [TextPattern::text("ş", None).unwrap()];
        for width in [40, 60, 80, 119, 120, 200] {
            for bodies in [ShownBodies::None, ShownBodies::Snippets(2), ShownBodies::Full] {
                for text in [json.as_str(), LONG, "<a><b>ş</b></a>", ""] {
                    let lines = cards(Some(width), bodies, &hits).lines(&request(text, &json));
                    for line in lines {
                        assert!(columns(&line) <= width, "{width}: {line}");
                        assert!(!line.contains('\u{1b}'), "{line}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_full_body_is_complete_at_any_width() {
        let json = format!(r#"{{"a":"{}"}}"#, "0123456789".repeat(40));
        for width in [Some(60), Some(80), None] {
            let lines = cards(width, ShownBodies::Full, &[]).lines(&request(&json, "x"));
            let joined: String = lines.iter().map(|line| line.trim()).collect();
            assert!(joined.contains(&"0123456789".repeat(40)), "{joined}");
        }
    }

    #[test]
    fn the_response_stands_beside_the_request_where_there_is_room() {
        let shown =
            |width| cards(Some(width), ShownBodies::Full, &[]).lines(&request("[1]", "[2]"));
        assert!(
            shown(120)
                .iter()
                .any(|line| line.contains("Request, 3 B") && line.contains("│ Response, 3 B"))
        );
        assert!(shown(119).iter().all(|line| !line.contains('│')));
    }

    #[test]
    fn a_snippet_has_the_hit_and_counts_what_is_left_out() {
        let items: Vec<String> = (0..50).map(|n| format!("\"item {n}\"")).collect();
        let json = format!("[{}]", items.join(","));
        let hits = [TextPattern::text("item 25", None).unwrap()];
        let lines = cards(Some(80), ShownBodies::Snippets(1), &hits).lines(&request(&json, "x"));
        let from = lines.iter().position(|line| line.starts_with("  Request")).unwrap();
        assert_eq!(
            lines[from + 1..from + 6],
            [
                "    …",
                "      \"item 24\",",
                "      \"item 25\",",
                "      \"item 26\",",
                "    … 24 lines more"
            ]
        );
    }

    #[test]
    fn a_long_line_is_folded_around_its_hit() {
        let line = format!("{}HIT{}", "a".repeat(500), "b".repeat(2_000));
        let shown = folded(&line, Some(500), 60);
        assert!(shown.starts_with("…aaa") && shown.contains("aHITb"), "{shown}");
        assert!(shown.ends_with("… +1.9 KiB") && columns(&shown) <= 60, "{shown}");
        assert_eq!(folded("short", Some(0), 60), "short");
        assert!(folded(&line, None, 60).starts_with("aaa"));
    }
}
