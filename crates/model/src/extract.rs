//! Documents of any shape to exchanges.
//!
//! A document is walked from its root. Every object on the way is listed field by field (see
//! `record`) and judged as a whole: it is an *exchange* when it shows enough of one (request,
//! response, status, address, errors, a flag), a *container* when something inside it does. What a
//! container says of log, run, flow, step and key holds for the exchanges in it unless they have their own. Elements of a list are read one at a time, so memory does not grow with the document.
//!
//! The shapes that it knows: a single exchange; lists under any name, at any depth; maps by SKU, order number,
//! index or step; calls inside calls; tables (see `table`); parallel lists (`requests` and `responses`); records as
//! lists of name-value pairs; JSON inside strings; several documents in one text (NDJSON, concatenated). What looks
//! like calls and stands elsewhere is counted (see `unread`).
//! Where a document is no strict JSON, the value that breaks is mended (see `mending`).

mod definition;
mod emit;
mod halves;
mod look;
mod mending;
mod names;
mod parallel;
mod pieces;
mod places;
mod table;
mod typed;
mod unread;

use std::sync::Arc;

use bumpalo::Bump;

use crate::answer::object::message_score;
use crate::build::Builder;
use crate::exchange::{Exchange, KeyKind, NAME_BYTES, cut};
use crate::given::GivenRoles;
use crate::how::{Readings, ShapeReading};
use crate::json::{Cursor, Fault, FaultKind, Type, Value, unescape};
use crate::json_text::{is_json_text, json_part};
use crate::memo::Memo;
use crate::mend::Repairs;
use crate::record::{Field, FieldSide, NameRoles, push_pairs, scan};
use crate::roles::Role;
use crate::slots::{ERRORS, EXCEPTION, FLAG, KeyCandidate, REQUEST, RESPONSE, Slots};
use crate::time::Timestamp;
use definition::{About, is_other_entry, is_pattern};
use halves::Waiting;
use look::{is_call, short_list};
use mending::{Mending, something_follows};
use names::{MapName, name_of_map};
use pieces::DividedLine;
use table::{Table, begins_as_rows};
pub use unread::Unread;

/// How deep containers may nest before an exchange.
const MAX_CONTAINERS: u8 = 12;

/// What a text turned out to hold.
#[derive(Debug, Clone, Default)]
pub struct Extracted {
    /// JSON documents in the text, broken ones included.
    pub documents: u32,
    /// Exchanges given to the sink.
    pub exchanges: u32,
    /// Documents without any exchange: nothing in them (`null`, `{}`, `[]`, `""`).
    pub empty: u32,
    /// Documents without any exchange: an API's error answer instead of a log.
    pub error_pages: u32,
    /// Documents without any exchange: JSON that shows no sign of one.
    pub unknown: u32,
    /// What could not be read, each kind of fault once, in the order of the first places.
    pub faults: Vec<Broken>,
    /// What looks like calls and was not read, beside exchanges or not.
    pub unread: Option<Unread>,
    /// What was read although it is not strict JSON.
    pub repairs: Repairs,
}

/// The places of a text that break in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Where first and why, in bytes from the start of the text.
    pub fault: Fault,
    /// How many records and documents break so.
    pub places: u32,
    /// Bytes that were not used: the broken records, and of a document that could not be read to its end what
    /// stands between its last whole exchange and the next document.
    pub left_over: usize,
}

impl Extracted {
    fn add_fault(&mut self, broken: Broken) {
        match self.faults.iter_mut().find(|other| other.fault.kind == broken.fault.kind) {
            Some(other) => {
                other.places = other.places.saturating_add(broken.places);
                other.left_over += broken.left_over;
            }
            None => self.faults.push(broken),
        }
    }
}

/// Turns documents into exchanges; keeps what it learned about names, and its buffers, between texts.
#[derive(Debug)]
pub struct Extractor {
    names: NameRoles,
    builder: Builder,
    lists: Vec<Vec<Field<'static>>>,
    levels: usize,
    /// Takes down how records are read, while someone wants to know.
    readings: Option<Readings>,
}

