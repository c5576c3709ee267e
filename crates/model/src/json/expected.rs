//! Keys that are expected to come: comparing one is cheaper than finding the end of an unknown one.

/// By the length of a key, the bits of its bytes and of the quote in a word of 16 bytes.
const MASKS: [u128; 16] = {
    let mut masks = [u128::MAX; 16];
    let mut len = 0;
    while len < 15 {
        masks[len] = (1 << (8 * (len + 1))) - 1;
        len += 1;
    }
    masks
};

/// A key as it may stand in a text, ready to be compared.
#[derive(Debug, Default)]
pub(crate) struct ExpectedKey {
    /// The first 16 bytes of the key and of the quote that ends it; zeros where there are fewer.
    head: u128,
    /// What follows them; most often nothing.
    rest: Box<[u8]>,
    /// The length of the key without the quote.
    len: u32,
}

impl ExpectedKey {
    /// A key, escaped as it stands.
    pub(crate) fn new(key: &str) -> Self {
        let mut head = [0; 16];
        let mut rest = Box::default();
        if let Some((first, more)) = key.as_bytes().split_first_chunk::<16>() {
            head = *first;
            rest = [more, b"\""].concat().into();
        } else {
            head[..key.len()].copy_from_slice(key.as_bytes());
            head[key.len()] = b'"';
        }
        Self { head: u128::from_le_bytes(head), rest, len: key.len() as u32 }
    }

    /// The length of the key if it stands at `at`, with a quote behind it. A key within the last 16 bytes
    /// of the text is not recognised.
    #[inline]
    pub(super) fn len_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let head = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>)?;
        let mask = MASKS[self.len.min(15) as usize];
        if u128::from_le_bytes(*head) & mask != self.head {
            return None;
        }
        let rest = self.rest.is_empty() || bytes[at + 16..].starts_with(&self.rest);
        rest.then_some(self.len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_any_length_is_recognised_and_no_other() {
        let key = "abcdefghijklmnopqrstuvwxyz0123456789";
        for len in 0..key.len() {
            let expected = ExpectedKey::new(&key[..len]);
            let text = format!("{}\" : 1, 0123456789abcdef", &key[..len]);
            assert_eq!(expected.len_at(text.as_bytes(), 0), Some(len));
            for other in 0..key.len() {
                let text = format!("{}\" : 1, 0123456789abcdef", &key[..other]);
                assert_eq!(expected.len_at(text.as_bytes(), 0).is_some(), other == len);
            }
        }
    }
}
