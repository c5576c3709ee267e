//! Each carrier, with what is masked in it and what is not.

use redact::{Key, Level, MaskedValues, Redactor};

fn masked(level: Level, text: &str) -> String {
    let redactor = Redactor::new(level, &Key::new([3; 32]));
    let once = redactor.scope().text("test", text).as_str().to_owned();
    assert_eq!(
        redactor.scope().text("test", &once).as_str(),
        once,
        "a second pass changes nothing"
    );
    once
}

/// The text with each pseudonym written as `<class>`.
fn classes(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('_') {
        let class = rest[..at].rfind(|char: char| !char.is_ascii_lowercase()).map_or(0, |n| n + 1);
        let is_mask = rest.get(at + 1..at + 13).is_some_and(|tail| {
            class < at && tail.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
        });
        if is_mask {
            shown.push_str(&rest[..class]);
            shown.push_str(&["<", &rest[class..at], ">"].concat());
            rest = &rest[at + 13..];
        } else {
            shown += &rest[..=at];
            rest = &rest[at + 1..];
        }
    }
    shown + rest
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(classes(&masked(Level::Personal, text)), expected, "\n{text}");
}

#[track_caller]
fn secrets(text: &str, expected: &str) {
    assert_eq!(masked(Level::Secrets, text), expected, "\n{text}");
}

#[track_caller]
fn kept(text: &str) {
    assert_eq!(masked(Level::Personal, text), text);
}

