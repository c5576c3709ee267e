//! Ids of logs and runs in the names of files and members.

/// The shortest number that counts as the id of a log that no page holds, in digits.
const MIN_DIGITS: usize = 4;

/// Runs of 36 characters that are UUIDs.
pub fn uuids_in(text: &str) -> impl Iterator<Item = &str> {
    (0..text.len().saturating_sub(35)).filter_map(|at| {
        let part = text.get(at..at + 36)?;
        let dash = |n: usize| matches!(n, 8 | 13 | 18 | 23);
        part.bytes()
            .enumerate()
            .all(|(n, b)| if dash(n) { b == b'-' } else { b.is_ascii_hexdigit() })
            .then_some(part)
    })
}

/// Runs of digits.
pub fn numbers_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty())
}

/// The only number in a name that is long enough for an id; `None` when there are several, when letters touch it
/// (`sku12345x`), or when the name has a UUID.
pub fn only_number_in(name: &str) -> Option<&str> {
    if uuids_in(name).next().is_some() {
        return None;
    }
    let mut long = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(|part| part.strip_prefix("log").or_else(|| part.strip_prefix("id")).unwrap_or(part))
        .filter(|part| part.len() >= MIN_DIGITS && part.bytes().all(|b| b.is_ascii_digit()));
    let number = long.next()?;
    long.next().is_none().then_some(number)
}
