//! Output that leaves: what goes from a report to a file, a pipe or a ticket is masked as with `--redact personal`,
//! unless `--show-secrets` is given. On a terminal it is shown as it is in the report.
//!
//! Commands that show a report write to [`Outgoing`] and never to stdout itself; a test holds that.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::sync::OnceLock;

use query::{ListedKeys, LoggedRequests};
use redact::{Key, Level, Redacted, Redactor, Scope, is_masked};
use serde_json::{Value, json};
use tables::{Batch, Format, Stored};

use super::terminal::say;

static SHOW_SECRETS: OnceLock<bool> = OnceLock::new();

/// Sets whether nothing is masked, before anything is shown.
pub(crate) fn set_show_secrets(show: bool) {
    SHOW_SECRETS.get_or_init(|| show);
}

/// Whether nothing is masked.
pub(crate) fn shows_secrets() -> bool {
    SHOW_SECRETS.get() == Some(&true)
}

/// Says on stderr that what is written of `report` may hold secrets and personal data; nothing when it holds none.
pub(crate) fn say_not_masked(report: &Stored) {
    if !holds_no_persons(report) {
        say(NOT_MASKED);
    }
}

/// Whether secrets and personal data are masked in the report itself.
fn holds_no_persons(report: &Stored) -> bool {
    report.text("/redaction").is_some_and(|level| level == Level::Personal.name())
}

/// The groups and keys that a summary has at most.
pub(crate) const SUMMARY_ROWS: usize = 10;

/// The groups and keys that are looked at for a list of them.
pub(crate) const LIST_ROWS: usize = 1000;

/// Keys whose requests are in memory together.
const KEYS_AT_ONCE: usize = 20_000;

/// What stands above output in which nothing is masked.
pub(crate) const NOT_MASKED: &str = "not masked: may hold secrets and personal data";

/// stdout for what a report holds.
///
/// Text is masked by records ([`Outgoing::end`]): a value that is masked in one place of a record is masked in all of it.
pub(crate) struct Outgoing {
    to: io::StdoutLock<'static>,
    /// `None` when nothing is masked.
    scope: Option<Scope>,
    /// The record so far, when it will be masked.
    record: Vec<u8>,
    /// Something in the output is masked.
    masked: bool,
}

impl Outgoing {
    /// stdout for a command that shows `report`. A `document` is made to be passed on, and is masked on a terminal too.
    pub(crate) fn of(report: &Stored, document: bool) -> anyhow::Result<Self> {
        let leaves = document || !io::stdout().is_terminal();
        let scope = if leaves { scope(report)? } else { None };
        Ok(Self { to: io::stdout().lock(), scope, record: Vec::new(), masked: false })
    }

    /// What masks the texts, for those that are cut to pieces; `None` when nothing is masked.
    pub(crate) fn scope(&mut self) -> Option<&mut Scope> {
        self.scope.as_mut()
    }

    /// Whether text is masked.
    pub(crate) fn masks(&self) -> bool {
        self.scope.is_some()
    }

    /// The requests as they may be shown.
    pub(crate) fn requests(&mut self, requests: LoggedRequests) -> LoggedRequests {
        match &mut self.scope {
            Some(scope) => {
                let masked = requests.redacted(scope);
                scope.begin();
                masked
            }
            None => requests,
        }
    }

    /// The same for a record that is made of texts of these requests: what is masked in them is masked in all of it.
    pub(crate) fn samples(&mut self, requests: LoggedRequests) -> LoggedRequests {
        match &mut self.scope {
            Some(scope) => {
                let masked = requests.redacted(scope);
                scope.begin();
                requests.iter().for_each(|request| request.learned_by(scope));
                masked
            }
            None => requests,
        }
    }

    /// Learns what is masked in the requests behind the messages of the first `most` groups and keys of `report`.
    pub(crate) fn learn_messages(&mut self, report: &Stored, most: usize) -> anyhow::Result<()> {
        if let Some(scope) = &mut self.scope {
            learn_messages(scope, report, most)?;
        }
        Ok(())
    }

    /// Learns what is masked in the requests behind the messages of these keys, and of the most frequent groups.
    pub(crate) fn learn_keys(
        &mut self,
        report: &Stored,
        keys: &Batch<ListedKeys>,
    ) -> anyhow::Result<()> {
        let Some(scope) = &mut self.scope else { return Ok(()) };
        let keys: Vec<_> = keys.rows().collect();
        for some in keys.chunks(KEYS_AT_ONCE) {
            let requests = LoggedRequests::behind_keys(report, some)?;
            requests.iter().for_each(|request| request.learned_by(scope));
        }
        learn_messages(scope, report, SUMMARY_ROWS)
    }

