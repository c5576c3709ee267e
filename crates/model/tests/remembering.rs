//! What extractors remember changes how long they take, never what they give.

use std::fmt::Write as _;

use corpus::logs::{LogShape, document, exchanges as logged};
use model::extract::Extractor;

/// All exchanges of these documents as text.
fn exchanges(extractor: &mut Extractor, documents: &[String]) -> String {
    let mut out = String::new();
    for text in documents {
        extractor.extract(text, true, &mut |x| writeln!(out, "{x:?}").expect("room"));
    }
    out
}

/// Documents of every shape; three of four come more than once.
fn documents() -> Vec<String> {
    let logs = |seed| LogShape::ALL.map(|shape| document(shape, &logged(60, seed)));
    [1, 2, 1, 3, 1, 2, 1].into_iter().flat_map(logs).collect()
}

#[test]
fn all_nothing_and_too_little_memory_give_the_same() {
    let documents = documents();
    let [off, tiny, on] =
        [0, 1 << 14, 16 << 20].map(|bytes| exchanges(&mut Extractor::new(bytes, 1024), &documents));
    assert!(off.lines().count() > 1000);
    assert!(off == tiny, "too little memory changes a result");
    assert!(off == on, "what is remembered changes a result");
}

#[test]
fn threads_that_share_what_they_remember_give_the_same() {
    let documents = documents();
    let alone = exchanges(&mut Extractor::new(0, 1024), &documents);
    for bytes in [1 << 14, 16 << 20] {
        let first = Extractor::new(bytes, 1024);
        std::thread::scope(|threads| {
            let work = |mut extractor: Extractor| exchanges(&mut extractor, &documents) == alone;
            let working: Vec<_> =
                (0..4).map(|_| first.fork()).map(|own| threads.spawn(move || work(own))).collect();
            for thread in working {
                assert!(thread.join().expect("no panic"), "sharing changes a result");
            }
        });
    }
}
