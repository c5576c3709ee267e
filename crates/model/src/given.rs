//! Roles that the user gives to fields, where the table of spellings cannot know better.
//!
//! A rule names a field by its name, wherever it stands, or by its path from the record. It comes before all
//! that the program finds out by itself: other fields lose the role in this record.

use std::collections::HashMap;
use std::mem::discriminant;

use bumpalo::Bump;

use crate::exchange::KeyKind;
use crate::json::{Type, Value, text_of};
use crate::record::{Field, FieldSide, MAX_FIELDS, RoleOrigin};
use crate::roles::{Role, normalise};

/// The roles that a user can give, by the words for them.
#[rustfmt::skip]
pub const ROLE_WORDS: &[(&str, Role)] = &[
    ("request", Role::Request), ("response", Role::Response), ("attributes", Role::Attributes),
    ("request_body", Role::RequestBody), ("response_body", Role::ResponseBody),
    ("status", Role::HttpStatus), ("reason", Role::Reason), ("url", Role::Url), ("method", Role::Method),
    ("headers", Role::Headers), ("started_at", Role::Start), ("ended_at", Role::End), ("duration", Role::Duration),
    ("sku", Role::Key(KeyKind::Sku, 0)), ("base_code", Role::Key(KeyKind::BaseCode, 0)),
    ("barcode", Role::Key(KeyKind::Barcode, 0)), ("order", Role::Key(KeyKind::Order, 0)),
    ("record_key", Role::Key(KeyKind::Record, 0)), ("row_num", Role::RowNum), ("step", Role::Step),
    ("flow", Role::Flow), ("run_id", Role::Run), ("log_id", Role::LogId), ("records", Role::Items),
    ("errors", Role::Errors), ("error_message", Role::ErrorMessage), ("error_code", Role::ErrorCode),
    ("exception", Role::ExceptionMessage), ("ok", Role::Ok), ("failed", Role::Failed),
    ("truncated", Role::Truncated), ("none", Role::None),
];

/// How a user names a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldPlace {
    /// By its name, without regard to case, blanks and marks, wherever it stands.
    Name(String),
    /// By the names from the record to it. `*` is any member or element, of which the first that leads
    /// further counts; a number is an element of a list. Texts that hold JSON are entered.
    Path(Vec<String>),
}

/// A role that the user gives to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenRole {
    /// The field.
    pub place: FieldPlace,
    /// Its role.
    pub role: Role,
    /// For [`Role::Ok`] and [`Role::Failed`]: the values that mean it, compared without regard to case; any
    /// other value means the opposite. When empty, the value itself is the flag.
    pub values: Vec<String>,
}

/// All roles that the user gives. Without any, nothing changes.
#[derive(Debug, Clone, Default)]
pub struct GivenRoles {
    rules: Vec<GivenRole>,
    /// Rules that give a role by name, by the name as the table of spellings has it.
    names: HashMap<String, usize>,
}

