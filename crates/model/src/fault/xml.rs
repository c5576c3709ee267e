//! Error texts of XML: SOAP faults of both versions, and answers that have their own words for it.
//!
//! The reader keeps a stack of open elements. A leaf (an element without children, or an attribute)
//! reports to its parent what it is: a message, a code, a field, a flag. When the parent ends it decides
//! whether this makes an error:
//!
//! ```text
//! <Response>                       failed, message "Stok yok"  ─► error
//!   <Success>false</Success>       flag    ─► parent
//!   <Message>Stok yok</Message>    message ─► parent
//!   <Errors/>                      blank leaf: says nothing
//! </Response>
//! ```
//!
//! So `<message>` and `<description>` of an ordinary answer cost a look at their names and no more.

use super::hits::{Draft, Hits};
use super::markup::{self, Token, Tokens};
use super::names::{self, FaultRole};
use super::{BodyKind, inner, keys, plain};
use crate::answer::statement::{is_sound_code, says_success, severity};
use crate::json::{Type, Value};

/// Elements below this depth are passed over: real answers have a dozen levels.
const DEPTH_MAX: usize = 64;

/// A flag, a code or a verdict that is longer than this is none.
const WORD_MAX: usize = 64;

/// Fields under one error element that may carry messages by their own names.
const FIELDS_MAX: usize = 64;

/// Reads a document, whole or cut; true when it holds an error.
pub(super) fn read(text: &str, levels: u8, hits: &mut Hits<'_>) -> bool {
    if let Some(fault) = super::xmlrpc::fault(text) {
        fault.add(hits);
        return true;
    }
    let mut reader = Reader { text, levels, hits, open: Vec::new(), error: false };
    let mut tokens = Tokens::new(text);
    let mut deeper = 0_usize;
    loop {
        let before = tokens.offset();
        let Some(token) = tokens.next() else { break };
        match token {
            Token::Start { empty, .. } if reader.open.len() == DEPTH_MAX => {
                deeper += usize::from(!empty);
            }
            Token::Start { name, attributes, empty } => {
                reader.start(name, attributes, before, tokens.offset());
                if empty {
                    reader.end(tokens.offset(), false);
                }
            }
            Token::End { .. } if deeper > 0 => deeper -= 1,
            Token::End { name } => reader.end_of(name, before),
            Token::Text(_) | Token::Cdata(_) => {}
        }
    }
    while !reader.open.is_empty() {
        reader.end(text.len(), true);
    }
    reader.error
}

/// A value that waits for its element to end.
#[derive(Debug, Clone, Copy)]
struct Pending<'t> {
    rank: u8,
    strong: bool,
    raw: &'t str,
    cut: bool,
    at: usize,
}

/// A message with the code and the field beside it.
#[derive(Debug, Clone, Copy)]
struct LentMessage<'t> {
    message: Pending<'t>,
    code: Option<&'t str>,
    field: Option<&'t str>,
}

/// An open element.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that a child reports")]
struct Element<'t> {
    name: &'t str,
    role: FaultRole,
    /// Offset of its start tag.
    at: usize,
    /// Offset of its content.
    content: usize,
    leaf: bool,
    /// Number of hits when it began.
    mark: usize,
    message: Option<Pending<'t>>,
    /// A message of a child that was no error by itself: it is the text when this one failed.
    lent: Option<LentMessage<'t>>,
    code: Option<(u8, &'t str)>,
    /// A result code that is neither zero nor a word for success.
    bad_result: bool,
    /// A state is a word of failure that goods and orders do not have.
    bad_state: bool,
    /// The severity of a message: whether it is an error, or a warning or information.
    severity: Option<bool>,
    /// The name of the code says that it is one of an error, and its value is not zero.
    bad_code: bool,
    field: Option<&'t str>,
    failed: bool,
    succeeded: bool,
    /// The word by which it failed (`ERROR`), raw.
    verdict: Option<&'t str>,
    /// Content of a stack trace, raw.
    trace: Option<&'t str>,
    exception: bool,
    /// Children with names of their own, when this is an error: `<price>must be positive</price>`.
    fields: Vec<(&'t str, Pending<'t>)>,
}

impl Element<'_> {
    fn is_error(&self) -> bool {
        matches!(self.role, FaultRole::Error | FaultRole::Fault)
    }
}

struct Reader<'t, 'h, 's> {
    text: &'t str,
    levels: u8,
    hits: &'h mut Hits<'s>,
    open: Vec<Element<'t>>,
    error: bool,
}

