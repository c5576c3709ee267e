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
    let mut all = BlockSigns::default();
    for (n, part) in parts.iter().enumerate() {
        let signs = signs16(part);
        all.quotes |= signs.quotes << (n * 16);
        all.slashes |= signs.slashes << (n * 16);
        all.controls |= signs.controls << (n * 16);
    }
    all
}

/// The signs of 16 bytes.
#[inline]
pub(super) fn signs16(block: &[u8; 16]) -> BlockSigns {
    let bytes = u8x16::new(*block);
    let bits = |equal: u8x16| u64::from(equal.to_bitmask());
    BlockSigns {
        quotes: bits(bytes.simd_eq(u8x16::splat(b'"'))),
        slashes: bits(bytes.simd_eq(u8x16::splat(b'\\'))),
        controls: bits(bytes.min(u8x16::splat(b' ' - 1)).simd_eq(bytes)),
    }
}

/// The bytes among 16 that are quotes, backslashes or below a blank.
#[inline]
pub(super) fn any16(block: &[u8; 16]) -> u64 {
    let bytes = u8x16::new(*block);
    let quotes = bytes.simd_eq(u8x16::splat(b'"'));
    let slashes = bytes.simd_eq(u8x16::splat(b'\\'));
    let controls = bytes.min(u8x16::splat(b' ' - 1)).simd_eq(bytes);
    u64::from((quotes | slashes | controls).to_bitmask())
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

    proptest! {
        #[test]
        fn each_sign_is_seen_at_its_place(block in any::<[u8; 16]>(), more in prop::array::uniform16(0u8..128)) {
            for block in [block, more] {
                let bits = |is: fn(u8) -> bool| {
                    block.iter().enumerate().fold(0, |bits, (n, byte)| bits | u64::from(is(*byte)) << n)
                };
                let wanted = BlockSigns {
                    quotes: bits(|b| b == b'"'),
                    slashes: bits(|b| b == b'\\'),
                    controls: bits(|b| b < b' '),
                };
                prop_assert_eq!(signs16(&block), wanted);
                prop_assert_eq!(slashes16(&block), wanted.slashes);
                prop_assert_eq!(any16(&block), wanted.quotes | wanted.slashes | wanted.controls);
            }
        }
    }
}
