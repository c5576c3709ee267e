//! Any text as a time: a time that was read, written and read again is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::time::Timestamp;

fuzz_target!(|text: &str| {
    for read in [Timestamp::parse_text(text), Timestamp::from_number_text(text)].into_iter().flatten() {
        let mut written = String::new();
        read.write_rfc3339(&mut written);
        assert_eq!(Timestamp::parse_text(&written), Some(read), "{text:?} {written:?}");
        // The years 0 to 9999.
        assert!((-62_167_219_200_000_000..253_402_300_800_000_000).contains(&read.0), "{text:?}");
    }
    if let Some(read) = Timestamp::from_number_text(text) {
        assert!(read.is_plausible(), "{text:?}");
    }
});