impl<'t> Reader<'t, '_, '_> {
    fn start(&mut self, name: &'t str, attributes: &'t str, at: usize, content: usize) {
        if let Some(parent) = self.open.last_mut() {
            parent.leaf = false;
        }
        self.open.push(Element {
            name,
            role: names::role(name),
            at,
            content,
            leaf: true,
            mark: self.hits.len(),
            message: None,
            lent: None,
            code: None,
            bad_result: false,
            bad_state: false,
            severity: None,
            bad_code: false,
            field: None,
            failed: false,
            succeeded: false,
            verdict: None,
            trace: None,
            exception: false,
            fields: Vec::new(),
        });
        let own = self.open.len() - 1;
        if attributes.len() > 2 {
            markup::attributes(attributes, |name, raw| {
                let role = match names::role(name) {
                    // Attributes of these names say how a value is written, not what it is.
                    FaultRole::Code { rank: 3, .. }
                    | FaultRole::Severity
                    | FaultRole::Text
                    | FaultRole::Value
                    | FaultRole::Item => return,
                    // `<Response error="Stok yok">`
                    FaultRole::Error => FaultRole::Message { rank: 2, strong: true },
                    role => role,
                };
                self.report(own, role, raw, at, false);
            });
        }
    }

    /// Ends the innermost element of this name and those inside it that were left open; an end tag
    /// that nothing opened means nothing.
    fn end_of(&mut self, name: &str, at: usize) {
        let Some(place) = self.open.iter().rposition(|open| open.name == name) else { return };
        while self.open.len() > place {
            self.end(at, false);
        }
    }

    /// Ends the innermost element, whose content ends at `to`.
    fn end(&mut self, to: usize, cut: bool) {
        let Some(element) = self.open.pop() else { return };
        let raw = self.text.get(element.content..to).unwrap_or_default();
        if !element.leaf {
            self.lift(&element, raw, cut);
        } else if !raw.trim().is_empty() {
            self.leaf(&element, raw, cut);
        }
        self.settle(&element, raw, cut);
        if !element.leaf
            && self.hits.len() > element.mark
            && self.hits.wait_for_key(element.mark)
            && let Some(keys) = keys::named_in(raw)
        {
            self.hits.give_key(element.mark, keys);
        }
    }

    /// A leaf with content reports to its parent, or is an error itself when its name says so.
    fn leaf(&mut self, element: &Element<'t>, raw: &'t str, cut: bool) {
        let parent = self.open.len().checked_sub(1);
        let pending = Pending { rank: 0, strong: true, raw, cut, at: element.at };
        match element.role {
            FaultRole::Error | FaultRole::Fault => {
                let word = word(raw);
                let word = word.as_deref().unwrap_or("text");
                if names::is_true(word) || counts(element.name, word) {
                    self.fail();
                } else if ["false", "hayır", "hayir", "no"]
                    .iter()
                    .any(|no| no.eq_ignore_ascii_case(word.trim()))
                {
                    // `<Hata>false</Hata>` states that all is well, whatever codes stand beside it.
                    if let Some(parent) = parent.and_then(|parent| self.open.get_mut(parent)) {
                        parent.succeeded = true;
                    }
                } else if !names::is_false(word) && !names::is_success_word(word) {
                    self.add(element, &pending, None);
                    self.error = true;
                }
            }
            FaultRole::Item if parent.is_some_and(|parent| self.open[parent].is_error()) => {
                self.add(element, &pending, None);
                self.error = true;
            }
            FaultRole::Other if is_answer(element.name) && is_refusal(raw) => self.fail(),
            FaultRole::Other | FaultRole::Item => {
                self.look_inside(raw, element.at, cut);
                if let Some(parent) = parent.and_then(|parent| self.open.get_mut(parent))
                    && parent.role == FaultRole::Error
                    && parent.fields.len() < FIELDS_MAX
                {
                    parent.fields.push((names::local(element.name), pending));
                }
            }
            role => {
                if let Some(parent) = parent {
                    self.report(parent, role, raw, element.at, cut);
                }
            }
        }
        if let (FaultRole::Message { .. }, Some(parent)) =
            (element.role, parent.and_then(|i| self.open.get_mut(i)))
        {
            parent.code = parent.code.or(element.code);
            parent.field = parent.field.or(element.field);
        }
    }