/// The rank of a key that is a name in a map. Whether it is an SKU or an order follows from the flow;
/// no [`KeyKind::Record`] in the table of spellings has this rank.
pub(crate) const MAP_RANK: u8 = 2;

/// What exchanges inherit from the containers around them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Inherited<'a> {
    pub(crate) log_id: Option<&'a str>,
    pub(crate) run: Option<&'a str>,
    pub(crate) file_uuid: Option<&'a str>,
    pub(crate) flow: Option<&'a str>,
    pub(crate) step: Option<&'a str>,
    pub(crate) key: Option<KeyCandidate<'a>>,
    pub(crate) started_at: Option<Timestamp>,
    /// The exchange is an element of a list of records.
    in_list: bool,
    depth: u8,
}

impl<'a> Inherited<'a> {
    /// What the exchanges below an object inherit: its own fields first. Keys are left to the caller.
    fn under(self, slots: &Slots<'a>) -> Self {
        Self {
            log_id: slots.log_id.or(self.log_id),
            run: slots.run.or(self.run),
            file_uuid: slots.file_uuid.or(self.file_uuid),
            flow: slots.flow.or(self.flow),
            step: slots.step.or(self.step),
            started_at: slots.started_at.or(self.started_at),
            in_list: false,
            ..self
        }
    }
}

impl Default for Extractor {
    /// Remembers 16 MiB and follows 1,024 levels.
    fn default() -> Self {
        Self::new(16 << 20, 1024)
    }
}

impl Extractor {
    /// An extractor that remembers about so many bytes of what repeated bodies say; 0 remembers none. A table of
    /// a megabyte comes on top, and less than another of names. What it gives does not depend on it, only how fast.
    ///
    /// It follows so many `levels` of arrays and objects, 8,192 at most; a document that nests deeper is
    /// broken where it does.
    pub fn new(remember_bytes: usize, levels: usize) -> Self {
        Self::sharing(Arc::new(Memo::new(remember_bytes)), levels)
    }

    /// The same with roles that the user gives to fields. It must not have read anything yet, since it
    /// remembers what bodies say.
    #[must_use]
    pub fn with_roles(self, roles: Arc<GivenRoles>) -> Self {
        Self { names: NameRoles::with(roles), ..self }
    }

    /// Another extractor with the same limits and roles, for another thread. Both share what they remember of bodies.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::sharing(self.builder.memo(), self.levels).with_roles(Arc::clone(self.names.given()))
    }

    fn sharing(memo: Arc<Memo>, levels: usize) -> Self {
        Self {
            names: NameRoles::default(),
            builder: Builder::new(memo),
            lists: Vec::new(),
            levels,
            readings: None,
        }
    }

    /// How the records of a text are read, as [`extract`](Self::extract) does: each distinct shape once, in
    /// document order, the first 64; objects that might have been records but are none, too.
    pub fn explain(&mut self, text: &str, wrapped: bool) -> Vec<ShapeReading> {
        self.readings = Some(Readings::default());
        self.extract(text, wrapped, &mut |_| {});
        self.readings.take().unwrap_or_default().into_shapes()
    }

    /// Calls `sink` for each exchange in `text`, in document order.
    ///
    /// `wrapped`: the text came out of an archive or encoding, as downloads do; a bare text that
    /// holds only an error is then no saved error page but a log that holds nothing else.
    /// Never fails: what breaks is reported in the result, and the exchanges before it were handed out.
    pub fn extract(
        &mut self,
        text: &str,
        wrapped: bool,
        sink: &mut dyn FnMut(&Exchange<'_>),
    ) -> Extracted {
        let levels = self.levels;
        let mut walk = Walk {
            extractor: self,
            sink,
            pointer: String::new(),
            found: Extracted::default(),
            page: false,
            last_end: 0,
            looks: 0,
            about: About::Calls,
            waiting: Waiting::default(),
            waited: 0,
            packed: None,
            pieces: Vec::new(),
            mending: Mending::of(text),
        };
        let mut cursor = Cursor::within(text, 0, levels);
        while walk.next_document(&mut cursor) {
            let start = cursor.pos();
            let before = walk.found.exchanges + walk.waited;
            walk.page = false;
            walk.pointer.clear();
            if walk.found.documents > 0 {
                walk.push_index(walk.found.documents as usize);
            }
            walk.found.documents += 1;
            let read = walk.root(text, &mut cursor, wrapped);
            let gave = walk.found.exchanges + walk.waited > before;
            if let Some(next) = walk.end_of_document(text, start..cursor.pos(), read, gave) {
                cursor = Cursor::within(text, next, levels);
            } else if !gave {
                let body = text[start..cursor.pos()].trim();
                match Value::of(body) {
                    Some(value) if is_nothing(value) => walk.found.empty += 1,
                    _ if walk.page => walk.found.error_pages += 1,
                    _ => walk.found.unknown += 1,
                }
            }
        }
        walk.end_of_text();
        walk.end_of_unread();
        walk.found
    }
}

