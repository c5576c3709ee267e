//! Rules of the user for error groups, from a TOML file. `docs/groups.md` describes the file, [`grouping::Rules`] the
//! rules.
//!
//! Everything is checked before any work starts; an error names its line.

use std::fmt;
use std::path::{Path, PathBuf};

use grouping::{Class, GroupRule, Pattern, Rules, Side, SplitRule};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// The file could not be read.
    #[error("{}: cannot be read as a file of {what}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A rule is wrong.
    #[error("{}:{line}: {reason}", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// The line of the fault, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads a file of rules.
///
/// # Errors
/// When it cannot be read, or a rule in it is wrong.
pub fn read(path: &Path) -> Result<Rules, RulesError> {
    read_as(path, "rules", parse)
}

/// Reads a file of the user; a fault is told with its line.
pub(crate) fn read_as<T>(
    path: &Path,
    what: &'static str,
    parse: fn(&str) -> Result<T, RuleFault>,
) -> Result<T, RulesError> {
    let text = std::fs::read_to_string(path).map_err(|source| RulesError::Unread {
        path: path.to_owned(),
        what,
        source,
    })?;
    parse(&text).map_err(|fault| RulesError::Bad {
        path: path.to_owned(),
        line: 1 + text.get(..fault.at).unwrap_or(&text).matches('\n').count(),
        reason: fault.reason,
    })
}

/// What is wrong, and at which byte.
#[derive(Debug, PartialEq)]
pub(crate) struct RuleFault {
    pub(crate) at: usize,
    pub(crate) reason: String,
}

