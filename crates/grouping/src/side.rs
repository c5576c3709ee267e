//! The side on which an error arose: who refused, failed or could not be reached. By rules that a
//! reader can check in one table, as for the class.

use std::sync::LazyLock;

use crate::bytes::{LETTER, is};
use crate::class::Class;
use crate::masked::ErrorRef;
use crate::words;

/// The sides of an integration, as the report names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Side {
    /// The Integrator itself: its engine and the scripts of its flows.
    Integrator,
    /// Omnitron, the commerce platform.
    Omnitron,
    /// The ERP.
    Erp,
    /// The mapping of fields and attributes between the two.
    Mapping,
}

impl Side {
    /// All of them, in the order that decides between equally frequent ones.
    pub const ALL: [Self; 4] = [Self::Integrator, Self::Omnitron, Self::Erp, Self::Mapping];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integrator => "integrator",
            Self::Omnitron => "omnitron",
            Self::Erp => "erp",
            Self::Mapping => "mapping",
        }
    }
}

/// Where an error occurred.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// Slug or title of the step.
    pub step: Option<&'a str>,
    /// The address that was called, as logged.
    pub url: Option<&'a str>,
    /// The engine or a script raised it; it is no response of the other side.
    pub raised: bool,
}

/// What a rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SideEvidence {
    /// The error code, as a whole: Omnitron's reason types.
    Code,
    /// Words of message or code.
    Text,
    /// Words of a host that the message of a broken connection names.
    NamedHost,
    /// Raised here, and no broken connection. Needs no words.
    Raised,
    /// A part of the path that was called.
    Path,
    /// Words of the host that was called.
    Host,
    /// Words of the step.
    Step,
}

/// The rules, checked from top to bottom; the first that matches decides. The error itself comes before
/// where it occurred. Words are folded as in the table of classes; `*` at the end matches any rest of
/// the word.
#[rustfmt::skip]
const RULES: [(SideEvidence, &[&str], Side); 18] = [
    (SideEvidence::Code, &["mapping"], Side::Mapping),
    (SideEvidence::Code, &["remote"], Side::Erp),
    (SideEvidence::Code, &["channel_app"], Side::Integrator),
    (SideEvidence::Text, &["mapping", "mappings", "jolt*", "eslestir*", "eslesme*", "esleme*"], Side::Mapping),
    (SideEvidence::NamedHost, &["omnitron", "akinon"], Side::Omnitron),
    (SideEvidence::NamedHost, ERP_HOSTS, Side::Erp),
    (SideEvidence::Text, &["flowfile*", "nifi*"], Side::Integrator),
    (SideEvidence::Text, &["omnitron*"], Side::Omnitron),
    (SideEvidence::Text, &["erp", "nebim*", "netsis*", "netsuite*", "erpnext*"], Side::Erp),
    (SideEvidence::Raised, &[], Side::Integrator),
    (SideEvidence::Path, &["/api/i1/"], Side::Omnitron),
    (SideEvidence::Path, &["/integratorservice/", "/sap/", "/b1s/", "/api/apimethods/", "/xmlrpc/2/object"], Side::Erp),
    (SideEvidence::Host, &["omnitron", "akinon"], Side::Omnitron),
    (SideEvidence::Host, ERP_HOSTS, Side::Erp),
    (SideEvidence::Step, &["mapping", "jolt"], Side::Mapping),
    (SideEvidence::Step, &["omnitron"], Side::Omnitron),
    (SideEvidence::Step, &["erp", "login", "check", "response"], Side::Erp),
    (SideEvidence::Step, &["script", "compare", "template"], Side::Integrator),
];

/// Words of hosts of ERPs: what customers call theirs, and where vendors host them.
#[rustfmt::skip]
const ERP_HOSTS: &[&str] = &[
    "erp", "nebim*", "sap", "logo", "logotiger", "netsis", "mikro", "netsuite", "suitetalk", "businesscentral", "dynamics",
    "erpnext", "frappe", "odoo", "canias", "workcube", "acumatica", "epicor", "infor", "uyumsoft", "hana",
];

