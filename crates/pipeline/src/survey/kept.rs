//! Small files as the survey decoded them, packed for the main pass.
//!
//! Reading and decoding a file of one log takes longer than most of the work on it afterwards. The logs of a dump are
//! much alike, so that many of them packed together take a fraction of their bytes.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archive::{Decoded, Form, Leaf};
use zstd::bulk::{Compressor, Decompressor};

/// Longer texts are not kept, in bytes. It bounds what is packed together.
const TEXT: usize = 64 << 10;

/// With level 1, packs are a quarter smaller and a report of small files takes 8 % longer.
const ZSTD_LEVEL: i32 = -1;

/// Neighbouring files of one job of the survey.
#[derive(Debug)]
pub(super) struct Pack {
    /// Member, layers and text of each kept file, one after the other, compressed.
    packed: Box<[u8]>,
    /// The number of bytes after unpacking.
    bytes: usize,
    /// By place in the job; `None` for files that are not kept.
    files: Box<[Option<KeptFile>]>,
    /// Kept files that were not taken yet.
    left: AtomicU32,
}

/// A file with one leaf, which was UTF-8 without any change, and no problems.
#[derive(Debug, Clone, Copy)]
struct KeptFile {
    /// Where its bytes begin, and the lengths of their parts.
    at: u32,
    member: Option<u16>,
    layers: u16,
    text: u32,
    /// The other fields of [`Leaf`] and [`Decoded`].
    packed: u32,
    form: Form,
    members: u32,
    archives: u32,
}

/// All kept files.
#[derive(Debug, Default)]
pub(crate) struct KeptFiles {
    /// In the order of the files.
    packs: Vec<Mutex<Option<Arc<Pack>>>>,
    /// Files in each pack.
    each: usize,
}

/// The pack that a worker unpacked last.
#[derive(Default)]
pub(crate) struct Unpacked {
    pack: Option<(usize, Arc<Pack>)>,
    bytes: Vec<u8>,
    zstd: Decompressor<'static>,
}

/// Packs what one worker decodes.
pub(super) struct Packer {
    bytes: Vec<u8>,
    files: Vec<Option<KeptFile>>,
    zstd: Compressor<'static>,
}

impl Packer {
    pub(super) fn new() -> Self {
        let mut zstd = Compressor::default();
        // Cannot fail: zstd takes any level.
        let _set = zstd.set_compression_level(ZSTD_LEVEL);
        Self { bytes: Vec::new(), files: Vec::new(), zstd }
    }

    /// Begins the next file.
    pub(super) fn begin(&mut self) {
        self.files.push(None);
    }

    /// Takes a leaf of the file. False when it cannot be kept, or is not the only leaf.
    pub(super) fn leaf(&mut self, leaf: &Leaf<'_>) -> bool {
        let plain = leaf.whole && leaf.raw == leaf.text.as_bytes() && leaf.text.len() <= TEXT;
        let member = leaf.member.map(|member| u16::try_from(member.len()));
        let (Ok(member), Ok(layers), Ok(packed), Ok(at)) = (
            member.transpose(),
            u16::try_from(leaf.layers.len()),
            u32::try_from(leaf.packed),
            u32::try_from(self.bytes.len()),
        ) else {
            return false;
        };
        let Some(file @ None) = self.files.last_mut().filter(|_| plain) else { return false };
        for part in [leaf.member.unwrap_or_default(), leaf.layers, leaf.text] {
            self.bytes.extend_from_slice(part.as_bytes());
        }
        let (text, form) = (leaf.text.len() as u32, leaf.form);
        *file = Some(KeptFile { at, member, layers, text, packed, form, members: 0, archives: 0 });
        true
    }

    /// Keeps the file, with what the decoder says of it.
    pub(super) fn keep(&mut self, decoded: &Decoded) {
        if let Some(Some(file)) = self.files.last_mut() {
            (file.members, file.archives) = (decoded.members, decoded.archives);
        }
    }