/// `null`, `{}`, `[]`, `""`, and lists of nothing else.
fn is_nothing(value: Value<'_>) -> bool {
    if value.is_empty() {
        return true;
    }
    let mut all = value.ty == Type::Array;
    value.elements(|element| {
        all = element.is_empty();
        all
    });
    all
}

struct Walk<'w> {
    extractor: &'w mut Extractor,
    sink: &'w mut dyn FnMut(&Exchange<'_>),
    pointer: String,
    found: Extracted,
    /// The document looks like an error answer.
    page: bool,
    /// Where the text of the last exchange's last field ends in memory.
    last_end: usize,
    /// How many objects may still be looked at for a record.
    looks: u16,
    /// What the document is about.
    about: About,
    /// Requests whose answers are records of their own.
    waiting: Waiting,
    /// How many requests and pieces of lines have waited so far.
    waited: u32,
    /// Where the only call is, if its answer is an archive.
    packed: Option<String>,
    /// Log lines of which the rest has not come yet.
    pieces: Vec<DividedLine>,
    /// What is read although it is not strict JSON.
    mending: Mending,
}

impl Walk<'_> {
    fn root(&mut self, text: &str, cursor: &mut Cursor<'_>, wrapped: bool) -> Result<(), Fault> {
        let start = cursor.pos();
        // The cursor of the caller has another lifetime than the text here; both are the same text.
        let mut inner = Cursor::within(text, start, cursor.levels());
        let read = self.value_at(text, &mut inner, Inherited::default(), Some(wrapped));
        *cursor = Cursor::within(cursor.text(), inner.pos(), cursor.levels());
        read
    }

    /// Walks the value at the cursor. `root`: it is a document, wrapped or not.
    fn value_at<'a>(
        &mut self,
        text: &'a str,
        cursor: &mut Cursor<'a>,
        above: Inherited<'a>,
        root: Option<bool>,
    ) -> Result<(), Fault> {
        let (start, levels) = (cursor.pos(), cursor.levels());
        let read = match cursor.peek() {
            Ok(Type::Object) => {
                let mut fields = self.list();
                let read = scan(text, cursor, &mut self.extractor.names, &mut fields);
                let broken = read.err().filter(|fault| fault.kind == FaultKind::Syntax);
                let mended =
                    broken.is_some() && self.mended(text, cursor, (start, levels), above, root);
                if !mended {
                    let object = Value { ty: Type::Object, raw: &text[start..cursor.pos()] };
                    self.listed(object, &fields, cursor, above, read.is_ok(), root);
                }
                self.recycle(fields);
                return if mended { Ok(()) } else { read };
            }
            Ok(Type::Array) => {
                let read = self.array(text, cursor, above, root);
                // `['a' => 1]` is an object; nothing of it was handed out.
                let rest = |fault: &Fault| text.as_bytes().get(fault.offset..);
                let object = |fault: &Fault| rest(fault).is_some_and(|r| r.starts_with(b"=>"));
                if !read.as_ref().is_err_and(object) {
                    return read;
                }
                read
            }
            Ok(Type::String) => cursor.value().map(|value| self.nested_text(value, above, root)),
            Ok(_) => cursor.value().map(drop),
            Err(fault) => Err(fault),
        };
        match read {
            Err(Fault { kind: FaultKind::Syntax, .. })
                if self.mended(text, cursor, (start, levels), above, root) =>
            {
                Ok(())
            }
            read => read,
        }
    }

    /// Judges an object whose fields are listed. The cursor stands behind it.
    fn listed<'a>(
        &mut self,
        object: Value<'a>,
        fields: &[Field<'a>],
        cursor: &Cursor<'_>,
        above: Inherited<'a>,
        whole: bool,
        root: Option<bool>,
    ) {
        let mut several = false;
        if root.is_some() {
            let first = self.found.documents == 1;
            several = !first || something_follows(cursor);
            if first && several && whole && self.pointer.is_empty() {
                self.push_index(0);
            }
            self.about = About::of(fields);
        }
        // One of several documents is an entry of a log, whatever it holds.
        let root = root.map(|wrapped| wrapped || several);
        if several && whole && self.piece(fields, above, root) {
            return;
        }
        match typed::untyped(object, fields).filter(|_| whole) {
            Some(plain) => self.untyped(&plain, above, root),
            None => self.object(fields, above, whole, root),
        }
        self.more_members(object, fields, above);
    }

    fn array<'a>(
        &mut self,
        text: &'a str,
        cursor: &mut Cursor<'a>,
        above: Inherited<'a>,
        root: Option<bool>,
    ) -> Result<(), Fault> {
        // A list of name-value pairs is one record, a list of such lists many.
        let start = cursor.pos();
        if let Some(value) = short_list(text, start) {
            let mut fields = self.list();
            let pairs =
                push_pairs(value, &mut self.extractor.names, &mut fields, FieldSide::Record, None)
                    && Slots::of(&fields).evidence != 0;
            if pairs {
                self.object(&fields, above, true, root);
            }
            self.recycle(fields);
            if pairs {
                return cursor.value().map(drop);
            }
        }
        if let Some(table) = begins_as_rows(text, start)
            && self.table(&table, above)
        {
            return cursor.value().map(drop);
        }
        cursor.enter()?;
        let mut at = 0;
        while self.element(text, cursor, at == 0)? {
            let (len, from) = (self.pointer.len(), (cursor.pos(), cursor.levels()));
            self.push_index(at);
            let read = if above.depth < MAX_CONTAINERS {
                self.value_at(text, cursor, Inherited { depth: above.depth + 1, ..above }, None)
            } else {
                cursor.value().map(|value| self.unread_value(value))
            };
            self.pointer.truncate(len);
            if let Err(fault) = read {
                self.skip_element(text, cursor, from, fault)?;
            }
            at += 1;
        }
        Ok(())
    }

    /// Judges an object that was rewritten.
    fn untyped(&mut self, object: &str, above: Inherited<'_>, root: Option<bool>) {
        let mut fields = self.list();
        let (mut cursor, names) = (Cursor::new(object), &mut self.extractor.names);
        // Made of sound values.
        let _sound = scan(object, &mut cursor, names, &mut fields);
        self.object(&fields, above, true, root);
        self.recycle(fields);
    }

    /// A string that holds JSON.
    fn nested_text(&mut self, value: Value<'_>, above: Inherited<'_>, root: Option<bool>) {
        let Some(part) = json_part(value).filter(|_| above.depth < MAX_CONTAINERS) else { return };
        // In a line of a log only what is a call without doubt is a record.
        if !is_json_text(value) && !self.holds(value, 2, is_call) {
            return;
        }
        let mut text = String::new();
        unescape(part, &mut text);
        let mut cursor = Cursor::within(&text, 0, self.extractor.levels);
        // What breaks inside a string stays a string; the document itself is sound.
        let off = self.mending.switch_off();
        let _broken =
            self.value_at(&text, &mut cursor, Inherited { depth: above.depth + 1, ..above }, root);
        self.mending.off = off;
    }

    /// Judges an object by its fields, after the roles of the user. `whole`: it was read to its end.
    fn object<'a>(
        &mut self,
        fields: &[Field<'a>],
        above: Inherited<'a>,
        whole: bool,
        root: Option<bool>,
    ) {
        if self.about == About::Definition {
            return;
        }
        if self.extractor.names.given().is_empty() {
            return self.judge(fields, above, whole, root);
        }
        let given = Arc::clone(self.extractor.names.given());
        let arena = Bump::new();
        let mut fields = fields.to_vec();
        given.apply(&mut fields, &arena);
        self.judge(&fields, above, whole, root);
    }

    fn judge<'a>(
        &mut self,
        fields: &[Field<'a>],
        above: Inherited<'a>,
        whole: bool,
        root: Option<bool>,
    ) {
        let mut slots = Slots::of(fields);
        if let Some(length) = self.parallel(fields) {
            return self.parallel_lists(fields, &slots, length, above);
        }
        if let Some(table) = Table::in_object(fields, &slots)
            && self.table(&table, above.under(&slots))
        {
            return;
        }
        let renamed = self.renamed(fields, &slots, root.is_some());
        let fields = renamed.as_deref().unwrap_or(fields);
        if renamed.is_some() {
            slots = Slots::of(fields);
        }
        let places = self.places(fields, &slots, above.depth, (whole, root.is_some()));
        let below = Inherited {
            key: slots.key.filter(|key| key.rank < 6).or(above.key),
            depth: above.depth + 1,
            ..above.under(&slots)
        };
        if places.fields.is_empty() || places.own_call {
            for at in &places.fields {
                slots.carried.set(*at);
            }
            self.record(fields, &slots, above, whole, root);
        } else {
            self.unread_fields(fields, &slots, &places.fields, true);
        }
        for at in places.fields {
            self.child(&fields[at], below);
        }
    }

    /// Judges an object that is a record, or nothing.
    fn record<'a>(
        &mut self,
        fields: &[Field<'a>],
        slots: &Slots<'a>,
        above: Inherited<'a>,
        whole: bool,
        root: Option<bool>,
    ) {
        if !whole {
            return;
        }
        if slots.evidence & !(FLAG | ERRORS) == 0
            && let Some(list) = fields.iter().find(|f| f.role == Role::Errors && f.parent.is_none())
            && self.are_events(list.value)
        {
            return self.error_events(list, above.under(slots));
        }
        let placed = slots.key.is_some()
            || slots.row_num.is_some()
            || slots.run.is_some()
            || slots.log_id.is_some()
            || above.key.is_some()
            || (slots.step.is_some() && slots.url.is_some());
        let traffic = slots.evidence & (REQUEST | RESPONSE) != 0 || slots.method.is_some();
        if let Some(wrapped) = root
            && !placed
            && !traffic
            && !(wrapped && (slots.evidence & ERRORS != 0 || slots.url.is_some()))
        {
            self.page |= is_error_answer(fields, slots);
            self.take_down(fields, slots, None);
            return;
        }
        let defined = self.about == About::Collection
            && slots.status.is_none()
            && slots.response.is_none_or(|response| response.is_empty());
        let content = slots.evidence == REQUEST && !slots.texts.is_empty() && slots.key.is_none();
        // Rows of a table that is not understood, under the name of a body.
        let rows = slots.evidence == REQUEST
            && slots.key.is_none()
            && slots.request.is_some_and(is_list_of_lists);
        if rows {
            if root.is_none() {
                self.unread_fields(fields, slots, &[], true);
            }
            return self.take_down(fields, slots, None);
        }
        if defined
            || (content && is_other_entry(fields))
            || (slots.evidence & REQUEST != 0 && is_pattern(fields))
        {
            return;
        }
        // A sound row beside refused ones.
        let row = above.in_list && slots.state && slots.key.is_some();
        if slots.evidence != 0 || row {
            let above = self.beside(fields, slots, above);
            if !self.half(fields, slots, &above) {
                self.emit(fields, slots, above);
            }
            self.unread_fields(fields, slots, &[], false);
        } else {
            self.take_down(fields, slots, None);
            if root.is_none() {
                self.unread_fields(fields, slots, &[], true);
            }
        }
    }

    /// Where the last exchange ends in `text`, with the brackets that close it; `None` when it did not
    /// stand there, but in a string of it.
    fn used_of(&self, text: &str) -> Option<usize> {
        let end = self.last_end.checked_sub(text.as_ptr() as usize)?;
        let rest = text.as_bytes().get(end..)?;
        let closes = |b: &u8| matches!(b, b'}' | b']') || b.is_ascii_whitespace();
        Some(end + rest.iter().take_while(|b| closes(b)).count())
    }

    /// Walks into a field that holds records.
    fn child<'a>(&mut self, field: &Field<'a>, mut above: Inherited<'a>) {
        let len = self.pointer.len();
        self.push_key(field.key);
        if field.role == Role::None || matches!(field.role, Role::Key(..)) {
            match name_of_map(field.key) {
                MapName::Step => above.step = Some(cut(field.key)),
                MapName::Key => {
                    above.key = Some(KeyCandidate {
                        kind: KeyKind::Record,
                        rank: MAP_RANK,
                        inner: field.key,
                    });
                }
                MapName::Other => {}
            }
        }
        above.in_list = field.value.ty == Type::Array;
        let raw = field.value.raw;
        // What is broken here is reported where the document breaks.
        let mut cursor = Cursor::new(raw);
        let read = self.value_at(raw, &mut cursor, above, None);
        self.mending.leave(raw, cursor.pos(), read);
        self.pointer.truncate(len);
    }

    fn push_index(&mut self, at: usize) {
        use std::fmt::Write;
        // Writing to a String does not fail.
        let _never = write!(self.pointer, "/{at}");
    }

    /// Appends a name as RFC 6901 escapes it, as far as there is room.
    fn push_key(&mut self, key: &str) {
        let mut name = String::new();
        unescape(key, &mut name);
        self.pointer.push('/');
        for c in name.chars() {
            if self.pointer.len() >= NAME_BYTES {
                break;
            }
            match c {
                '~' => self.pointer.push_str("~0"),
                '/' => self.pointer.push_str("~1"),
                c => self.pointer.push(c),
            }
        }
    }

    /// An empty field list, its memory kept from earlier use.
    fn list<'a>(&mut self) -> Vec<Field<'a>> {
        self.extractor.lists.pop().unwrap_or_default()
    }

    fn recycle(&mut self, fields: Vec<Field<'_>>) {
        self.extractor.lists.push(emptied(fields));
    }
}

