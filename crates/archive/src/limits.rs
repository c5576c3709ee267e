//! Bounds on what an input can cost.

/// Bounds on the bytes, members and layers of one input file, and on the memory of all.
///
/// They are checked against the bytes that are really read and produced, never against what a header
/// claims. What exceeds one is not used, and becomes a [`Problem`](crate::Problem) with the numbers in it;
/// the other members and files are read. No limit is an error of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one input file; a longer one is not read. 1 GiB: a file is in memory while it is decoded,
    /// and a thousand downloads zipped together have less.
    pub file_bytes: u64,
    /// Bytes of one member, or of any other layer, after decompression; of a longer one the
    /// beginning is used.
    /// 256 MiB: a hundred times the largest log we know of, and little enough for each worker of a small
    /// machine.
    pub member_bytes: u64,
    /// How many times its packed size a layer above 64 MiB may have after decompression; of a larger one the
    /// first 4 MiB are used. 250: large logs that repeat one row reach 100. Below 64 MiB, where bulk answers reach
    /// 390, twice as many with DEFLATE, whose bombs reach its 1,032, and any number with other methods: lzma makes
    /// 1,200 of an honest log.
    pub ratio: u64,
    /// Bytes that all layers of one file may have together after decoding; what comes behind is not read.
    /// 1 GiB, or `ratio` times the size of the file where that is less, but at least 64 MiB: archives in
    /// archives multiply, which a limit on each member alone does not stop. Files above 64 MiB may have
    /// sixteen times their size.
    pub total_bytes: u64,
    /// Members of one file, those of nested archives included; the rest is not read. 262,144: thirty years
    /// of hourly logs.
    pub members: u32,
    /// Layers inside each other; what is in a deeper one is not read. 8: the documented download has two, a
    /// zip of quoted downloads five.
    pub depth: u32,
    /// Problems listed for one file; one more then says how many are left out. 1,000: more lines than a
    /// person reads, and a hostile directory cannot fill the report.
    pub problems: u32,
    /// Bytes that all workers together hold of payloads and of what these decode to: the
    /// [`Budget`](crate::Budget) of a run. 256 MiB: half of what a run is to stay below; the other half is
    /// for rows and tables. One file may exceed it, up to the limits above.
    pub in_flight_bytes: u64,
    /// Arrays and objects inside each other in the JSON of a text. Not used by this crate, which parses no
    /// JSON. 1,024: the deepest recorded exchange has 17.
    pub json_depth: u32,
}

/// Bytes that are used of a layer that exceeds the ratio.
const KEPT: u64 = 4 << 20;

/// How a layer is compressed, as far as its ratio depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Deflate,
    Other,
}

/// Bytes above which [`Limits::ratio`] alone counts.
const RATIO_FREE: u64 = 64 << 20;

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
    /// The most that a compressed layer of `packed` bytes may have after decompression, in bytes.
    pub(crate) fn allowance(&self, packed: u64, method: Method) -> u64 {
        let large = packed.saturating_mul(self.ratio);
        let small = match method {
            Method::Deflate => large.saturating_mul(2).clamp(1 << 20, RATIO_FREE),
            Method::Other => RATIO_FREE,
        };
        self.member_bytes.min(large.max(small))
    }

    /// How much of a layer that exceeds its allowance is used, in bytes: what exceeds the ratio is mostly a bomb,
    /// and reading costs more than unpacking.
    pub(crate) fn kept(&self, packed: u64, method: Method) -> u64 {
        let allowance = self.allowance(packed, method);
        if allowance < self.member_bytes { allowance.min(KEPT) } else { allowance }
    }

    /// The limit that [`allowance`](Self::allowance) is, with its flag, for messages.
    pub(crate) fn exceeded(&self, packed: u64, method: Method) -> String {
        if self.allowance(packed, method) < self.member_bytes {
            format!("--max-ratio is {}, twice that below 64 MiB", self.ratio)
        } else {
            format!("--max-member-bytes is {}", self.member_bytes)
        }
    }

    /// The most that all layers of a file of `file` bytes may have together after decoding, in bytes.
    pub(crate) fn total(&self, file: u64) -> u64 {
        let by_ratio = file.saturating_mul(self.ratio).max(RATIO_FREE);
        self.total_bytes.min(by_ratio).max(file.saturating_mul(16).max(1 << 20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_layer_may_grow_more() {
        let of = |packed, method| Limits::default().allowance(packed, method);
        assert_eq!(of(10, Method::Deflate), 1 << 20);
        assert_eq!(of(10_000, Method::Deflate), 5_000_000);
        assert_eq!(of(200_000, Method::Deflate), 64 << 20);
        assert_eq!(of(10, Method::Other), 64 << 20);
    }

    #[test]
    fn a_large_layer_ends_at_the_member_limit() {
        assert_eq!(Limits::default().allowance(u64::MAX, Method::Other), 256 << 20);
        assert_eq!(Limits::default().allowance(400_000, Method::Deflate), 100_000_000);
    }

    #[test]
    fn the_total_of_a_large_file_grows_with_it() {
        let limits = Limits::default();
        assert_eq!(limits.total(1_000), 64 << 20);
        assert_eq!(limits.total(20_000_000), 1 << 30);
        assert_eq!(limits.total(200_000_000), 3_200_000_000);
    }
}
