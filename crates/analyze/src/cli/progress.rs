//! Progress of the work, on a terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pipeline::run::Progress;

use super::figures;

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Runs `work` and shows its progress on stderr: bytes, rate, time left. Shows nothing when stderr is no terminal. The
/// line is removed at the end.
pub(crate) fn shown<T>(
    files: u64,
    bytes: u64,
    progress: &Progress,
    stop: &AtomicBool,
    work: impl FnOnce() -> T,
) -> T {
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(10));
    if bar.is_hidden() {
        return work();
    }
    let looking = "{spinner} looking for copies and listing pages  {elapsed}";
    let reading = "{spinner} {msg}  [{bar:24}] {percent} %  {binary_bytes_per_sec}  {eta} left";
    let style = |template: &str| {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    };
    bar.set_style(style(looking));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let ticker = thread::Builder::new().spawn_scoped(scope, || {
            let mut began = false;
            while !done.load(Ordering::Relaxed) {
                let (read, at) = (
                    progress.files.load(Ordering::Relaxed),
                    progress.bytes.load(Ordering::Relaxed),
                );
                if read > 0 && !began {
                    began = true;
                    // The rate is that of the main pass alone.
                    bar.reset();
                    bar.set_style(style(reading));
                }
                if stop.load(Ordering::Relaxed) {
                    bar.set_style(style("{spinner} stopping"));
                } else if read >= files && began {
                    bar.set_style(style("{spinner} writing the tables"));
                }
                bar.set_message(format!(
                    "{} of {}",
                    figures::count(read),
                    figures::counted(files, "file", "files")
                ));
                bar.set_position(at);
                bar.tick();
                thread::park_timeout(TICK);
            }
            bar.finish_and_clear();
        });
        let ticker = ticker.map(|ticker| ticker.thread().clone());
        let _ending = ticker.map(|ticker| Ending { done: &done, ticker });
        work()
    })
}

/// The progress of work in steps, on a terminal.
#[derive(Debug)]
pub(crate) struct Steps {
    bar: ProgressBar,
}

impl Steps {
    /// Begins to show it, unless `quiet` is set or stderr is no terminal.
    pub(crate) fn begin(quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// Shows the current step, and how many of all are done, where their number is known.
    pub(crate) fn show(&self, what: &str, done: u64, total: u64) {
        let template = if total == 0 {
            "{spinner} {msg}"
        } else {
            "{spinner} [{bar:24}] {pos} of {len}  {msg}"
        };
        let style = ProgressStyle::with_template(template);
        self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(what.to_owned());
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Ends the ticker, also when the work panics: the scope waits for it.
struct Ending<'d> {
    done: &'d AtomicBool,
    ticker: thread::Thread,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        self.ticker.unpark();
    }
}
