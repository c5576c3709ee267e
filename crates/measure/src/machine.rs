//! The machine and the build that figures belong to, and the memory that this process has used.

use std::fs;

use serde::Serialize;

/// The machine that a measurement was made on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// The model of its processor; None where the system does not say.
    pub cpu: Option<String>,
    /// Threads that the system runs at once for this process.
    pub cores: usize,
    /// Its memory in bytes; None where the system does not say.
    pub memory_bytes: Option<u64>,
    /// The system, as it calls itself: `Debian GNU/Linux 12 (bookworm)`; else its family: `macos`.
    pub os: String,
    /// The version of its kernel; None where the system does not say.
    pub kernel: Option<String>,
    /// The architecture, as Rust names it: `x86_64`, `aarch64`.
    pub arch: &'static str,
    /// How many processes wanted to run at once in the minute before; None where the system does not say.
    pub load: Option<f64>,
}

impl Machine {
    /// The machine this runs on. Costs reading four small files of the system.
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).ok();
        let cpu = read("/proc/cpuinfo").and_then(|text| field(&text, "model name", ':'));
        let memory = read("/proc/meminfo").and_then(|text| kilobytes(&text, "MemTotal"));
        let name = read("/etc/os-release").and_then(|text| field(&text, "PRETTY_NAME", '='));
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory,
            os: name.unwrap_or_else(|| std::env::consts::OS.to_owned()),
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            arch: std::env::consts::ARCH,
            load: read("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok()),
        }
    }
}

/// What this program was built from, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Build {
    /// Version of the package.
    pub version: &'static str,
    /// The commit; absent when it was built without git, and the environment variable `ANALYZE_COMMIT` did not name it.
    pub commit: Option<&'static str>,
    /// The day of the commit: `2026-10-24`.
    pub commit_date: Option<&'static str>,
    /// Version of the compiler, as it reports it: `rustc 1.95.0 (...)`.
    pub rustc: Option<&'static str>,
    /// `release` or `debug`.
    pub profile: Option<&'static str>,
    /// The target triple.
    pub target: Option<&'static str>,
    /// Built without optimisation, so its figures are meaningless.
    pub unoptimised: bool,
}

impl Build {
    /// This build.
    pub fn this() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("ANALYZE_COMMIT"),
            commit_date: option_env!("ANALYZE_COMMIT_DATE"),
            rustc: option_env!("ANALYZE_RUSTC"),
            profile: option_env!("ANALYZE_PROFILE"),
            target: option_env!("ANALYZE_TARGET"),
            unoptimised: cfg!(debug_assertions),
        }
    }
}

/// Sets [`peak`] back to the memory that is used now. False where the system cannot (only Linux can, proc(5),
/// `clear_refs`).
pub(super) fn reset_peak() -> bool {
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// The most memory that this process had at one time, in bytes; None where the system does not say.
pub(super) fn peak() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM")
}

/// The value of the first line of this name, without quotes.
fn field(text: &str, name: &str, separator: char) -> Option<String> {
    let line = text.lines().find_map(|line| {
        let (key, value) = line.split_once(separator)?;
        (key.trim() == name).then_some(value)
    })?;
    Some(line.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
}

/// A size that the system gives in kB, which are 1,024 bytes, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let value = field(text, name, ':')?;
    value.strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_system_are_read() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.0 GHz\nmodel name\t: other\n";
        assert_eq!(field(text, "model name", ':').as_deref(), Some("Some CPU @ 2.0 GHz"));
        assert_eq!(field(text, "stepping", ':'), None);
        assert_eq!(
            field("NAME=\"A\"\nPRETTY_NAME=\"A B 1\"\n", "PRETTY_NAME", '=').as_deref(),
            Some("A B 1")
        );
        assert_eq!(kilobytes("VmPeak:\t 9 kB\nVmHWM:\t   1204 kB\n", "VmHWM"), Some(1_232_896));
        assert_eq!(kilobytes("VmHWM: lots\n", "VmHWM"), None);
    }

    #[test]
    fn this_machine_has_cores_and_a_system() {
        let machine = Machine::this();
        assert!(machine.cores >= 1 && !machine.os.is_empty());
    }

    #[test]
    fn this_build_knows_its_compiler_profile_and_target() {
        let build = Build::this();
        assert!(build.rustc.unwrap().starts_with("rustc "), "{build:?}");
        assert!(build.profile.is_some() && build.target.is_some(), "{build:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_can_be_reset() {
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        let before = peak().unwrap();
        drop(block);
        if reset_peak() {
            assert!(peak().unwrap() < before);
        }
    }
}
