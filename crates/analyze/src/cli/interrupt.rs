//! SIGINT, SIGTERM and SIGHUP: the first asks the work to stop, the second ends the program.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Context as _;
use tables::Output;

use super::{Exit, terminal};

/// What a signal meets.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing is written yet, and what is waited for, such as standard input, may never come.
    Before,
    /// A report is being written.
    Working,
    /// All is done but the talk.
    After(Exit),
}

/// Watches the signals from its making on.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    phase: Arc<Mutex<Phase>>,
    scratch: Arc<OnceLock<PathBuf>>,
}

impl Watch {
    /// Begins to watch. A SIGHUP that the program was started to ignore, as `nohup` does, stays
    /// ignored. SIGINT does not: scripts start all that is in the background so, and mean nothing by it.
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

    /// Set when the work is to stop. It then removes what it wrote.
    pub(crate) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// From now on there is something to clean up.
    pub(crate) fn working(&self) {
        *self.phase() = Phase::Working;
    }

    /// [`working`](Self::working), in a folder that has to go when the program does not come to its end.
    pub(crate) fn working_in(&self, scratch: PathBuf) {
        self.scratch.get_or_init(|| scratch);
        self.working();
    }

    /// From now on a signal changes nothing but ends the program, as it would have ended by itself.
    pub(crate) fn after(&self, exit: Exit) {
        *self.phase() = Phase::After(exit);
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs on a thread of its own, not inside the signal, so it may do what it likes.
    fn signalled(&self) {
        // Held to the end: no work begins once the program is about to exit.
        let phase = self.phase();
        let exit = match *phase {
            Phase::Before => {
                terminal::tell("interrupted; nothing was written");
                Exit::Interrupted
            }
            Phase::Working if !self.stop.swap(true, Ordering::Relaxed) => return,
            Phase::Working => match Output::clean_up() {
                // The work has come to its end, one way or the other, and tells it in a moment.
                Ok(false) => return,
                Ok(true) => {
                    if let Some(scratch) = self.scratch.get() {
                        // What cannot be removed stays, and its name says what it is.
                        let _removed = std::fs::remove_dir_all(scratch);
                    }
                    Exit::Interrupted
                }
                Err(error) => {
                    let text = format!("{:#}", anyhow::Error::new(error));
                    terminal::tell(&format!(
                        "error: {text}\nthe hidden folder there is unfinished; the next run removes it"
                    ));
                    Exit::Interrupted
                }
            },
            Phase::After(exit) => exit,
        };
        // The main thread may be waiting for what never comes.
        std::process::exit(exit as i32);
    }
}

/// Calls `handler` at every signal.
#[cfg(unix)]
fn listen(handler: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    let mut wanted = vec![SIGINT, SIGTERM];
    if ignored() >> (SIGHUP - 1) & 1 == 0 {
        wanted.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    // Writing past a limit on the size of files is then an error like a full disk, not the end.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in &mut signals {
            handler();
        }
    })?;
    Ok(())
}

/// The signals that were ignored when the program was started, a bit each, the lowest for signal 1;
/// none where nothing tells it.
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
