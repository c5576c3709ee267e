//! What a message says where the template of its group has a variable.
//!
//! A template is its messages with variables masked and runs of blanks replaced by one, so its constants occur in each
//! message in their order, a run of blanks for a blank. The first constant is at the beginning and the last at the
//! end; those between are taken where they occur first, which finds an alignment whenever there is one (as for the
//! wildcards of a shell).

/// What a template shows for a variable.
const VARIABLE: &str = "<*>";

/// The parts of `message` at the variables of `template`, in their order, without blanks around them. `None` when the
/// message does not have the constants of the template, for example because it is longer than grouping reads, or was
/// cut.
pub(crate) fn variables<'m>(template: &str, message: &'m str) -> Option<Vec<&'m str>> {
    let mut constants = template.split(VARIABLE);
    let first = constants.next().unwrap_or_default();
    let mut rest = after(message.trim_start(), first.trim_start())?;
    let mut values = Vec::new();
    let mut constants = constants.peekable();
    if constants.peek().is_none() {
        return rest.trim().is_empty().then_some(values);
    }
    while let Some(constant) = constants.next() {
        let (value, after) =
            if constants.peek().is_none() { last(rest, constant)? } else { next(rest, constant)? };
        values.push(value.trim());
        rest = after;
    }
    Some(values)
}

/// The text before the first `constant`, and the text after it.
fn next<'t>(text: &'t str, constant: &str) -> Option<(&'t str, &'t str)> {
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    // An empty value has to stand between constants: of two variables side by side each has something.
    starts
        .skip(usize::from(constant.is_empty()))
        .find_map(|at| after(&text[at..], constant).map(|rest| (&text[..at], rest)))
}

/// The text before `constant` where this ends the text, and nothing after it.
fn last<'t>(text: &'t str, constant: &str) -> Option<(&'t str, &'t str)> {
    let constant = constant.trim_end();
    if constant.is_empty() {
        return Some((text, ""));
    }
    let starts = text.char_indices().map(|(at, _)| at);
    let ends =
        |at: &usize| after(&text[*at..], constant).is_some_and(|rest| rest.trim().is_empty());
    // From the end, where the constant is: only a part of the text as long as the constant is looked at.
    let found = starts.rev().find(ends)?;
    Some((&text[..found], ""))
}

/// What follows `constant` at the beginning of `text`.
fn after<'t>(text: &'t str, constant: &str) -> Option<&'t str> {
    let mut text = text;
    let mut constant = constant;
    loop {
        let word = constant.find(blank).unwrap_or(constant.len());
        text = text.strip_prefix(&constant[..word])?;
        constant = &constant[word..];
        if constant.is_empty() {
            return Some(text);
        }
        let trimmed = text.trim_start_matches(blank);
        // A blank of the template may be the end of the text.
        if trimmed.len() == text.len() && !text.is_empty() {
            return None;
        }
        text = trimmed;
        constant = constant.trim_start_matches(blank);
    }
}

fn blank(c: char) -> bool {
    c <= ' ' || c == '\u{7f}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, message: &str, expected: Option<&[&str]>) {
        let found = variables(template, message);
        assert_eq!(found.as_deref(), expected, "{template} | {message}");
    }

    #[test]
    fn variables_are_what_stands_between_the_constants() {
        check(
            "Object with sku=<*> does not exist.",
            "Object with sku=A does not exist.",
            Some(&["A"]),
        );
        check("<*> kodlu ürün bulunamadı.", "00 12 kodlu  ürün bulunamadı.", Some(&["00 12"]));
        check("<*>", " anything ", Some(&["anything"]));
        check("nothing", "nothing ", Some(&[]));
        check("a <*> b <*>", "a 1 b 2 b 3", Some(&["1", "2 b 3"]));
        check("(host='<*>', port=<*>)", "(host='x', port=80)", Some(&["x", "80"]));
        check("line <*>\nend", "line 5\r\n  end", Some(&["5"]));
        check("a <*>.", "a 1.5.", Some(&["1.5"]));
        check("<*><*>x", "12x", Some(&["1", "2"]));
        check("integer: \"<*>\"", "integer: \"\"", Some(&[""]));
        check("(<*>) of \"<*>\" and", "() of \"a\" and", Some(&["", "a"]));
    }

    #[test]
    fn a_message_without_the_constants_does_not_align() {
        check("Object with sku=<*> does not exist.", "Object with sku=A does not", None);
        check("nothing", "nothing more", None);
        check("a <*> b", "a b", None);
        check("", "x", None);
        check("ab", "a b", None);
    }
}