    /// Drops the file.
    pub(super) fn forget(&mut self) {
        if let Some(file) = self.files.last_mut().and_then(Option::take) {
            self.bytes.truncate(file.at as usize);
        }
    }

    /// Packs the files since the last call and subtracts their size from `room`. When there is too little room, sets it
    /// to 0, so that no later file is packed.
    pub(super) fn done(&mut self, room: &AtomicU64) -> Option<Pack> {
        let files: Box<[Option<KeptFile>]> = self.files.drain(..).collect();
        let bytes = self.bytes.len();
        let left = files.iter().flatten().count() as u32;
        let packed = (left > 0).then(|| self.zstd.compress(&self.bytes).ok()).flatten();
        self.bytes.clear();
        let packed = packed?.into_boxed_slice();
        let takes = (size_of::<Pack>() + packed.len() + size_of_val(&*files)) as u64;
        let take = |left: u64| left.checked_sub(takes);
        if room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            room.store(0, Ordering::Relaxed);
            return None;
        }
        Some(Pack { packed, bytes, files, left: AtomicU32::new(left) })
    }
}

impl KeptFiles {
    /// None yet. Each pack will hold up to `each` neighbouring files.
    pub(super) fn new(each: usize) -> Self {
        Self { packs: Vec::new(), each }
    }

    pub(super) fn push(&mut self, pack: Option<Pack>) {
        self.packs.push(Mutex::new(pack.map(Arc::new)));
    }

    /// File `n` as the decoder gave it, if it was kept. Only once: a pack is freed when all its files were taken.
    pub(crate) fn take<'u>(
        &self,
        n: usize,
        unpacked: &'u mut Unpacked,
    ) -> Option<(Leaf<'u>, Decoded)> {
        let (number, place) = (n.checked_div(self.each)?, n % self.each);
        if unpacked.pack.as_ref().is_none_or(|(last, _)| *last != number) {
            let pack = Arc::clone(self.pack(number)?.as_ref()?);
            pack.files.get(place)?.as_ref()?;
            unpacked.fill(number, pack);
        }
        let Unpacked { pack, bytes, .. } = unpacked;
        let (_, pack) = pack.as_ref()?;
        let file = pack.files.get(place)?.as_ref()?;
        if pack.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.pack(number)? = None;
        }
        file.of(bytes)
    }

    fn pack(&self, number: usize) -> Option<MutexGuard<'_, Option<Arc<Pack>>>> {
        Some(self.packs.get(number)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Unpacked {
    fn fill(&mut self, number: usize, pack: Arc<Pack>) {
        self.bytes.resize(pack.bytes, 0);
        let bytes = self.zstd.decompress_to_buffer(&pack.packed, self.bytes.as_mut_slice());
        let whole = bytes.is_ok_and(|bytes| bytes == pack.bytes);
        debug_assert!(whole, "what was packed is unpacked");
        self.pack = whole.then_some((number, pack));
    }
}

impl KeptFile {
    /// The leaf, and what the decoder says of the file, from the bytes of the pack.
    fn of<'u>(&self, bytes: &'u [u8]) -> Option<(Leaf<'u>, Decoded)> {
        let mut rest = bytes.get(self.at as usize..)?;
        let mut part = |bytes: usize| {
            let (part, more) = rest.split_at_checked(bytes)?;
            rest = more;
            simdutf8::basic::from_utf8(part).ok()
        };
        let member = part(self.member.unwrap_or(0).into())?;
        let layers = part(self.layers.into())?;
        let text = part(self.text as usize)?;
        let leaf = Leaf {
            member: self.member.map(|_| member),
            layers,
            text,
            raw: text.as_bytes(),
            bytes: self.text.into(),
            packed: self.packed.into(),
            form: self.form,
            whole: true,
            reencoded: false,
        };
        let decoded = Decoded {
            layers: layers.to_owned(),
            members: self.members,
            archives: self.archives,
            bytes: self.text.into(),
            ..Decoded::default()
        };
        Some((leaf, decoded))
    }
}

