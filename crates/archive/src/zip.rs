//! The structure of a zip, read from both ends (APPNOTE.TXT 6.3.10, section numbers below).
//!
//! ```text
//!   [junk] | local header  data [descriptor] | local header  data ... | directory | end record [comment] [junk]
//!            4.3.7              4.3.9                                   4.3.12      4.3.16, zip64: 4.3.14, 4.3.15
//! ```
//!
//! [`directory`] finds the end record and lists the members; [`local`] walks the local headers when
//! there is no directory to be used. The two are written here, and not left to the `zip` crate,
//! because its reader keeps one member for each name, and stops where an archive is cut. It writes the
//! archives of the tests and is their oracle. Nothing here copies data or reserves memory by what a header
//! claims.

pub(crate) mod directory;
pub(crate) mod local;
pub(crate) mod rare;

use std::borrow::Cow;
use std::ops::Range;

use crate::problem::ProblemKind;

/// A member: where its bytes stand and what the headers say of them.
#[derive(Debug, Clone)]
pub(crate) struct ZipMember {
    /// Place of its name in the archive.
    pub(crate) name: Range<usize>,
    /// Place of its local header.
    pub(crate) header: usize,
    /// Its packed bytes; up to the end of the archive when `open`.
    pub(crate) data: Range<usize>,
    /// General purpose flags (4.4.4).
    pub(crate) flags: u16,
    /// Compression method (4.4.5).
    pub(crate) method: u16,
    /// CRC-32 of the unpacked bytes; not valid when `open`: then it stands behind the data.
    pub(crate) crc: u32,
    /// Bytes after unpacking, as claimed.
    pub(crate) size: u64,
    /// The sizes are not known: the data ends where the stream ends.
    pub(crate) open: bool,
    /// The data would run into the next member and ends before it: what is cut there is not used.
    pub(crate) clipped: bool,
}

impl ZipMember {
    /// Its name: UTF-8 if it is that, whatever the flag says. Else Turkish, in the code page of Windows or
    /// of DOS, when all its letters beyond ASCII are Turkish in one of these; else code page 437 (appendix
    /// D).
    pub(crate) fn name<'a>(&self, archive: &'a [u8]) -> Cow<'a, str> {
        let name = archive.get(self.name.clone()).unwrap_or_default();
        match std::str::from_utf8(name) {
            Ok(name) => Cow::Borrowed(name),
            Err(_) if self.flags & 0x800 != 0 => String::from_utf8_lossy(name),
            Err(_) => Cow::Owned(
                turkish(name).unwrap_or_else(|| name.iter().map(|&byte| cp437(byte)).collect()),
            ),
        }
    }

    /// Whether it is a folder: nothing is stored under a name that ends in a slash, or in the backslash
    /// of some Windows programs.
    pub(crate) fn is_folder(&self, archive: &[u8]) -> bool {
        match archive.get(self.name.clone()) {
            Some([.., b'/']) => self.size == 0,
            Some([_, .., b'\\']) => self.size == 0 && !self.open,
            _ => false,
        }
    }

    /// Whether a password is needed: bits 0 and 6 (4.4.4), or the method of AE-x (appendix E). Bit 13
    /// only says that the directory is encrypted too.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.flags & 0x41 != 0 || self.method == 99
    }

    /// What it is encrypted with, for messages.
    pub(crate) fn cipher(&self, archive: &[u8]) -> &'static str {
        if self.method == 99 {
            // The extra field of AE-x: version, vendor, strength, method.
            let extra = archive.get(self.header..self.data.start).unwrap_or_default();
            let strength = extra
                .windows(9)
                .find(|field| field.starts_with(b"\x01\x99\x07\x00") && &field[6..8] == b"AE")
                .map(|field| field[8]);
            return match strength {
                Some(1) => "AES-128",
                Some(2) => "AES-192",
                Some(3) => "AES-256",
                _ => "AES",
            };
        }
        if self.flags & 0x40 != 0 { "strong encryption of PKWARE" } else { "ZipCrypto" }
    }
}

/// What is wrong with the structure, up to a limit: a directory of a few megabytes can have more faults
/// than fit into memory.
#[derive(Debug)]
pub(crate) struct ZipFaults {
    pub(crate) kept: Vec<ZipFault>,
    /// How many there were beyond the limit.
    pub(crate) more: usize,
    limit: usize,
}

impl ZipFaults {
    fn up_to(limit: usize) -> Self {
        Self { kept: Vec::new(), more: 0, limit }
    }

