//! SIGINT, SIGTERM and SIGHUP: the first signal asks the work to stop, the second ends the program.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Context as _;
use tables::Output;

use super::{Exit, terminal};

/// What the program does when a signal arrives.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing is written yet; standard input may block for ever.
    Before,
    /// A report is being written.
    Working,
    /// The work is done; only messages are left.
    After(Exit),
}

/// Handles the signals as long as the program runs.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    phase: Arc<Mutex<Phase>>,
    scratch: Arc<OnceLock<PathBuf>>,
}

impl Watch {
    /// Begins to handle signals. SIGHUP stays ignored when the program was started so, as `nohup` does. SIGINT does
    /// not: shells start every background job of a script with SIGINT ignored.
    pub(crate) fn begin() -> anyhow::Result<Self> {
        let watch = Self {
            stop: Arc::new(AtomicBool::new(false)),
            phase: Arc::new(Mutex::new(Phase::Before)),
            scratch: Arc::default(),
        };
        let handler = watch.clone();
        listen(move || handler.signalled()).context("signals cannot be watched")?;
        Ok(watch)
    }

    /// Set when the work must stop. The work then removes what it wrote.
    pub(crate) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// From now on there are files to remove.
    pub(crate) fn working(&self) {
        *self.phase() = Phase::Working;
    }

    /// As [`working`](Self::working), with a folder that must be removed when the program is interrupted.
    pub(crate) fn working_in(&self, scratch: PathBuf) {
        self.scratch.get_or_init(|| scratch);
        self.working();
    }

    /// From now on a signal ends the program with the exit code that it would have had.
    pub(crate) fn after(&self, exit: Exit) {
        *self.phase() = Phase::After(exit);
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on a thread of its own, outside the signal handler, so any call is allowed.
    fn signalled(&self) {
        // Held until the end, so that no work begins when the program is about to exit.
        let phase = self.phase();
        let exit = match *phase {
            Phase::Before => {
                terminal::say("interrupted; nothing was written");
                Exit::Interrupted
            }
            Phase::Working if !self.stop.swap(true, Ordering::Relaxed) => return,
            Phase::Working => match Output::clean_up() {
                // The work has ended, and its result is about to be printed.
                Ok(false) => return,
                Ok(true) => {
                    if let Some(scratch) = self.scratch.get() {
                        // A folder that cannot be removed stays; its name says what it is.
                        let _removed = std::fs::remove_dir_all(scratch);
                    }
                    Exit::Interrupted
                }
                Err(error) => {
                    let text = format!("{:#}", anyhow::Error::new(error));
                    terminal::say(&format!(
                        "error: {text}\nthe hidden folder there is unfinished; the next run removes it"
                    ));
                    Exit::Interrupted
                }
            },
            Phase::After(exit) => exit,
        };
        // The main thread may be blocked.
        std::process::exit(exit as i32);
    }
}

/// Calls `handler` for every signal.
#[cfg(unix)]
fn listen(handler: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    let mut wanted = vec![SIGINT, SIGTERM];
    if ignored() >> (SIGHUP - 1) & 1 == 0 {
        wanted.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    // Writing past a limit on file size then returns an error, as a full disk does, instead of ending the program.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in &mut signals {
            handler();
        }
    })?;
    Ok(())
}

/// The signals that were ignored when the program was started, one bit for each, the lowest for signal 1; none where
/// the system does not say.
#[cfg(unix)]
fn ignored() -> u64 {
    let mask = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    mask().unwrap_or(0)
}

#[cfg(not(unix))]
fn listen(handler: impl Fn() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(handler)
}
