//! The flags that bound what one file may cost.

use archive::Limits;
use clap::Args;

/// Bounds on what one input may cost.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits (what exceeds one is listed in `problems`)")]
pub(crate) struct LimitArgs {
    /// Largest file that is read; each worker holds one in memory
    #[arg(hide_short_help = true, long = "max-file-bytes", value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    file_bytes: u64,
    /// Largest text that one member of an archive may unpack to; of a larger one the beginning is used. The default is a hundred times the largest known log
    #[arg(hide_short_help = true, long = "max-member-bytes", value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    member_bytes: u64,
    /// How many times its packed size a member may unpack to; of a larger one the first 4 MiB are used. Twice that
    /// below 64 MiB, and any ratio there with methods other than DEFLATE
    #[arg(hide_short_help = true, long = "max-ratio", value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..))]
    ratio: u64,
    /// Most members in one file, with those of archives in archives. The default is ten years of hourly logs
    #[arg(hide_short_help = true, long = "max-members", value_name = "N", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1..))]
    members: u32,
    /// Most layers within each other. A plain download has two (base64, zip), a zip of quoted downloads five
    #[arg(hide_short_help = true, long = "max-depth", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    depth: u32,
    /// Bytes that all layers of one file may unpack to together, because archives in archives multiply. Files above
    /// 64 MiB may always unpack to sixteen times their size [default: 1GiB, or four times --max-member-bytes where that
    /// is more]
    #[arg(hide_short_help = true, long = "max-total-bytes", value_name = "SIZE", value_parser = size)]
    total_bytes: Option<u64>,
    /// Most arrays and objects within each other in JSON, up to 8192. The deepest known exchange has 17
    #[arg(hide_short_help = true, long = "max-json-depth", value_name = "N", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=8192))]
    json_depth: u32,
    /// Most problems that are listed for one file; one more counts the rest
    #[arg(hide_short_help = true, long = "max-problems", value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    problems: u32,
    /// Memory that all workers together may use for files and what they decode to. A worker that needs more waits for
    /// the others. One file alone may exceed it, up to the limits above. Rows and tables are not counted: set half of
    /// what a run should stay below
    #[arg(hide_short_help = true, long = "memory", value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    memory: u64,
}

impl LimitArgs {
    /// The same for the library. Where it is not set, the limit on all layers of a file grows with that on one member.
    pub(crate) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            file_bytes: self.file_bytes,
            member_bytes: self.member_bytes,
            ratio: self.ratio,
            total_bytes: self
                .total_bytes
                .unwrap_or_else(|| usual.total_bytes.max(self.member_bytes.saturating_mul(4))),
            members: self.members,
            depth: self.depth,
            problems: self.problems,
            in_flight_bytes: self.memory,
            json_depth: self.json_depth,
        }
    }
}

/// Reads `4096`, `64k`, `256MiB`, `1g`, `2GB`: a letter alone and `iB` count in 1024, `B` in 1000.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let mut letters = unit.chars();
    let power = letters.next().and_then(|letter| "kmgt".find(letter)).map(|at| at as u32 + 1);
    let factor = match (unit.as_str(), power, letters.as_str()) {
        ("" | "b", ..) => Some(1),
        (_, Some(power), "" | "i" | "ib") => Some(1024_u64.pow(power)),
        (_, Some(power), "b") => Some(1000_u64.pow(power)),
        _ => None,
    };
    let number: Option<u64> = digits.parse().ok();
    match (number, factor) {
        (Some(number), Some(factor)) if number > 0 => {
            number.checked_mul(factor).ok_or_else(|| "larger than any file".to_owned())
        }
        _ => Err("not a size; write it like 4096, 64k, 256MiB or 1GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Alone {
        #[command(flatten)]
        limits: LimitArgs,
    }

    #[test]
    fn the_defaults_in_the_help_are_those_of_the_library() {
        assert_eq!(Alone::parse_from(["x"]).limits.limits(), Limits::default());
    }

    #[test]
    fn a_larger_member_makes_room_in_its_file() {
        let limits = Alone::parse_from(["x", "--max-member-bytes", "2g"]).limits.limits();
        assert_eq!((limits.member_bytes, limits.total_bytes), (2 << 30, 8 << 30));
    }

    #[test]
    fn every_limit_has_a_flag() {
        let args = "x --max-file-bytes 1 --max-member-bytes 2 --max-ratio 3 --max-total-bytes 4 \
                    --max-members 5 --max-depth 6 --max-problems 7 --memory 8 --max-json-depth 9";
        let limits = Limits {
            file_bytes: 1,
            member_bytes: 2,
            ratio: 3,
            total_bytes: 4,
            members: 5,
            depth: 6,
            problems: 7,
            in_flight_bytes: 8,
            json_depth: 9,
        };
        assert_eq!(Alone::parse_from(args.split_whitespace()).limits.limits(), limits);
    }

    #[test]
    fn sizes_are_read() {
        let check =
            |text: &str, expected: Option<u64>| assert_eq!(size(text).ok(), expected, "{text}");
        check("4096", Some(4096));
        check("64k", Some(64 << 10));
        check("256MiB", Some(256 << 20));
        check("1g", Some(1 << 30));
        check("2 GB", Some(2_000_000_000));
        check("12b", Some(12));
        for wrong in ["", "0", "-1", "1.5g", "g", "1x", "1kbb", "99999999999t", "5é"] {
            check(wrong, None);
        }
    }
}