impl GivenRoles {
    /// 16 hexadecimal digits that differ where the rules differ.
    pub fn digest(&self) -> String {
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(format!("{:?}", self.rules).as_bytes()))
    }

    /// Adds a rule; `false` when the name of its field has a rule already, or is no name.
    pub fn add(&mut self, rule: GivenRole) -> bool {
        if let FieldPlace::Name(name) = &rule.place {
            let mut normal = String::new();
            normalise(name, &mut normal);
            if normal.is_empty() || self.names.contains_key(&normal) {
                return false;
            }
            self.names.insert(normal, self.rules.len());
        }
        self.rules.push(rule);
        true
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The role of a normalised name. A field whose value is compared with a list has none of its own.
    pub(crate) fn named(&self, name: &str) -> Option<Role> {
        let rule = &self.rules[*self.names.get(name)?];
        Some(if rule.values.is_empty() { rule.role } else { Role::None })
    }

    /// Applies the rules to the fields of a record: appends those that paths lead to and flags that values
    /// mean, and takes their roles from all other fields. Whether any rule fits.
    pub(crate) fn apply<'a>(&self, fields: &mut Vec<Field<'a>>, arena: &'a Bump) -> bool {
        let own = fields.len();
        let mut name = String::new();
        for rule in &self.rules {
            let FieldPlace::Path(path) = &rule.place else { continue };
            if let Some((key, value)) = at_path(&fields[..own], path, arena) {
                append(fields, rule, key, value);
            }
        }
        for at in 0..own {
            normalise(fields[at].key, &mut name);
            let Some(rule) = self.names.get(&name).map(|at| &self.rules[*at]) else { continue };
            if rule.values.is_empty() {
                fields[at].origin = RoleOrigin::GivenName;
            } else {
                let Field { key, value, .. } = fields[at];
                append(fields, rule, key, value);
            }
        }
        let given: Vec<Role> =
            fields.iter().filter(|f| f.origin != RoleOrigin::Name).map(|f| f.role).collect();
        let takes = |role: Role| given.iter().any(|given| kin(*given) == kin(role));
        for field in fields.iter_mut().filter(|f| f.origin == RoleOrigin::Name && !f.entered) {
            if field.role != Role::None && takes(field.role) {
                field.role = Role::None;
            }
        }
        !given.is_empty()
    }
}

/// Roles that compete for one place in an exchange.
fn kin(role: Role) -> std::mem::Discriminant<Role> {
    discriminant(&match role {
        Role::Failed | Role::State => Role::Ok,
        Role::Time => Role::Start,
        Role::ResponseUrl => Role::Url,
        Role::Status | Role::Code => Role::HttpStatus,
        Role::RawRequest | Role::Request | Role::Body => Role::RequestBody,
        Role::Response => Role::ResponseBody,
        other => other,
    })
}

/// Appends a field with the role of a rule; where the rule lists values, the flag that the value means.
fn append<'a>(fields: &mut Vec<Field<'a>>, rule: &GivenRole, key: &'a str, value: Value<'a>) {
    let (mut role, mut value) = (rule.role, value);
    if !rule.values.is_empty() {
        if value.is_empty() {
            return;
        }
        let said = value.inner().trim();
        if !rule.values.iter().any(|listed| listed.eq_ignore_ascii_case(said)) {
            role = if role == Role::Failed { Role::Ok } else { Role::Failed };
        }
        value = Value { ty: Type::Bool, raw: "true" };
    }
    if fields.len() < MAX_FIELDS {
        fields.push(Field {
            key,
            role,
            side: FieldSide::Record,
            parent: None,
            entered: false,
            value,
            origin: RoleOrigin::GivenPath,
        });
    }
}

/// Name and value of the field to which a path leads.
fn at_path<'a>(
    fields: &[Field<'a>],
    path: &[String],
    arena: &'a Bump,
) -> Option<(&'a str, Value<'a>)> {
    let (first, rest) = path.split_first()?;
    let top = fields.iter().filter(|field| field.parent.is_none());
    top.filter(|field| first == "*" || field.key == first)
        .find_map(|field| below(field.key, field.value, rest, arena))
}

fn below<'a>(
    key: &'a str,
    value: Value<'a>,
    path: &[String],
    arena: &'a Bump,
) -> Option<(&'a str, Value<'a>)> {
    let Some((first, rest)) = path.split_first() else { return Some((key, value)) };
    let mut found = None;
    match value.ty {
        Type::Object => value.members(|name, member| {
            if first == "*" || name == first {
                found = below(name, member, rest, arena);
            }
            found.is_none()
        }),
        Type::Array => {
            let mut at = 0;
            value.elements(|element| {
                if first == "*" || first.parse() == Ok(at) {
                    found = below(key, element, rest, arena);
                }
                at += 1;
                found.is_none()
            });
        }
        Type::String => {
            let text = text_of(value, arena).trim();
            let inner = Value::of(text)
                .filter(|inner| matches!(inner.ty, Type::Object | Type::Array | Type::String));
            // A text is shorter than the string that holds it, so this ends.
            found = inner.and_then(|inner| below(key, inner, path, arena));
        }
        _ => {}
    }
    found
}
