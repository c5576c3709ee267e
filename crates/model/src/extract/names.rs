//! What the names of lists and of members of maps say of what they hold.

use crate::roles::{Role, normalise, role_of};

/// The role of a list's elements, by the plural name of the list.
pub(super) fn plural(key: &str) -> Option<Role> {
    let mut name = String::new();
    normalise(key, &mut name);
    if is_rows(key) {
        return Some(Role::RequestBody);
    }
    for (ending, singular) in [
        ("bodies", "body"),
        ("leri", ""),
        ("lari", ""),
        ("ler", ""),
        ("lar", ""),
        ("statuses", "status"),
        ("es", ""),
        ("s", ""),
    ] {
        if let Some(stem) = name.strip_suffix(ending) {
            let role = role_of(&format!("{stem}{singular}"));
            if matches!(
                role,
                Role::Request
                    | Role::RequestBody
                    | Role::Response
                    | Role::ResponseBody
                    | Role::HttpStatus
                    | Role::Status
                    | Role::Errors
                    | Role::Url
                    | Role::Method
                    | Role::Start
                    | Role::Duration
                    | Role::Key(..)
            ) {
                return Some(role);
            }
        }
    }
    None
}

pub(super) fn is_rows(key: &str) -> bool {
    ["rows", "satirlar", "inputs", "payloads", "satırlar"]
        .iter()
        .any(|name| key.eq_ignore_ascii_case(name))
}

pub(super) enum MapName {
    Step,
    Key,
    Other,
}

/// What the name of a map's member is: a step's slug, a business key, or neither.
pub(super) fn name_of_map(name: &str) -> MapName {
    const STEPS: [&str; 14] = [
        "login", "read", "write", "mapping", "script", "compare", "check", "get", "query", "fetch",
        "send", "filename", "custom", "split",
    ];
    let lower = name.to_ascii_lowercase();
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if STEPS.iter().any(|step| lower.starts_with(step)) && digits < 3 {
        return MapName::Step;
    }
    let index = digits == name.len() && name.len() < 5;
    let shouting = name.len() >= 3
        && name.contains('-')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_');
    if !index && (digits > 0 || shouting) { MapName::Key } else { MapName::Other }
}
