//! `analyze fetch`: the logs of a project, from a host into a dump.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use api::fetch::{FetchError, FetchOptions, FetchProgress, Fetched, Patience, fetch, plan};
use api::protocol::PRODUCTION;
use api::token::TokenSource;
use clap::Args;
use model::listing::LogType;
use model::time::Timestamp;
use tables::Stored;

use super::Exit;
use super::figures::{bytes, count, counted};
use super::inputs;
use super::interrupt::Watch;
use super::progress::Steps;
use super::terminal::{safe, say};

/// How do the logs get here? Fetches those of a project from the API into a dump
///
/// Saves the pages of List Logs and the downloads of all logs that have finished, as they come. The same command
/// continues a run that was ended, and later fetches what is new. A file is whole or absent. `analyze report` reads such a
/// dump.
///
/// The token is read from the environment variable `AKINON_TOKEN`, a file or a command, and is never an argument.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
pub(crate) struct FetchCommand {
    /// Folder of the dump; made when it is absent
    #[arg(value_name = "DUMP")]
    dump: PathBuf,
    /// The project
    #[arg(long, value_name = "ID")]
    project_id: String,
    /// Its slug, which downloads need
    #[arg(long, value_name = "SLUG")]
    project_slug: String,
    /// Only this flow; may be repeated [default: all flows of the project]
    #[arg(long, value_name = "ID", help_heading = "Which logs")]
    flow_id: Vec<String>,
    /// Types of logs: 1 main logs, 2 sub logs (steps), 3 line logs (rows)
    #[arg(long, value_name = "LIST", default_value = "1,2,3", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=3), help_heading = "Which logs")]
    types: Vec<u8>,
    /// Only logs that began at this time or later: 2026-11-01, or 2026-11-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Which logs")]
    since: Option<Timestamp>,
    /// A rerun asks for pages until all logs of one are known, have finished, and are older than this before the newest log
    #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = span, help_heading = "Which logs")]
    overlap: Duration,
    /// Asks for all pages again, and again for the downloads that the host did not have
    #[arg(long, help_heading = "Which logs")]
    full: bool,
    /// Reads all downloads of the dump again, and fetches those that have changed or are gone
    #[arg(long, help_heading = "Which logs")]
    verify: bool,
    /// Prints what would be asked, as far as it is known, and asks and writes nothing
    #[arg(long, help_heading = "Which logs")]
    dry_run: bool,
    /// Scheme, host and port. http is possible for this machine only
    #[arg(long, value_name = "URL", default_value = PRODUCTION, help_heading = "Connection")]
    host: String,
    /// Downloads at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32), help_heading = "Connection")]
    concurrency: u8,
    /// Most requests in a second, as in 5/s; 0 for no limit
    #[arg(long, value_name = "N", default_value = "5/s", value_parser = rate, help_heading = "Connection")]
    rate: f64,
    /// Certificates of authorities, in PEM, that are trusted besides those of the system
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    ca_file: Option<PathBuf>,
    /// Proxy [default: that of `HTTPS_PROXY` and `ALL_PROXY`]
    #[arg(long, value_name = "URL", help_heading = "Connection")]
    proxy: Option<String>,
    /// File with the token; only you may be able to read it (mode 0600)
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "token_command",
        help_heading = "Connection"
    )]
    token_file: Option<PathBuf>,
    /// Shell command that prints the token, as of a password manager
    #[arg(long, value_name = "COMMAND", help_heading = "Connection")]
    token_command: Option<String>,
    /// Header for the token, which follows the word Bearer. The documents name both this and Authentication
    #[arg(long, value_name = "NAME", default_value = "Authorization", value_parser = ["Authorization", "Authentication"], help_heading = "Connection")]
    auth_header: String,
    /// Prints errors only
    #[arg(short, long)]
    quiet: bool,
    /// Factor of all pauses between tries, for tests
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, hide = true)]
    pause_scale: f64,
}

