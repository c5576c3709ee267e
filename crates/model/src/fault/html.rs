//! The one text of an HTML page that says what went wrong.
//!
//! Title, else heading, else the first text. Two frameworks put the error elsewhere: the debug page
//! of Django in `<pre class="exception_value">`, the Whitelabel page of Spring in a sentence.

use super::hits::{Draft, Hits, fold};
use super::markup::{self, Token, Tokens};
use super::names::fold_char;
use super::{plain, trace, trimmed};

/// A text of the page that is kept while reading; pages of Django are a hundred times longer.
const PART_MAX: usize = 2048;

/// Longest first text in bytes, when a page has neither title nor heading.
const FIRST_MAX: usize = 500;

/// The parts of a page that matter, folded.
#[derive(Debug, Default)]
struct HtmlPage {
    title: String,
    heading: String,
    /// Django's `exception_value`.
    value: String,
    /// Spring's sentence, and what follows it.
    sentence: String,
    /// The text of the page without title and scripts, blanks kept: a trace in it needs its lines.
    text: String,
}

/// Reads a page, whole or cut; true when it says that it is about an error.
pub(super) fn read(text: &str, hits: &mut Hits<'_>) -> bool {
    let page = parts(text);
    if let Some(class) = django_class(&page.title) {
        return if page.value.is_empty() {
            hits.add(&Draft {
                code: Some(class),
                message: &page.title,
                exception: true,
                ..Draft::default()
            })
        } else {
            hits.add(&Draft {
                code: Some(class),
                lead: Some(class),
                message: &page.value,
                exception: true,
                ..Draft::default()
            })
        };
    }
    if !page.sentence.is_empty() {
        return hits.add(&Draft { message: &page.sentence, ..Draft::default() });
    }
    let headline =
        [page.title.as_str(), page.heading.as_str()].into_iter().find(|text| !is_bare(text));
    if let Some(headline) = headline {
        let (code, exception) =
            trace::class_of(headline).map_or((None, false), |class| (Some(class), true));
        hits.add(&Draft { code, message: headline, exception, ..Draft::default() });
        return exception
            || is_about_error(headline)
            || is_about_error(&page.heading)
            || is_challenge(headline)
            || is_challenge(&page.heading);
    }
    let body = trimmed(&page.text);
    if let Some(trace) = trace::read(body) {
        return hits.add(&Draft {
            code: trace.code,
            lead: trace.lead,
            message: trace.message,
            exception: trace.exception,
            ..Draft::default()
        });
    }
    let mut first = String::new();
    fold(body, FIRST_MAX, &mut first);
    if is_bare(&first) {
        // Only the bare word is left: better than nothing.
        let bare = [page.title, page.heading, first].into_iter().find(|text| !text.is_empty());
        return bare.is_some_and(|bare| {
            hits.add(&Draft { message: &bare, ..Draft::default() });
            is_about_error(&bare)
        });
    }
    hits.add(&Draft { message: &first, ..Draft::default() });
    plain::is_error_line(&first)
        || is_challenge(&first)
        || is_about_error(&page.title)
        || is_about_error(&page.heading)
}

/// What the text that follows a tag belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HtmlPart {
    Title,
    Heading,
    Value,
    Body,
}

fn parts(text: &str) -> HtmlPage {
    let mut page = HtmlPage::default();
    let mut part = HtmlPart::Body;
    let mut raw = String::new();
    let mut tokens = Tokens::new(text);
    while let Some(token) = tokens.next() {
        match token {
            Token::Start { name, empty, .. }
                if !empty && is_any(name, &["script", "style", "svg", "noscript"]) =>
            {
                tokens.skip_to_end_of(name);
            }
            Token::Start { name, attributes, .. } => {
                let next = if is_any(name, &["title"]) {
                    Some(HtmlPart::Title)
                } else if is_any(name, &["h1", "h2"]) {
                    Some(HtmlPart::Heading)
                } else if is_any(name, &["pre"]) && attributes.contains("exception_value") {
                    Some(HtmlPart::Value)
                } else {
                    None
                };
                if let Some(next) = next {
                    page.take(part, &mut raw);
                    part = next;
                } else if !is_any(name, &["b", "i", "span", "strong", "em", "code", "a"]) {
                    raw.push(if is_any(name, &["br"]) { '\n' } else { ' ' });
                }
            }
            Token::End { name } => {
                if is_any(name, &["title", "h1", "h2", "pre"]) {
                    page.take(part, &mut raw);
                    part = HtmlPart::Body;
                } else if is_any(name, &["p", "div", "tr", "li", "h3", "body"]) {
                    raw.push('\n');
                }
            }
            Token::Text(text) => markup::decode(text, tokens.is_at_end(), &mut raw),
            Token::Cdata(text) => raw.push_str(text),
        }
    }
    page.take(part, &mut raw);
    let sentence = spring_sentence(&page).to_owned();
    HtmlPage { sentence, ..page }
}

