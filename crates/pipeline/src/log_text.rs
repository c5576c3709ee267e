//! Cells whose text comes from logs. Each takes nothing but [`Redacted`], which only a redactor makes of such a text;
//! a test holds that no other module makes these cells.

use model::exchange::Body;
use redact::Redacted;
use tables::cell::{
    BodyDigest, BodyText, EndpointName, ErrorCode, ExtraFields, FieldPath, LoggedUrl, MessageText,
    ShapePath, TemplateText, TriggeredBy,
};
use xxhash_rust::xxh3::xxh3_128;

macro_rules! cells {
    ($($name:ident: $cell:ident,)*) => {$(
        pub(crate) fn $name<'t>(text: &'t Redacted<'_>) -> $cell<'t> {
            $cell(text.as_str())
        }
    )*};
}

cells! {
    endpoint: EndpointName,
    error_code: ErrorCode,
    extra: ExtraFields,
    field_path: FieldPath,
    message: MessageText,
    shape_path: ShapePath,
    template: TemplateText,
    triggered_by: TriggeredBy,
    url: LoggedUrl,
}

/// The cell of a body with this digest.
pub(crate) fn body<'t>(text: &'t Redacted<'_>, digest: BodyDigest) -> BodyText<'t> {
    BodyText { text: text.as_str(), hash: digest.0 as u64 }
}

/// The digest of a body as it is written, so that no guess at what was masked can be confirmed; `raw` is the body as
/// logged.
pub(crate) fn digest(text: &Redacted<'_>, raw: Body<'_>) -> BodyDigest {
    let text = text.as_str();
    // That of a text that was left as it is is known already.
    let same = std::ptr::eq(text, raw.text);
    BodyDigest(if same { raw.digest } else { xxh3_128(text.as_bytes()) })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// The cells above, and where else one may be made: `EndpointNames` keeps what was redacted.
    const CELLS: [&str; 10] = [
        "BodyText",
        "EndpointName",
        "ErrorCode",
        "ExtraFields",
        "FieldPath",
        "LoggedUrl",
        "MessageText",
        "ShapePath",
        "TemplateText",
        "TriggeredBy",
    ];
    const MAKERS: [&str; 2] = ["log_text.rs", "intern.rs"];

    #[test]
    fn no_other_module_makes_a_cell_of_a_text_from_logs() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        assert!(files.len() > 20, "{files:?}");
        for (name, text) in files {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let made = CELLS.iter().find(|cell| {
                let made = [format!("{cell}("), format!("({cell})"), format!("{cell} {{")];
                made.iter().any(|made| code.contains(made.as_str()))
            });
            assert_eq!(made.filter(|_| !MAKERS.contains(&name.as_str())), None, "{name}");
        }
    }

    /// The sources in a folder, without those of tests.
    fn sources(folder: &Path, files: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                sources(&path, files);
            } else if path.extension() == Some("rs".as_ref()) && name != "tests.rs" {
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
}
