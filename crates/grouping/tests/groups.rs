//! What counts as one group: texts as integrations write them, and the laws that hold for any text.

use grouping::{ErrorRef, Groups, Skeletons};
use proptest::prelude::*;

fn grouped<'a>(errors: impl IntoIterator<Item = ErrorRef<'a>>) -> Groups {
    let mut skeletons = Skeletons::default();
    for error in errors {
        skeletons.add(error);
    }
    skeletons.finish()
}

fn message(message: &str) -> ErrorRef<'_> {
    ErrorRef { message, ..ErrorRef::default() }
}

fn templates(messages: &[&str]) -> Vec<String> {
    grouped(messages.iter().map(|text| message(text)))
        .iter()
        .map(|group| group.template.clone())
        .collect()
}

/// All messages are one group with this template, and each alone has the same fingerprint.
fn one(messages: &[&str], template: &str) {
    assert_eq!(templates(messages), [template]);
    let together = grouped(messages.iter().map(|text| message(text)));
    let name = &together.iter().next().expect("one group").fingerprint;
    for text in messages {
        let alone = grouped([message(text)]);
        assert_eq!(alone.iter().next().map(|group| &group.fingerprint), Some(name), "{text}");
    }
}

/// Each message is a group of its own.
fn apart(messages: &[&str]) {
    assert_eq!(templates(messages).len(), messages.len(), "{:#?}", templates(messages));
}

#[test]
fn keys_numbers_and_quoted_values_make_no_difference() {
    one(
        &[
            "SKU-000123 kodlu ürün bulunamadı.",
            "1KD00012-BLK kodlu ürün bulunamadı.",
            "0000000012345 kodlu ürün bulunamadı.",
            "TR0000123M kodlu ürün bulunamadı.",
        ],
        "<*> kodlu ürün bulunamadı.",
    );
    one(
        &[
            "Product with sku TR0000123M was not found",
            "Product with sku SKU-000001 was not found",
            "Product with sku 0000000000777 was not found",
        ],
        "Product with sku <*> was not found",
    );
    one(
        &[
            "Ensure this value is greater than or equal to 0.01. Got -3.50",
            "Ensure this value is greater than or equal to 0.01. Got -81.07",
        ],
        "Ensure this value is greater than or equal to <*>. Got <*>",
    );
    one(
        &[
            "The fields sku, channel must make a unique set: (SKU-000123, 17)",
            "The fields sku, channel must make a unique set: (0000000001234, 3)",
        ],
        "The fields sku, channel must make a unique set: (<*>)",
    );
    one(
        &["\"Kırmızı\" is not a valid choice.", "\"Açık Mavi\" is not a valid choice."],
        "\"<*>\" is not a valid choice.",
    );
    one(
        &[
            "Request was throttled. Expected available in 12 seconds.",
            "Request was throttled. Expected available in 1 seconds.",
        ],
        "Request was throttled. Expected available in <*> seconds.",
    );
    one(
        &["Cari kart bulunamadı: 1234567", "Cari kart bulunamadı: 7654321"],
        "Cari kart bulunamadı: <*>",
    );
    one(
        &[
            "HTTPSConnectionPool(host='erp3.example.com', port=443): Read timed out. (read timeout=30)",
            "HTTPSConnectionPool(host='erp8.example.com', port=443): Read timed out. (read timeout=10)",
        ],
        "HTTPSConnectionPool(host='<*>', port=<*>): Read timed out. (read timeout=<*>)",
    );
    one(
        &[
            "Sipariş 0000001234567890 zaten kayıtlı (belge no 12345)",
            "Sipariş 0000000000000017 zaten kayıtlı (belge no 7)",
        ],
        "Sipariş <*> zaten kayıtlı (belge no <*>)",
    );
    one(
        &[
            "ERP refused order 0000001234567890: E-1042",
            "ERP refused order 0000000000000017: E-1042",
        ],
        "ERP refused order <*>: E-1042",
    );
    one(
        &[
            "Insufficient stock for order 0000001234567890: requested 3, available 1",
            "Insufficient stock for order 0000000000000017: requested 8, available 0",
        ],
        "Insufficient stock for order <*>: requested <*>, available <*>",
    );
    one(
        &[
            "Object with sku=SKU-000123 does not exist.",
            "Object with sku=0000000000123 does not exist.",
        ],
        "Object with sku=<*> does not exist.",
    );
    one(
        &["Unable to find shipment shp_12ab34cd56", "Unable to find shipment shp_99zz00yy11"],
        "Unable to find shipment <*>",
    );
    one(
        &["No such payment_intent: 'pi_3KabcdEFGH'", "No such payment_intent: 'pi_unknown'"],
        "No such payment_intent: '<*>'",
    );
    one(
        &[
            "Rate limit of 300 requests in 3600 seconds reached",
            "Rate limit of 60 requests in 60 seconds reached",
        ],
        "Rate limit of <*> requests in <*> seconds reached",
    );
}

