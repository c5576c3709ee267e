//! Rules of the user: variables and differences that the built-in rules do not recognise, and names,
//! classes and sides of groups.
//!
//! Mining knows nothing of rules. They are applied to its templates, in this order:
//!
//! 1. a *split* reads each message; messages of one template form separate groups by what its pattern
//!    matches in them;
//! 2. a *mask* reads each line of a template, as the report shows it, and makes a variable of what its
//!    pattern matches; groups with equal templates are then one;
//! 3. a *group rule* reads template, code and field of a group, and gives it a name, which makes one
//!    group of all with the same name, or a class, a side or whether a retry helps.
//!
//! Of several rules that match, the first wins. So a rule changes only the groups that it matches, and
//! a fingerprint depends on template and rules alone.

use std::borrow::Cow;
use std::fmt;

use regex::Regex;
use xxhash_rust::xxh3::Xxh3Default;

use crate::class::Class;
use crate::side::Side;

/// What a template shows for a variable.
pub(crate) const SHOWN: &str = "<*>";
/// How much of a message a split reads. In bytes.
const READ_BYTES: usize = 4096;
/// The longest match of a split; more is cut off. In bytes.
const MATCH_BYTES: usize = 120;

/// A regular expression, in the syntax of the crate `regex`: Unicode, no look-around, linear time.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// A pattern that may match anywhere in a text, unless it has `^` or `$`.
    ///
    /// # Errors
    /// When it is no regular expression, or one that needs too much memory.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        Regex::new(text).map(Self).map_err(|error| PatternError { reason: reason(&error) })
    }

    fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Why a text is no valid pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    reason: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for PatternError {}

/// The last line of a syntax error says what is wrong; those above draw where.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Rules in their order. Empty by default.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Messages that form separate groups.
    pub splits: Vec<SplitRule>,
    /// Variables in the lines of templates.
    pub masks: Vec<Pattern>,
    /// Names, classes and sides of groups.
    pub groups: Vec<GroupRule>,
}

/// Forms separate groups of messages by what a pattern matches in them.
#[derive(Debug, Clone)]
pub struct SplitRule {
    /// Its first capture group that matches distinguishes messages, else the whole match.
    pub pattern: Pattern,
    /// Name of such a group, `{}` in it for the match; `None` for the match alone.
    pub name: Option<String>,
}

/// Gives a group a name, class, side or retry. All conditions that are given must hold.
#[derive(Debug, Clone, Default)]
pub struct GroupRule {
    /// One of these matches the template, as the report shows it; empty for any.
    pub template: Vec<Pattern>,
    /// One of these matches the code; a group without a code has an empty one.
    pub code: Vec<Pattern>,
    /// One of these matches the field path.
    pub field: Vec<Pattern>,
    /// Its name. Groups of one name are one group.
    pub name: Option<String>,
    /// Its class.
    pub class: Option<Class>,
    /// Its side.
    pub side: Option<Side>,
    /// Whether a retry may help.
    pub retryable: Option<bool>,
}

impl Rules {
    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.splits.is_empty() && self.masks.is_empty() && self.groups.is_empty()
    }

    /// 16 hexadecimal digits that differ where rules differ: fingerprints compare under equal rules only.
    pub fn digest(&self) -> String {
        let mut hash = Xxh3Default::new();
        let mut part = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        for split in &self.splits {
            part("split");
            part(split.pattern.0.as_str());
            part(split.name.as_deref().unwrap_or("{}"));
        }
        for mask in &self.masks {
            part("mask");
            part(mask.0.as_str());
        }
        for rule in &self.groups {
            part("group");
            for patterns in [&rule.template, &rule.code, &rule.field] {
                part(&patterns.len().to_string());
                for pattern in patterns {
                    part(pattern.0.as_str());
                }
            }
            part(rule.name.as_deref().unwrap_or_default());
            part(rule.class.map_or("", Class::name));
            part(rule.side.map_or("", Side::name));
            part(rule.retryable.map_or("", |yes| if yes { "yes" } else { "no" }));
        }
        format!("{:016x}", hash.digest())
    }

    /// The name that the first matching split gives a message.
    pub(crate) fn split(&self, message: &str) -> Option<String> {
        let head = &message[..message.floor_char_boundary(READ_BYTES)];
        self.splits.iter().find_map(|split| {
            let found = split.pattern.0.captures(head)?;
            let part = found.iter().skip(1).flatten().next().or_else(|| found.get(0))?;
            let words: Vec<&str> = part.as_str().split_whitespace().collect();
            let mut kept = words.join(" ").replace(char::is_control, " ");
            kept.truncate(kept.floor_char_boundary(MATCH_BYTES));
            let name = split.name.as_deref().unwrap_or("{}");
            (!kept.is_empty()).then(|| name.replace("{}", &kept))
        })
    }

    /// The template with what the masks match as variables.
    pub(crate) fn mask<'t>(&self, template: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(template);
        for pattern in &self.masks {
            if masked.lines().any(|line| pattern.matches(line)) {
                let lines: Vec<String> =
                    masked.split('\n').map(|line| mask_line(&pattern.0, line)).collect();
                masked = Cow::Owned(lines.join("\n"));
            }
        }
        masked
    }

    /// The first rule that matches a group.
    pub(crate) fn of_group(&self, template: &str, code: &str, field: &str) -> Option<&GroupRule> {
        let holds = |patterns: &[Pattern], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
        };
        self.groups.iter().find(|rule| {
            holds(&rule.template, template) && holds(&rule.code, code) && holds(&rule.field, field)
        })
    }
}

