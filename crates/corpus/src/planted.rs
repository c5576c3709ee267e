//! Secrets and personal data of known values in texts of all kinds, and what must not change beside them: for tests
//! that masked texts hold none.

#![expect(clippy::format_push_string, reason = "the texts are short, and made for tests")]

use crate::Random;

const FIRST: [&str; 24] = [
    "Ali",
    "Ayşe",
    "Çağrı",
    "Şule",
    "İpek",
    "Işıl",
    "Ömer",
    "Ümit",
    "Gökçe",
    "Mehmet Can",
    "Zeynep",
    "Kâmil",
    "John",
    "Mary-Ann",
    "José",
    "Siobhán",
    "O'Neill",
    "Li",
    "Anna",
    "Björn",
    "François",
    "Emma",
    "Noah",
    "Olga",
];
const LAST: [&str; 16] = [
    "Yılmaz",
    "Kaya",
    "Öztürk",
    "Şahin",
    "Çelik",
    "Aydın",
    "Doğan",
    "Güneş",
    "Smith",
    "O'Connor",
    "van der Berg",
    "Müller",
    "García Márquez",
    "Nowak",
    "Lee",
    "Brown",
];
const STREETS: [&str; 8] = [
    "Atatürk Cad. No:5 D:3",
    "Bağdat Caddesi 12/4",
    "Çiçek Sk. & Gül Apt.",
    "1600 Amphitheatre Pkwy",
    "Kızılay Mah.; 5. Sokak",
    "221B Baker Street",
    "İnönü Bulvarı, 17",
    "Karanfil \"A\" Blok",
];
const COMPANIES: [&str; 5] = [
    "Şahin & Oğulları Ltd. Şti.",
    "Yıldız Tekstil A.Ş.",
    "Acme Inc.",
    "Kuzey <Güney> Lojistik",
    "Smith, Brown + Co",
];
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn letters(random: &mut Random, length: usize, alphabet: &[u8]) -> String {
    (0..length)
        .map(|_| char::from(alphabet[random.below(alphabet.len() as u64) as usize]))
        .collect()
}

