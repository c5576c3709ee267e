//! `analyze html`: a report as one page.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::Args;
use page::{PageContents, PageOptions};
use redact::Redactor;
use tables::Stored;

use super::Exit;
use super::figures::{bytes, count};
use super::limits::size;
use super::outgoing;
use super::terminal::{say, shell};

/// Size of a page where none is given.
const MAX_BYTES: u64 = 10_000_000;

/// What can be shown to others? Makes one HTML page of a report, to be mailed and opened without this program or a network
///
/// It says what failed, since when, whether it is still broken and what waits; with scripts it is searched with the
/// queries of `analyze search`, down to single requests and answers.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HtmlCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// The page; - for standard output
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Largest page; where more would be needed, bodies are left out
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = size)]
    max_size: u64,
    /// Replaces FILE when it is there
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze html report -o report.html
  analyze html report -o report.html --max-size 2MB

Exit codes: 0 done, 2 not done.";

/// A page that will be made.
#[derive(Debug)]
pub(crate) struct PageFile {
    path: PathBuf,
    max_bytes: u64,
}

impl HtmlCommand {
    /// Writes the page.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        if self.out == Path::new("-") {
            let mut out = io::stdout().lock();
            let report = Stored::open(&self.report)?;
            page::write(&report, &options(&report, self.max_size)?, &mut out)?;
            out.flush()?;
            return Ok(Exit::Done);
        }
        say(&PageFile::new(self.out, self.force, self.max_size)?.write(&self.report)?);
        Ok(Exit::Done)
    }
}

fn options(report: &Stored, max_bytes: u64) -> anyhow::Result<PageOptions> {
    Ok(PageOptions {
        name: report.path().to_string_lossy().into_owned(),
        max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
        redactor: outgoing::redactor(report)?.unwrap_or_else(Redactor::none),
        banner: outgoing::shows_secrets().then_some(outgoing::NOT_MASKED),
    })
}

impl PageFile {
    /// A page at this path. Refuses to replace a file unless `force` is set.
    fn new(path: PathBuf, force: bool, max_bytes: u64) -> anyhow::Result<Self> {
        if !force && path.exists() {
            bail!("{}: is there already\nuse --force to replace it", path.display());
        }
        Ok(Self { path, max_bytes })
    }

    /// The page beside a report: `DIR.html`.
    pub(crate) fn beside(report: &Path, force: bool) -> anyhow::Result<Self> {
        let Some(name) = report.file_name() else {
            bail!("{}: no name for a page beside it\nuse `analyze html`", report.display());
        };
        let mut name = name.to_owned();
        name.push(".html");
        Self::new(report.with_file_name(name), force, MAX_BYTES)
    }

    /// Writes the page of a report. Returns what to tell people.
    pub(crate) fn write(&self, report: &Path) -> anyhow::Result<String> {
        let stored = Stored::open(report)?;
        let options = options(&stored, self.max_bytes)?;
        let contents = write_whole(&self.path, |file| Ok(page::write(&stored, &options, file)?))?;
        Ok(self.summary(&contents))
    }

    fn summary(&self, contents: &PageContents) -> String {
        let (bodies, all) = (count(contents.bodies as u64), count(contents.all_bodies as u64));
        let left_out = if contents.bodies < contents.all_bodies {
            format!("\n{bodies} of their {all} bodies, the most wanted first: --max-size")
        } else {
            String::new()
        };
        format!(
            "{}  {}, {} of {} requests one by one, all counted{left_out}",
            shell(&self.path.to_string_lossy()),
            bytes(contents.bytes as u64),
            count(contents.requests as u64),
            count(contents.all_requests),
        )
    }
}

/// Writes a file whole or not at all: beside its place, and renamed at the end.
fn write_whole<T>(
    path: &Path,
    write: impl FnOnce(&mut File) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let refused = |error: io::Error| anyhow!("{}: {error}", path.display());
    let mut file = File::create_new(&partial).map_err(refused)?;
    let written = write(&mut file)
        .and_then(|value| fs::rename(&partial, path).map(|()| value).map_err(refused));
    if written.is_err() {
        // The error that is reported is the one before.
        let _gone = fs::remove_file(&partial);
    }
    written
}
