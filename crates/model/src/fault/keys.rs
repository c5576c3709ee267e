//! The business key of the row that an element of XML is about.

use super::hits::NamedKeys;
use super::markup::{Token, Tokens};
use super::names::local;
use crate::exchange::KeyKind;
use crate::roles::{Role, normalise, role_of};

/// The keys that stand under sure names in the content of an element; `None` when none does.
pub(super) fn named_in(content: &str) -> Option<NamedKeys<'_>> {
    let mut best: Option<(u8, KeyKind, &str)> = None;
    let mut several = false;
    let mut name = String::new();
    let mut open = None;
    for token in Tokens::new(content) {
        match token {
            Token::Start { name: tag, empty: false, .. } => open = Some(tag),
            Token::Text(text) if !text.trim().is_empty() => {
                let Some(tag) = open.take() else { continue };
                normalise(local(tag), &mut name);
                let Role::Key(kind, rank @ 0..=2) = role_of(&name) else { continue };
                let value = text.trim();
                match best {
                    Some((old, ..)) if old < rank => {}
                    Some((old, _, same)) if old == rank => several |= same != value,
                    _ => (best, several) = (Some((rank, kind, value)), false),
                }
            }
            _ => open = None,
        }
    }
    let (_, kind, value) = best?;
    let one = !several && value.len() <= 256;
    Some(if one { NamedKeys::One(kind, value) } else { NamedKeys::Several })
}