/// On which side an error arose; `None` when no rule matches. Reads the head of the message once.
pub fn side(error: &ErrorRef<'_>, class: Class, at: &Circumstances<'_>) -> Option<Side> {
    let mut fits = MatchingRules::default();
    fits.words(SideEvidence::Text, head(error.message));
    if let Some(code) = error.code {
        fits.of(SideEvidence::Code, |words| {
            words.iter().any(|word| word.eq_ignore_ascii_case(code.trim()))
        });
        fits.words(SideEvidence::Text, code);
    }
    let broken = class == Class::Connection;
    if broken {
        hosts(head(error.message)).for_each(|host| fits.words(SideEvidence::NamedHost, host));
    }
    if at.raised && !broken {
        fits.of(SideEvidence::Raised, |_| true);
    }
    let (host, path) = at.url.map(host_and_path).unwrap_or_default();
    fits.of(SideEvidence::Path, |parts| parts.iter().any(|part| contains(path, part)));
    fits.words(SideEvidence::Host, host);
    fits.words(SideEvidence::Step, at.step.unwrap_or_default());
    RULES.get(fits.0.trailing_zeros() as usize).map(|&(_, _, side)| side)
}

/// The rules that match, a bit each, the lowest for the first.
#[derive(Debug, Default)]
struct MatchingRules(u32);

impl MatchingRules {
    fn of(&mut self, at: SideEvidence, fit: impl Fn(&[&str]) -> bool) {
        for (n, (_, words, _)) in RULES.iter().enumerate().filter(|(_, rule)| rule.0 == at) {
            self.0 |= u32::from(fit(words)) << n;
        }
    }

    /// Tries the rules on each word of a text: letters in a row.
    fn words(&mut self, at: SideEvidence, text: &str) {
        let searched = &EVIDENCE_WORDS[at as usize];
        let mut folded = [0; 24];
        for word in text.as_bytes().split(|&byte| !is(byte, LETTER)) {
            let &[first, second, ..] = word else { continue };
            if searched.first & letter(first) == 0 {
                continue;
            }
            for (rule, known, prefix) in &searched.words {
                let may = |byte: u8, at: usize| !byte.is_ascii() || byte | 0x20 == known[at];
                if !(may(first, 0) && may(second, 1)) {
                    continue;
                }
                // A longer word matches none of the rules.
                let Some(len) = words::fold_word(word, &mut folded) else { break };
                let word = &folded[..len];
                let fits = if *prefix { word.starts_with(known) } else { word == *known };
                self.0 |= u32::from(fits) << rule;
            }
        }
    }
}

/// The words of the rules that read one kind of evidence.
#[derive(Debug, Default)]
struct EvidenceWords {
    /// The letters with which they begin, a bit each.
    first: u32,
    /// Number of the rule, word, and whether the word is a prefix.
    words: Vec<(usize, &'static [u8], bool)>,
}

/// The words for each kind of evidence, with their first letters: most words of a message begin with
/// other letters.
static EVIDENCE_WORDS: LazyLock<[EvidenceWords; 7]> = LazyLock::new(|| {
    let mut all: [EvidenceWords; 7] = Default::default();
    for (rule, (at, words, _)) in RULES.iter().enumerate() {
        let here = &mut all[*at as usize];
        for word in *words {
            let plain = word.trim_end_matches('*').as_bytes();
            here.first |= letter(plain[0]);
            here.words.push((rule, plain, word.ends_with('*')));
        }
    }
    all
});

/// A bit for the letter, of either case; all bits for a letter outside ASCII, which may stand for any.
fn letter(byte: u8) -> u32 {
    if byte.is_ascii_alphabetic() { 1 << (byte & 31) } else { u32::MAX }
}

/// How much of a message is read. In bytes.
const READ_BYTES: usize = 512;

fn head(message: &str) -> &str {
    &message[..message.floor_char_boundary(READ_BYTES)]
}

/// Host and path of an address, without port, user and query; the host is empty where there is none.
fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = if url.starts_with('/') { ("", url) } else { rest.split_at(end) };
    let host = authority.rsplit('@').next().unwrap_or_default();
    (host.split(':').next().unwrap_or_default(), path.split('?').next().unwrap_or_default())
}

/// Names of hosts in a text: letters, digits and dashes joined by dots.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.split(move |c: char| !host(c)).filter(|word| word.trim_end_matches('.').contains('.'))
}

