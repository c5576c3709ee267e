//! DUMP: what `logs` and `serve` answer from.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;
use api::dump::SavedLogs;
use clap::Args;
use pipeline::input::{self, Input};
use pipeline::run::{self, Progress};

use super::figures::counted;
use super::inputs;
use super::limits::LimitArgs;
use super::progress;
use super::terminal::say;

/// What to answer from. To be the last of the arguments: the heading of the limits holds for what follows.
#[derive(Debug, Args)]
pub(crate) struct DumpArgs {
    /// Folder (with all below it), file, or pattern such as 'dump/**/*.zip'
    #[arg(value_name = "DUMP", index = 1)]
    dump: String,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    limits: LimitArgs,
}

impl DumpArgs {
    /// Its name as given.
    pub(crate) fn name(&self) -> &str {
        &self.dump
    }

    /// Reads it. A signal ends the program meanwhile.
    pub(crate) fn read(&self) -> anyhow::Result<SavedLogs> {
        let limits = self.limits.limits();
        let pool = run::pool(self.threads.map_or(0, usize::from))?;
        let names = [self.dump.clone()];
        let found = pool.install(|| input::find(&names)).map_err(|error| {
            let text = format!("{:#}", anyhow::Error::new(error));
            anyhow!("{text}\nDUMP is a folder, a file, or a pattern in quotes")
        })?;
        let found = inputs::logs(found)?;
        for place in &found.unread {
            say(&format!("{}: {}", place.name, place.problem));
        }
        let files = found.inputs.len() as u64;
        let bytes = found.inputs.iter().map(Input::bytes).sum();
        let sources = found.inputs.into_iter().filter_map(|input| match input {
            Input::File(source) => Some(source),
            Input::Memory { .. } => None,
        });
        let (progress, never) = (Progress::default(), AtomicBool::new(false));
        let done = |bytes: u64| {
            progress.bytes.fetch_add(bytes, Ordering::Relaxed);
            progress.files.fetch_add(1, Ordering::Relaxed);
        };
        let dump = progress::shown(files, bytes, &progress, &never, || {
            SavedLogs::read(sources.collect(), &limits, &pool, &done, &never)
        });
        let dump = dump.ok_or_else(|| anyhow!("{}: reading was stopped", self.dump))?;
        let counts = dump.counts();
        for (count, one, many) in [
            (counts.unread, "file cannot be read", "files cannot be read"),
            (
                counts.unnamed,
                "download names no log, and is not among the logs",
                "downloads name no log, and are not among the logs",
            ),
        ] {
            if count > 0 {
                say(&format!("{}: {}", self.dump, counted(count, one, many)));
            }
        }
        Ok(dump)
    }
}
