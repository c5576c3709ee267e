//! What a group of errors is called in a list.

/// The name that a rule gives it; else its template, after its field, or after its code where the template has no
/// letters.
pub(crate) fn title(
    name: Option<&str>,
    code: Option<&str>,
    field: Option<&str>,
    template: &str,
) -> String {
    let wordless = || !template.replace("<*>", "").contains(char::is_alphabetic);
    match (name, field, code) {
        (Some(name), ..) => name.to_owned(),
        (None, Some(field), _) => format!("{field}: {template}"),
        (None, None, Some(code)) if wordless() => format!("{code}: {template}"),
        _ => template.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_what_tells_a_group_apart() {
        assert_eq!(title(Some("no product"), None, Some("sku"), "x"), "no product");
        assert_eq!(title(None, Some("E-1"), Some("price"), "too low: <*>"), "price: too low: <*>");
        assert_eq!(title(None, Some("E-1"), None, "too low: <*>"), "too low: <*>");
        assert_eq!(title(None, Some("UnknownHost"), None, "<*>"), "UnknownHost: <*>");
    }
}