#[test]
fn urls_dates_decimals_and_lists_are_one_variable_each() {
    one(
        &[
            "GET https://erp.example.com/ws/(S(abc1))/orders?ticket=1&x=2 failed at 2026-11-17 10:00:00,123",
            "GET http://10.0.0.1:8080/a failed at 17.11.2026 09:05",
        ],
        "GET <*> failed at <*>",
    );
    one(
        &["Fiyat 129,90 TL geçersiz", "Fiyat 1.234,50 TL geçersiz", "Fiyat 15 TL geçersiz"],
        "Fiyat <*> TL geçersiz",
    );
    one(
        &["Ürünler bulunamadı: A-0001, B-0002, C-0003", "Ürünler bulunamadı: A-0009"],
        "Ürünler bulunamadı: <*>",
    );
    one(
        &["Invalid ids: [1, 2, 3]", "Invalid ids: [7,8]", "Invalid ids: [12]"],
        "Invalid ids: [<*>]",
    );
    one(&["Choices are 'a', 'b', 'c'", "Choices are 'x'"], "Choices are '<*>'");
    one(
        &["created /Date(1687519997186)/ is late", "created /Date(1687519997186+0300)/ is late"],
        "created <*> is late",
    );
    one(
        &["mail to a.b@example.com bounced", "mail to c@example.org bounced"],
        "mail to <*> bounced",
    );
}

#[test]
fn causes_stay_apart() {
    apart(&[
        "This field is required.",
        "A valid integer is required.",
        "A valid number is required.",
        "This field may not be blank.",
        "This field may not be null.",
    ]);
    apart(&["ERP refused order 1: E-1042", "ERP refused order 1: E-2001"]);
    apart(&["Order 12 not found", "Order item not found"]);
    apart(&["Order item not found", "Order line not found"]);
    apart(&["sku missing", "sku invalid"]);
    apart(&[
        "Field 'price' is required",
        "Field 'stock' is required",
        "KeyError: 'price'",
        "KeyError: 'stock'",
    ]);
    apart(&[
        "{\"Message\":\"Stok yok\"}",
        "{\"Message\":\"Depo yok\"}",
        "{'reason': 'locked'}",
        "{'reason': 'sold out'}",
    ]);
    apart(&[
        "ORA-00001: refused",
        "ORA-00942: refused",
        "('Connection aborted.', 3)",
        "('Connection reset.', 3)",
    ]);
    apart(&["<error><code>A</code></error>", "<error><code>B</code></error>"]);
    apart(&["Invalid token.", "Token expired."]);
    apart(&[
        "Brand not found",
        "Channel not found",
        "Customer not found",
        "Order not found",
        "Product not found",
        "Store not found",
    ]);
    apart(&["Bu alan zorunlu.", "Bu alan boş bırakılmamalı.", "Bu alan tekil olmalı."]);
    apart(&["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"]);
}

#[test]
fn tracebacks_of_one_exception_are_one_group() {
    let trace = |file: &str, line: u32| {
        format!(
            "Traceback (most recent call last):\n  File \"/opt/app/flows/{file}.py\", line {line}, in run\n    value = row['price']\nKeyError: 'price'\n"
        )
    };
    one(
        &[&trace("a", 12), &trace("b", 399)],
        "Traceback (most recent call last):\nFile \"<*>\", line <*>, in run\nvalue = row['price']\nKeyError: 'price'",
    );
}

#[test]
fn frames_of_runtimes_and_libraries_make_no_difference() {
    let java = "java.lang.IllegalStateException: order 17 is locked\n\tat com.example.erp.Client.send(Client.java:12)\n";
    let deep = format!(
        "{java}\tat java.base/java.lang.Thread.run(Thread.java:829)\n\tat org.apache.http.impl.Pool.lease(Pool.java:88)\n\t... 42 more\n"
    );
    one(
        &[java, &deep.replace("java.base/", ""), &format!("{java}\t... 7 more")],
        "java.lang.IllegalStateException: order <*> is locked\nat com.example.erp.Client.send(Client.java:<*>)",
    );
    let own = "Traceback (most recent call last):\n  File \"/opt/app/a.py\", line 3, in run\n    send(row)\n";
    let library = "  File \"/usr/lib/python3/dist-packages/requests/api.py\", line 61, in request\n    return session.request()\n";
    one(
        &[&format!("{own}ValueError: bad row 3"), &format!("{own}{library}ValueError: bad row 4")],
        "Traceback (most recent call last):\nFile \"<*>\", line <*>, in run\nsend(row)\nValueError: bad row <*>",
    );
}

