//! Roles that the user gives to fields, from a TOML file. `docs/input.md` describes the file, [`model::given`]
//! the roles.
//!
//! Everything is checked before any work starts; an error names its line.

use std::path::Path;

use model::given::{FieldPlace, GivenRole, GivenRoles, ROLE_WORDS};
use model::roles::Role;
use serde::Deserialize;
use toml::Spanned;

use crate::rules::{RuleFault, RulesError, TextList, read_as};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesFile {
    #[serde(default)]
    field: Vec<Spanned<FieldTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldTable {
    role: Spanned<String>,
    name: Option<Spanned<TextList>>,
    path: Option<Spanned<TextList>>,
    values: Option<Spanned<TextList>>,
}

/// Reads a file of roles.
///
/// # Errors
/// When it cannot be read, or a role in it is wrong.
pub fn read(path: &Path) -> Result<GivenRoles, RulesError> {
    read_as(path, "roles", parse)
}

/// The roles in a text.
fn parse(text: &str) -> Result<GivenRoles, RuleFault> {
    let file: RolesFile = toml::from_str(text)?;
    let mut roles = GivenRoles::default();
    for table in file.field {
        let at = table.span().start;
        let FieldTable { role, name, path, values } = table.into_inner();
        let values = values_of(&role, values)?;
        let role = role_named(&role)?;
        if name.is_none() && path.is_none() {
            return fault(at, "a field needs name or path, which say where it is");
        }
        let names = texts(name, |name| FieldPlace::Name(name.to_owned()))?;
        let paths = texts(path, |path| {
            FieldPlace::Path(path.split('.').map(str::trim).map(str::to_owned).collect())
        })?;
        for (at, place) in names.into_iter().chain(paths) {
            if matches!(&place, FieldPlace::Path(path) if path.iter().any(String::is_empty)) {
                return fault(at, "a path is names with dots between them");
            }
            if !roles.add(GivenRole { place, role, values: values.clone() }) {
                return fault(at, "no name, or a name that has a role above");
            }
        }
    }
    Ok(roles)
}

fn fault<T>(at: usize, reason: &str) -> Result<T, RuleFault> {
    Err(RuleFault { at, reason: reason.to_owned() })
}

fn role_named(word: &Spanned<String>) -> Result<Role, RuleFault> {
    let found = ROLE_WORDS.iter().find(|(known, _)| known == word.get_ref());
    found.map(|(_, role)| *role).ok_or_else(|| RuleFault {
        at: word.span().start,
        reason: format!(
            "no such role: \"{}\"; there are {}",
            word.get_ref(),
            ROLE_WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
        ),
    })
}

fn values_of(
    role: &Spanned<String>,
    values: Option<Spanned<TextList>>,
) -> Result<Vec<String>, RuleFault> {
    let Some(values) = values else { return Ok(Vec::new()) };
    let at = values.span().start;
    if !matches!(role.get_ref().as_str(), "ok" | "failed") {
        return fault(at, "only the roles ok and failed have values");
    }
    let values = values.into_inner().0;
    if values.is_empty() {
        return fault(at, "an empty list, which no value is in");
    }
    Ok(values.into_iter().map(|(_, value)| value.trim().to_owned()).collect())
}

/// The places of a list, with the byte at which each stands.
fn texts(
    list: Option<Spanned<TextList>>,
    place: fn(&str) -> FieldPlace,
) -> Result<Vec<(usize, FieldPlace)>, RuleFault> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let start = list.span().start;
    let list = list.into_inner().0;
    if list.is_empty() {
        return fault(start, "an empty list, which names no field");
    }
    Ok(list.into_iter().map(|(at, text)| (at.unwrap_or(start), place(&text))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_role_is_told_with_its_line_and_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        for (text, line, reason) in [
            (
                "[[field]]\nrole = 'skus'\nname = 'a'\n",
                2,
                "no such role: \"skus\"; there are request, ",
            ),
            ("\n[[field]]\nrole = 'sku'\n", 2, "a field needs name or path"),
            ("[[field]]\nname = 'a'\n", 1, "missing field `role`"),
            (
                "[[field]]\nrole = 'sku'\nname = 'a'\nvalues = ['b']\n",
                4,
                "only the roles ok and failed",
            ),
            ("[[field]]\nrole = 'ok'\nname = 'a'\nvalues = []\n", 4, "an empty list"),
            ("[[field]]\nrole = 'ok'\npath = ['a.b',\n'a..b']\n", 4, "a path is names with dots"),
            (
                "[[field]]\nrole = 'ok'\nname = 'a'\n[[field]]\nrole = 'sku'\nname = 'A'\n",
                6,
                "no name, or a name that has",
            ),
            ("[[field]]\nrole = 'ok'\nname = []\n", 3, "an empty list"),
            ("[[field]]\nrole = 'ok'\nnames = 'a'\n", 3, "unknown field `names`"),
            ("[[field]]\nrole = 'ok'\nname = 3\n", 3, "invalid type: integer `3`"),
            ("[fields]\n", 1, "unknown field `fields`, expected `field`"),
        ] {
            std::fs::write(&path, text).unwrap();
            let said = read(&path).unwrap_err().to_string();
            let wanted = format!("{}:{line}: {reason}", path.display());
            assert!(said.starts_with(&wanted) && !said.contains('\n'), "{said}, not {wanted}");
        }
        let said = read(Path::new("no/such.toml")).unwrap_err().to_string();
        assert_eq!(said, "no/such.toml: cannot be read as a file of roles");
        assert!(parse("# nothing\n").unwrap().is_empty());
    }

    #[test]
    fn the_example_of_the_docs_is_read() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/roles.toml");
        assert!(!read(&path).unwrap().is_empty());
    }
}
