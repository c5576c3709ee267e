//! Acknowledgements of EDI that reject what was sent: X12 997, 999 and TA1, EDIFACT CONTRL and APERAK.

use super::hits::{Draft, Hits};

/// Adds the rejections in an EDI answer; `None` when the text is no EDI.
pub(super) fn read(text: &str, hits: &mut Hits<'_>) -> Option<bool> {
    let (element, segment) = if let Some(rest) = text.strip_prefix("ISA") {
        let element = rest.chars().next().filter(|c| !c.is_alphanumeric())?;
        // The last sign of the first segment, which has a fixed length, ends segments.
        let end = text.get(105..).and_then(|rest| rest.chars().next()).unwrap_or('~');
        (element, if text.contains('~') { '~' } else { end })
    } else if text.starts_with("UNB+") || text.starts_with("UNA") {
        ('+', '\'')
    } else {
        return None;
    };
    let mut rejected = false;
    let mut error = None;
    for part in text.split(segment).map(str::trim) {
        let mut elements = part.split(element);
        let tag = elements.next().unwrap_or_default();
        let place = match tag {
            "AK5" | "IK5" | "AK9" | "IK9" => 0,
            "UCM" => 2,
            "UCI" | "TA1" => 3,
            "ERC" => {
                error = elements.next().or(Some(""));
                continue;
            }
            // The reason in words behind the code of an application error.
            "FTX" if error.is_some() => {
                let message = part.rsplit(element).next().unwrap_or_default();
                rejected |= hits.add(&Draft { code: error.take(), message, ..Draft::default() });
                continue;
            }
            _ => continue,
        };
        let code = elements.nth(place).unwrap_or_default();
        let refuses = match tag {
            "UCM" | "UCI" => code == "4",
            _ => matches!(code, "R" | "M" | "W" | "X" | "P"),
        };
        if refuses {
            let message = format!("rejected: {part}");
            rejected |=
                hits.add(&Draft { code: Some(code), message: &message, ..Draft::default() });
        }
    }
    if let Some(code) = error {
        rejected |=
            hits.add(&Draft { message: &format!("rejected: ERC+{code}"), ..Draft::default() });
    }
    Some(rejected)
}