#[test]
fn very_long_texts_are_read_at_both_ends() {
    let long =
        |middle: &str| format!("Traceback of row 7:\n{}KeyError: 'price'\n", middle.repeat(600));
    one(
        &[&long("x = compute(row)\n"), &long("x = compute(row)\n")],
        &templates(&[&long("x = compute(row)\n")])[0],
    );
    let shown = &templates(&[&long("x = compute(row)\n")])[0];
    assert!(
        shown.starts_with("Traceback of row <*>:\n")
            && shown.ends_with("KeyError: 'price'")
            && shown.len() < 5000
    );
}

#[test]
fn code_and_field_tell_groups_apart_and_ids_in_them_do_not() {
    let error = |code, field| ErrorRef {
        code,
        field,
        message: "This value is wrong.",
        status: Some(400),
        cut: false,
    };
    let groups = grouped([
        error(Some("1001"), Some("price")),
        error(Some("1001"), Some("stock")),
        error(Some("1002"), Some("price")),
        error(Some("java.lang.IllegalStateException"), Some("items.0.price")),
        error(Some("400"), Some("items.7.price")),
        error(
            Some("3f2b7c1e-0000-4000-8000-123456789abc-SendRow-1687519997186"),
            Some("items.price"),
        ),
    ]);
    let found: Vec<_> = groups
        .iter()
        .map(|group| (group.code.as_deref(), group.field.as_deref(), group.count))
        .collect();
    assert_eq!(
        found,
        [
            (None, Some("items.price"), 3),
            (Some("1001"), Some("price"), 1),
            (Some("1001"), Some("stock"), 1),
            (Some("1002"), Some("price"), 1)
        ]
    );
}

#[test]
fn a_cut_text_joins_the_one_template_that_it_begins() {
    let cut = |text| ErrorRef { message: text, cut: true, ..ErrorRef::default() };
    let whole = message("Sipariş 17 zaten kayıtlı (belge no 12345)");
    let groups = grouped([whole, cut("Sipariş 0000001234567890 zaten kayıtlı (bel")]);
    assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [2]);
    // Two texts begin alike: nobody knows which one it was.
    let other = message("Sipariş 17 zaten kayıtlı (iptal)");
    assert_eq!(grouped([whole, other, cut("Sipariş 18 zaten kayıtlı (b")]).len(), 3);
    // Too little to tell.
    assert_eq!(grouped([message("Stok yok: depo kapalı"), cut("Stok y")]).len(), 2);
}

#[test]
fn names_in_a_slot_are_values_once_several_were_seen() {
    let texts = [
        "session opened for user cyrus by admin",
        "session opened for user news by admin",
        "session opened for user guest by admin",
    ];
    assert_eq!(templates(&texts), ["session opened for user <*> by admin"]);
    assert_eq!(templates(&texts[..1]), texts[..1]);
}

#[test]
fn first_words_are_values_only_when_many_stand_before_one_rest() {
    let texts: Vec<String> = [
        "Ankara", "Bursa", "Muş", "Van", "Rize", "Ordu", "Sinop", "Kars", "Uşak", "Siirt",
        "Batman", "Bolu", "Sivas", "Tokat", "Hatay", "Kilis", "Adana",
    ]
    .iter()
    .map(|place| format!("{place} deposu sayım için kapalı"))
    .collect();
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(templates(&all), ["<*> deposu sayım için kapalı"]);
    assert_eq!(templates(&all[..3]).len(), 3);
}

#[test]
fn a_unit_that_changes_belongs_to_its_number() {
    assert_eq!(
        templates(&[
            "no answer within 30 seconds, giving up",
            "no answer within 2 minutes, giving up"
        ]),
        ["no answer within <*>, giving up"]
    );
    assert_eq!(
        templates(&["no answer within 30 seconds, giving up"]),
        ["no answer within <*> seconds, giving up"]
    );
}

#[test]
fn an_id_that_was_never_added_leads_to_an_empty_group() {
    let id = Skeletons::default().add(message("x"));
    let groups = Skeletons::default().finish();
    assert!(groups.is_empty());
    assert_eq!((groups.of(id).template.as_str(), groups.of(id).count), ("", 0));
}

#[test]
fn fingerprints_are_the_same_on_every_machine() {
    let groups = grouped([message("SKU-000123 kodlu ürün bulunamadı.")]);
    let names: Vec<_> = groups.iter().map(|group| group.fingerprint.as_str()).collect();
    assert_eq!(names, ["82532e08cda09abb"], "whoever changes this raises RULES_VERSION");
}

