//! SIGINT and SIGTERM: the first asks the work to stop, the second ends the program.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use super::{Exit, terminal};

/// Sets the flag that it returns when the first signal comes; the work then ends at the next file and
/// removes what it wrote. A second signal removes what stands beside `dir` itself and exits at once,
/// for when one huge file keeps the work from seeing the flag.
pub(crate) fn watch(dir: &Path) -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let (flag, dir) = (Arc::clone(&stop), dir.to_owned());
    // The handler runs on a thread of its own, not inside the signal, so it may do what it likes.
    let handler = move || {
        if !flag.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = analyze::report::Output::sweep(&dir) {
            let text = format!("{:#}", anyhow::Error::new(error));
            terminal::tell(&format!(
                "error: {text}\nthe hidden folder there is unfinished; it can be deleted"
            ));
        }
        #[expect(clippy::exit, reason = "the second signal is for when returning takes too long")]
        std::process::exit(Exit::Interrupted as i32);
    };
    ctrlc::set_handler(handler).context("signals cannot be watched")?;
    Ok(stop)
}