impl fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pack, bytes, zstd: _ } = self;
        f.debug_struct("Unpacked").field("pack", pack).field("bytes", &bytes.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf<'l>(member: Option<&'l str>, layers: &'l str, text: &'l str) -> Leaf<'l> {
        Leaf {
            member,
            layers,
            text,
            raw: text.as_bytes(),
            bytes: text.len() as u64,
            packed: 7,
            form: Form::Json,
            whole: true,
            reencoded: false,
        }
    }

    /// Keeps a file for each of `leaves`, two in a pack, with room for so many bytes.
    fn kept(leaves: &[Leaf<'_>], room: u64) -> KeptFiles {
        let (mut packer, mut kept, room) = (Packer::new(), KeptFiles::new(2), AtomicU64::new(room));
        for pair in leaves.chunks(2) {
            for leaf in pair {
                packer.begin();
                if packer.leaf(leaf) {
                    packer.keep(&Decoded { members: 3, archives: 2, ..Decoded::default() });
                }
            }
            kept.push(packer.done(&room));
        }
        kept
    }

    #[test]
    fn what_is_kept_comes_back_as_the_decoder_gave_it_and_once() {
        let leaves = [
            leaf(Some("1.json"), "base64>zip", r#"{"sku":"ş"}"#),
            leaf(None, "", "[]"),
            leaf(Some(""), "zip", ""),
        ];
        let (kept, mut unpacked) = (kept(&leaves, 1 << 20), Unpacked::default());
        for n in [2, 0, 1] {
            let (leaf, decoded) = kept.take(n, &mut unpacked).unwrap();
            assert_eq!(format!("{leaf:?}"), format!("{:?}", leaves[n]));
            assert_eq!((decoded.members, decoded.archives), (3, 2));
            assert_eq!(decoded.layers, leaves[n].layers);
            assert_eq!(decoded.bytes, leaves[n].bytes);
        }
        assert!(
            kept.packs.iter().all(|pack| pack.lock().unwrap().is_none()),
            "all files were taken"
        );
        assert!(kept.take(3, &mut unpacked).is_none());
    }

    #[test]
    fn what_cannot_come_back_as_it_was_is_not_kept() {
        let long = "1".repeat(TEXT + 1);
        let leaves = [
            Leaf { whole: false, ..leaf(None, "", "[") },
            leaf(None, "", "1"),
            Leaf { raw: b"\xef\xbb\xbf1", ..leaf(None, "", "1") },
            leaf(None, "", &long),
        ];
        let (kept, mut unpacked) = (kept(&leaves, 1 << 20), Unpacked::default());
        let found: Vec<bool> = (0..4).map(|n| kept.take(n, &mut unpacked).is_some()).collect();
        assert_eq!(found, [false, true, false, false]);
    }

    #[test]
    fn a_file_of_two_leaves_is_dropped_and_leaves_nothing() {
        let mut packer = Packer::new();
        packer.begin();
        assert!(packer.leaf(&leaf(None, "zip", "1")));
        assert!(!packer.leaf(&leaf(None, "zip", "2")));
        packer.forget();
        assert!(packer.bytes.is_empty());
        assert!(packer.done(&AtomicU64::new(1 << 20)).is_none());
    }

    #[test]
    fn nothing_is_kept_where_there_is_no_room() {
        let leaves = [leaf(None, "", "1"), leaf(None, "", "2"), leaf(None, "", "3")];
        let (kept, mut unpacked) = (kept(&leaves, 0), Unpacked::default());
        assert!((0..3).all(|n| kept.take(n, &mut unpacked).is_none()));
        let room = AtomicU64::new(1);
        let mut packer = Packer::new();
        packer.begin();
        assert!(packer.leaf(&leaves[0]) && packer.done(&room).is_none());
        assert_eq!(room.into_inner(), 0, "no room is left");
    }
}
