//! How the records of a document were read: which field took which role, why, and what was left over.

use hashbrown::HashMap;

use crate::exchange::Exchange;
use crate::given::ROLE_WORDS;
use crate::json::{Type, Value, unescape};
use crate::record::{Field, FieldSide, RoleOrigin};
use crate::roles::{Role, normalise, role_of, role_of_key};
use crate::slots::Slots;

/// Distinct shapes of one document at most; more are counted only.
const MAX_SHAPES: usize = 64;
/// So much of a value is shown. In bytes.
const VALUE_BYTES: usize = 60;

/// So many members of an object inside an object that is no exchange are shown.
const MAX_MEMBERS: usize = 20;

/// How the records of one shape were read: those with the same fields of the same types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeReading {
    /// JSON pointer to the first of them.
    pub pointer: String,
    /// How many there are.
    pub count: u64,
    /// The fields of the first of them, in order.
    pub fields: Vec<FieldReading>,
    /// What the first of them became; `None` for an object that is no exchange.
    pub exchange: Option<ExchangeReading>,
}

/// How one field was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldReading {
    /// Its names from the record, joined with dots.
    pub path: String,
    /// Its role, as a user gives it; `none` without one.
    pub role: String,
    /// Why it has that role.
    pub why: &'static str,
    /// What became of it.
    pub fate: FieldFate,
    /// The beginning of its value, as it is written.
    pub value: String,
}

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFate {
    /// It stands in a column, or says how it went.
    Used,
    /// The fields in it were read by themselves.
    Entered,
    /// It has a role, but another field was surer, or its value does not fit.
    NotTaken,
    /// It has no role and goes to `extra`, or is no part of an exchange.
    LeftOver,
}

impl FieldFate {
    /// The words for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Entered => "entered",
            Self::NotTaken => "not taken",
            Self::LeftOver => "left over",
        }
    }
}

/// What an exchange became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeReading {
    /// Its outcome.
    pub outcome: &'static str,
    /// Why it failed.
    pub evidence: Option<&'static str>,
    /// Kind and value of its key.
    pub key: Option<(&'static str, String)>,
    /// Its first error.
    pub error: Option<String>,
}

impl ExchangeReading {
    pub(crate) fn of(x: &Exchange<'_>) -> Self {
        Self {
            outcome: x.outcome.name(),
            evidence: x.evidence.map(crate::exchange::Evidence::name),
            key: x.key.map(|key| (key.kind.name(), key.value.to_owned())),
            error: x.errors.first().map(|error| error.message.to_owned()),
        }
    }
}

/// The shapes met so far.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    shapes: Vec<ShapeReading>,
    places: HashMap<String, usize>,
}

impl Readings {
    pub(crate) fn into_shapes(self) -> Vec<ShapeReading> {
        self.shapes
    }

