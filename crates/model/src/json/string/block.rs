//! Which bytes of a block mean something inside a JSON string.

use wide::u8x16;

/// A bit for each byte of a block, the lowest for the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct BlockSigns {
    pub(super) quotes: u64,
    pub(super) slashes: u64,
    /// Below a blank: not allowed in a string.
    pub(super) controls: u64,
}

/// The signs of 64 bytes.
#[inline]
pub(super) fn signs64(block: &[u8; 64]) -> BlockSigns {
    let (parts, _) = block.as_chunks::<16>();
    let bits = |sign: &dyn Fn(u8x16) -> u8x16| {
        let bits = |part: &[u8; 16]| u64::from(sign(u8x16::new(*part)).to_bitmask());
        parts.iter().rev().fold(0, |all, part| all << 16 | bits(part))
    };
    let lowest =
        parts.iter().fold(u8x16::splat(u8::MAX), |least, part| least.min(u8x16::new(*part)));
    BlockSigns {
        quotes: bits(&|bytes| bytes.simd_eq(u8x16::splat(b'"'))),
        slashes: bits(&|bytes| bytes.simd_eq(u8x16::splat(b'\\'))),
        // Bodies hold none of them unescaped.
        controls: if controls(lowest).any() { bits(&controls) } else { 0 },
    }
}

/// Marks the bytes below a blank.
#[inline]
fn controls(bytes: u8x16) -> u8x16 {
    bytes.min(u8x16::splat(b' ' - 1)).simd_eq(bytes)
}

/// The bytes among 16 that are quotes, backslashes or below a blank.
#[inline]
pub(super) fn any16(block: &[u8; 16]) -> u64 {
    let bytes = u8x16::new(*block);
    let quotes = bytes.simd_eq(u8x16::splat(b'"'));
    let slashes = bytes.simd_eq(u8x16::splat(b'\\'));
    u64::from((quotes | slashes | controls(bytes)).to_bitmask())
}

/// The backslashes among 16 bytes.
#[inline]
pub(super) fn slashes16(block: &[u8; 16]) -> u64 {
    u64::from(u8x16::new(*block).simd_eq(u8x16::splat(b'\\')).to_bitmask())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A bit for each byte that is such a one.
    fn bits(bytes: &[u8], is: fn(u8) -> bool) -> u64 {
        bytes.iter().enumerate().map(|(n, byte)| u64::from(is(*byte)) << n).sum()
    }

    proptest! {
        #[test]
        fn each_sign_is_seen_at_its_place(block in any::<[u8; 16]>(), more in prop::array::uniform16(0u8..128)) {
            for block in [block, more] {
                let wanted = bits(&block, |b| b == b'"' || b == b'\\' || b < b' ');
                prop_assert_eq!(any16(&block), wanted);
                prop_assert_eq!(slashes16(&block), bits(&block, |b| b == b'\\'));
                let calm = block.map(|b| b.max(b' '));
                for parts in [[calm; 4], [calm, calm, block, calm]] {
                    let four = parts.concat();
                    let wanted = BlockSigns {
                        quotes: bits(&four, |b| b == b'"'),
                        slashes: bits(&four, |b| b == b'\\'),
                        controls: bits(&four, |b| b < b' '),
                    };
                    prop_assert_eq!(signs64(four.first_chunk().unwrap()), wanted);
                }
            }
        }
    }
}
