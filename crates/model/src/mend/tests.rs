use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const MOST: usize = 1 << 24;

fn mended(text: &str) -> Option<String> {
    mend(text, 0, 64, MOST).filter(|mended| mended.end == text.len()).map(|mended| mended.json)
}

/// A text, and the value that a reader sees in it.
fn check(text: &str, json: &str) {
    let mended = mended(text).unwrap_or_else(|| panic!("not mended: {text}"));
    let got: serde_json::Value = serde_json::from_str(&mended).expect(&mended);
    let wanted: serde_json::Value = serde_json::from_str(json).expect(json);
    assert_eq!(got, wanted, "{text} → {mended}");
}

fn check_unclear(text: &str) {
    assert_eq!(mended(text), None, "{text}");
}

#[test]
fn control_characters_in_strings_are_escaped() {
    check("{\"a\": \"x\ty\"}", r#"{"a": "x\ty"}"#);
    check("{\"a\": \"x\r\ny\"}", r#"{"a": "x\r\ny"}"#);
    check("{\"a\": \"\0\u{b}\u{1f}\"}", r#"{"a": "\u0000\u000b\u001f"}"#);
    check("{\"a\tb\": 1}", r#"{"a\tb": 1}"#);
}

#[test]
fn a_backslash_that_begins_no_escape_stays_one() {
    check(
        r#"{"a": "C:\data\q \'x\' \x41\x4 \u12 \u00e7"}"#,
        r#"{"a": "C:\\data\\q 'x' A\\x4 \\u12 ç"}"#,
    );
    check("{\"a\": \"one \\\ntwo\"}", r#"{"a": "one two"}"#);
    check(r#"{'a': '\U0001F600 \\ \" \x00'}"#, r#"{"a": "😀 \\ \" \u0000"}"#);
}

#[test]
fn commas_too_many_are_left_out_and_missing_ones_written() {
    check("[1, 2, ]", "[1, 2]");
    check(r#"{"a": 1, , "b": [,], }"#, r#"{"a": 1, "b": []}"#);
    check("{\"a\": 1\n\"b\": 2}", r#"{"a": 1, "b": 2}"#);
    check(r#"{"a": "x" "b": {}"c": 2}"#, r#"{"a": "x", "b": {}, "c": 2}"#);
    check(r#"[{"a": 1}{"a": 2} {"a": 3}]"#, r#"[{"a": 1}, {"a": 2}, {"a": 3}]"#);
    check("[\"a\"\n\"b\"]", r#"["a", "b"]"#);
    check(r#"{"a": 1; "b": 2;}"#, r#"{"a": 1, "b": 2}"#);
}

#[test]
fn quotes_that_were_forgotten_to_escape_are_not_guessed_at() {
    for text in [
        r#"{"a": "say "hi" now"}"#,
        r#"{"a": "5" pipe", "b": 1}"#,
        r#"["say "hi" now"]"#,
        r#"["say ""hi"" now"]"#,
        r#"["a" "b"]"#,
        "{'a': 'it's'}",
        r#"{"a": "x, "b": 1}"#,
        r#"{"a": "x" : "y"}"#,
        r#"{"a", "b": 1}"#,
    ] {
        check_unclear(text);
    }
}

#[test]
fn strings_may_have_other_quotes() {
    check(
        r#"{'a': "it's", 'b': 'say "x"', 'c': 'it\'s'}"#,
        r#"{"a": "it's", "b": "say \"x\"", "c": "it's"}"#,
    );
    check("{“a”: “x”, ‘b’: ‘it’s ok’, „c“: “\"”}", r#"{"a": "x", "b": "it’s ok", "c": "\""}"#);
    check(r"{u'a': u'\xfc', b'b': b'\xc3\xbc\xff'}", r#"{"a": "ü", "b": "ü�"}"#);
}

#[test]
fn constants_of_other_languages_are_those_of_json() {
    check(
        "[None, True, False, undefined, nil, NULL, true]",
        "[null,true,false,null,null,null,true]",
    );
    check(r#"{"None": None, None: 1}"#, r#"{"None": null, "None": 1}"#);
    assert_eq!(mended("[nan, -inf, inf, NaN]").as_deref(), Some("[NaN, -Infinity, Infinity, NaN]"));
}

#[test]
fn numbers_keep_their_value_and_keys_their_zeros() {
    assert_eq!(
        mended("[0x1F, -0XfF, +1, .5, -.5, 5., 5.e3, 007, -007, 10L, 12n, 1.50]").as_deref(),
        Some(r#"[31, -255, 1, 0.5, -0.5, 5, 5e3, "007", "-007", 10, 12, 1.50]"#)
    );
    check(
        r#"{"sku": 00123, "hash": 0x1FFFFFFFFFFFFFFFFF}"#,
        r#"{"sku": "00123", "hash": "0x1FFFFFFFFFFFFFFFFF"}"#,
    );
    check(
        r#"{"day": 2026-03-01, "at": 10:30, "ip": 10.0.0.1}"#,
        r#"{"day": "2026-03-01", "at": "10:30", "ip": "10.0.0.1"}"#,
    );
    for text in ["[1 2]", "[--1]", "[1.2.3]", "[0x]", "[1_0]", "[1e]"] {
        check_unclear(text);
    }
}

#[test]
fn tuples_sets_and_calls_of_python_are_values() {
    check("(1, 'a', (2,), (), ('x'))", r#"[1, "a", [2], [], "x"]"#);
    check("{'a', 'b'}", r#"["a", "b"]"#);
    check(
        "[datetime.datetime(2026, 3, 1, 10, 0), datetime.date(2026, 3, 1)]",
        r#"["2026-03-01T10:00:00", "2026-03-01"]"#,
    );
    check("{'p': Decimal('1.10'), 'n': Decimal('NaN x')}", r#"{"p": 1.10, "n": "NaN x"}"#);
    check(
        "OrderedDict([('a', 1), ('b', OrderedDict([('c', [1, 2])]))])",
        r#"{"a": 1, "b": {"c": [1, 2]}}"#,
    );
    check("OrderedDict({'a': 1})", r#"{"a": 1}"#);
    check(
        "[OrderedDict(), set(), defaultdict(<class 'list'>, {'a': [1]})]",
        r#"[{}, [], {"a": [1]}]"#,
    );
    check(
        "[UUID('a-b'), Response(status=400, ok=False)]",
        r#"["a-b", {"status": 400, "ok": false}]"#,
    );
    check(
        "{'r': <Response [400]>, 'e': ErrorDetail(string='Low', code='min')}",
        r#"{"r": "<Response [400]>", "e": "Low"}"#,
    );
}

#[test]
fn calls_of_the_mongo_shell_are_values() {
    check(
        r#"{_id: ObjectId("65a0"), at: ISODate("2026-03-01T10:00:00Z"), n: NumberLong(5), m: NumberLong("6"), d: NumberDecimal("1.10"), t: Timestamp(1700000000, 1), w: new Date(1700000000000)}"#,
        r#"{"_id": "65a0", "at": "2026-03-01T10:00:00Z", "n": 5, "m": 6, "d": 1.10, "t": "Timestamp(1700000000, 1)", "w": 1700000000000}"#,
    );
}

#[test]
fn hashes_of_ruby_and_arrays_of_php_are_objects() {
    check(r#"{"a"=>1, :b=>nil, "c" => {:d=>:open}}"#, r#"{"a": 1, "b": null, "c": {"d": "open"}}"#);
    check(
        "['a' => 1, 'b' => ['x', 'y'], 'c' => [0 => 'z']]",
        r#"{"a": 1, "b": ["x", "y"], "c": {"0": "z"}}"#,
    );
    check(
        "array (\n  'a' => array (\n    0 => 1,\n  ),\n  'b' => NULL,\n)",
        r#"{"a": {"0": 1}, "b": null}"#,
    );
    check(
        "{status=400, body={a=1, b=two words}}",
        r#"{"status": 400, "body": {"a": 1, "b": "two words"}}"#,
    );
}

#[test]
fn comments_words_elisions_and_odd_blanks_are_read() {
    check(
        "{ // it's\n a: 1, /* \"x\" */ 'b': 2, # c\n $d.e-f: Stok yok, u: https://a.example/x?b=1&c=2 // end\n}",
        r#"{"a": 1, "b": 2, "$d.e-f": "Stok yok", "u": "https://a.example/x?b=1&c=2"}"#,
    );
    check("[1, 2, ...]", "[1, 2]");
    check("{\"a\": 1, ..., \"b\": …, }", r#"{"a": 1, "b": null}"#);
    check("\u{feff}{\u{a0}\"a\"\u{200b}:\u{3000}1\0,\u{2028}\"b\": 2}", r#"{"a": 1, "b": 2}"#);
    check(r#"{"a": , "b": }"#, r#"{"a": null, "b": null}"#);
}

#[test]
fn texts_of_other_kinds_are_not_mended() {
    for text in [
        "{{#each rows}}{{/each}}",
        "{% for row in rows %}",
        "{$name} was here",
        "[INFO] started",
        "[2026-03-01 10:00:00] POST /orders 400",
        "[section]\nkey=value",
        "{ return fetch(url); }",
        "{method: getMethod(), url: base + path}",
        "{url: `/a`, body: JSON.stringify(row)}",
        "{\"url\": \"{{base}}/a\", \"body\": {{body}}}",
        "{\"url\": url, \"ok\": status === 200}",
        "{\"a\": \"x\" + y}",
        "(see below)",
        "{color: red; .b {width: 1px}}",
        "[link](https://a.example)",
        "{a: (b) => c}",
        "<html>",
        "a: 1",
    ] {
        check_unclear(text);
    }
}

#[test]
fn a_record_without_its_end_does_not_take_the_next_one() {
    let lines = "{\"a\": 1, \"b\": [{\"c\": 2}\n{\"a\": 2}\n";
    assert!(mend(lines, 0, 64, MOST).is_none());
    assert!(mend("{\"a\": \"x\n{\"a\": \"y\"}", 0, 64, MOST).is_none());
    assert_eq!(next_sibling(lines, 0), Some(24));
    let text = r#"{"id": "x, "b": {"id": 1}}, {"id": 2}"#;
    assert_eq!(next_sibling(text, 0).map(|at| &text[at..]), Some(r#"{"id": 2}"#));
    let nested = r#"{"id": @, "rows": [{"id": 1}, {"id": 2}]}, {"id": 3}"#;
    assert_eq!(next_sibling(nested, 0).map(|at| &nested[at..]), Some(r#", {"id": 3}"#));
}

#[test]
fn limits_hold() {
    let deep = format!("{}None{}", "[".repeat(65), "]".repeat(65));
    assert!(mend(&deep, 0, 64, MOST).is_none());
    assert!(mend(&deep, 0, 65, MOST).is_some());
    assert!(mend(&format!("['{}']", "x".repeat(5000)), 0, 64, 4000).is_none());
}

/// Inputs that are read to the end and give nothing, of a megabyte each.
#[test]
fn a_megabyte_of_one_sign_takes_no_longer_than_its_length() {
    let before = std::time::Instant::now();
    for sign in [
        "[",
        "{",
        "(",
        "'",
        "\"",
        "\\",
        "/*",
        "//",
        "#",
        "“",
        "‘",
        "{'a':",
        "a(",
        "[{'a",
        ",",
        "...",
        "[/*",
        "{\"a\":'x, ",
        "<a",
        "0",
        "{a=",
        "f(1,",
        "('",
        "OrderedDict([(",
        "‘ ",
        "{'a'=>",
        "array (",
        "x ",
    ] {
        let text = sign.repeat((1 << 20) / sign.len());
        for text in
            [text.clone(), format!("[{text}"), format!("{{\"a\": {text}"), format!("['{text}]")]
        {
            let _any = mend(&text, 0, MAX_DEPTH, MOST);
            let _any = next_sibling(&text, 0);
        }
    }
    // Some seconds in a debug build; a quadratic reader takes hours.
    assert!(before.elapsed().as_secs() < 120);
}

/// A value, as JSON and with the faults that `dice` picks.
#[derive(Debug, Clone)]
enum Sample {
    Null,
    Bool(bool),
    Number(i32),
    Text(String),
    List(Vec<Sample>),
    Map(Vec<(String, Sample)>),
}

fn sample() -> impl Strategy<Value = Sample> {
    let leaf = prop_oneof![
        Just(Sample::Null),
        any::<bool>().prop_map(Sample::Bool),
        any::<i32>().prop_map(Sample::Number),
        "[a-zA-Z0-9 ş'\"\\\\/\t\n\u{1}{}\\[\\]:,.#’-]{0,12}".prop_map(Sample::Text),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Sample::List),
            vec(("[a-z][a-z0-9_]{0,6}", inner), 0..5).prop_map(|mut members| {
                members.sort_by(|a, b| a.0.cmp(&b.0));
                members.dedup_by(|a, b| a.0 == b.0);
                Sample::Map(members)
            }),
        ]
    })
}

struct Writer {
    dice: std::vec::IntoIter<u8>,
    json: String,
    faulty: String,
}

impl Writer {
    fn dice(&mut self, sides: u8) -> u8 {
        self.dice.next().unwrap_or(0) % sides
    }

    fn both(&mut self, text: &str) {
        self.json.push_str(text);
        self.faulty.push_str(text);
    }

    fn one_of(&mut self, json: &str, faulty: &[&str]) {
        let n = usize::from(self.dice(faulty.len() as u8));
        self.json.push_str(json);
        self.faulty.push_str(faulty[n]);
    }

    fn blank(&mut self) {
        self.one_of(
            "",
            &[
                "",
                " ",
                "",
                "\n",
                "\u{a0}",
                "\u{feff}",
                "\0",
                " /* it's \"x\" */ ",
                " // ]}\n",
                " # {\n",
            ],
        );
    }

    fn text(&mut self, text: &str) {
        let sound = serde_json::to_string(text).expect("a string");
        self.json.push_str(&sound);
        let plain = text.replace('\\', "\\\\");
        match self.dice(4) {
            0 => self.faulty.push_str(&sound),
            // Raw control characters; a `'` that is escaped.
            1 => {
                let inner = plain.replace('"', "\\\"").replace('\'', "\\'");
                self.faulty.extend(["\"", &inner, "\""]);
            }
            2 => {
                let inner = plain.replace('\'', "\\'").replace('\u{1}', "\\x01");
                self.faulty.extend(["'", &inner, "'"]);
            }
            _ => self.faulty.extend(["u'", &plain.replace('\'', "\\x27"), "'"]),
        }
    }

    fn separator(&mut self, before_bracket: bool) {
        self.json.push(',');
        let faulty = match self.dice(5) {
            0 => ",,",
            1 => ";",
            2 if before_bracket => "\n",
            _ => ",",
        };
        self.faulty.push_str(faulty);
    }

    fn value(&mut self, value: &Sample) {
        self.blank();
        match value {
            Sample::Null => self.one_of("null", &["null", "None", "undefined", "nil", "NULL"]),
            Sample::Bool(true) => self.one_of("true", &["true", "True", "TRUE"]),
            Sample::Bool(false) => self.one_of("false", &["false", "False", "FALSE"]),
            Sample::Number(n) => {
                let sign = if *n < 0 { "-" } else { "" };
                let hex = format!("{sign}0x{:x}", n.unsigned_abs());
                let plain = n.to_string();
                let plus = if *n < 0 { plain.clone() } else { format!("+{n}") };
                self.one_of(
                    &plain,
                    &[
                        &plain,
                        &hex,
                        &plus,
                        &format!("{n}L"),
                        &format!("Decimal('{n}')"),
                        &format!("NumberLong({n})"),
                    ],
                );
            }
            Sample::Text(text) => self.text(text),
            Sample::List(list) => {
                let tuple = self.dice(3) == 0 && list.len() != 1;
                self.json.push('[');
                self.faulty.push(if tuple { '(' } else { '[' });
                for (n, element) in list.iter().enumerate() {
                    if n > 0 {
                        // A list on a line of its own may be the next document, since this one is a list.
                        self.separator(matches!(element, Sample::Map(_)));
                    }
                    self.value(element);
                }
                self.trailing(list.len());
                self.json.push(']');
                self.faulty.push(if tuple { ')' } else { ']' });
            }
            Sample::Map(map) => {
                self.both("{");
                let mut quoted = true;
                for (n, (key, member)) in map.iter().enumerate() {
                    let bare = self.dice(3) == 0;
                    if n > 0 {
                        self.separator(!bare && quoted);
                    }
                    self.blank();
                    if bare {
                        self.json.extend(["\"", key, "\""]);
                        self.faulty.push_str(key);
                    } else {
                        self.text(key);
                    }
                    quoted = !self.faulty.ends_with('_');
                    self.one_of(":", &[":", " :", "=>", ": "]);
                    self.value(member);
                }
                self.trailing(map.len());
                self.both("}");
            }
        }
        self.blank();
    }

    fn trailing(&mut self, members: usize) {
        if members > 0 {
            self.one_of("", &["", "", ",", " , ", ",,\n", ", ..."]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_value_with_faults_is_the_value_without(value in sample(), dice in vec(any::<u8>(), 0..200)) {
        let mut writer = Writer { dice: dice.into_iter(), json: String::new(), faulty: String::new() };
        writer.value(&Sample::List(vec![value]));
        let Some(got) = mend(&writer.faulty, 0, 64, MOST) else {
            return Err(TestCaseError::fail(format!("not mended: {}", writer.faulty)));
        };
        let got: serde_json::Value = serde_json::from_str(&got.json).expect(&got.json);
        let wanted: serde_json::Value = serde_json::from_str(&writer.json).expect(&writer.json);
        prop_assert_eq!(got, wanted, "{}", writer.faulty);
    }

    #[test]
    fn sound_json_is_not_changed(value in sample(), indent in any::<bool>()) {
        let mut writer = Writer { dice: Vec::new().into_iter(), json: String::new(), faulty: String::new() };
        writer.value(&value);
        let mut text = writer.json;
        if indent {
            let value: serde_json::Value = serde_json::from_str(&text).expect(&text);
            text = serde_json::to_string_pretty(&value).expect("a value");
        }
        let mended = mend(&text, 0, 64, MOST).expect(&text);
        prop_assert_eq!((&mended.json, mended.end), (&text, text.len()));
        prop_assert!(mended.repairs.is_empty());
    }

    #[test]
    fn any_text_gives_json_or_nothing(text in r#"([\[\](){}:,;'"\\/#a0 .<>=“‘\n\t]|None|u'|f\(|=>|//|/\*|\.\.\.|OrderedDict\(\[\(|array \(|new |0x1|date\(){0,24}"#, at in 0usize..8) {
        let at = text.floor_char_boundary(at);
        if let Some(mended) = mend(&text, at, 16, MOST) {
            prop_assert!(Value::of(&mended.json).is_some());
            prop_assert!(mended.end <= text.len());
        }
        if let Some(next) = next_sibling(&text, at) {
            prop_assert!(next >= at && text.is_char_boundary(next), "{next}");
        }
    }
}