    /// A message with elements inside reports to its parent like a leaf: `<message>no <b>stock</b>`,
    /// `<message><lang>tr</lang><text>...`, the detail of a SOAP fault.
    fn lift(&mut self, element: &Element<'t>, raw: &'t str, cut: bool) {
        let Some(parent) = self.open.len().checked_sub(1) else { return };
        if !matches!(element.role, FaultRole::Message { .. }) || self.hits.len() > element.mark {
            return;
        }
        match element.message {
            Some(text) => self.report(parent, element.role, text.raw, text.at, text.cut),
            None => self.report(parent, element.role, raw, element.at, cut),
        }
        if let Some(parent) = self.open.last_mut() {
            parent.code = parent.code.or(element.code);
            parent.field = parent.field.or(element.field);
        }
    }

    /// A leaf or an attribute with this role reports its value to the element at `place`.
    fn report(&mut self, place: usize, role: FaultRole, raw: &'t str, at: usize, cut: bool) {
        let nested_in =
            |role: FaultRole| self.open.get(place).is_some_and(|open| open.role == role);
        let outer = place.checked_sub(1);
        let (place, role) = match (role, outer) {
            (FaultRole::Text, Some(outer)) if nested_in(FaultRole::Reason) => {
                (outer, FaultRole::Message { rank: 0, strong: true })
            }
            (FaultRole::Value, Some(outer))
                if nested_in(FaultRole::Code { rank: 1, strong: false }) =>
            {
                (outer, FaultRole::Code { rank: 0, strong: false })
            }
            (FaultRole::Reason | FaultRole::Text, _) => {
                (place, FaultRole::Message { rank: 4, strong: false })
            }
            other => (place, other.0),
        };
        let is_root = place == 0;
        let Some(element) = self.open.get_mut(place) else { return };
        match role {
            FaultRole::Message { rank, strong } => {
                let pending = Pending { rank, strong, raw, cut, at };
                match element.message {
                    Some(old) if old.rank == rank && element.is_error() => {
                        element.message = Some(pending);
                        self.flush(place, old);
                    }
                    Some(old) if old.rank <= rank => {}
                    _ => element.message = Some(pending),
                }
            }
            FaultRole::Code { rank, strong } => {
                let Some(word) = word(raw).filter(|word| word != "about:blank") else { return };
                if element.code.is_none_or(|(old, _)| rank < old) {
                    element.code = Some((rank, raw));
                }
                if names::is_success_word(&word) {
                    element.succeeded |= strong;
                } else if strong && !names::is_false(&word) {
                    element.bad_code = true;
                }
                element.failed |= is_root && is_http_error(&word);
            }
            FaultRole::ResultCode => {
                let Some(word) = word(raw) else { return };
                let code = Value { ty: Type::Number, raw: word.trim() };
                if names::is_failure_word(&word) {
                    element.failed = true;
                    element.verdict = element.verdict.or(Some(raw));
                } else if names::is_success_word(&word) {
                    element.succeeded = true;
                } else {
                    element.bad_result |= !is_sound_code(code);
                    if element.code.is_none_or(|(old, _)| 3 < old) && severity(&word).is_none() {
                        element.code = Some((3, raw));
                    }
                }
                element.failed |= is_root && is_http_error(&word);
            }
            FaultRole::Severity => {
                let Some(word) = word(raw).filter(|word| word != "about:blank") else { return };
                match severity(&word) {
                    Some(error) => element.severity = element.severity.or(Some(error)),
                    None if element.code.is_none_or(|(old, _)| 3 < old) => {
                        element.code = Some((3, raw));
                    }
                    None => {}
                }
            }
            FaultRole::Field => element.field = element.field.or(Some(raw)),
            FaultRole::Success | FaultRole::Failure => {
                let Some(word) = word(raw) else { return };
                let (yes, no) = (names::is_true(&word), names::is_false(&word));
                element.succeeded |= yes && role == FaultRole::Success;
                element.failed |= if role == FaultRole::Success { no } else { yes };
            }
            // The state of an order, or of an answer whose name does not tell: a text beside it decides.
            FaultRole::Status if !is_root && !is_answer(element.name) => {
                element.bad_state |= word(raw).is_some_and(|word| names::is_error_state(&word));
            }
            FaultRole::Verdict | FaultRole::Status => {
                let Some(word) = word(raw) else { return };
                if names::is_failure_word(&word)
                    || (role == FaultRole::Verdict && word.trim().eq_ignore_ascii_case("false"))
                {
                    element.failed = true;
                    element.verdict = element.verdict.or(Some(raw));
                } else if names::is_success_word(&word) {
                    element.succeeded = true;
                } else if is_root && is_http_error(&word) {
                    element.failed = true;
                    element.code = element.code.or(Some((3, raw)));
                }
            }
            FaultRole::Trace => {
                element.exception = true;
                element.trace = element.trace.or(Some(raw));
            }
            _ => {}
        }
    }