fn digits(random: &mut Random, length: usize) -> String {
    letters(random, length, b"0123456789")
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for n in 0..4 {
            if n <= chunk.len() {
                text.push(char::from(SIGNS[(bits >> (18 - 6 * n) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn password(random: &mut Random) -> String {
    letters(random, 9, b"abcdefghkmABCDEFGHKM23456789!?#$/&<\"'= .-_%").trim().to_owned()
        + &letters(random, 3, ALPHABET)
}

fn email(random: &mut Random) -> String {
    let name = letters(random, 6, b"abcdefghijklmnoprstuvyz");
    let sign = random.pick(&[".", "_", "-", "+", ""]);
    let host = random.pick(&[
        "example.com",
        "mail.example.com.tr",
        "firma-x.net",
        "OFFICE.Example.org",
        "a1.io",
    ]);
    format!("{name}{sign}{}@{host}", letters(random, 4, b"abcdefghijk0123456789"))
}

fn phone(random: &mut Random) -> String {
    let area = random.pick(&["532", "505", "541", "553", "542", "535"]);
    let (a, b, c) = (digits(random, 3), digits(random, 2), digits(random, 2));
    match random.below(9) {
        0 => format!("+90{area}{a}{b}{c}"),
        1 => format!("+90 {area} {a} {b} {c}"),
        2 => format!("0{area}{a}{b}{c}"),
        3 => format!("0{area} {a} {b} {c}"),
        4 => format!("0 ({area}) {a} {b}{c}"),
        5 => format!("+90 ({area}) {a} {b} {c}"),
        6 => format!("+90-{area}-{a}-{b}-{c}"),
        7 => format!("0({area}){a}{b}{c}"),
        _ => format!("0212 {a} {b} {c}"),
    }
}

fn foreign_phone(random: &mut Random) -> String {
    let n = digits(random, 4);
    let random = random.pick(&[
        "+44 20 7946 ",
        "+1 (212) 555-",
        "+49 30 901820-",
        "+33 1 23 45 ",
        "+1-415-555-",
        "+971 50 123 ",
    ]);
    format!("{random}{n}")
}

fn iban(random: &mut Random) -> String {
    let (country, length) = [("TR", 22), ("DE", 18), ("NL", 14)][random.below(3) as usize];
    let account = if country == "NL" {
        format!("ABNA{}", digits(random, 10))
    } else {
        digits(random, length)
    };
    let mut rest = 0u32;
    for char in format!("{account}{country}00").chars() {
        let value = char.to_digit(36).unwrap_or_default();
        rest = (if value < 10 { rest * 10 } else { rest * 100 } + value) % 97;
    }
    let number = format!("{country}{:02}{account}", 98 - rest);
    if random.chance(50) {
        return number;
    }
    in_fours(&number, " ")
}

fn in_fours(number: &str, sign: &str) -> String {
    let groups = number.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(sign)
}

fn card(random: &mut Random) -> String {
    let (prefix, length) =
        [("4", 16), ("5312", 16), ("9792", 16), ("37", 15), ("2221", 16)][random.below(5) as usize];
    let mut number = format!("{prefix}{}", digits(random, length - 1 - prefix.len()));
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, digit)| {
            let digit = u32::from(digit - b'0');
            if n % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    number += &((10 - sum % 10) % 10).to_string();
    if length == 16 && random.chance(50) {
        let sign = random.pick(&[" ", "-"]);
        return in_fours(&number, sign);
    }
    number
}

fn turkish_id(random: &mut Random) -> String {
    let mut number = format!("{}{}", 1 + random.below(9), digits(random, 8));
    let d: Vec<u32> = number.bytes().map(|digit| u32::from(digit - b'0')).collect();
    let odd = d[0] + d[2] + d[4] + d[6] + d[8];
    let even = d[1] + d[3] + d[5] + d[7];
    let tenth = (odd * 7 + 100 - even) % 10;
    number += &format!("{tenth}{}", (odd + even + tenth) % 10);
    number
}

fn pem(random: &mut Random) -> String {
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----",
        letters(random, 64, ALPHABET),
        letters(random, 20, ALPHABET)
    )
}

fn jwt(random: &mut Random) -> String {
    let body = base64(format!("{{\"sub\":\"{}\"}}", digits(random, 8)).as_bytes());
    format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", body.trim_end_matches('='), letters(random, 43, ALPHABET))
}

fn service_key(random: &mut Random) -> String {
    let prefix = random.pick(&["sk_live_", "ghp_", "xoxb-", "AKIA", "shpat_", "whsec_", "glpat-"]);
    format!("{prefix}7{}", letters(random, 30, ALPHABET))
}

/// A kind: the spellings of its name, and its values.
type Kind = (&'static [&'static str], Maker);

/// Makes a value.
type Maker = fn(&mut Random) -> String;

const KINDS: [Kind; 26] = [
    (
        &["password", "Password", "sifre", "Parola", "erp_password", "userPwd", "newPassword"],
        password,
    ),
    (&["token", "access_token", "refreshToken", "id_token", "AuthToken"], |random| {
        letters(random, 24, ALPHABET)
    }),
    (&["client_secret", "secret", "SecretKey", "appSecret"], |random| {
        letters(random, 32, b"0123456789abcdef")
    }),
    (&["api_key", "X-Api-Key", "apikey", "ApiKey", "subscription-key"], |random| {
        letters(random, 20, ALPHABET)
    }),
    (&["Authorization", "authorization", "Proxy-Authorization"], |random| {
        format!("{} {}", random.pick(&["Bearer", "Token"]), letters(random, 40, ALPHABET))
    }),
    (&["Authorization"], |random| {
        let login = format!("erp:{}", letters(random, 9, ALPHABET));
        format!("Basic {}", base64(login.as_bytes()))
    }),
    (&["Cookie", "Set-Cookie"], |random| format!("sessionid={}", letters(random, 26, ALPHABET))),
    (&["session_id", "SessionID", "sessionId", "JSESSIONID"], |random| {
        letters(random, 24, b"0123456789abcdef")
    }),
    (&["cvc", "cvv", "CVV2", "card_cvc"], |random| digits(random, 3)),
    (&["pin", "otp", "sms_code"], |random| digits(random, 6)),
    (&["private_key", "privateKey"], pem),
    (&["note", "x", "assertion"], jwt),
    (&["note", "key", "k"], service_key),
    (&["email", "e-mail", "Email", "eposta", "customer_email", "mailAddress"], email),
    (
        &["phone", "phone_number", "telefon", "GSM", "cepTelefonu", "mobile", "shipping_phone"],
        phone,
    ),
    (&["phone", "tel", "PhoneNumber", "fax"], foreign_phone),
    (&["iban", "IBAN", "ibanNo"], iban),
    (&["card_number", "cardNumber", "kart_no", "pan"], card),
    (&["tckn", "identity_number", "tcKimlikNo", "TCKN"], turkish_id),
    (&["tax_no", "vergiNo", "VKN", "tax_number"], |random| digits(random, 10)),
    (&["first_name", "firstName", "FirstName", "given_name"], |random| {
        (*random.pick(&FIRST.map(|name| name))).to_owned()
    }),
    (&["last_name", "surname", "soyad", "SOYADI", "lastName"], |random| {
        (*random.pick(&LAST.map(|name| name))).to_owned()
    }),
    (&["address", "adres", "line1", "address_line1", "acikAdres", "street"], |random| {
        format!("{} {}", random.pick(&STREETS.map(|street| street)), digits(random, 2))
    }),
    (&["company_name", "firma_adi", "tax_office", "vergiDairesi"], |random| {
        format!("{} {}", random.pick(&COMPANIES.map(|name| name)), digits(random, 2))
    }),
    (&["date_of_birth", "birthDate", "dogum_tarihi"], |random| {
        format!("19{}-0{}-1{}", 50 + random.below(50), 1 + random.below(9), random.below(10))
    }),
    (&["username", "kullaniciAdi", "user_name"], |random| letters(random, 8, b"abcdefghijklm")),
];

/// What stands beside a planted value and may not change.
struct Kept {
    sku: String,
    number: String,
    uuid: String,
    time: String,
    amount: String,
}

impl Kept {
    fn new(random: &mut Random) -> Self {
        Self {
            sku: random
                .pick(&["05321234567", "4111111111111111", "8690000000001", "A-10000000146"])
                .to_owned(),
            number: random
                .pick(&["10000000146", "05051234567", "R-2023-5321234567", "5500005555555559"])
                .to_owned(),
            uuid: random.uuid(),
            time: format!(
                "2026-11-{:02}T10:20:{:02}.{}+03:00",
                1 + random.below(28),
                random.below(60),
                digits(random, 6)
            ),
            amount: format!("{}.{:02}", random.below(100_000), random.below(100)),
        }
    }

    fn all(&self) -> [&str; 5] {
        [&self.sku, &self.number, &self.uuid, &self.time, &self.amount]
    }
}

/// A JSON string, in ASCII alone when asked for.
fn json_string(text: &str, ascii: bool) -> String {
    let mut json = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            _ if ascii && !char.is_ascii() => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    json += &format!("\\u{unit:04x}");
                }
            }
            _ => json.push(char),
        }
    }
    json.push('"');
    json
}

fn percent(text: &str, plus: bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(byte.into());
            }
            b' ' if plus => escaped.push('+'),
            _ => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn xml_name(name: &str) -> String {
    name.replace(' ', "")
}

fn python(text: &str) -> String {
    if text.contains('\'') && !text.contains('"') {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('\n', "\\n"))
    } else {
        format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
    }
}

