//! Any text as pages of `GET /logs`: pages may come in any order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::listing::{self, Listing};

fn shown(listing: &Listing) -> String {
    let logs: Vec<_> = listing.logs().collect();
    let runs: Vec<_> = listing.runs().collect();
    let flows: Vec<_> = listing.flows().collect();
    let projects: Vec<_> = listing.projects().collect();
    format!("{logs:?}\n{runs:?}\n{flows:?}\n{projects:?}")
}

fuzz_target!(|text: &str| {
    let (left, right) = text.split_once('\n').unwrap_or((text, text));
    for text in [left, right] {
        let page = listing::parse(text);
        if let Some(page) = &page {
            assert!(page.broken_at.is_none_or(|at| at <= text.len() as u64));
        }
    }
    let together = |first: &str, second: &str, places: [u64; 2], merge: bool| {
        let mut all = Listing::default();
        for (text, place) in [(first, places[0]), (second, places[1])] {
            if let Some(page) = listing::parse(text) {
                if merge {
                    let mut one = Listing::default();
                    one.add(page, place);
                    all.merge(one);
                } else {
                    all.add(page, place);
                }
            }
        }
        all.finish();
        all
    };
    let whole = together(left, right, [0, 1], false);
    let wanted = shown(&whole);
    assert_eq!(shown(&together(right, left, [1, 0], false)), wanted);
    assert_eq!(shown(&together(left, right, [0, 1], true)), wanted);
    for log in whole.logs() {
        assert!(whole.by_id(&log.entry.id).is_some());
    }
});