const EXAMPLES: &str = "\
Examples:
  analyze fetch dump --project-id 12 --project-slug shop \\
      --token-file token
  analyze fetch dump --project-id 12 --project-slug shop \\
      --flow-id 3fb1a1d2 --types 3 --since 2026-11-01
  analyze fetch dump --project-id 12 --project-slug shop \\
      --host http://127.0.0.1:3000 --rate 0
  analyze fetch dump --project-id 12 --project-slug shop --dry-run

docs/api.md says what lies where in the dump, and how failures are met.
Exit codes: 0 complete, 1 no log listed, 2 not done, 3 complete except for what is listed, 4 token refused, 130 interrupted; \
whole files are always kept.";

impl FetchCommand {
    /// Fetches, and tells how far it came.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        if Stored::open(&self.dump).is_ok() {
            return Err(inputs::no_logs(&self.dump));
        }
        let options = self.options();
        if self.dry_run {
            let mut out = io::stdout().lock();
            for target in plan(&options)? {
                writeln!(out, "GET {}{target}", options.host.trim_end_matches('/'))?;
            }
            return Ok(Exit::Done);
        }
        let watch = Watch::begin()?;
        watch.working();
        let progress = FetchProgress::default();
        let result = with_progress(self.quiet, &progress, &watch, || {
            fetch(&options, &progress, watch.stop())
        });
        let exit = match result {
            Ok(fetched) => self.report(&fetched),
            Err(error) => Self::failed(error, &progress)?,
        };
        watch.after(exit);
        Ok(exit)
    }

    fn options(&self) -> FetchOptions {
        let log_type = |number: &u8| match number {
            1 => LogType::Main,
            2 => LogType::Sub,
            _ => LogType::Line,
        };
        let mut types: Vec<LogType> = self.types.iter().map(log_type).collect();
        types.sort_unstable();
        types.dedup();
        let token = match (&self.token_file, &self.token_command) {
            (Some(file), _) => TokenSource::File(file.clone()),
            (None, Some(command)) => TokenSource::Command(command.clone()),
            (None, None) => TokenSource::Environment,
        };
        FetchOptions {
            host: self.host.clone(),
            flows: self.flow_id.clone(),
            types,
            since: self.since,
            overlap: self.overlap,
            concurrency: usize::from(self.concurrency),
            rate: self.rate,
            ca_file: self.ca_file.clone(),
            proxy: self.proxy.clone(),
            token,
            auth_header: self.auth_header.clone(),
            full: self.full,
            verify: self.verify,
            patience: Patience { scale: self.pause_scale, ..Patience::default() },
            ..FetchOptions::new(
                self.dump.clone(),
                self.project_id.clone(),
                self.project_slug.clone(),
            )
        }
    }

    fn report(&self, fetched: &Fetched) -> Exit {
        const SHOWN: usize = 10;
        let dump = self.dump.display();
        for failed in fetched.failed.iter().take(SHOWN) {
            say(&format!("log {} of flow {}: {}", failed.id, failed.flow, failed.fault));
        }
        if fetched.failed.len() > SHOWN {
            let more = counted((fetched.failed.len() - SHOWN) as u64, "more log", "more logs");
            say(&format!("and {more}; all are in {dump}/.fetch/errors.jsonl"));
        }
        for hole in &fetched.holes {
            say(&format!(
                "flow {}, type {}: {} of {} logs were seen: {}; run the same command again",
                hole.flow,
                hole.log_type,
                count(hole.seen),
                count(hole.count),
                hole.fault
            ));
        }
        if fetched.logs == 0 {
            say(&format!("{}: no log is listed for project {}", self.host, self.project_id));
            return if fetched.holes.is_empty() { Exit::Nothing } else { Exit::INCOMPLETE };
        }
        if !self.quiet {
            let mut parts = vec![
                counted(fetched.pages, "page", "pages"),
                counted(fetched.downloads, "download", "downloads"),
            ];
            for (number, what) in [
                (fetched.kept, "were there"),
                (fetched.without, "without a download"),
                (fetched.unfinished, "not finished yet"),
            ] {
                if number > 0 {
                    parts.push(format!("{} {what}", count(number)));
                }
            }
            let logs = counted(fetched.logs, "log", "logs");
            let flows = counted(fetched.flows, "flow", "flows");
            say(&format!("{dump}: {logs} of {flows}; new: {}", parts.join(", ")));
        }
        if fetched.failed.is_empty() && fetched.holes.is_empty() {
            Exit::Done
        } else {
            Exit::INCOMPLETE
        }
    }

    /// Tells why the run has ended, how far it came, and what to do.
    fn failed(error: FetchError, progress: &FetchProgress) -> anyhow::Result<Exit> {
        let (done, wanted) =
            (progress.done.load(Ordering::Relaxed), progress.wanted.load(Ordering::Relaxed));
        let far = match wanted {
            0 => format!(
                "after {}",
                counted(progress.pages.load(Ordering::Relaxed), "page", "pages")
            ),
            _ => format!("after {} of {} logs", count(done), count(wanted)),
        };
        let (exit, what) = match error {
            FetchError::Refused { .. } => {
                (Exit::Refused, "renew it and run the same command again")
            }
            FetchError::Interrupted => {
                (Exit::Interrupted, "run the same command again to continue")
            }
            FetchError::List { .. }
            | FetchError::SamePage { .. }
            | FetchError::File { .. }
            | FetchError::Unreachable { .. }
                if progress.pages.load(Ordering::Relaxed) > 0 =>
            {
                (Exit::NotDone, "what is whole is kept; run the same command again to continue")
            }
            error => return Err(error.into()),
        };
        say(&safe(&format!("{error} {far}; {what}")));
        Ok(exit)
    }
}

