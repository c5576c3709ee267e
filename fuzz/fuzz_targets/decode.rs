//! Any bytes as a file: decoding stays within the limits, gives the same result twice and counts every member once; a
//! leaf that is called whole has the checksum that the archive states.
#![no_main]

use archive::{Decoder, Form, Limits};
use libfuzzer_sys::fuzz_target;

const MEMBER_BYTES: u64 = 2 << 20;
const TOTAL_BYTES: u64 = 4 << 20;

fuzz_target!(|input: &[u8]| {
    let limits = Limits {
        member_bytes: MEMBER_BYTES,
        total_bytes: TOTAL_BYTES,
        members: 1_000,
        problems: 50,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(limits);
    let (mut texts, mut bytes, mut members) = (Vec::new(), 0, 0);
    let decoded = decoder.decode(input, &mut |leaf| {
        assert!(leaf.bytes <= MEMBER_BYTES.max(input.len() as u64), "{} bytes", leaf.bytes);
        assert!(leaf.form != Form::Binary || leaf.text.is_empty());
        assert!(leaf.form != Form::Blank || leaf.text.trim().is_empty());
        assert_eq!(leaf.raw.len() as u64, leaf.bytes);
        if !leaf.reencoded && leaf.whole && leaf.form != Form::Binary {
            assert!(leaf.raw.ends_with(leaf.text.as_bytes()) && leaf.raw.len() <= leaf.text.len() + 3);
        }
        if let Some(member) = leaf.member {
            assert!(member.len() <= 1024);
            members += 1;
        }
        if leaf.layers == "zip" && leaf.whole {
            let sum = crc32fast::hash(leaf.raw).to_le_bytes();
            assert!(input.windows(4).any(|bytes| bytes == sum), "no checksum confirms {:?}", leaf.member);
        }
        bytes += leaf.bytes;
        texts.push((leaf.member.map(str::to_owned), leaf.text.to_owned(), leaf.whole));
    });
    assert_eq!(decoded.bytes, bytes);
    assert!(bytes <= TOTAL_BYTES.max(16 << 20) + 16 * input.len() as u64, "{bytes} bytes");
    assert!(texts.len() <= 1_001);
    assert_eq!(members + decoded.archives + decoded.unread, decoded.members);
    assert!(decoded.unread == 0 || !decoded.problems.is_empty());
    assert!(decoded.problems.len() <= 51);
    for problem in &decoded.problems {
        assert!(problem.message.len() < 400, "{}", problem.message);
        assert!(!problem.message.chars().any(char::is_control), "{:?}", problem.message);
    }
    // A file that gives no text has a problem.
    if texts.is_empty() && !input.is_empty() {
        assert!(decoded.members == 0 || !decoded.problems.is_empty(), "{decoded:?}");
    }

    let mut again = Vec::new();
    let second = decoder.decode(input, &mut |leaf| {
        again.push((leaf.member.map(str::to_owned), leaf.text.to_owned(), leaf.whole));
    });
    assert_eq!((second, again), (decoded, texts));

    decoder.peek(input, 64, &mut |text| assert!(text.len() <= 64));
});
