//! Style and script of the page, and the policy that lets nothing else run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub(crate) const STYLE: &str = include_str!("style.css");

/// The modules of the script, each after those that it imports.
const MODULES: [&str; 9] = [
    include_str!("script/format.js"),
    include_str!("script/grammar.js"),
    include_str!("script/data.js"),
    include_str!("script/filter.js"),
    include_str!("script/charts.js"),
    include_str!("script/list.js"),
    include_str!("script/bodies.js"),
    include_str!("script/views.js"),
    include_str!("script/page.js"),
];

/// The modules as one script, without comments, and without `import` and `export`, which a page in one file cannot have.
/// Names at the top of modules are different for that.
pub(crate) fn script() -> String {
    let mut script = String::from("(() => {\n\"use strict\";\n");
    // What a comment or an import that goes on ends with.
    let mut until = None;
    for line in MODULES.iter().flat_map(|module| module.lines()) {
        let text = line.trim();
        let left_out = match until {
            Some(_) => true,
            None if text.starts_with("/*") => {
                until = Some("*/");
                text.ends_with("*/") || !text.contains("*/")
            }
            None if line.starts_with("import ") => {
                until = Some(";");
                true
            }
            None => text.is_empty() || text.starts_with("//"),
        };
        if until.is_some_and(|end| text.ends_with(end) || !left_out) {
            until = None;
        }
        if !left_out {
            let line = line.strip_prefix("export ").unwrap_or(line);
            // A type before an expression.
            let (before, after) = line
                .split_once("/** @type")
                .and_then(|(before, rest)| Some((before, rest.split_once("*/ ")?.1)))
                .unwrap_or((line, ""));
            script.extend([before, after]);
            script.push('\n');
        }
    }
    script.push_str("})();\n");
    script
}

/// The content security policy of a page with this style and script: no network, no other style or script.
pub(crate) fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_one_and_small() {
        let script = script();
        for left in ["import ", "export ", "\t *", "/**"] {
            assert!(!script.lines().any(|line| line.starts_with(left)), "{left}");
        }
        // The end of the element, or of a comment that begins in it, would end the script early.
        assert!(!script.contains("</script") && !script.contains("<!--"));
        assert!(script.len() <= 60 << 10, "{} bytes of script", script.len());
    }
}
