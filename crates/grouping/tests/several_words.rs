//! Values of several words: which texts are one group, a line for each cause.

use grouping::{ErrorRef, MaskedMessages};

/// Template of the one group that the texts of each cause must be, and the texts.
#[rustfmt::skip]
const CAUSES: &[(&str, &[&str])] = &[
    ("Item <*> is disabled", &["Item KMB2201 38 is disabled", "Item TR0091443M is disabled", "Item 1KD00123 / BLK / 38 is disabled", "Item 1KD00123 / Açık Mavi / 38 is disabled", "Item 77 / XL is disabled"]),
    ("Item <b><*></b> is closed (<*>)", &["Item <b>KMB2201 38</b> is closed (A-1 38)", "Item <b>KMB2201</b> is closed (17)"]),
    ("<*> stokta yok", &["1KD00123 - BLK - 38 stokta yok", "1KD00123 stokta yok", "Elbise / Siyah / 38 stokta yok", "1KD00123 / Siyah stokta yok"]),
    ("Varyant <*> kapalı", &["Varyant 8690000012345 38 42 kapalı", "Varyant KMB2201/38/42 kapalı", "Varyant KMB2201_38 42 kapalı"]),
    ("Ürün bulunamadı: <*>", &["Ürün bulunamadı: 8690 / BLK / 38", "Ürün bulunamadı: Mavi Elbise", "Ürün bulunamadı: 8690 38"]),
    ("Renk eşleşmedi (<*>)", &["Renk eşleşmedi (Siyah / 38)", "Renk eşleşmedi (1KD00123 / BLK / 38)"]),
];

/// Texts that say different things, though a value stands beside a word with a capital.
const SEPARATE: &[&str] = &[
    "Order 17 - Stok yok",
    "Order 17 - ERP kapalı",
    "Order 17 FAILED",
    "Order 17 CANCELLED",
    "Batch 3 / Login refused",
    "Input/output refused",
    "Read / Write refused",
];

fn groups(texts: &[&str]) -> Vec<(String, String)> {
    let mut messages = MaskedMessages::default();
    for message in texts {
        messages.add(ErrorRef { message, ..ErrorRef::default() });
    }
    let groups = messages.finish();
    groups.iter().map(|group| (group.template.clone(), group.fingerprint.clone())).collect()
}

#[test]
fn a_value_of_several_words_is_one_variable() {
    for (template, texts) in CAUSES {
        for text in *texts {
            let found = groups(&[text]);
            assert_eq!(found[0].0, *template, "{text}");
        }
        assert_eq!(groups(texts).len(), 1, "{texts:?}");
    }
    assert_eq!(groups(SEPARATE).len(), SEPARATE.len(), "{:#?}", groups(SEPARATE));
}
