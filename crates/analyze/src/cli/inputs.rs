//! INPUT: what is to be read.

use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use archive::{Limits, Source};
use clap::Args;
use pipeline::input::{self, FoundInputs, Input};
use pipeline::run;
use tables::Stored;

/// The name of standard input, in arguments and in reports.
pub(crate) const STDIN: &str = "-";

/// What is to be read.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files, folders (with all below them), patterns such as 'dump/**/*.zip', or - for one file on standard input.
    /// Names do not matter: the content of a file shows what it is
    #[arg(value_name = "INPUT", required_unless_present = "files_from")]
    inputs: Vec<String>,
    /// Reads more INPUTs from this file, one on each line, or NUL-separated as `find -print0` writes them; - for
    /// standard input
    #[arg(long, value_name = "LIST")]
    files_from: Option<String>,
}

impl InputArgs {
    /// Finds the files, with this number of threads (0 for one for each core). Reads standard input, all of it.
    pub(crate) fn find(&self, limits: &Limits, threads: usize) -> anyhow::Result<FoundInputs> {
        let mut names = self.inputs.clone();
        if let Some(list) = &self.files_from {
            if list == STDIN && names.iter().any(|name| name == STDIN) {
                bail!(
                    "-: standard input cannot be both INPUT and the list of --files-from\nwrite one of the two to a file"
                );
            }
            names.extend(listed(list)?);
        }
        let from_stdin = self.inputs.iter().any(|name| name == STDIN);
        names.retain(|name| name != STDIN || !from_stdin);
        let pool = run::pool(threads)?;
        let mut found = pool.install(|| input::find(&names)).map_err(|error| {
            let text = format!("{:#}", anyhow::Error::new(error));
            anyhow!(
                "{text}\nINPUT is a file, a folder, a pattern in quotes, or - for standard input"
            )
        })?;
        let inputs = &mut found.inputs;
        if from_stdin {
            let bytes = stdin(limits)?;
            // Another input has this name only when a file is called `-`.
            let taken = |name: &str| inputs.iter().any(|input| input.name() == name);
            let name = if taken(STDIN) { "-~stdin" } else { STDIN }.to_owned();
            let at = inputs.partition_point(|input| input.name() < name.as_str());
            inputs.insert(at, Input::Memory { name, bytes });
        }
        logs(found)
    }
}

/// What was found, unless that is reports and nothing else.
pub(crate) fn logs(found: FoundInputs) -> anyhow::Result<FoundInputs> {
    let report = found.unread.iter().find_map(|place| place.report.as_deref());
    match report.filter(|_| found.inputs.is_empty()) {
        Some(report) => Err(no_logs(report)),
        None => Ok(found),
    }
}

/// A report stands where logs are wanted.
pub(crate) fn no_logs(report: &Path) -> anyhow::Error {
    let report = report.display();
    anyhow!(
        "{report}: a report, not logs\nname the folder of the logs; `analyze summary {report}` and `analyze keys {report}` read a report"
    )
}

/// One file by its path, or standard input.
pub(crate) fn one(path: &Path, limits: &Limits) -> anyhow::Result<Input> {
    if path == Path::new(STDIN) {
        return Ok(Input::Memory { name: STDIN.to_owned(), bytes: stdin(limits)? });
    }
    let file = path.display();
    let meta = path.metadata().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!("{file}: no such file"),
        _ => anyhow!("{file}: {error}"),
    })?;
    if meta.is_dir() && Stored::open(path).is_ok() {
        return Err(no_logs(path));
    }
    if meta.is_dir() {
        bail!("{file}: a folder\nname a file in it; `analyze ls` shows what there is");
    }
    if !meta.is_file() {
        bail!("{file}: not a regular file\nredirect it to standard input, and name - instead");
    }
    let (bytes, link) = (meta.len(), path.is_symlink());
    Ok(Input::File(Source { path: path.to_owned(), name: file.to_string(), bytes, link }))
}

/// All of standard input, up to one byte more than the limit on files, so that it is refused like a file.
fn stdin(limits: &Limits) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = limits.file_bytes.saturating_add(1);
    io::stdin().lock().take(most).read_to_end(&mut bytes).context("-: standard input")?;
    Ok(bytes)
}

/// The names in a list: NUL-separated when it has a NUL, else one on each line. Empty names are skipped.
fn listed(list: &str) -> anyhow::Result<Vec<String>> {
    let mut bytes = Vec::new();
    let read = match list {
        STDIN => io::stdin().lock().read_to_end(&mut bytes),
        path => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("{list}: the list of --files-from"))?;
    // Editors of Windows begin a text with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow!("{list}: byte {at}: not UTF-8\nname the folder instead; files found in it may have any name")
    })?;
    let separator = if text.contains('\0') { '\0' } else { '\n' };
    let line = |name: &str| match separator {
        '\n' => name.strip_suffix('\r').unwrap_or(name).to_owned(),
        _ => name.to_owned(),
    };
    let names = text.split(separator).map(line);
    Ok(names.filter(|name| !name.is_empty()).collect())
}