/// Runs `work` and shows its progress on a terminal.
fn with_progress<T>(
    quiet: bool,
    progress: &FetchProgress,
    watch: &Watch,
    work: impl FnOnce() -> T + Send,
) -> T
where
    T: Send,
{
    let steps = Steps::begin(quiet);
    thread::scope(|scope| {
        let work = scope.spawn(work);
        let began = std::time::Instant::now();
        while !work.is_finished() {
            let stops = watch.stop().load(Ordering::Relaxed);
            if stops {
                // A second signal need not wait for the requests under way: what is whole is kept anyway.
                watch.after(Exit::Interrupted);
            }
            let of = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
            let (done, wanted) = (of(&progress.done), of(&progress.wanted));
            let seconds = began.elapsed().as_secs_f64().max(0.001);
            let rate = of(&progress.requests) as f64 / seconds;
            let left = if done > 0 && wanted > done {
                format!(", about {:.0} s left", (wanted - done) as f64 / rate.max(0.001))
            } else {
                String::new()
            };
            let what = format!(
                "{}, {}, {rate:.1} requests/s{left}{}",
                counted(of(&progress.pages), "page", "pages"),
                bytes(of(&progress.bytes)),
                if stops { ", stopping" } else { "" },
            );
            steps.show(&what, done, wanted);
            thread::park_timeout(Duration::from_millis(50));
        }
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads `24h`, `90m`, `7d`, `30s`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "not a span of time; write it like 90m, 24h or 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

/// Reads `5/s` or `5`.
fn rate(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.strip_suffix("/s").unwrap_or(text).parse().ok();
    number
        .filter(|rate| (0.0..=1000.0).contains(rate))
        .ok_or_else(|| "not a rate; write it like 5/s, at most 1000/s".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_text(text)
        .filter(|time| time.is_plausible())
        .ok_or_else(|| "not a time; write it like 2026-11-01 or 2026-11-01T08:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_rates_are_read() {
        assert_eq!(span("24h"), Ok(Duration::from_hours(24)));
        assert_eq!(span("7d"), Ok(Duration::from_hours(168)));
        for wrong in ["", "h", "24", "1.5h", "-1h", "5ş"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
        assert_eq!(rate("5/s"), Ok(5.0));
        assert_eq!(rate("0"), Ok(0.0));
        for wrong in ["", "x", "-1", "5/m", "inf", "NaN"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