    /// Learns what is masked in values of paths such as `customer.address.city`, as if they stood in one document.
    pub(crate) fn learn_paths<'v>(&mut self, values: impl Iterator<Item = (&'v str, &'v str)>) {
        let Some(scope) = &mut self.scope else { return };
        let mut document = Value::default();
        for (path, value) in values {
            let mut at = &mut document;
            for name in path.split('.') {
                let name = name.trim_end_matches("[]");
                if !at.is_object() {
                    *at = json!({});
                }
                at = &mut at[name];
            }
            if at.is_null() {
                *at = json!([]);
            }
            if let Some(values) = at.as_array_mut() {
                values.push(serde_json::from_str(value).unwrap_or_else(|_| value.into()));
            }
        }
        scope.learn(&document.to_string());
    }

    /// Ends a record; what was learned for it is forgotten.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if let Some(scope) = &mut self.scope {
            // What cannot be written is not written again.
            let record = std::mem::take(&mut self.record);
            let text = String::from_utf8_lossy(&record);
            scope.learn(&text);
            let text = scope.text("output", &text);
            self.masked |= is_masked(text.as_str());
            put(&mut self.to, &text)?;
            scope.begin();
        }
        Ok(())
    }
}

fn learn_messages(scope: &mut Scope, report: &Stored, most: usize) -> anyhow::Result<()> {
    LoggedRequests::behind_messages(report, most)?
        .iter()
        .for_each(|request| request.learned_by(scope));
    Ok(())
}

fn put(to: &mut impl Write, text: &Redacted<'_>) -> io::Result<()> {
    to.write_all(text.as_str().as_bytes())
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.scope {
            Some(_) => self.record.write(bytes),
            None => self.to.write(bytes),
        }
    }

    /// Ends the record.
    fn flush(&mut self) -> io::Result<()> {
        self.end()?;
        self.to.flush()
    }
}

impl Drop for Outgoing {
    /// Writes what is left when the command has failed, and says that something was masked.
    fn drop(&mut self) {
        let _closed = self.flush();
        if self.masked {
            say("secrets and personal data are masked; --show-secrets shows them");
        }
    }
}

/// A text about a report for stderr, masked when that is no terminal.
pub(crate) fn for_stderr(report: &Stored, text: &str) -> anyhow::Result<String> {
    let mut scope = if io::stderr().is_terminal() { None } else { scope(report)? };
    if let Some(scope) = &mut scope {
        // Only Parquet is read back.
        if report.path().join(Format::Parquet.file("keys")).exists() {
            learn_messages(scope, report, SUMMARY_ROWS)?;
        }
        scope.learn(text);
    }
    Ok(scope.map_or_else(
        || text.to_owned(),
        |mut scope| scope.text("output", text).into_cow().into_owned(),
    ))
}

/// What masks the texts of a report; `None` when they are masked already, or not to be.
fn scope(report: &Stored) -> anyhow::Result<Option<Scope>> {
    if shows_secrets() {
        say(NOT_MASKED);
    }
    Ok(redactor(report)?.map(|redactor| redactor.scope()))
}

/// The redactor for what leaves of a report; `None` when its texts are masked already, or not to be.
pub(crate) fn redactor(report: &Stored) -> anyhow::Result<Option<Redactor>> {
    if shows_secrets() {
        return Ok(None);
    }
    if holds_no_persons(report) {
        return Ok(None);
    }
    // It holds the digests of all inputs: who has it has the values. So all output of one report has the same
    // pseudonyms, and nobody else can check a guess.
    let data = fs::read(report.path().join(Format::Parquet.file("files"))).unwrap_or_default();
    let key = if data.is_empty() { super::redaction::new_key()? } else { Key::of(&data) };
    Ok(Some(Redactor::new(Level::Personal, &key)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Those that show no report: files as they are, listings, measurements; texts of the program; and the page, which
    /// takes a redactor itself.
    const OTHERS: [&str; 11] = [
        "bench.rs",
        "cat.rs",
        "completions.rs",
        "config.rs",
        "fetch.rs",
        "html.rs",
        "logs.rs",
        "ls.rs",
        "man.rs",
        "sql.rs",
        "tour.rs",
    ];

    #[test]
    fn no_command_that_shows_a_report_takes_stdout_itself() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.extension() == Some("rs".as_ref()) && name != "outgoing.rs" {
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                let takes = text.matches("stdout().lock()").count();
                // `sql` lists the columns of the tables there.
                let most = if name == "sql.rs" { 1 } else { usize::MAX };
                let may = if OTHERS.contains(&name.as_str()) { most } else { 0 };
                assert!(takes <= may && !text.contains("print!("), "{name}");
            }
        }
        assert!(files > 25, "{files}");
    }
}