/// Whether a list begins with a list.
fn is_list_of_lists(value: Value<'_>) -> bool {
    let mut first = None;
    value.elements(|element| {
        first = Some(element.ty);
        false
    });
    first == Some(Type::Array)
}

/// An empty list with the memory of `list`, free of its lifetime. Collecting an emptied `into_iter`
/// reuses the allocation (`Vec`'s in-place collection).
fn emptied(mut list: Vec<Field<'_>>) -> Vec<Field<'static>> {
    list.clear();
    list.into_iter().map(|_| -> Field<'static> { unreachable!("the list is empty") }).collect()
}

/// An API's error answer: it holds an error, or a message or status that stands for one, and nothing that
/// could be a log of another kind.
fn is_error_answer(fields: &[Field<'_>], slots: &Slots<'_>) -> bool {
    let message = |at: &u16| message_score(fields[usize::from(*at)].key) < 5;
    let has_error = slots.evidence & (ERRORS | EXCEPTION) != 0
        || slots.status.is_some_and(|status| status >= 400)
        || slots.messages.iter().any(message);
    let holds_more = |at: &u16| {
        let field = &fields[usize::from(*at)];
        matches!(field.role, Role::Items | Role::None) && !field.value.is_empty()
    };
    has_error && !slots.items.iter().any(holds_more)
}

#[cfg(test)]
mod recordings;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tests;
