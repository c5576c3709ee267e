//! What the kinds of problems mean, in a few words.

/// The meaning of a word in `problems.kind`; empty for a kind that this list does not have.
pub(crate) fn meaning(kind: &str) -> &'static str {
    match kind {
        "truncated" => "the data ends early, as after a broken download",
        "bad_base64" => "a character that base64 does not have",
        "not_an_archive" => "neither text nor an archive that can be opened",
        "encrypted" => "needs a password",
        "unsupported_method" => "packed by a method that is not supported",
        "bad_deflate" => "the packed data is damaged",
        "crc_mismatch" => "the data does not match its checksum and is not used",
        "size_mismatch" => "longer or shorter than its header says",
        "header_mismatch" => "headers of the archive contradict each other",
        "too_large" => {
            "over a limit on bytes; see --max-file-bytes, --max-member-bytes, --max-ratio"
        }
        "too_many_members" => "over --max-members",
        "too_deep" => "layers or JSON nested too deeply; see --max-depth",
        "overlapping_members" => "members share bytes, as in a zip bomb; none is used",
        "too_many_problems" => "one file had more problems than are listed",
        "bad_json" => "text that is not JSON",
        "repaired_json" => "not strict JSON, as trailing commas or single quotes; all was read",
        "bad_encoding" => "bytes of no known text encoding; the rest was read",
        "unknown_shape" => "readable, but no sign of a log",
        "http_error" => "a saved error answer or web page instead of a log",
        "io" => "the system refused to read it, or it is no file",
        "earlier_report" => "tables of an earlier report; they repeat what the logs say",
        "changed" => {
            "changed while the report was made; repeat the report when the file no longer changes"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use archive::ProblemKind;
    use pipeline::problem::LogFault;

    #[test]
    fn every_kind_is_explained() {
        use ProblemKind as K;
        let all = [
            K::Truncated,
            K::BadBase64,
            K::NotAnArchive,
            K::Encrypted,
            K::UnsupportedMethod,
            K::BadDeflate,
            K::CrcMismatch,
            K::SizeMismatch,
            K::HeaderMismatch,
            K::TooLarge,
            K::TooManyMembers,
            K::TooDeep,
            K::OverlappingMembers,
            K::TooManyProblems,
            K::BadEncoding,
            K::Io,
        ];
        let faults = [
            LogFault::Truncated,
            LogFault::BadJson,
            LogFault::RepairedJson,
            LogFault::NoJson,
            LogFault::TooDeep,
            LogFault::UnknownShape,
            LogFault::HttpError,
            LogFault::NotAnArchive,
            LogFault::TooManyProblems,
            LogFault::Changed,
            LogFault::EarlierReport,
        ];
        for kind in all.map(ProblemKind::name).into_iter().chain(faults.map(LogFault::name)) {
            assert!(!meaning(kind).is_empty(), "{kind}");
        }
    }
}
