//! Which texts are one group, with texts as integrations write them. Laws for any text are in `laws.rs`.

use std::sync::Arc;

use grouping::{
    Class, ErrorRef, GroupRule, Groups, MaskedMessages, Pattern, Rules, Side, SplitRule,
};

fn grouped<'a>(errors: impl IntoIterator<Item = ErrorRef<'a>>) -> Groups {
    let mut messages = MaskedMessages::default();
    for error in errors {
        messages.add(error);
    }
    messages.finish()
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

/// Each message is a separate group.
fn separate(messages: &[&str]) {
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
        &[
            "Invalid ids: [1, 2, 3]",
            "Invalid ids: [7,8]",
            "Invalid ids: [12]",
            "Invalid ids: [3 4 5]",
        ],
        "Invalid ids: [<*>]",
    );
    one(
        &["asked to delete blk_-901 blk_902 blk_-77", "asked to delete blk_1"],
        "asked to delete <*>",
    );
    one(
        &["cancelled, key=0|com.example|17|null|3", "cancelled, key=5|org.example.app|1|x|44"],
        "cancelled, key=<*>",
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
fn causes_are_separate_groups() {
    separate(&[
        "This field is required.",
        "A valid integer is required.",
        "A valid number is required.",
        "This field may not be blank.",
        "This field may not be null.",
    ]);
    separate(&["ERP refused order 1: E-1042", "ERP refused order 1: E-2001"]);
    separate(&["Order 12 not found", "Order item not found"]);
    separate(&["Order item not found", "Order line not found"]);
    separate(&["sku missing", "sku invalid"]);
    separate(&[
        "Field 'price' is required",
        "Field 'stock' is required",
        "KeyError: 'price'",
        "KeyError: 'stock'",
    ]);
    separate(&[
        "{\"Message\":\"Stok yok\"}",
        "{\"Message\":\"Depo yok\"}",
        "{'reason': 'locked'}",
        "{'reason': 'sold out'}",
    ]);
    separate(&[
        "ORA-00001: refused",
        "ORA-00942: refused",
        "('Connection aborted.', 3)",
        "('Connection reset.', 3)",
    ]);
    separate(&["<error><code>A</code></error>", "<error><code>B</code></error>"]);
    separate(&["Invalid token.", "Token expired."]);
    separate(&[
        "Brand not found",
        "Channel not found",
        "Customer not found",
        "Order not found",
        "Product not found",
        "Store not found",
    ]);
    separate(&["Bu alan zorunlu.", "Bu alan boş bırakılmamalı.", "Bu alan tekil olmalı."]);
    separate(&["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"]);
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
fn code_and_field_separate_groups_and_ids_in_them_do_not() {
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
fn a_text_with_and_without_its_code_is_one_group() {
    let coded = |code, message| ErrorRef { code, message, ..ErrorRef::default() };
    let closed = "Depo 17 kapalı";
    for spelling in
        ["NB-12: Depo 18 kapalı", "[NB-12] Depo 19 kapalı", "NB-12 - Depo 20 kapalı", closed]
    {
        let groups = grouped([coded(None, closed), coded(Some("NB-12"), spelling)]);
        let found: Vec<_> =
            groups.iter().map(|group| (group.code.as_deref(), group.count)).collect();
        assert_eq!(found, [(Some("NB-12"), 2)], "{spelling}");
    }
    // Two codes have the text: it could be either.
    let codes = [None, Some("NB-12"), Some("NB-13")];
    assert_eq!(grouped(codes.map(|code| coded(code, closed))).len(), 3);
    // A code alone, or a text of values alone, says nothing of its own.
    assert_eq!(grouped([coded(Some("NB-12"), "NB-12:"), coded(Some("NB-12"), closed)]).len(), 2);
    assert_eq!(grouped([coded(None, "17"), coded(Some("NB-12"), "18")]).len(), 2);
}

#[test]
fn a_text_of_values_alone_is_grouped_by_its_exception() {
    let error = |code, message| ErrorRef { code: Some(code), message, ..ErrorRef::default() };
    let groups = grouped([
        error("java.net.UnknownHostException", "erp1.example.com"),
        error("java.net.UnknownHostException", "erp2.example.com"),
        error("java.lang.ArrayIndexOutOfBoundsException", "5"),
        error("java.lang.ArrayIndexOutOfBoundsException", "Index 5 out of bounds"),
    ]);
    let found: Vec<_> = groups.iter().map(|g| (g.code.as_deref(), g.count)).collect();
    assert_eq!(
        found,
        [
            (None, 1),
            (Some("java.lang.ArrayIndexOutOfBoundsException"), 1),
            (Some("java.net.UnknownHostException"), 2)
        ]
    );
}

#[test]
fn a_missing_value_is_one_group_whatever_its_field() {
    let below = |field, message| ErrorRef { field: Some(field), message, ..ErrorRef::default() };
    let found = |errors: &[ErrorRef<'_>]| -> Vec<(Option<String>, String, u64)> {
        let groups = grouped(errors.iter().copied());
        groups.iter().map(|g| (g.field.clone(), g.template.clone(), g.count)).collect()
    };
    let one = |text: &str, count| (None, text.to_owned(), count);
    assert_eq!(
        found(&[
            below("name", "This field is required."),
            below("base_code", "This field is required."),
            below("orderitem_set.3.sku", "This field is required."),
            below("name", "Bu alan zorunlu."),
            below("line", "Bu alan zorunlu."),
        ]),
        [one("Bu alan zorunlu.", 2), one("This field is required.", 3)]
    );
    assert_eq!(
        found(&[
            below("base_code", "The base code field is required."),
            below("name", "The name field is required."),
        ]),
        [one("The <*> field is required.", 2)]
    );
    // A message that says more than that keeps its field.
    assert_eq!(
        found(&[
            below("price", "A valid number is required."),
            below("stock", "A valid number is required."),
        ])
        .len(),
        2
    );
}

#[test]
fn keys_and_indexes_of_records_are_no_part_of_the_field() {
    let below =
        |field| ErrorRef { field: Some(field), message: "Too low: 3", ..ErrorRef::default() };
    let groups = grouped([
        below("rows.SKU-000123.price"),
        below("rows.3.price"),
        below("rows[17].price"),
        below("rows.b9000564-fe1a-409b-b8cc-1e88b294cd1d.price"),
    ]);
    let fields: Vec<_> = groups.iter().map(|group| group.field.as_deref()).collect();
    assert_eq!(fields, [Some("rows.price")]);
}

#[test]
fn values_of_several_words_are_recognised_by_the_text_around_them() {
    one(
        &[
            "17 numaralı sipariş için Elif Kaya isimli cari bulunamadı",
            "18 numaralı sipariş için Çağrı Ömer Şen isimli cari bulunamadı",
        ],
        "<*> numaralı sipariş için <*> isimli cari bulunamadı",
    );
    one(&["17 Ömer isimli cari", "18 Ela isimli cari"], "<*> <*> isimli cari");
    one(
        &["A-17 satıcı kodlu ürün bulunamadı", "B-18 satıcı kodlu ürün bulunamadı"],
        "<*> satıcı kodlu ürün bulunamadı",
    );
    one(
        &["Kategori bulunamadı: Elbise", "Kategori bulunamadı: Ayakkabı > Spor"],
        "Kategori bulunamadı: <*>",
    );
    assert_eq!(
        templates(&[
            "no mapping for colour=Red (channel 3)",
            "no mapping for colour=Blue (channel 3)",
            "no mapping for colour=Light Blue (channel 4)",
        ]),
        ["no mapping for colour=<*> (channel <*>)"]
    );
    one(
        &["invalid input for integer: \"\"", "invalid input for integer: \"abc\""],
        "invalid input for integer: \"<*>\"",
    );
}

#[test]
fn under_a_listed_code_a_word_that_differs_is_a_value() {
    let coded = |code, message| ErrorRef { code: Some(code), message, ..ErrorRef::default() };
    let texts = ["Batch status is done, no commit", "Batch status is ongoing, no commit"];
    let count = |code| grouped(texts.map(|text| coded(code, text))).len();
    assert_eq!((count("batch_100_3"), count("invalid")), (1, 2));
}

#[test]
fn a_cut_text_joins_the_one_template_that_it_begins() {
    let cut = |text| ErrorRef { message: text, cut: true, ..ErrorRef::default() };
    let whole = message("Sipariş 17 zaten kayıtlı (belge no 12345)");
    let groups = grouped([whole, cut("Sipariş 0000001234567890 zaten kayıtlı (bel")]);
    assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [2]);
    // Two texts begin alike: it could be either.
    let other = message("Sipariş 17 zaten kayıtlı (iptal)");
    assert_eq!(grouped([whole, other, cut("Sipariş 18 zaten kayıtlı (b")]).len(), 3);
    // Too short to decide.
    assert_eq!(grouped([message("Stok yok: depo kapalı"), cut("Stok y")]).len(), 2);
}

#[test]
fn names_in_a_slot_are_values_once_several_were_seen() {
    let texts = [
        "session opened for user postgres by admin",
        "session opened for user backup by admin",
        "session opened for user guest by admin",
    ];
    assert_eq!(templates(&texts), ["session opened for user <*> by admin"]);
    assert_eq!(templates(&texts[..1]), texts[..1]);
}

#[test]
fn capitals_inside_a_sentence_are_values_once_some_were_seen() {
    let rates: Vec<String> = ["USD", "EUR", "GBP"]
        .iter()
        .map(|code| format!("17.11.2026 tarihi için {code} kuru tanımlı değil"))
        .collect();
    let rates: Vec<&str> = rates.iter().map(String::as_str).collect();
    assert_eq!(templates(&rates), ["<*> tarihi için <*> kuru tanımlı değil"]);
    assert_eq!(templates(&rates[..2]).len(), 2);
    let places: Vec<String> = ["Ankara", "İzmir", "Muş", "Şırnak"]
        .iter()
        .map(|place| format!("bu kargo için {place} ilinde hizmet bulunmuyor"))
        .collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    assert_eq!(templates(&places), ["bu kargo için <*> ilinde hizmet bulunmuyor"]);
    assert_eq!(templates(&places[..3]).len(), 3);
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
    let id = MaskedMessages::default().add(message("x"));
    let groups = MaskedMessages::default().finish();
    assert!(groups.is_empty());
    assert_eq!((groups.of(id).template.as_str(), groups.of(id).count), ("", 0));
}

#[test]
fn fingerprints_are_the_same_on_every_machine() {
    let groups = grouped([message("SKU-000123 kodlu ürün bulunamadı.")]);
    let names: Vec<_> = groups.iter().map(|group| group.fingerprint.as_str()).collect();
    assert_eq!(names, ["615823e253815256"], "a change of this needs a higher RULES_VERSION");
}

fn pattern(text: &str) -> Pattern {
    Pattern::new(text).expect("a sound pattern")
}

/// Name, template and count of each group.
fn ruled(rules: Rules, errors: &[ErrorRef<'_>]) -> Vec<(Option<String>, String, u64)> {
    let mut messages = MaskedMessages::with_rules(Arc::new(rules));
    for error in errors {
        messages.add(*error);
    }
    let groups = messages.finish();
    groups.iter().map(|g| (g.name.clone(), g.template.clone(), g.count)).collect()
}

#[test]
fn a_rule_names_a_group_and_makes_one_of_those_with_one_name() {
    let missing = GroupRule {
        template: vec![
            pattern("kodlu ürün bulunamadı"),
            pattern("^Product with sku <\\*> was not"),
        ],
        name: Some("no such product".to_owned()),
        class: Some(Class::Missing),
        side: Some(Side::Erp),
        retryable: Some(true),
        ..GroupRule::default()
    };
    let never = GroupRule { name: Some("too late".to_owned()), ..missing.clone() };
    let rules = Rules { groups: vec![missing, never], ..Rules::default() };
    let texts = [
        "A-0001 kodlu ürün bulunamadı.",
        "Product with sku A-0001 was not found",
        "Product with sku A-0002 was not found",
        "Order A-0001 was not found",
    ];
    let mut messages = MaskedMessages::with_rules(Arc::new(rules));
    let ids = texts.map(|text| messages.add(message(text)));
    let groups = messages.finish();
    let one = groups.of(ids[0]);
    assert!(ids[..3].iter().all(|&id| groups.of(id) == one));
    assert_eq!((one.count, groups.len()), (3, 2));
    assert_eq!(one.template, "Product with sku <*> was not found", "the one of most errors");
    assert_eq!(one.name.as_deref(), Some("no such product"));
    assert_eq!(
        (one.class, one.side, one.retryable),
        (Some(Class::Missing), Some(Side::Erp), Some(true))
    );
    let other = groups.of(ids[3]);
    assert_eq!((other.name.as_deref(), other.class), (None, None));
    assert_eq!(other.fingerprint, grouped([message(texts[3])]).iter().next().unwrap().fingerprint);
}

#[test]
fn masked_messages_added_with_their_counts_make_the_groups_of_their_errors() {
    let rule = GroupRule {
        template: vec![pattern("was not found"), pattern("does not exist")],
        name: Some("no such product".to_owned()),
        ..GroupRule::default()
    };
    let rules = Arc::new(Rules { groups: vec![rule], ..Rules::default() });
    let mut messages = MaskedMessages::with_rules(Arc::clone(&rules));
    let text = message("Product A-0001 was not found");
    let often = messages.add(text);
    messages.add(text);
    messages.add(message("Product A-0002 does not exist"));
    let mut again = MaskedMessages::with_rules(rules);
    for (id, text) in messages.iter() {
        again.add_masked_times(id, text, if id == often { 2 } else { 1 });
    }
    let (groups, again) = (messages.finish(), again.finish());
    assert!(groups.iter().eq(again.iter()), "{again:?}");
    assert_eq!(again.of(often).template, "Product <*> was not found");
}

#[test]
fn a_rule_for_a_code_or_field_needs_one() {
    let rule = |code: &str, field: &str| GroupRule {
        code: Vec::from_iter((!code.is_empty()).then(|| pattern(code))),
        field: Vec::from_iter((!field.is_empty()).then(|| pattern(field))),
        name: Some("named".to_owned()),
        ..GroupRule::default()
    };
    let error = ErrorRef { code: Some("E-17"), field: Some("price"), ..message("too low: 3") };
    let named = |rule: GroupRule, error| {
        let rules = Rules { groups: vec![rule], ..Rules::default() };
        ruled(rules, &[error])[0].0.is_some()
    };
    assert!(named(rule("^E-17$", "price"), error) && named(rule("17", ""), error));
    assert!(!named(rule("^E-1$", ""), error) && !named(rule("E-17", "stock"), error));
    assert!(!named(rule(".", ""), message("too low: 3")));
}

#[test]
fn a_mask_makes_one_group_of_templates_that_differ_in_what_it_matches() {
    let rules = Rules { masks: vec![pattern("depo [A-Z]+")], ..Rules::default() };
    let texts = ["depo ANKARA kapalı", "depo BURSA kapalı", "mağaza BURSA kapalı"].map(message);
    assert_eq!(
        ruled(rules, &texts),
        [(None, "<*> kapalı".to_owned(), 2), (None, "mağaza BURSA kapalı".to_owned(), 1)]
    );
}

#[test]
fn a_split_separates_by_what_looks_like_a_value() {
    let splits =
        vec![SplitRule { pattern: pattern("hata (\\d+)"), name: Some("ERP {}".to_owned()) }];
    let rules = Rules { splits, ..Rules::default() };
    let texts = ["kayıt A-1: hata 17", "kayıt A-2: hata 17", "kayıt A-1: hata 23", "kayıt A-1"];
    let template = || "kayıt <*>: hata <*>".to_owned();
    assert_eq!(
        ruled(rules.clone(), &texts.map(message)),
        [
            (None, "kayıt <*>".to_owned(), 1),
            (Some("ERP 17".to_owned()), template(), 2),
            (Some("ERP 23".to_owned()), template(), 1)
        ]
    );
    // A name that a rule gives does not undo it.
    let group = GroupRule {
        template: vec![pattern("kayıt")],
        name: Some("kayıtlar".to_owned()),
        ..GroupRule::default()
    };
    let rules = Rules { groups: vec![group], ..rules };
    let names: Vec<_> =
        ruled(rules, &texts.map(message)).into_iter().map(|(name, ..)| name.unwrap()).collect();
    assert_eq!(names, ["kayıtlar", "kayıtlar: ERP 17", "kayıtlar: ERP 23"]);
}