    /// Takes down a record.
    pub(crate) fn add(
        &mut self,
        pointer: &str,
        fields: &[Field<'_>],
        slots: &Slots<'_>,
        exchange: Option<ExchangeReading>,
    ) {
        let mut shape = String::new();
        for (at, field) in fields.iter().enumerate() {
            push_path(fields, at, &mut shape);
            shape.push_str(type_mark(field.value.ty));
        }
        shape.push(if exchange.is_some() { '+' } else { '-' });
        if let Some(known) = self.places.get(&shape) {
            self.shapes[*known].count += 1;
            return;
        }
        if self.shapes.len() >= MAX_SHAPES {
            return;
        }
        self.places.insert(shape, self.shapes.len());
        self.shapes.push(ShapeReading {
            pointer: if pointer.is_empty() { "/".to_owned() } else { pointer.to_owned() },
            count: 1,
            fields: readings(fields, slots, exchange.is_some()),
            exchange,
        });
    }
}

fn readings(fields: &[Field<'_>], slots: &Slots<'_>, exchange: bool) -> Vec<FieldReading> {
    let mut body: Option<u16> = None;
    let mut list = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        // Members of a body that was taken whole are no fields of the record.
        if let (Some(parent), Some(top)) = (field.parent, body)
            && parent >= top
        {
            continue;
        }
        body = None;
        let whole = [slots.request, slots.response].into_iter().flatten();
        let is_body = whole.into_iter().any(|v| std::ptr::eq(v.raw, field.value.raw));
        if field.entered && (is_body || !slots.carried.has(at)) {
            body = Some(at as u16);
        }
        let mut path = String::new();
        push_path(fields, at, &mut path);
        let number = at as u16;
        let told = [&slots.errors, &slots.error_texts, &slots.error_codes, &slots.messages];
        let flag = matches!(field.role, Role::Ok | Role::Failed | Role::State | Role::Status);
        let used = slots.carried.has(at)
            || told.iter().any(|list| list.contains(&number))
            || flag && slots.flag.is_some()
            || field.role == Role::Id && slots.log_id == Some(field.value.inner())
            || matches!(field.role, Role::Headers | Role::End | Role::ReasonType);
        list.push(FieldReading {
            path,
            role: role_word(field.role),
            why: why(field),
            fate: match () {
                () if field.entered && body.is_none() => FieldFate::Entered,
                () if exchange && used => FieldFate::Used,
                () if exchange && field.role != Role::None && !field.value.is_empty() => {
                    FieldFate::NotTaken
                }
                () => FieldFate::LeftOver,
            },
            value: shown(field.value.raw),
        });
        if !exchange {
            let path = list.last().map(|last| last.path.clone()).unwrap_or_default();
            inside(&path, field.value, 2, &mut list);
        }
    }
    list
}

/// What stands in a field of an object that is no exchange: the members of its first object, which a path
/// of the user may mean.
fn inside(path: &str, value: Value<'_>, depth: u8, list: &mut Vec<FieldReading>) {
    let mut path = path.to_owned();
    let mut first = value;
    while first.ty == Type::Array {
        let mut element = None;
        first.elements(|value| {
            element = Some(value);
            false
        });
        let Some(value) = element else { return };
        first = value;
        path.push_str(".*");
    }
    let mut members = 0;
    first.members(|key, value| {
        let mut name = String::new();
        unescape(key, &mut name);
        let role = role_of_key(&name, &mut String::new());
        let path = format!("{path}.{name}");
        list.push(FieldReading {
            path: path.clone(),
            role: role_word(role),
            why: if role == Role::None {
                "no known name"
            } else {
                "its name, if this were a record"
            },
            fate: FieldFate::LeftOver,
            value: shown(value.raw),
        });
        if depth > 1 {
            inside(&path, value, depth - 1, list);
        }
        members += 1;
        members < MAX_MEMBERS
    });
}

fn push_path(fields: &[Field<'_>], at: usize, out: &mut String) {
    if let Some(parent) = fields[at].parent {
        push_path(fields, usize::from(parent), out);
        out.push('.');
    }
    unescape(fields[at].key, out);
}

/// The word for a role as a user gives it, else as the code calls it.
fn role_word(role: Role) -> String {
    let kin = |known: Role| match (known, role) {
        (Role::Key(a, _), Role::Key(b, _)) => a == b,
        _ => known == role,
    };
    let word = ROLE_WORDS.iter().find(|(_, known)| kin(*known)).map(|(word, _)| *word);
    word.map_or_else(|| format!("{role:?}").to_lowercase(), ToOwned::to_owned)
}

fn why(field: &Field<'_>) -> &'static str {
    let mut name = String::new();
    normalise(field.key, &mut name);
    match (field.origin, field.side, field.role) {
        (RoleOrigin::GivenPath, ..) => "a path of your roles",
        (RoleOrigin::GivenName, ..) => "a name of your roles",
        (_, _, Role::None) => "no known name",
        (_, FieldSide::Request, _) => "its name in a request",
        (_, FieldSide::Response, _) => "its name in a response",
        (_, FieldSide::Record, role) if role_of(&name) == role => "its name",
        _ => "a part of its name",
    }
}

fn type_mark(ty: Type) -> &'static str {
    match ty {
        Type::Null => "0",
        Type::Bool => "?",
        Type::Number => "#",
        Type::String => "\"",
        Type::Array => "[",
        Type::Object => "{",
    }
}

/// The beginning of a value on one line.
fn shown(raw: &str) -> String {
    let cut = raw.floor_char_boundary(VALUE_BYTES);
    let mut text = raw[..cut].replace(|c: char| c.is_control(), " ");
    if cut < raw.len() {
        text.push('…');
    }
    text
}