#[test]
fn json() {
    secrets(r#"{"password":"a\"b","n":1}"#, r#"{"password":"[redacted]","n":1}"#);
    secrets(r#"{ "PIN" : 1234 , "x": null }"#, r#"{ "PIN" : "[redacted]" , "x": null }"#);
    secrets(r#"{"token":null,"secret":"","pwd":true}"#, r#"{"token":null,"secret":"","pwd":true}"#);
    secrets(
        r#"{"tokens":5,"access_token":["a1","b2"]}"#,
        r#"{"tokens":5,"access_token":["[redacted]","[redacted]"]}"#,
    );
    check(r#"[{"email":"a@b.co","tckn":10000000146}]"#, r#"[{"email":"<email>","tckn":"<id>"}]"#);
    check(
        r#"{"pass\u0077ord":"x1","e\u002dmail":"a@b.co"}"#,
        r#"{"pass\u0077ord":"[redacted]","e\u002dmail":"<email>"}"#,
    );
    check(r#"{"note":"mail a@b.co\nor 0532 123 45 67"}"#, r#"{"note":"mail <email>\nor <phone>"}"#);
    check(r#"{"first_name":"Ay\u015fe","x":"\/"}"#, r#"{"first_name":"<person>","x":"\/"}"#);
    check(
        r#"{"company_name":"May, Salas and Morgan","password":"may not be blank"}"#,
        r#"{"company_name":"<company>","password":"may not be blank"}"#,
    );
    check(r#"{"a@b.co":{"n":1}}"#, r#"{"<email>":{"n":1}}"#);
}

#[test]
fn json_in_strings_of_json() {
    let mut text = r#"{"password":"kara kutu","sku":"A-1"}"#.to_owned();
    for _ in 0..8 {
        let masked = masked(Level::Secrets, &text);
        assert!(!masked.contains("kara"), "{masked}");
        let mut inner = masked;
        while let Ok(serde_json::Value::String(string)) = serde_json::from_str(&inner) {
            inner = string;
        }
        assert_eq!(inner, r#"{"password":"[redacted]","sku":"A-1"}"#);
        text = serde_json::to_string(&text).unwrap();
    }
    secrets(r#"{"body":"{\"pin\":1234}"}"#, r#"{"body":"{\"pin\":\"[redacted]\"}"}"#);
    secrets(r#"POST {\"password\": \"a b\"}"#, r#"POST {\"password\": \"[redacted]\"}"#);
    secrets(
        "x{&quot;password&quot;:&quot;a b&quot;}",
        "x{&quot;password&quot;:&quot;[redacted]&quot;}",
    );
}

#[test]
fn json_that_is_cut_off() {
    secrets(r#"{"a":1,"password":"abc"#, r#"{"a":1,"password":"[redacted]"#);
    secrets(r#"{"a":1,"password":"abc\u00"#, r#"{"a":1,"password":"[redacted]"#);
    secrets(r#"{"pin":123"#, r#"{"pin":"[redacted]""#);
    secrets(
        r#"word":"abc","password":"abc","n":2}"#,
        r#"word":"abc","password":"[redacted]","n":2}"#,
    );
    check(r#"{"lines":[{"line1":"Atatürk Cad. 5"#, r#"{"lines":[{"line1":"<address>"#);
}

#[test]
fn forms_and_queries() {
    secrets("user=erp&password=a%20b%26c&n=1", "user=erp&password=redacted&n=1");
    secrets(
        "https://a.example/x?api_key=abc&sku=A-1#t",
        "https://a.example/x?api_key=redacted&sku=A-1#t",
    );
    secrets("/x?a=1&amp;token=abc", "/x?a=1&amp;token=redacted");
    check("customer%5Bemail%5D=a%40b.co&name=x", "customer%5Bemail%5D=<email>&name=x");
    check(
        "address[line1]=5+Lovely+St&address[city]=Ankara&address[country]=TR",
        "address[line1]=<address>&address[city]=<address>&address[country]=TR",
    );
    check("q=%7B%22email%22%3A%22a%40b.co%22%7D", "q=%7B%22email%22%3A%22<email>%22%7D");
    check("https://a.example/users/a%40b.co/orders", "https://a.example/users/<email>/orders");
    secrets("ftp://erp:s3cr3t@ftp.example/x", "ftp://erp:redacted@ftp.example/x");
    secrets(
        "http://erp.example/(S(lit3py55t21z5v55vlm25s55))/x",
        "http://erp.example/(S([redacted]))/x",
    );
    secrets(
        "Server=db;User Id=sa;Password=a,b;Timeout=5",
        "Server=db;User Id=sa;Password=[redacted];Timeout=5",
    );
}

#[test]
fn headers_and_cookies() {
    secrets(
        "Authorization: Bearer abc.def\r\nAccept: */*",
        "Authorization: Bearer [redacted]\r\nAccept: */*",
    );
    secrets("X-Api-Key: abc\nHost: x", "X-Api-Key: [redacted]\nHost: x");
    secrets("Cookie: sid=abc; lang=tr", "Cookie: sid=[redacted]; lang=[redacted]");
    secrets(
        "Set-Cookie: sid=abc; Path=/; HttpOnly",
        "Set-Cookie: sid=[redacted]; Path=/; HttpOnly",
    );
    secrets(
        r#"curl -H "Authorization: Token 0a1b2c" x"#,
        r#"curl -H "Authorization: Token [redacted]" x"#,
    );
    secrets(r#"{"Authorization":"Basic dXNlcjpwYXNz"}"#, r#"{"Authorization":"Basic [redacted]"}"#);
    secrets(
        r#"[{"name":"Authorization","value":"Token abc"}]"#,
        r#"[{"name":"Authorization","value":"Token [redacted]"}]"#,
    );
    secrets(
        r#"[{"value":"abc","key":"password"}]"#,
        r#"[{"value":"[redacted]","key":"password"}]"#,
    );
    secrets(
        r#"[["Authorization","Bearer abc"],["Host","x"]]"#,
        r#"[["Authorization","Bearer [redacted]"],["Host","x"]]"#,
    );
    secrets(
        r#"{"key":"Cookie","value":{"stringValue":"a=b"}}"#,
        r#"{"key":"Cookie","value":{"stringValue":"a=[redacted]"}}"#,
    );
}

#[test]
fn xml() {
    secrets("<a><Password>x &amp; y</Password></a>", "<a><Password>[redacted]</Password></a>");
    secrets(
        "<wsse:Password Type=\"t\">x</wsse:Password>",
        "<wsse:Password Type=\"t\">[redacted]</wsse:Password>",
    );
    secrets(
        "<p><![CDATA[{\"password\":\"x\"}]]></p>",
        "<p><![CDATA[{\"password\":\"[redacted]\"}]]></p>",
    );
    secrets("<password><![CDATA[x<y]]></password>", "<password><![CDATA[[redacted]]]></password>");
    secrets(
        "<c><add key=\"ApiKey\" value=\"x\"/></c>",
        "<c><add key=\"ApiKey\" value=\"[redacted]\"/></c>",
    );
    secrets(
        "<c><Param name='Password'>x</Param></c>",
        "<c><Param name='Password'>[redacted]</Param></c>",
    );
    secrets(
        "<e><key>password</key><value>x</value></e>",
        "<e><key>password</key><value>[redacted]</value></e>",
    );
    secrets("<a><token>x", "<a><token>[redacted]");
    check(
        "<Alici><Ad>Ali</Ad><Sehir>Van</Sehir></Alici>",
        "<Alici><Ad><person></Ad><Sehir><address></Sehir></Alici>",
    );
    check("<u email='a@b.co' phone=\"05321234567\"/>", "<u email='<email>' phone=\"<phone>\"/>");
    check("<r>&lt;Email&gt;a@b.co&lt;/Email&gt;</r>", "<r>&lt;Email&gt;<email>&lt;/Email&gt;</r>");
    check(
        "<a nil='true'/><first-name nil='true'/><address><x/></address>",
        "<a nil='true'/><first-name nil='true'/><address><x/></address>",
    );
}

#[test]
fn literals_of_other_languages() {
    secrets("{'password': 'x', 'n': None}", "{'password': '[redacted]', 'n': None}");
    secrets("{'pin': 1234, 'ok': True}", "{'pin': '[redacted]', 'ok': True}");
    secrets(
        "OrderedDict([('password', u'x'), ('n', 1)])",
        "OrderedDict([('password', u'[redacted]'), ('n', 1)])",
    );
    secrets(
        "{:password=>\"x\", \"token\" => \"y1\"}",
        "{:password=>\"[redacted]\", \"token\" => \"[redacted]\"}",
    );
    secrets("{password: 'x', n: 1}", "{password: '[redacted]', n: 1}");
    check(
        "Customer{firstName=Ali Can, lastName=Er}",
        "Customer{firstName=<person>, lastName=<person>}",
    );
}

#[test]
fn requests_in_one_line() {
    secrets(
        r#"POST - https://a.example/login?token=abc - {"password":"x"}"#,
        r#"POST - https://a.example/login?token=redacted - {"password":"[redacted]"}"#,
    );
    secrets(
        "PUT-https://a.example/x-{'token': 'abc'}",
        "PUT-https://a.example/x-{'token': '[redacted]'}",
    );
}

#[test]
fn forms_of_several_parts() {
    secrets(
        "--b7\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\na b\r\n--b7\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b7--\r\n",
        "--b7\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n[redacted]\r\n--b7\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b7--\r\n",
    );
}

#[test]
fn secrets_by_their_form() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    secrets(&format!("got {jwt}, why"), "got [redacted], why");
    secrets("k -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- z", "k [redacted] z");
    secrets("{\"k\":\"-----BEGIN RSA PRIVATE KEY-----\\nMIIE\"}", "{\"k\":\"[redacted]\"}");
    secrets("with sk_live_4eC39HqLyjWDarjtT1zdp7dc.", "with [redacted].");
    secrets("sent Basic dXNlcjpwYXNz now", "sent Basic [redacted] now");
    secrets("sent Bearer 0123456789abcdef now", "sent Bearer [redacted] now");
    secrets("login failed, password: hunter2!", "login failed, password: [redacted]");
}

#[test]
fn personal_data_by_its_form() {
    check("write to Ali.Can+x@mail.example.com.tr.", "write to <email>.");
    check(
        "call +90 (532) 123 45 67, 0(212) 555 12 34 or +44 20 7946 0958",
        "call <phone>, <phone> or <phone>",
    );
    check("IBAN TR33 0006 1005 1978 6457 8413 26 ok", "IBAN <iban> ok");
    check("TR330006100519786457841326", "<iban>");
    check("card 4111 1111 1111 1111, 5555555555554444", "card <card>, <card>");
    check("customer 10000000146 is blocked", "customer <id> is blocked");
    check("Ad Soyad: Ali Veli\nTelefon: 532 123 45 67", "Ad Soyad: <person>\nTelefon: <phone>");
}

#[test]
fn names_of_persons_need_company() {
    kept(r#"{"name":"Red shirt","sku":"A","line":"L"}"#);
    kept(r#"[{"name":"a b"},{"name":"c d"},{"name":"e f"}]"#);
    kept("name: a b\nname: c d\nname: e f");
    check(
        r#"{"name":"Ali Can","city":"Van","line":"Cad. 5","id":7}"#,
        r#"{"name":"<person>","city":"<address>","line":"<address>","id":7}"#,
    );
    check(
        r#"{"customer":{"name":"Ali Can","id":7}}"#,
        r#"{"customer":{"name":"<person>","id":7}}"#,
    );
}

#[test]
fn business_keys_are_kept() {
    kept(r#"{"sku":"05321234567","order_number":"10000000146","barcode":"4111111111111111"}"#);
    kept(
        r#"{"id":"10000000146","uuid":"550e8400-e29b-41d4-a716-446655440000","created_at":"2023-06-23T11:33:17.186+00:00"}"#,
    );
    kept(r#"{"amount":"1000000.00","stock":5321234567,"status":"3","ts":1687519997186000}"#);
    kept("Order 10000000146 was not found; sku=05321234567, barkod: 4111111111111111");
    kept("https://a.example/orders/10000000146?number=05321234567");
    kept(r#"{"taxAuthorityType":"x","author_name2":"y","token_type":"bearer","shipping":"z"}"#);
    kept(
        r#"{"password":["This field may not be blank."],"email":["Enter a valid email address."]}"#,
    );
    kept("password: This field is required.");
    kept("Invalid token: expired");
    kept("logo@2x.png and a@b and 2023-06-23 11:33:17+03:00");
}

#[test]
fn values_are_masked_everywhere_in_an_exchange() {
    let redactor = Redactor::new(Level::Personal, &Key::new([3; 32]));
    let mut scope = redactor.scope();
    let request = r#"{"first_name":"Ağca \"B\"","phone":"5321234567","order_number":"5321234567","password":"kara/kutu"}"#;
    scope.learn(request);
    let url = "https://a.example/c?q=A%C4%9Fca%20%22B%22&t=5321234567&p=kara%2Fkutu";
    assert_eq!(
        classes(scope.text("url", url).as_str()),
        "https://a.example/c?q=<person>&t=<phone>&p=redacted"
    );
    let message = r#"Ağca "B" (kara/kutu, kara\/kutu, A\u011fca \"B\") 15321234567"#;
    assert_eq!(
        classes(scope.text("message", message).as_str()),
        "<person> ([redacted], [redacted], <person>) 15321234567"
    );
    assert!(
        scope.text("request_body", request).as_str().contains(r#""order_number":"5321234567""#)
    );
    let counts: Vec<_> = scope
        .counts()
        .iter()
        .map(|(place, rule, count)| format!("{place} {} {count}", rule.name()))
        .collect();
    assert_eq!(counts[0], "message password 2");
    scope.begin();
    assert_eq!(scope.text("message", message).as_str(), message);
}

#[test]
fn pseudonyms_stay_equal_under_a_key_and_change_with_it() {
    let one = Redactor::new(Level::Personal, &Key::new([1; 32]));
    let two = Redactor::new(Level::Personal, &Key::new([2; 32]));
    let mail =
        |redactor: &Redactor, text: &str| redactor.scope().text("t", text).as_str().to_owned();
    assert_eq!(mail(&one, "A@b.co"), mail(&one, "a@B.co"));
    assert_eq!(mail(&one, "0532 123 45 67"), mail(&one, "+90 532 1234567"));
    assert_ne!(mail(&one, "a@b.co"), mail(&two, "a@b.co"));
    assert_ne!(mail(&one, "a@b.co"), mail(&one, "b@b.co"));
    assert_eq!(mail(&Redactor::new(Level::None, &Key::new([1; 32])), "a@b.co"), "a@b.co");
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let redactor = Redactor::none();
    let text = format!("x{}", "ş".repeat(20));
    assert_eq!(redactor.scope().text("t", &text).beginning(10).as_str(), "xşşşş...");
    assert_eq!(redactor.scope().text("t", &text).beginning(text.len()).as_str(), text);
}

#[test]
fn the_type_of_a_path_is_not_the_value_of_its_name() {
    let redactor = Redactor::new(Level::Personal, &Key::new([1; 32]));
    let mut scope = redactor.scope();
    assert_eq!(scope.path("t", "user.password: string").as_str(), "user.password: string");
    let masked = scope.path("t", "customers.ali@example.com[].id: number");
    assert!(!masked.as_str().contains("ali@"), "{masked}");
    assert!(masked.as_str().ends_with("[].id: number"), "{masked}");
}

#[test]
fn values_masked_in_messages_are_masked_in_their_template() {
    let redactor = Redactor::new(Level::Personal, &Key::new([1; 32]));
    let mut scope = redactor.scope();
    scope.begin();
    scope.learn(r#"{"first_name":"Ayşenur","sku":"A-1"}"#);
    let mut values = MaskedValues::default();
    let message = scope.text_noting("t", "A-1: Ayşenur is blocked", &mut values);
    let message = message.as_str().to_owned();
    scope.begin();
    let template = "<*>: Ayşenur is blocked";
    assert_eq!(scope.text("t", template).as_str(), template);
    scope.learn_masked(&values);
    assert_eq!(scope.text("t", template).as_str(), message.replace("A-1", "<*>"));
}

#[test]
fn columns_of_a_table_are_no_phone_number() {
    let redactor = Redactor::new(Level::Personal, &Key::new([1; 32]));
    let line = "sku B  resolved  2  1  0  2026-10-24 06:04  price  log.json  2";
    assert_eq!(redactor.scope().text("t", line).as_str(), line);
    assert!(!redactor.scope().text("t", "call 0 212 555 44 33").as_str().contains("555"));
}