/// Whether a path holds a part that begins with `/`, of either case.
fn contains(path: &str, part: &str) -> bool {
    memchr::memchr_iter(b'/', path.as_bytes()).any(|at| {
        let here = path.as_bytes().get(at..at + part.len());
        here.is_some_and(|here| here.eq_ignore_ascii_case(part.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::classify;

    fn check(error: ErrorRef<'_>, at: Circumstances<'_>, expected: Option<Side>) {
        assert_eq!(side(&error, classify(&error), &at), expected, "{error:?} {at:?}");
    }

    fn message(message: &str) -> ErrorRef<'_> {
        ErrorRef { message, ..ErrorRef::default() }
    }

    fn called(url: &str) -> Circumstances<'_> {
        Circumstances { url: Some(url), ..Circumstances::default() }
    }

    fn step(step: &str) -> Circumstances<'_> {
        Circumstances { step: Some(step), ..Circumstances::default() }
    }

    #[test]
    fn the_error_itself_decides_first() {
        let omnitron = called("https://omnitron.example.com/api/i1/products/");
        let coded = |code| ErrorRef { code: Some(code), message: "olmadı", ..ErrorRef::default() };
        check(coded("mapping"), omnitron, Some(Side::Mapping));
        check(coded("remote"), omnitron, Some(Side::Erp));
        check(coded("channel_app"), omnitron, Some(Side::Integrator));
        check(message("Attribute mapping not found"), omnitron, Some(Side::Mapping));
        check(message("Renk eşleştirmesi yok"), omnitron, Some(Side::Mapping));
        check(message("ERP refused order 17"), omnitron, Some(Side::Erp));
        check(message("erp3.example.com: Read timed out"), omnitron, Some(Side::Erp));
        check(message("Unable to transfer FlowFile[id=1]"), omnitron, Some(Side::Integrator));
        check(message("Read timed out"), omnitron, Some(Side::Omnitron));
    }

    #[test]
    fn what_is_raised_here_is_the_integrators_unless_a_connection_broke() {
        let raised = Circumstances { raised: true, ..called("https://erp.example.com/orders") };
        check(message("KeyError: 'price'"), raised, Some(Side::Integrator));
        check(message("Connection refused"), raised, Some(Side::Erp));
    }

    #[test]
    fn address_and_step_decide_where_the_error_does_not() {
        let any = || message("not found");
        check(
            any(),
            called("https://shop.example.com/api/i1/product_prices/7/"),
            Some(Side::Omnitron),
        );
        check(any(), called("https://erp2.example.com:8443/orders?x=/api/i1/"), Some(Side::Erp));
        check(any(), called("http://10.0.0.1/(S(abc))/IntegratorService/Post"), Some(Side::Erp));
        check(any(), called("https://caterpillar.example.com/x"), None);
        check(any(), called("/api/i1/products/"), Some(Side::Omnitron));
        check(any(), step("read_data_from_erp"), Some(Side::Erp));
        check(any(), step("Write Data to Omnitron"), Some(Side::Omnitron));
        check(any(), step("login"), Some(Side::Erp));
        check(any(), step("Check Response Script"), Some(Side::Erp));
        check(any(), step("pre_script"), Some(Side::Integrator));
        check(any(), step("mapping"), Some(Side::Mapping));
        check(any(), step("image"), None);
        for erp in [
            "https://sl.example.com:50000/b1s/v2/Orders(17)",
            "https://api.businesscentral.dynamics.com/v2.0/tenant/prod/api/v2.0/items",
            "https://900.suitetalk.api.netsuite.com/services/rest/record/v1/salesOrder",
            "http://mikroserver.example.com:8094/Api/APIMethods/StokKaydetV2",
            "https://acme.odoo.com/jsonrpc",
            "https://nebimv3.example.com/post",
        ] {
            check(any(), called(erp), Some(Side::Erp));
        }
        check(any(), called("https://informer.example.com/erpsomething"), None);
        check(any(), Circumstances::default(), None);
    }

    #[test]
    fn the_documentation_has_the_same_table() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/groups.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, table) = page.split_once("| read |").unwrap();
        let rows: Vec<(Vec<&str>, &str)> = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                (cells[2].split(", ").filter(|word| !word.is_empty()).collect(), cells[3])
            })
            .collect();
        let quoted = |word: &str| format!("`{word}`");
        let rules: Vec<(Vec<String>, String)> = RULES
            .iter()
            .map(|(_, words, side)| {
                (words.iter().map(|word| quoted(word)).collect(), quoted(side.name()))
            })
            .collect();
        let rules: Vec<(Vec<&str>, &str)> = rules
            .iter()
            .map(|(words, side)| (words.iter().map(String::as_str).collect(), side.as_str()))
            .collect();
        assert_eq!(rows, rules);
    }

    #[test]
    fn the_words_of_the_rules_are_folded() {
        for (_, words, _) in RULES {
            assert!(words.iter().all(|word| word.is_ascii() && *word == word.to_ascii_lowercase()));
        }
    }
}
