//! Which kinds of problems fit which class of faults.

/// A file whose outcome is `empty` says so without a problem.
pub(crate) const EMPTY: &str = "empty";

/// What damage to an archive can look like, whatever was done to it.
const DAMAGE: &[&str] = &[
    "truncated",
    "not_an_archive",
    "bad_deflate",
    "crc_mismatch",
    "size_mismatch",
    "header_mismatch",
    "overlapping_members",
    "encrypted",
    "unsupported_method",
    "too_large",
    "too_many_members",
];

/// What a text that is no payload can be taken for.
const OTHER_TEXT: &[&str] =
    &["bad_base64", "bad_json", "not_an_archive", "truncated", "bad_encoding"];

/// What a text that is no JSON can be: two values in a row and `NaN` are read, and then are no log.
const NO_JSON: &[&str] = &[
    "bad_json",
    "bad_encoding",
    "truncated",
    "too_deep",
    "not_an_archive",
    "http_error",
    "unknown_shape",
    EMPTY,
];

/// What a saved answer can be.
const ANSWER: &[&str] = &["http_error", "unknown_shape", "bad_json", EMPTY];

/// For a file of the class (`kind` in the manifest), one of these lists has to hold a kind that is reported.
/// None for a class that is not known here, where any kind fits.
pub(crate) fn fitting(class: &str) -> Option<&'static [&'static [&'static str]]> {
    Some(match class {
        "encrypted" => &[&["encrypted"]],
        "unsupported-method" | "method-unknown" | "method-reduce" => &[&["unsupported_method"]],
        "overlap-bomb" | "overlap" => &[&["overlapping_members", "too_large"]],
        "nested" => &[&["too_deep", "too_large", "too_many_members", "unknown_shape"]],
        "ratio-bomb" => &[&["too_large", "too_deep", "bad_json", "not_an_archive"]],
        "alloc-claim" | "search-bomb" | "many-entries" => &[DAMAGE, &["too_many_problems"]],
        "bad-crc" => &[&["crc_mismatch", "bad_deflate", "truncated", "size_mismatch", "too_large"]],
        "bad-deflate" => &[&["bad_deflate", "truncated", "crc_mismatch", "size_mismatch"]],
        "bad-padding" => &[&["bad_base64", "truncated"]],
        "bad-zip64" | "bad-extra" | "eocd" | "header-conflict" | "multi-disk" | "method-bzip2"
        | "method-deflate64" | "method-implode" | "method-lzma" | "method-ppmd"
        | "method-shrink" | "method-xz" | "method-zstd" => &[DAMAGE],
        "damaged" | "fuzz-broken" | "fuzz-disputed" | "mangled" | "truncated" => {
            &[DAMAGE, OTHER_TEXT]
        }
        // A text that is no payload can look like anything.
        "leading" | "trailing" | "other-encoding" | "not-a-zip" | "not-base64-zip"
        | "whitespace-bomb" => &[DAMAGE, OTHER_TEXT, ANSWER],
        "saved-error" => &[ANSWER],
        "empty-archive" => &[&[EMPTY, "size_mismatch", "header_mismatch"]],
        "empty-json" => &[&[EMPTY]],
        "no-json" => &[&[EMPTY, "unknown_shape", "bad_json", "not_an_archive"]],
        "JSONTestSuite-n" | "jsonchecker-fail" | "bad-syntax" | "ndjson" => &[NO_JSON],
        "bad-utf8" => &[&["bad_encoding", "truncated"]],
        "latin5" => &[&["bad_encoding"]],
        "deep" => &[&["too_deep", "truncated", "bad_json"]],
        _ => return None,
    })
}