    /// A leaf without a role whose content is an answer of its own, as ERP systems give it:
    /// `<SaveResult>&lt;Hata&gt;...`, JSON in a CDATA section, or a line of text in the root.
    fn look_inside(&mut self, raw: &str, at: usize, cut: bool) {
        let raw = raw.trim_start();
        let inside = raw.strip_prefix("<![CDATA[").map(str::trim_start);
        let likely = raw.starts_with("&lt;")
            || raw.starts_with(['{', '['])
            || inside.is_some_and(|inside| inside.starts_with(['<', '{', '[']));
        let is_root = self.open.is_empty();
        if !(likely || is_root) || self.levels == 0 {
            return;
        }
        let mut inside = String::new();
        markup::text_of(raw, cut, &mut inside);
        let mark = self.hits.len();
        match super::kind(&inside) {
            BodyKind::Xml => self.error |= read(&inside, self.levels - 1, self.hits),
            BodyKind::Json => self.error |= inner::add_answer(&inside, self.hits),
            BodyKind::Text if is_root && plain::is_error_line(&inside) => {
                let draft = Draft { message: &inside, ..Draft::default() };
                self.error |= inner::add(&draft, self.levels, self.hits);
            }
            _ => {}
        }
        self.hits.adopt(mark, at, None);
    }

    /// What an ended element comes to.
    fn settle(&mut self, element: &Element<'t>, raw: &'t str, cut: bool) {
        let has_inner = self.hits.len() > element.mark;
        let strong = element.message.is_some_and(|message| message.strong);
        let well = element.succeeded && !element.failed;
        let speaks = element.message.filter(|message| !is_nothing(message));
        let says_error = element.failed
            || ((strong || element.bad_code) && !well)
            || ((element.severity == Some(true) || element.bad_state)
                && speaks.is_some_and(|message| message.rank <= 1))
            || (element.bad_result
                && !well
                && speaks.is_some_and(|message| !is_good_news(&message)));
        if element.severity == Some(false) && !element.failed {
            return;
        }
        if !element.is_error() && !says_error {
            self.lend(element);
            return;
        }
        if element.role == FaultRole::Error && well && !has_inner {
            return;
        }
        let added = match element.message {
            Some(message) if is_nothing(&message) && !element.failed => false,
            Some(message) => {
                let code = element.code.map(|(_, code)| code);
                let added = self.add(element, &message, code);
                if added && has_inner {
                    if element.role == FaultRole::Fault {
                        self.hits.drop_equal_to_newest(element.mark);
                    } else {
                        self.hits.drop_newest_if_repeated(element.mark);
                    }
                }
                added
            }
            None if has_inner => true,
            None => self.add_without_message(element, raw, cut),
        };
        if element.role == FaultRole::Fault || element.failed || added {
            self.error = true;
        }
        if element.failed && !added {
            self.fail();
        }
    }

    /// An error without a message shows the best of what it has.
    fn add_without_message(&mut self, element: &Element<'t>, raw: &'t str, cut: bool) -> bool {
        let code = element.code.map(|(_, code)| code);
        let as_pending = |raw| Pending { rank: 0, strong: true, raw, cut, at: element.at };
        if let Some(trace) = element.trace {
            return self.add(element, &as_pending(trace), code);
        }
        if let Some(LentMessage { message, code: own, field }) = element.lent {
            let draft = Draft {
                code: own.or(code),
                field: field.or(element.field),
                exception: element.exception,
                at: message.at,
                ..Draft::default()
            };
            return add_raw(&message, draft, self.levels, self.hits);
        }
        let mut added = false;
        if code.is_none() || element.role == FaultRole::Error {
            for (name, message) in &element.fields {
                let named = message
                    .raw
                    .trim()
                    .bytes()
                    .any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
                if named && !is_nothing(message) {
                    let draft =
                        Draft { field: Some(name), code, at: message.at, ..Draft::default() };
                    added |= add_raw(message, draft, self.levels, self.hits);
                }
            }
        }
        if added {
            return true;
        }
        let whole = (element.role == FaultRole::Fault && !element.leaf).then_some(raw);
        match whole.filter(|_| code.is_none()).or(code).or(element.verdict) {
            Some(raw) => self.add(element, &as_pending(raw), code),
            None => false,
        }
    }

