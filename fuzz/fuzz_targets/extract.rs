//! Any text as a document: exchanges point into it, and what an extractor remembers changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::exchange::{Exchange, NAME_BYTES, Outcome};
use model::extract::Extractor;
use model::json::MAX_DEPTH;

fn shown(extractor: &mut Extractor, text: &str) -> (String, u32) {
    let mut out = String::new();
    let mut longest = 0;
    let extracted = extractor.extract(text, text.len() % 2 == 0, &mut |x| {
        assert!(x.pointer.is_empty() || x.pointer.starts_with('/'), "{}", x.pointer);
        for name in [x.log_id, x.run_id, x.file_uuid, x.flow, x.step, x.key.map(|key| key.value)] {
            assert!(name.is_none_or(|name| name.len() <= NAME_BYTES), "a name of {:?}", name.map(str::len));
        }
        assert!(x.pointer.len() <= NAME_BYTES + 256, "a pointer of {} bytes", x.pointer.len());
        assert!(x.status.is_none_or(|status| (100..600).contains(&status)), "{:?}", x.status);
        assert!(x.outcome == Outcome::Failed || x.evidence.is_none());
        assert!(x.outcome != Outcome::Failed || !x.errors.is_empty(), "failed without an error");
        absent_is_none(x);
        for body in [x.request, x.response].into_iter().flatten() {
            longest = longest.max(if body.text.contains('\u{fffd}') { 0 } else { body.text.len() });
            let _paths = model::body::paths(&body);
        }
        if let Some(extra) = x.extra {
            // serde_json refuses lone surrogates and nothing else in it.
            assert!(extra.contains("\\u") || serde_json::from_str::<serde::de::IgnoredAny>(extra).is_ok(), "{extra}");
        }
        let mut endpoint = String::new();
        model::endpoint::mask(x.method, x.url.unwrap_or(""), &mut endpoint);
        out.push_str(&format!("{x:?}\n"));
    });
    // A control character that is repaired becomes an escape of six bytes.
    let growth = if extracted.repairs.is_empty() { 1 } else { 6 };
    assert!(longest <= growth * text.len(), "a body of {longest} bytes");
    assert!(extracted.repairs.first().is_none_or(|first| first < text.len()));
    for broken in &extracted.faults {
        assert!(broken.places > 0);
        assert!(broken.fault.offset <= text.len() && broken.left_over <= text.len());
    }
    assert!(extracted.documents >= extracted.empty + extracted.error_pages + extracted.unknown);
    (out, extracted.exchanges)
}

fn absent_is_none(x: &Exchange<'_>) {
    for body in [x.request, x.response].into_iter().flatten() {
        assert!(!body.text.is_empty());
    }
    assert!(x.key.is_none_or(|key| !key.value.is_empty()));
}

fuzz_target!(|text: &str| {
    let plain = shown(&mut Extractor::new(0, MAX_DEPTH), text);
    // With too little memory for all bodies, and with enough.
    for memory in [1 << 12, 1 << 20] {
        let mut first = Extractor::new(memory, MAX_DEPTH);
        let mut second = first.fork();
        for _ in 0..2 {
            assert_eq!(shown(&mut first, text), plain);
            assert_eq!(shown(&mut second, text), plain);
        }
    }
});