impl From<toml::de::Error> for RuleFault {
    fn from(error: toml::de::Error) -> Self {
        Self {
            at: error.span().map_or(0, |span| span.start),
            reason: error.message().replace('\n', ", "),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    mask: Vec<MaskTable>,
    #[serde(default)]
    split: Vec<SplitTable>,
    #[serde(default)]
    group: Vec<Spanned<GroupTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskTable {
    pattern: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitTable {
    pattern: Spanned<String>,
    name: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupTable {
    template: Option<Spanned<TextList>>,
    code: Option<Spanned<TextList>>,
    field: Option<Spanned<TextList>>,
    name: Option<Spanned<String>>,
    class: Option<Spanned<String>>,
    side: Option<Spanned<String>>,
    retryable: Option<bool>,
}

/// A text or a list of texts; those of a list with the byte at which each begins.
#[derive(Debug)]
pub(crate) struct TextList(pub(crate) Vec<(Option<usize>, String)>);

impl<'de> Deserialize<'de> for TextList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = TextList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<TextList, E> {
        Ok(TextList(vec![(None, text.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<TextList, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = texts.next_element::<Spanned<String>>()? {
            all.push((Some(text.span().start), text.into_inner()));
        }
        Ok(TextList(all))
    }
}

/// The rules in a text.
fn parse(text: &str) -> Result<Rules, RuleFault> {
    let file: RulesFile = toml::from_str(text)?;
    let mut rules = Rules::default();
    for mask in file.mask {
        let at = mask.pattern.span().start;
        rules.masks.push(pattern(at, mask.pattern.get_ref())?);
    }
    for split in file.split {
        let pattern = pattern(split.pattern.span().start, split.pattern.get_ref())?;
        let name = split.name.as_ref().map(name).transpose()?;
        if let (Some(name), Some(at)) = (&name, &split.name)
            && !name.contains("{}")
        {
            let reason =
                "no {} in the name of a split: all that it sets apart would be called the same";
            return Err(RuleFault { at: at.span().start, reason: reason.to_owned() });
        }
        rules.splits.push(SplitRule { pattern, name });
    }
    for table in file.group {
        let rule = group(&table)?;
        // Rules with the same name make one group, so they must agree.
        let of_kind = |rule: &GroupRule| (rule.class, rule.side, rule.retryable);
        let other = |known: &&GroupRule| known.name.is_some() && known.name == rule.name;
        if let Some(known) = rules.groups.iter().find(other)
            && of_kind(known) != of_kind(&rule)
        {
            let name = rule.name.unwrap_or_default();
            let reason = format!(
                "another class, side or retryable than above for \"{name}\"; groups of one name are one group"
            );
            return Err(RuleFault { at: table.span().start, reason });
        }
        rules.groups.push(rule);
    }
    Ok(rules)
}

/// The rule of a table.
fn group(table: &Spanned<GroupTable>) -> Result<GroupRule, RuleFault> {
    let at = table.span().start;
    let given = table.get_ref();
    let fault = |reason: &str| Err(RuleFault { at, reason: reason.to_owned() });
    let rule = GroupRule {
        template: patterns(given.template.as_ref())?,
        code: patterns(given.code.as_ref())?,
        field: patterns(given.field.as_ref())?,
        name: given.name.as_ref().map(name).transpose()?,
        class: one_of(given.class.as_ref(), "class", Class::ALL, Class::name)?,
        side: one_of(given.side.as_ref(), "side", Side::ALL, Side::name)?,
        retryable: given.retryable,
    };
    if rule.template.is_empty() && rule.code.is_empty() && rule.field.is_empty() {
        return fault("a group needs template, code or field, which say which errors are meant");
    }
    if rule.name.is_none()
        && rule.class.is_none()
        && rule.side.is_none()
        && rule.retryable.is_none()
    {
        return fault("a group needs name, class, side or retryable, to say something of it");
    }
    Ok(rule)
}

fn pattern(at: usize, text: &str) -> Result<Pattern, RuleFault> {
    if text.is_empty() {
        return Err(RuleFault {
            at,
            reason: "an empty pattern, which every text contains".to_owned(),
        });
    }
    Pattern::new(text)
        .map_err(|error| RuleFault { at, reason: format!("no regular expression: {error}") })
}

fn patterns(texts: Option<&Spanned<TextList>>) -> Result<Vec<Pattern>, RuleFault> {
    let Some(texts) = texts else { return Ok(Vec::new()) };
    let start = texts.span().start;
    if texts.get_ref().0.is_empty() {
        return Err(RuleFault {
            at: start,
            reason: "an empty list, which fits nothing".to_owned(),
        });
    }
    texts.get_ref().0.iter().map(|(at, text)| pattern(at.unwrap_or(start), text)).collect()
}

fn name(name: &Spanned<String>) -> Result<String, RuleFault> {
    let text = name.get_ref().trim();
    if text.is_empty() || text.contains(char::is_control) {
        let reason = "a name is one line that is not blank".to_owned();
        return Err(RuleFault { at: name.span().start, reason });
    }
    Ok(text.to_owned())
}

/// The value with this name.
fn one_of<T: Copy, const N: usize>(
    word: Option<&Spanned<String>>,
    what: &str,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, RuleFault> {
    let Some(word) = word else { return Ok(None) };
    let found = all.into_iter().find(|one| name(*one) == word.get_ref());
    found.map(Some).ok_or_else(|| RuleFault {
        at: word.span().start,
        reason: format!(
            "no such {what}: \"{}\"; there are {}",
            word.get_ref(),
            all.map(name).join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, line: usize, reason: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        std::fs::write(&path, text).unwrap();
        let said = read(&path).unwrap_err().to_string();
        let place = format!("{}:{line}: ", path.display());
        let said =
            said.strip_prefix(&place).unwrap_or_else(|| panic!("{said} is not at line {line}"));
        assert!(said.starts_with(reason), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }

    #[test]
    fn rules_are_read_in_their_order() {
        let rules = parse(
            r#"
                [[mask]]
                pattern = 'depo \p{Lu}+'
                [[split]]
                pattern = 'hata (\d+)'
                name = "ERP {}"
                [[group]]
                template = ['bulunamadı', '^no such']
                name = "missing"
                class = "missing"
                [[group]]
                code = '^E-17$'
                side = "erp"
                retryable = false
            "#,
        )
        .unwrap();
        assert_eq!((rules.masks.len(), rules.splits.len(), rules.groups.len()), (1, 1, 2));
        assert_eq!(rules.splits[0].name.as_deref(), Some("ERP {}"));
        let [first, second] = rules.groups.as_slice() else { panic!("two groups") };
        assert_eq!((first.template.len(), first.class), (2, Some(Class::Missing)));
        assert_eq!((second.side, second.retryable), (Some(Side::Erp), Some(false)));
        assert!(parse("# nothing\n").unwrap().is_empty());
    }

    #[test]
    fn a_bad_rule_is_told_with_its_line_and_reason() {
        refused("[[mask]]\npattern = '(a'\n", 2, "no regular expression: unclosed group");
        refused("[[mask]]\n\npatern = 'a'\n", 3, "unknown field `patern`, expected `pattern`");
        refused("[[mask]]\npattern = ''\n", 2, "an empty pattern");
        refused("[[mask]]\npattern = 3\n", 2, "invalid type: integer `3`, expected a string");
        refused("\n[[split]]\nname = 'x {}'\n", 2, "missing field `pattern`");
        refused("[[split]]\npattern = 'a'\nname = 'x'\n", 3, "no {} in the name");
        refused("[[group]]\ncode = 'a'\n[[group]]\nname = 'x'\n", 1, "a group needs name, class");
        refused(
            "[[group]]\ncode='a'\nname='b'\n[[group]]\nname = 'x'\n",
            4,
            "a group needs template",
        );
        refused("[[group]]\ncode = ['a',\n'b(']\nname = 'x'\n", 3, "no regular expression");
        refused("[[group]]\ncode = []\nname = 'x'\n", 2, "an empty list");
        refused(
            "[[group]]\ncode = 3\nname = 'x'\n",
            2,
            "invalid type: integer `3`, expected a text or a list",
        );
        refused("[[group]]\ncode = 'a'\nname = ' '\n", 3, "a name is one line");
        refused(
            "[[group]]\ncode = 'a'\nclass = 'bad'\n",
            3,
            "no such class: \"bad\"; there are value, ",
        );
        refused(
            "[[group]]\ncode = 'a'\nside = 'sap'\n",
            3,
            "no such side: \"sap\"; there are integrator, ",
        );
        refused("[[group]\n", 1, "");
        refused("[[rule]]\n", 1, "unknown field `rule`, expected one of");
        let same = "[[group]]\ncode='a'\nname='x'\nside='erp'\n[[group]]\ncode='b'\nname='x'\n";
        refused(same, 5, "another class, side or retryable than above for \"x\"");
    }

    #[test]
    fn the_example_of_the_docs_is_read() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.toml");
        let rules = read(&path).unwrap();
        assert_eq!((rules.masks.len(), rules.splits.len(), rules.groups.len()), (1, 1, 3));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let said = read(Path::new("no/such.toml")).unwrap_err().to_string();
        assert_eq!(said, "no/such.toml: cannot be read as a file of rules");
    }
}
