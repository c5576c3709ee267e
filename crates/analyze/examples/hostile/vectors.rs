//! Tables of test vectors: a text and what it is in base64, or a text and the bytes it stands for.

use archive::Decoder;
use model::json::{Type, Value, unescape};

/// Comes before each vector, because most are too short to be taken for a payload.
/// Its length is a multiple of three, so its base64 has no padding.
const BEFORE: &[u8] = b"[\"of a length of which the rest is zero when it is divided by three, and \
which reads like the beginning of JSON, as all payloads do:  \", \"";
const _: () = assert!(BEFORE.len().is_multiple_of(3));

/// What a vector must become.
struct Vector {
    text: String,
    /// The bytes; None for a text that is no base64.
    bytes: Option<Vec<u8>>,
    /// It may be refused all the same.
    strict: bool,
}

/// Decodes every vector of a table, and says which is wrong.
pub(crate) fn compare(table: &str, decoder: &mut Decoder) -> Result<(), String> {
    let mut vectors = Vec::new();
    read(Value::of(table).ok_or("no JSON")?, &mut vectors);
    if vectors.is_empty() {
        return Err("a table of no known form".to_owned());
    }
    for vector in vectors {
        let text = &vector.text;
        // Alone, it may stay the text that it is, but it must not vanish.
        let mut leaves = 0;
        let decoded = decoder.decode(text.as_bytes(), &mut |_| leaves += 1);
        if leaves == 0 && decoded.problems.is_empty() && !text.trim().is_empty() {
            return Err(format!("{text:?} vanishes without a word"));
        }

        let mut found: Option<(Vec<u8>, bool)> = None;
        let whole = encoded(BEFORE) + text;
        let decoded = decoder.decode(whole.as_bytes(), &mut |leaf| {
            if leaf.layers == "base64" {
                found = Some((leaf.raw.to_vec(), leaf.whole));
            }
        });
        let reported = !decoded.problems.is_empty();
        match (&vector.bytes, found) {
            (Some(bytes), Some((found, true))) if found == [BEFORE, bytes].concat() => {
                if reported && !vector.strict {
                    return Err(format!("{text:?} is decoded, with a problem"));
                }
            }
            (Some(bytes), Some((found, _))) if reported && vector.strict => {
                if !([BEFORE, bytes].concat()).starts_with(&found) {
                    return Err(format!("{text:?} gives other bytes"));
                }
            }
            (None, _) if reported => {}
            (expected, found) => {
                let found = found
                    .map(|(bytes, whole)| (bytes[BEFORE.len().min(bytes.len())..].to_vec(), whole));
                return Err(format!(
                    "{text:?} must be {expected:?} and is {found:?}, reported: {reported}"
                ));
            }
        }
    }
    Ok(())
}

/// Collects vectors: lists of two texts, the second the base64 of the first (RFC 4648, section 10), and lists
/// of a text and the numbers of its bytes, or null (the tests of data URLs in web-platform-tests).
fn read(value: Value<'_>, found: &mut Vec<Vector>) {
    let mut items = Vec::new();
    let mut all = |item| {
        items.push(item);
        true
    };
    value.elements(&mut all);
    // The RFC has tables of other alphabets too.
    value.members(|name, item| !name.starts_with("base64") || all(item));
    let text = |value: &Value<'_>| {
        let mut text = String::new();
        unescape(value.inner(), &mut text);
        text
    };
    match &items[..] {
        [plain, base64] if plain.ty == Type::String && base64.ty == Type::String => {
            let bytes = Some(text(plain).into_bytes());
            found.push(Vector { text: text(base64), bytes, strict: false });
        }
        [base64, bytes] if base64.ty == Type::String => {
            let mut numbers = Some(Vec::new()).filter(|_| bytes.ty == Type::Array);
            bytes.elements(|number| {
                if let (Some(numbers), Ok(byte)) = (&mut numbers, number.raw.parse()) {
                    numbers.push(byte);
                }
                true
            });
            found.push(Vector { text: text(base64), bytes: numbers, strict: true });
        }
        _ => items.into_iter().for_each(|item| read(item, found)),
    }
}

/// Base64 of bytes whose number is a multiple of three.
fn encoded(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for [a, b, c] in bytes.as_chunks().0 {
        let group = u32::from_be_bytes([0, *a, *b, *c]);
        text.extend(
            [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(group >> shift & 63) as usize])),
        );
    }
    text
}