impl HtmlPage {
    /// Files the text read so far under the part it belongs to; the first text of a part stays.
    fn take(&mut self, part: HtmlPart, raw: &mut String) {
        let target = match part {
            HtmlPart::Title => &mut self.title,
            HtmlPart::Heading => &mut self.heading,
            HtmlPart::Value => &mut self.value,
            HtmlPart::Body => {
                self.text.push_str(raw);
                self.text.push('\n');
                raw.clear();
                return;
            }
        };
        if target.is_empty() || is_bare(target) {
            let from = target.len();
            fold(raw, PART_MAX, target);
            if target.len() > from {
                target.drain(..from);
            }
        }
        raw.clear();
    }
}

/// Tags are compared as ASCII without case.
fn is_any(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// The exception class of a Django debug page: its title is `ValueError at /api/v1/x/`.
fn django_class(title: &str) -> Option<&str> {
    let (class, rest) = title.split_once(' ')?;
    let is_name = class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && rest.starts_with("at /") && class.as_bytes()[0].is_ascii_uppercase())
        .then_some(class)
}

/// `There was an unexpected error (type=Not Found, status=404).` and the line after it.
fn spring_sentence(page: &HtmlPage) -> &str {
    if !page.heading.starts_with("Whitelabel") {
        return "";
    }
    let Some(from) = page.text.find("There was an unexpected error") else { return "" };
    let text = &page.text[from..];
    let mut lines = text.split_inclusive('\n');
    let sentence = lines.next().unwrap_or_default();
    let mut to = sentence.len();
    for line in lines {
        let words = line.trim();
        if words.is_empty() {
            to += line.len();
            continue;
        }
        if words != "No message available" && trace::class_of(words).is_none() {
            to += line.len();
        }
        break;
    }
    text[..to].trim_end()
}

/// A headline that names no error, only that there is one.
fn is_bare(text: &str) -> bool {
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    word.is_empty()
        || [
            "error",
            "hata",
            "hata oluştu",
            "error page",
            "hata sayfası",
            "document",
            "untitled",
            "untitled document",
        ]
        .iter()
        .any(|bare| bare.chars().flat_map(fold_char).eq(word.chars().flat_map(fold_char)))
}

/// Words by which the headline of a page says that it is about an error.
const ERROR_WORDS: [&str; 26] = [
    "error",
    "hata",
    "exception",
    "not found",
    "bulunamad",
    "forbidden",
    "denied",
    "unauthorized",
    "unavailable",
    "timeout",
    "timed out",
    "time-out",
    "bad gateway",
    "bad request",
    "too many requests",
    "refused",
    "failed",
    "failure",
    "not allowed",
    "too large",
    "not acceptable",
    "blocked",
    "attention required",
    "yetkisiz",
    "geçersiz",
    "object reference",
];

/// Words of the pages by which a guard asks for a browser or a person, in place of the answer.
const CHALLENGES: [&str; 14] = [
    "just a moment",
    "checking your browser",
    "verify you are human",
    "verify that you are human",
    "are you a robot",
    "captcha",
    "enable javascript and cookies",
    "ddos protection",
    "security check",
    "pardon our interruption",
    "request rejected",
    "access to this page has been denied",
    "robot olmadiğinizi",
    "güvenlik kontrolü",
];

/// The page is a challenge: it stands in place of the answer.
fn is_challenge(text: &str) -> bool {
    let folded: String = text.chars().take(FIRST_MAX).flat_map(fold_char).collect();
    CHALLENGES.iter().any(|words| folded.contains(words))
}

/// The headline names an error, in words or by a status of 400 or above.
fn is_about_error(headline: &str) -> bool {
    let folded: String = headline.chars().flat_map(fold_char).collect();
    let status = || {
        folded.split(|c: char| !c.is_alphanumeric()).any(|word| {
            word.len() == 3 && word.parse().is_ok_and(|status: u16| (400..600).contains(&status))
        })
    };
    ERROR_WORDS.iter().any(|word| folded.contains(word)) || status()
}