/// A line with what matches made a variable. A variable that is matched in part is so as a whole, and
/// variables side by side are one.
fn mask_line(pattern: &Regex, line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut done = 0;
    for found in pattern.find_iter(line).filter(|found| !found.is_empty()) {
        let (start, end) = whole_variables(line, found.start(), found.end());
        if end <= done {
            continue;
        }
        out.push_str(&line[done..start.max(done)]);
        if !out.ends_with(SHOWN) {
            out.push_str(SHOWN);
        }
        done = end;
        while line[done..].starts_with(SHOWN) {
            done += SHOWN.len();
        }
    }
    out.push_str(&line[done..]);
    out
}

/// The range from `start` to `end`, widened to the variables that it touches in part.
fn whole_variables(line: &str, start: usize, end: usize) -> (usize, usize) {
    let (mut from, mut to) = (start, end);
    for (at, shown) in line.match_indices(SHOWN) {
        let behind = at + shown.len();
        if at < start && start < behind {
            from = at;
        }
        if at < end && end < behind {
            to = behind;
        }
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).expect("a sound pattern")
    }

    fn masked(patterns: &[&str], template: &str) -> String {
        let masks = patterns.iter().map(|text| pattern(text)).collect();
        Rules { masks, ..Rules::default() }.mask(template).into_owned()
    }

    #[test]
    fn masks_make_variables_line_by_line() {
        assert_eq!(
            masked(&["depo [A-Z]+"], "depo ANKARA kapalı, depo IZMIR açık"),
            "<*> kapalı, <*> açık"
        );
        assert_eq!(masked(&["(?s)a.*b"], "a 1 b\na 2\nb"), "<*>\na 2\nb");
        assert_eq!(masked(&["x\\*?"], "ax*> <*>x"), "a<*>> <*>");
        assert_eq!(masked(&["ab", "b"], "ab b"), "<*> <*>");
        assert_eq!(masked(&[r"depo \p{Lu}+"], "depo ŞİŞLİ kapalı"), "<*> kapalı");
        assert_eq!(masked(&["q*"], "no match of something empty"), "no match of something empty");
    }

    #[test]
    fn a_variable_is_masked_as_a_whole() {
        assert_eq!(masked(&[r"no <"], "no <*> here"), "<*> here");
        assert_eq!(masked(&[r"> here"], "no <*> here"), "no <*>");
        assert_eq!(masked(&[r"\*"], "no <*> here <*>"), "no <*> here <*>");
        assert_eq!(masked(&[r"-"], "<*>-<*>-x"), "<*>x");
    }

    #[test]
    fn splits_keep_what_they_match() {
        let split = |text: &str, name: Option<&str>| SplitRule {
            pattern: pattern(text),
            name: name.map(str::to_owned),
        };
        let splits = vec![
            split(r"hata (?:kodu )?(\d+)", Some("ERP error {}")),
            split(r"code=\S+", None),
            split(r"x*$", None),
        ];
        let rules = Rules { splits, ..Rules::default() };
        let check = |message: &str, kept: Option<&str>| {
            assert_eq!(rules.split(message).as_deref(), kept, "{message}");
        };
        check("hata kodu 17 code=5", Some("ERP error 17"));
        check("refused: code=E\u{1}17", Some("code=E 17"));
        check("nothing", None);
    }

    #[test]
    fn an_invalid_pattern_is_refused_with_its_reason() {
        assert_eq!(Pattern::new("(a").unwrap_err().to_string(), "unclosed group");
        assert!(Pattern::new("a{1000000}{1000000}").is_err());
    }

    #[test]
    fn different_rules_have_different_digests() {
        let rule = |name: &str| GroupRule { name: Some(name.to_owned()), ..GroupRule::default() };
        let of = |groups: Vec<GroupRule>| Rules { groups, ..Rules::default() }.digest();
        assert_eq!(of(vec![rule("a")]), of(vec![rule("a")]));
        assert_ne!(of(vec![rule("a")]), of(vec![rule("b")]));
        assert_ne!(of(vec![rule("a"), rule("b")]), of(vec![rule("b"), rule("a")]));
    }
}