/// Texts near to what services write: words, ids, marks and line ends in any mixture.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zçğıöşü]{1,8}",
        "[A-Z]{1,4}-?[0-9]{1,8}",
        "-?[0-9]{1,6}([.,][0-9]{1,3})?",
        prop::sample::select(vec![
            "\"",
            "'",
            ": ",
            "=",
            ", ",
            "(",
            ")",
            "[",
            "]",
            "/",
            "\n",
            "<",
            "{",
            "}",
            "#",
            ";",
            "...",
            "user ",
            "sku ",
            "Fri Jun 17 07:07:00",
            "https://a.b/c?d=e",
            "12 bytes (1 KB)",
            "\u{1}",
            "é"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.join(" "))
}

/// Few templates with varying values, so that mining has something to merge.
fn similar() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "alpha",
        "beta",
        "gamma",
        "delta",
        "root_1",
        "x.y",
        "12",
        "SKU-0001",
        "camelCase",
        "tty1",
        "tty2",
    ]);
    (0..4usize, word.clone(), word).prop_map(|(form, a, b)| match form {
        0 => format!("session opened for user {a} by {b}"),
        1 => format!("the value {a} of field {b} was refused here"),
        2 => format!("name={a} kind={b} was not found"),
        _ => format!("{a} kodlu ürün {b} bulunamadı"),
    })
}

type Row = (String, u64, u32, String);

fn rows(groups: &Groups) -> Vec<Row> {
    groups
        .iter()
        .map(|group| {
            (group.fingerprint.clone(), group.count, group.skeletons, group.template.clone())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_shards_change_nothing(
        mut texts in prop::collection::vec((prop_oneof![similar(), text()], any::<bool>()), 0..60),
        cut in 0usize..60,
    ) {
        let add = |skeletons: &mut Skeletons, (text, cut): &(String, bool)| {
            skeletons.add(ErrorRef { message: text, cut: *cut, ..ErrorRef::default() })
        };
        let mut whole = Skeletons::default();
        let ids: Vec<_> = texts.iter().map(|text| add(&mut whole, text)).collect();
        let whole = whole.finish();
        let names: Vec<String> = ids.iter().map(|&id| whole.of(id).fingerprint.clone()).collect();
        let first = texts.first().cloned();
        texts.reverse();
        let (left, right) = texts.split_at(cut.min(texts.len()));
        let (mut a, mut b) = (Skeletons::default(), Skeletons::default());
        for text in left { add(&mut a, text); }
        for text in right { add(&mut b, text); }
        b.merge(a);
        if let Some(text) = first {
            prop_assert_eq!(add(&mut Skeletons::default(), &text), ids[0]);
        }
        let sharded = b.finish();
        prop_assert_eq!(rows(&whole), rows(&sharded));
        prop_assert_eq!(rows(&whole).iter().map(|row| row.1).sum::<u64>(), texts.len() as u64);
        for (id, name) in ids.iter().zip(names) {
            prop_assert_eq!(&sharded.of(*id).fingerprint, &name);
        }
    }

    #[test]
    fn more_texts_keep_the_names_of_unchanged_templates(
        texts in prop::collection::vec(prop_oneof![similar(), text()], 0..40),
        more in prop::collection::vec(prop_oneof![similar(), text()], 0..40),
    ) {
        let some = rows(&grouped(texts.iter().map(|text| message(text))));
        let all = rows(&grouped(texts.iter().chain(&more).map(|text| message(text))));
        for (name, _, _, template) in some {
            for (other, _, _, same) in &all {
                prop_assert_eq!(template == *same, name == *other);
            }
        }
    }

    #[test]
    fn masks_never_cross_a_line_end(a in text(), b in text()) {
        let (a, b) = (a.replace('\n', " "), b.replace('\n', " "));
        let of = |text: &str| templates(&[text]).remove(0);
        let (first, second) = (of(&a), of(&b));
        let both = of(&format!("{a}\n{b}"));
        let expected: Vec<&str> = [first.as_str(), second.as_str()].into_iter().filter(|line| !line.is_empty()).collect();
        prop_assert_eq!(both, expected.join("\n"));
    }

    #[test]
    fn any_text_has_a_group(text in any::<String>(), code in any::<Option<String>>(), field in any::<Option<String>>(), cut in any::<bool>()) {
        let error = ErrorRef { code: code.as_deref(), field: field.as_deref(), message: &text, status: None, cut };
        let mut skeletons = Skeletons::default();
        let id = skeletons.add(error);
        let groups = skeletons.finish();
        prop_assert_eq!((groups.of(id).count, groups.len()), (1, 1));
        let _ = grouping::classify(&error);
    }
}