    fn add(&mut self, fault: impl FnOnce() -> ZipFault) {
        if self.kept.len() < self.limit {
            self.kept.push(fault());
        } else {
            self.more += 1;
        }
    }
}

/// Something wrong with the structure.
#[derive(Debug)]
pub(crate) struct ZipFault {
    /// Name of the member it concerns.
    pub(crate) member: Option<String>,
    /// Where, in bytes from the start of the archive.
    pub(crate) byte: usize,
    pub(crate) kind: ProblemKind,
    pub(crate) text: String,
}

/// Name of a compression method, for messages.
pub(crate) fn method_name(method: u16) -> &'static str {
    match method {
        0 => "stored",
        1 => "shrunk",
        2..=5 => "reduced",
        6 => "imploded",
        8 => "deflate",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        93 => "zstd",
        95 => "xz",
        98 => "ppmd",
        99 => "encrypted",
        _ => "unknown",
    }
}

/// Upper half of code page 437, from 0x80.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

fn cp437(byte: u8) -> char {
    match byte {
        0..0x80 => char::from(byte),
        _ => CP437.chars().nth(usize::from(byte) - 0x80).unwrap_or('\u{fffd}'),
    }
}

/// A name whose characters beyond ASCII are all Turkish letters in windows-1254, or in code page 857.
fn turkish(name: &[u8]) -> Option<String> {
    // The same letters in each; no byte is a letter in both.
    const LETTERS: &str = "çğıöşüÇĞİÖŞÜ";
    const WINDOWS: &[u8; 12] = b"\xe7\xf0\xfd\xf6\xfe\xfc\xc7\xd0\xdd\xd6\xde\xdc";
    const DOS: &[u8; 12] = b"\x87\xa7\x8d\x94\x9f\x81\x80\xa6\x98\x99\x9e\x9a";
    [WINDOWS, DOS].iter().find_map(|page| {
        let letter = |byte: u8| match byte {
            0..0x80 => Some(char::from(byte)),
            _ => page.iter().zip(LETTERS.chars()).find(|&(&it, _)| it == byte).map(|(_, c)| c),
        };
        name.iter().map(|&byte| letter(byte)).collect()
    })
}

/// Little-endian numbers of the archive; None past its end.
pub(crate) fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    let bytes = data.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

pub(crate) fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

pub(crate) fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// Values that the zip64 extra field (4.5.3) holds in place of saturated ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zip64<'a> {
    /// The field's values, in their fixed order; those that are not saturated are left out.
    values: &'a [u8],
}

impl<'a> Zip64<'a> {
    /// Looks for the field among the extra fields of a header.
    pub(crate) fn find(mut extra: &'a [u8]) -> Self {
        while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
            let Some(field) = extra.get(4..4 + usize::from(length)) else { break };
            if id == 1 {
                return Self { values: field };
            }
            extra = &extra[4 + field.len()..];
        }
        Self { values: &[] }
    }

    /// `value`, or the next 64-bit value of the field when it is saturated and there is one.
    pub(crate) fn or(&mut self, value: u32) -> u64 {
        match u64_at(self.values, 0) {
            Some(wide) if value == u32::MAX => {
                self.values = &self.values[8..];
                wide
            }
            _ => u64::from(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_page_437_has_128_upper_characters() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!((cp437(b'a'), cp437(0x81), cp437(0xe1), cp437(0xff)), ('a', 'ü', 'ß', '\u{a0}'));
    }

    #[test]
    fn turkish_names_are_read_in_the_code_page_that_makes_them_turkish() {
        let (name, _, _) = encoding_rs::WINDOWS_1254.encode("Değişen ürün İADE.json");
        assert_eq!(turkish(&name).as_deref(), Some("Değişen ürün İADE.json"));
        assert_eq!(
            turkish(b"De\xa7i\x9fen \x81r\x81n \x98ADE.json").as_deref(),
            Some("Değişen ürün İADE.json")
        );
        assert_eq!(turkish(b"caf\x82"), None);
    }

    #[test]
    fn zip64_values_replace_saturated_ones_only() {
        let mut extra = vec![9, 9, 1, 0, 7, 1, 0, 8, 0];
        extra.extend(5_000_000_000_u64.to_le_bytes());
        let mut zip64 = Zip64::find(&extra);
        assert_eq!(zip64.or(17), 17);
        assert_eq!(zip64.or(u32::MAX), 5_000_000_000);
        assert_eq!(zip64.or(u32::MAX), u64::from(u32::MAX));
    }
}