fn json(name: &str, value: &str, kept: &Kept, ascii: bool) -> String {
    format!(
        "{{\"sku\": \"{}\", \"amount\": {}, {}: {}, \"order_number\": \"{}\", \"uuid\":\"{}\",\"created_at\":\"{}\"}}",
        kept.sku,
        kept.amount,
        json_string(name, ascii),
        json_string(value, ascii),
        kept.number,
        kept.uuid,
        kept.time
    )
}

fn form(name: &str, value: &str, kept: &Kept, plus: bool) -> String {
    format!(
        "sku={}&amount={}&{}={}&number={}&id={}&created={}",
        kept.sku,
        kept.amount,
        percent(name, plus),
        percent(value, plus),
        percent(&kept.number, plus),
        kept.uuid,
        kept.time
    )
}

/// Writes a name with its value among what is kept.
type Carrier = fn(&str, &str, &Kept) -> String;

const CARRIERS: [(&str, Carrier); 16] = [
    ("JSON", |name, value, kept| json(name, value, kept, false)),
    ("JSON in ASCII", |name, value, kept| json(name, value, kept, true)),
    ("JSON in JSON", |name, value, kept| {
        format!("{{\"body\":{}}}", json_string(&json(name, value, kept, false), true))
    }),
    ("cut JSON", |name, value, kept| {
        let tail = json_string(value, false);
        format!(
            "{{\"sku\":\"{0}\",\"n\":[{{\"number\":\"{1}\",\"uuid\":\"{2}\",\"time\":\"{3}\",\"amount\":{4},\"{name}\":{5}",
            kept.sku,
            kept.number,
            kept.uuid,
            kept.time,
            kept.amount,
            &tail[..tail.len() - 1]
        )
    }),
    ("form", |name, value, kept| form(name, value, kept, true)),
    ("query", |name, value, kept| {
        format!("https://erp.example.com/api/v1/x?{}#top", form(name, value, kept, false))
    }),
    ("headers", |name, value, kept| {
        format!(
            "POST /x HTTP/1.1\r\nHost: a.example\r\nX-Sku: {}\r\n{name}: {}\r\nX-Order-Number: {}\r\nX-Request-Id: {}\r\nDate: {}\r\nX-Amount: {}\r\n",
            kept.sku,
            value.replace('\n', " "),
            kept.number,
            kept.uuid,
            kept.time,
            kept.amount
        )
    }),
    ("XML", |name, value, kept| {
        let name = xml_name(name);
        format!(
            "<?xml version=\"1.0\"?>\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><o:Sku>{}</o:Sku><o:{name}>{}</o:{name}><o:OrderNumber>{}</o:OrderNumber><Uuid>{}</Uuid><CreatedAt>{}</CreatedAt><Total>{}</Total></s:Body></s:Envelope>",
            kept.sku,
            xml(value),
            kept.number,
            kept.uuid,
            kept.time,
            kept.amount
        )
    }),
    ("CDATA", |name, value, kept| {
        let name = xml_name(name);
        format!(
            "<a><{name}><![CDATA[{value}]]></{name}><b sku=\"{}\" number=\"{}\" id=\"{}\"/><time>{}</time><price>{}</price></a>",
            kept.sku, kept.number, kept.uuid, kept.time, kept.amount
        )
    }),
    ("attributes", |name, value, kept| {
        let name = xml_name(name);
        format!(
            "<row sku=\"{}\" {name}=\"{}\" number=\"{}\" id='{}' time=\"{}\" price=\"{}\" />",
            kept.sku,
            xml(value),
            kept.number,
            kept.uuid,
            kept.time,
            kept.amount
        )
    }),
    ("Python", |name, value, kept| {
        format!(
            "{{'sku': '{}', 'amount': Decimal('{}'), '{name}': {}, 'n': None, 'order_number': '{}', 'id': UUID('{}'), 'created': '{}'}}",
            kept.sku,
            kept.amount,
            python(value),
            kept.number,
            kept.uuid,
            kept.time
        )
    }),
    ("pairs", |name, value, kept| {
        format!(
            "[{{\"name\":\"sku\",\"value\":\"{}\"}},{{\"Name\":{},\"Value\":{}}},{{\"id\":\"{}\",\"number\":\"{}\",\"time\":\"{}\",\"price\":\"{}\"}}]",
            kept.sku,
            json_string(name, false),
            json_string(value, false),
            kept.uuid,
            kept.number,
            kept.time,
            kept.amount
        )
    }),
    ("request", |name, value, kept| {
        format!(
            "PUT - https://a.example/x/{}?id={} - {}",
            kept.uuid,
            kept.uuid,
            json(name, value, kept, false)
        )
    }),
    ("multipart", |name, value, kept| {
        let mut text = String::new();
        for (name, value) in [
            ("sku", kept.sku.as_str()),
            (name, value),
            ("number", &kept.number),
            ("id", &kept.uuid),
            ("time", &kept.time),
            ("amount", &kept.amount),
        ] {
            text += &format!(
                "--X7\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        text + "--X7--\r\n"
    }),
    ("JSON in a form", |name, value, kept| {
        format!("a=1&payload={}&b=2", percent(&json(name, value, kept, false), true))
    }),
    ("JSON in XML", |name, value, kept| {
        format!("<r><Data>{}</Data></r>", xml(&json(name, value, kept, false)))
    }),
];

/// What a pattern finds in a sentence.
const FREE: [(&str, Maker); 11] = [
    ("email", email),
    ("phone", phone),
    ("foreign phone", foreign_phone),
    ("iban", iban),
    ("card", card),
    ("turkish id", turkish_id),
    ("jwt", jwt),
    ("service key", service_key),
    ("pem", pem),
    ("bearer", |random| format!("Bearer {}", letters(random, 32, ALPHABET))),
    ("basic", |random| {
        format!("Basic {}", base64(format!("erp:{}", letters(random, 9, ALPHABET)).as_bytes()))
    }),
];

/// What stands around it.
const SENTENCES: [(&str, &str); 14] = [
    ("", ""),
    ("Müşteri ", " için kayıt bulunamadı."),
    ("No account for ", " was found"),
    ("Hata: ", ", tekrar deneyin"),
    ("value '", "' is not valid"),
    ("value \"", "\" already exists"),
    ("(", ")"),
    ("Lütfen ", "."),
    ("a\n", "\nb"),
    ("failed: <", ">"),
    ("row 5: ", "; row 6: ok"),
    ("{\"message\":\"Kayıt ", " zaten var\"}"),
    ("<faultstring>Kayıt ", " zaten var</faultstring>"),
    ("contact=", ""),
];
/// A value in a carrier, under a name that tells what it is.
#[derive(Debug)]
pub struct Planted {
    /// What carries it: `JSON`, `form`, `XML` and others.
    pub carrier: &'static str,
    /// The name of the field.
    pub name: &'static str,
    /// What must not be left of it: without the scheme of credentials and the name of a cookie.
    pub value: String,
    /// Business keys, ids, times and amounts beside it, which must not change.
    pub kept: Vec<String>,
    /// The text.
    pub text: String,
}

/// A value in a sentence, without a name.
#[derive(Debug)]
pub struct PlantedInText {
    /// What it is.
    pub kind: &'static str,
    /// What must not be left of it.
    pub value: String,
    /// The sentence.
    pub text: String,
}

/// The `n`th value under a name: all kinds in turn, in all carriers in turn.
pub fn named(n: usize, random: &mut Random) -> Planted {
    let (names, make) = KINDS[n % KINDS.len()];
    let (carrier, write) = CARRIERS[n / KINDS.len() % CARRIERS.len()];
    let name = names[random.below(names.len() as u64) as usize];
    let value = make(random);
    let kept = Kept::new(random);
    let text = write(name, &value, &kept);
    let kept = kept.all().map(str::to_owned).to_vec();
    Planted { carrier, name, value: secret_of(&value).to_owned(), kept, text }
}

/// The `n`th value in a sentence. A Turkish identity number alone is a number like any other, so it has words on both sides.
pub fn in_text(n: usize, random: &mut Random) -> PlantedInText {
    let (kind, make) = FREE[n % FREE.len()];
    let mut sentence = SENTENCES[n / FREE.len() % SENTENCES.len()];
    if kind == "turkish id" && (sentence.0.is_empty() || sentence.1.is_empty()) {
        sentence = SENTENCES[1];
    }
    let (before, after) = sentence;
    let value = make(random);
    let value = if before.starts_with('{') { value.replace('\n', "\\n") } else { value };
    let text = format!("{before}{value}{after}");
    PlantedInText { kind, value: secret_of(&value).to_owned(), text }
}

/// A value in all forms in which it may be written: raw, in JSON, percent-encoded, in XML.
pub fn forms(value: &str) -> [String; 6] {
    let inner = |json: String| json[1..json.len() - 1].to_owned();
    [
        value.to_owned(),
        inner(json_string(value, false)),
        inner(json_string(value, true)),
        percent(value, true),
        percent(value, false),
        xml(value),
    ]
}

/// What of a value must not be left: without the scheme and the name of the cookie.
fn secret_of(value: &str) -> &str {
    let value = value.strip_prefix("sessionid=").unwrap_or(value);
    ["Bearer ", "Token ", "Basic "]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme))
        .unwrap_or(value)
}

/// Whether `value` is left of `text` in `masked`, in any form. Short ones may stand elsewhere by chance.
pub fn is_left(text: &str, masked: &str, value: &str) -> bool {
    let count = |text: &str, form: &str| text.matches(form).count();
    forms(value).iter().any(|form| {
        let left = count(masked, form);
        left > 0 && (value.len() > 4 || left >= count(text, form))
    })
}
