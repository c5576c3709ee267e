//! How much of an input is believed.

/// Bounds on what the inputs may make the program do.
///
/// They are held against the bytes that flow, never against what a header claims, and each one that
/// is passed becomes a [`Problem`](crate::Problem) with the numbers in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one input file. 1 GiB: a file is held in memory while it is decoded, and a thousand
    /// downloads zipped together stay well below.
    pub file_bytes: u64,
    /// Bytes of one member, or of any other layer, after decompression. 256 MiB: a hundred times the
    /// largest log we know of, and still a size that each worker of a small machine can hold.
    pub member_bytes: u64,
    /// How many times its packed size a layer may grow to, once it is above 1 MiB. 250: logs that
    /// repeat one row thousands of times reach 100; DEFLATE itself ends at 1032, where bombs live.
    pub ratio: u64,
    /// Bytes that all layers of one file may produce together. 1 GiB, or `ratio` times the size of
    /// the file where that is less, but never below 16 MiB: archives in archives multiply, and a
    /// limit for each member alone does not end that. Files above 64 MiB may produce sixteen times
    /// their size.
    pub total_bytes: u64,
    /// Members of one file, those of nested archives included. 262,144: ten years of hourly logs.
    pub members: u32,
    /// Layers in each other. 8: the documented download has two, a zip of quoted downloads five.
    pub depth: u32,
    /// Problems kept for one file; a last one then says that there were more. 1,000: more lines than
    /// anybody reads, and a hostile directory cannot fill the report.
    pub problems: u32,
    /// Bytes of payloads and of what they decode to that all workers together hold, for the
    /// [`Budget`](crate::Budget) of a run. 256 MiB: half of what we want a run to stay below; the other
    /// half is for rows and tables. One file may go over it, up to the limits above.
    pub in_flight_bytes: u64,
    /// Arrays and objects in each other, for whoever parses the texts. 1,024: the deepest recorded
    /// exchange nests 17.
    pub json_depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1 << 30,
            member_bytes: 256 << 20,
            ratio: 250,
            total_bytes: 1 << 30,
            members: 1 << 18,
            depth: 8,
            problems: 1_000,
            in_flight_bytes: 256 << 20,
            json_depth: 1_024,
        }
    }
}

impl Limits {
    /// What one compressed layer of `packed` bytes may become, in bytes.
    pub(crate) fn allowance(&self, packed: u64) -> u64 {
        self.member_bytes.min(packed.saturating_mul(self.ratio).max(1 << 20))
    }

    /// What all layers of a file of `file` bytes may produce together, in bytes.
    pub(crate) fn total(&self, file: u64) -> u64 {
        let by_ratio = file.saturating_mul(self.ratio).max(16 << 20);
        self.total_bytes.min(by_ratio).max(file.saturating_mul(16).max(1 << 20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_layer_may_grow_to_a_mebibyte() {
        assert_eq!(Limits::default().allowance(10), 1 << 20);
    }

    #[test]
    fn a_large_layer_ends_at_the_member_limit() {
        assert_eq!(Limits::default().allowance(u64::MAX), 256 << 20);
        assert_eq!(Limits::default().allowance(100_000), 25_000_000);
    }

    #[test]
    fn the_total_of_a_large_file_grows_with_it() {
        let limits = Limits::default();
        assert_eq!(limits.total(1_000), 16 << 20);
        assert_eq!(limits.total(20_000_000), 1 << 30);
        assert_eq!(limits.total(200_000_000), 3_200_000_000);
    }
}