    /// Gives the parent a message to use if it turns out to have failed.
    fn lend(&mut self, element: &Element<'t>) {
        let Some(message) = element.message.filter(|message| message.rank <= 1) else { return };
        let code = element.code.map(|(_, code)| code);
        let lent = LentMessage { message, code, field: element.field };
        if let Some(parent) = self.open.last_mut() {
            parent.lent = parent.lent.or(Some(lent));
        }
    }

    /// Marks the innermost open element as failed; the document when none is open.
    fn fail(&mut self) {
        match self.open.last_mut() {
            Some(element) => element.failed = true,
            None => self.error = true,
        }
    }

    /// The first of several messages of one error element stands for itself.
    fn flush(&mut self, place: usize, message: Pending<'t>) {
        let Some(element) = self.open.get_mut(place) else { return };
        if is_nothing(&message) {
            return;
        }
        let draft = Draft {
            code: element.code.take().map(|(_, code)| code),
            field: element.field.take(),
            exception: element.exception,
            at: message.at,
            ..Draft::default()
        };
        self.error |= add_raw(&message, draft, self.levels, self.hits);
    }

    fn add(&mut self, element: &Element<'t>, message: &Pending<'t>, code: Option<&str>) -> bool {
        let draft = Draft {
            code: code.or(element.code.map(|(_, code)| code)),
            field: element.field,
            exception: element.exception,
            at: message.at,
            ..Draft::default()
        };
        add_raw(message, draft, self.levels, self.hits)
    }
}

/// Decodes a message, code and field and adds them.
fn add_raw(message: &Pending<'_>, draft: Draft<'_>, levels: u8, hits: &mut Hits<'_>) -> bool {
    let (mut text, mut code, mut field) = (String::new(), String::new(), String::new());
    markup::text_of(message.raw, message.cut, &mut text);
    markup::text_of(draft.code.unwrap_or_default(), false, &mut code);
    markup::text_of(draft.field.unwrap_or_default(), false, &mut field);
    inner::add(
        &Draft {
            code: Some(code.as_str()).filter(|code| !code.trim().is_empty()),
            field: Some(field.as_str()).filter(|field| !field.trim().is_empty()),
            message: &text,
            exception: draft.exception,
            lead: None,
            at: draft.at,
        },
        levels,
        hits,
    )
}

/// The decoded content of a short leaf; `None` when it is long or blank.
fn word(raw: &str) -> Option<String> {
    let raw = raw.trim();
    if raw.is_empty() || raw.len() > WORD_MAX {
        return None;
    }
    let mut word = String::new();
    markup::text_of(raw, false, &mut word);
    Some(word)
}

/// The text says that there is no error: `0`, `OK`, `null`, `İşlem başarılı`.
fn is_nothing(message: &Pending<'_>) -> bool {
    match word(message.raw) {
        Some(word) => {
            word.trim().is_empty() || names::is_false(&word) || names::is_success_word(&word)
        }
        None => message.raw.trim().is_empty(),
    }
}

/// A text that speaks of success: `İşlem başarılı`.
fn is_good_news(message: &Pending<'_>) -> bool {
    let mut text = String::new();
    markup::text_of(message.raw, message.cut, &mut text);
    says_success(&text)
}

/// A number of errors above one: `<MessagesWithError>3</MessagesWithError>`.
fn counts(name: &str, word: &str) -> bool {
    let short = name.len() > "error".len() && word.trim().len() < 7;
    short && word.trim().parse::<u32>().is_ok_and(|number| number > 0)
}

/// What the answer of a call is when the call was refused: `<LoginResult>false</LoginResult>`.
fn is_refusal(raw: &str) -> bool {
    ["false", "-1"].iter().any(|no| raw.trim().eq_ignore_ascii_case(no))
}

/// Whether an element is what a call answers with: `SaveOrderResult`, `ns2:return`.
fn is_answer(name: &str) -> bool {
    ["response", "result", "return", "reply", "cevap", "yanit"].iter().any(|end| {
        name.len()
            .checked_sub(end.len())
            .and_then(|from| name.get(from..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    })
}

/// An HTTP status of 400 to 599.
fn is_http_error(word: &str) -> bool {
    word.trim().parse().is_ok_and(|status: u16| (400..600).contains(&status))
}
