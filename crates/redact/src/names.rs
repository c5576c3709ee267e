//! The catalogue of field names, and what the value under a name is.
//!
//! A name is compared without case, separators and Turkish letters, and as a whole: `author` is not
//! `auth`. Its last segment counts (`customer[email]`, `wsse:Password`, `http.headers.authorization`),
//! and words that only say whose value it is may stand before it (`billing_email`, `erpPassword`).

use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

use crate::rule::{Level, Rule};

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Always masked.
    Masked(Rule),
    /// Masked beside two other fields of a person or an address; the number tells such names apart.
    Beside(Rule, u8),
    /// Not masked, but a field of an address.
    Near,
    /// An object that is a person or an address.
    Person,
    /// A business key, id, time, amount or status.
    Kept,
    /// The name of a name/value pair.
    PairName,
    /// The value of a name/value pair.
    PairValue,
    /// Nothing is known.
    Unknown,
}

const MASKED: &[(Rule, &str)] = &[
    (
        Rule::Password,
        "password passwd pass pwd passphrase passcode passwort parola sifre kullanici_sifre kullanici_sifresi \
         kullanici_parola kullanici_parolasi user_pass login_pass password_confirm password_confirmation \
         confirm_password repeat_password retype_password password_hash password_digest hashed_password \
         password1 password2 web_sifre api_sifre sifre_tekrar parola_tekrar",
    ),
    (
        Rule::Token,
        "token access_token refresh_token id_token auth_token bearer_token csrf_token xsrf_token \
         csrf_middleware_token security_token api_token client_token oauth_token oauth_token_secret \
         oauth_consumer_secret verification_token reset_token reset_password_token session_token jwt \
         jwt_token personal_access_token secret_token private_token webhook_token request_token \
         authenticity_token request_verification_token secret client_secret app_secret \
         application_secret api_secret consumer_secret shared_secret secret_key secret_access_key \
         client_secret_key signing_secret webhook_secret oauth_signature client_assertion \
         code_verifier gizli_anahtar erisim_tokeni x_auth x_amz_security_token x_csrf x_xsrf \
         id_token_hint device_token push_token fcm_token card_token payment_token kart_token",
    ),
    (
        Rule::ApiKey,
        "api_key x_api_key app_key application_key access_key access_key_id aws_access_key_id \
         subscription_key ocp_apim_subscription_key functions_key auth_key private_key encryption_key \
         signing_key master_key account_key shared_key shared_access_key shared_access_signature \
         consumer_key license_key api_anahtari ozel_anahtar dd_api_key dd_application_key hmac_key \
         ssh_key service_key storage_key x_goog_signature x_amz_signature x_amz_credential",
    ),
    (
        Rule::Authorization,
        "authorization proxy_authorization x_authorization authentication www_authorization \
         authorization_header auth_header http_authorization yetkilendirme",
    ),
    (
        Rule::Cookie,
        "cookie cookies set_cookie set_cookie2 cookie_header http_cookie cerez cerezler",
    ),
    (
        Rule::Session,
        "session session_id sessid sess_id sid session_key session_hash session_guid jsession_id phpsess_id \
         asp_session_id aspnet_session_id asp_net_session_id connect_sid oturum oturum_id oturum_no \
         oturum_kodu oturum_anahtari login_session b1session",
    ),
    (
        Rule::Code,
        "cvc cvv cvc2 cvv2 cvn csc cid_code card_code card_cvc card_cvv cvc_code cvv_code cvc_number cvv_number \
         card_security_code security_code card_verification_value card_verification_code guvenlik_kodu \
         pin pin_no pin_number card_pin otp otp_code one_time_password sms_code sms_kodu tek_kullanimlik_sifre",
    ),
    (
        Rule::Email,
        "email e_mail mail email_address mail_address email_addr eposta e_posta eposta_adresi e_posta_adresi \
         mail_adresi emails email_addresses user_email reply_to elektronik_posta",
    ),
    (
        Rule::Phone,
        "phone phone_number phone_no phone_num telephone telephone_number tel tel_no tel_number mobile \
         mobile_phone mobile_number mobile_no cell cell_phone cellphone_number gsm gsm_no gsm_number cep \
         cep_no cep_tel cep_telefonu cep_telefon telefon telefon_no telefon_numarasi tel_numarasi sabit_telefon \
         ev_telefonu is_telefonu fax fax_number fax_no faks faks_no msisdn contact_number contact_phone phones \
         phone_numbers whatsapp whatsapp_number home_phone work_phone phone_home phone_mobile phone_work \
         land_line",
    ),
    (
        Rule::Iban,
        "iban iban_no iban_number iban_numarasi bank_iban bank_account_number banka_hesap_no hesap_iban",
    ),
    (
        Rule::Card,
        "card_number card_no card_num credit_card credit_card_number credit_card_no cc_number cc_num pan \
         card_pan kart_no kart_numarasi kredi_karti kredi_karti_no kredi_karti_numarasi debit_card_number \
         primary_account_number",
    ),
    (
        Rule::NationalId,
        "tckn tc_kimlik tc_kimlik_no tc_kimlik_numarasi tc_no tc_num tc kimlik_no kimlik_numarasi identity_number \
         identity_no national_id national_id_number national_identity_number national_identification_number \
         ssn social_security_number passport passport_no passport_number pasaport_no pasaport_numarasi \
         citizen_id citizenship_number vatandaslik_no driver_license_number driving_licence_number \
         yabanci_kimlik_no ehliyet_no citizenship_no nat_id",
    ),
    (
        Rule::TaxNumber,
        "tax_no tax_number tax_num tax_id tax_identification_number tax_identity_number vergi_no \
         vergi_numarasi vergi_kimlik_no vergi_kimlik_numarasi vkn vkn_tckn tckn_vkn vat_number vat_no vat_id \
         vat_reg_number tin tax_payer_id",
    ),
    (
        Rule::Person,
        "first_name last_name middle_name full_name given_name family_name surname forename maiden_name \
         first_names name_surname first_last_name soyad soyadi soyisim ad_soyad adi_soyadi ad_soyadi isim_soyisim \
         ad_ve_soyad contact_name contact_person contact_full_name card_holder card_holder_name cardholder_name \
         account_holder account_holder_name name_on_card kart_sahibi kart_sahibi_adi hesap_sahibi musteri_adi \
         musteri_ad_soyad musteri_adi_soyadi alici_adi alici_ad_soyad alici_adi_soyadi teslim_alan \
         teslim_alan_kisi yetkili yetkili_kisi yetkili_adi father_name mother_name anne_adi baba_adi \
         anne_kizlik_soyadi second_name first_name_last_name person_name customer_full_name to_name",
    ),
    (
        Rule::Address,
        "address address_line address1 address2 address3 address_line1 address_line2 address_line3 \
         address_text address_detail full_address street_address street street_name street1 street2 line1 line2 \
         line3 postcode postal_code post_code zip zip_code pin_code posta_kodu adres adres1 adres2 adres_satiri \
         adres_satiri1 adres_satiri2 acik_adres adres_detay adres_tarifi tam_adres ev_adresi is_adresi \
         teslimat_adresi fatura_adresi sevk_adresi gonderim_adresi shipping_address billing_address \
         delivery_address invoice_address home_address work_address mahalle sokak cadde bulvar apartman bina_no \
         daire_no kapi_no house_number address_line_1 address_line_2 mailing_address postal_address",
    ),
    (Rule::Birth, "date_of_birth birth_date birth_day birthday dob dogum_tarihi dogum_gunu birth"),
    (Rule::Gender, "gender sex cinsiyet"),
    (
        Rule::Company,
        "company_name firma_adi firma_unvani sirket_adi sirket_unvani ticari_unvan tax_office tax_office_name \
         vergi_dairesi vergi_dairesi_adi unvan cari_unvan cari_adi legal_name",
    ),
    (
        Rule::Ip,
        "remote_addr remote_address client_ip client_ip_address user_ip ip_address ip_adresi customer_ip \
         customer_ip_address forwarded_for x_forwarded_for x_real_ip true_client_ip cf_connecting_ip musteri_ip \
         purchase_ip browser_ip remote_ip",
    ),
    (
        Rule::Username,
        "username user_name login_name kullanici_adi kullanici_ad user_login login_username",
    ),
];

const BESIDE: &[(Rule, &str)] = &[
    (Rule::Person, "name ad adi isim ismi"),
    (
        Rule::Address,
        "city line lines town district sehir ilce semt suburb neighborhood neighbourhood address_city",
    ),
    (Rule::Company, "company firma sirket organization"),
];

const NEAR: &str =
    "country country_code state state_code province region il ulke county iso_country_code";

const PERSON: &str = "address adres shipping_address billing_address delivery_address invoice_address \
    teslimat_adresi fatura_adresi customer musteri buyer recipient receiver sender alici gonderici contact \
    to_address from_address return_address buyer_address ship_to bill_to shipping billing_details \
    shipping_details billing payer shopper cardholder person kisi";

const PAIR_NAME: &str =
    "name key header field parameter attribute param ad alan k header_name field_name property";
const PAIR_VALUE: &str = "value val v string_value text_value deger field_value header_value";

/// Whole names that are kept although their last segment is in the catalogue: cursors of lists.
const KEPT_NAMES: &str = "page_token next_page_token page_cursor_token";

/// Last words of names whose values are business keys, ids, times, amounts or states.
const KEPT: &str = "id ids uuid guid pk sku code codes number no num numarasi nr ref reference barcode barkod ean \
    gtin upc kod kodu date time datetime at timestamp ts created updated modified finished price prices amount \
    total subtotal cost qty quantity count rate tax discount balance status state stock miktar adet fiyat tutar \
    toplam tarih tarihi durum index order version size width height weight hash digest checksum etag tracking";

/// Words that say whose a value is, or which of several.
const QUALIFIER: &str = "user customer buyer recipient receiver sender contact billing shipping delivery invoice \
    patient member owner payer shopper musteri alici gonderici teslimat fatura sevk kullanici erp omnitron db \
    database smtp ftp sftp login admin new old current confirm default primary secondary main home work alt \
    alternative store shop merchant seller company firma yetkili api app service client from to destination origin \
    source target basic web wsse soap nebim sap logo netsis mikro trendyol hepsiburada n11 personal corporate \
    kurumsal bireysel x http request response req res invokehttp header headers original redacted encrypted plain \
    raw second guest employee driver courier kurye proxy mail email sms root remote account bank stripe paypal \
    iyzico aws azure google github order siparis cari";

/// Of these, the plain word for a name is that of a person: `customer_name`.
const PERSONS: &str = "customer buyer recipient receiver contact billing patient member musteri alici gonderici \
    sender payer shopper owner guest yetkili";

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::new);

struct Catalogue {
    names: HashMap<Box<[u8]>, Meaning>,
    /// Value `true`: a person.
    qualifiers: HashMap<Box<[u8]>, bool>,
    kept: HashMap<Box<[u8]>, ()>,
    /// The last letters of the names of secrets.
    secret_endings: HashSet<[u8; 3]>,
}

impl Catalogue {
    fn new() -> Self {
        let mut names: HashMap<Box<[u8]>, Meaning> = HashMap::new();
        let mut insert = |words: &str, meaning: Meaning| {
            for name in words.split_whitespace() {
                names.entry(Normal::of(name.as_bytes()).joined(0).into()).or_insert(meaning);
            }
        };
        for &(rule, words) in MASKED {
            insert(words, Meaning::Masked(rule));
        }
        insert(KEPT_NAMES, Meaning::Kept);
        let mut number = 0;
        for &(rule, words) in BESIDE {
            for word in words.split_whitespace() {
                insert(word, Meaning::Beside(rule, number));
                number += 1;
            }
        }
        insert(PERSON, Meaning::Person);
        insert(PAIR_VALUE, Meaning::PairValue);
        insert(PAIR_NAME, Meaning::PairName);
        insert(NEAR, Meaning::Near);
        let set = |words: &str| {
            words.split_whitespace().map(|word| (word.as_bytes().into(), ())).collect()
        };
        let is_secret = |meaning: &Meaning| matches!(meaning, Meaning::Masked(rule) if rule.level() == Level::Secrets);
        let secrets = names.iter().filter(|(_, meaning)| is_secret(meaning));
        let secret_endings = secrets.filter_map(|(name, _)| ending(name)).collect();
        let persons: Vec<&str> = PERSONS.split_whitespace().collect();
        Self {
            names,
            qualifiers: QUALIFIER
                .split_whitespace()
                .chain(PERSONS.split_whitespace())
                .map(|word| (word.as_bytes().into(), persons.contains(&word)))
                .collect(),
            kept: set(KEPT),
            secret_endings,
        }
    }

    fn of(&self, name: &[u8]) -> Meaning {
        let normal = Normal::of(name);
        if let Some(&meaning) = self.names.get(normal.joined(0)) {
            return meaning;
        }
        let mut person = false;
        for (n, word) in normal.words().enumerate().take(normal.count.saturating_sub(1)) {
            let Some(&of_person) = self.qualifiers.get(word) else { break };
            person |= of_person;
            match self.names.get(normal.joined(n + 1)) {
                Some(&Meaning::Masked(rule)) => return Meaning::Masked(rule),
                Some(&Meaning::Beside(Rule::Person, _)) if person => {
                    return Meaning::Masked(Rule::Person);
                }
                _ => {}
            }
        }
        // `phone_2`, `email1`.
        let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        if (1..=2).contains(&digits) && digits < name.len() {
            let meaning = self.of(&name[..name.len() - digits]);
            if matches!(meaning, Meaning::Masked(_)) {
                return meaning;
            }
        }
        if normal.words().last().is_some_and(|word| self.kept.contains_key(word)) {
            return Meaning::Kept;
        }
        Meaning::Unknown
    }
}

/// What names mean that were looked up before: documents repeat their few names.
#[derive(Debug)]
pub(crate) struct Lookups {
    slots: Vec<(Box<[u8]>, Meaning)>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { slots: vec![(Box::default(), Meaning::Unknown); Self::SLOTS] }
    }
}

impl Lookups {
    const SLOTS: usize = 1024;
    /// Longer names are rare, and not worth their place.
    const LONGEST: usize = 64;

    /// What stands under `name`, whose escapes are undone.
    pub(crate) fn meaning(&mut self, name: &[u8]) -> Meaning {
        if name.is_empty() || name.len() > Self::LONGEST {
            return meaning(name);
        }
        let hash = xxh3_64(name);
        let slot = &mut self.slots[hash as usize % Self::SLOTS];
        if *slot.0 != *name {
            *slot = (name.into(), meaning(name));
        }
        slot.1
    }
}

/// What stands under `name`, whose escapes are undone.
pub(crate) fn meaning(name: &[u8]) -> Meaning {
    let catalogue = &*CATALOGUE;
    let whole = catalogue.of(name);
    let is_listed = || catalogue.names.contains_key(Normal::of(name).joined(0));
    if !matches!(whole, Meaning::Unknown | Meaning::Kept) || whole == Meaning::Kept && is_listed() {
        return whole;
    }
    match last_segment(name) {
        Some(segment) => match catalogue.of(segment) {
            // The last segment of a path is not the name in a pair.
            Meaning::PairName | Meaning::PairValue | Meaning::Unknown => whole,
            meaning => meaning,
        },
        None => whole,
    }
}

/// True when the last words of `text` are the name of a secret.
pub(crate) fn ends_in_secret(text: &[u8]) -> bool {
    if ending(text).is_some_and(|ending| !CATALOGUE.secret_endings.contains(&ending)) {
        return false;
    }
    let normal = Normal::of(text);
    (0..normal.count).any(|first| {
        let name = normal.joined(first);
        let digits = name.iter().rev().take(2).take_while(|byte| byte.is_ascii_digit()).count();
        (0..=digits).any(|digits| {
            let meaning = CATALOGUE.names.get(&name[..name.len() - digits]);
            matches!(meaning, Some(Meaning::Masked(rule)) if rule.level() == Level::Secrets)
        })
    })
}

/// The last three letters of a name without the number at its end; `None` when they are not of ASCII.
fn ending(name: &[u8]) -> Option<[u8; 3]> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let letters =
        name[..name.len() - digits].last_chunk::<3>()?.map(|byte| byte.to_ascii_lowercase());
    letters.iter().all(u8::is_ascii_lowercase).then_some(letters)
}

/// The names of secrets in the catalogue.
#[cfg(test)]
pub(crate) fn secret_names() -> impl Iterator<Item = &'static str> {
    let secret = MASKED.iter().filter(|(rule, _)| rule.level() == Level::Secrets);
    secret.flat_map(|(_, names)| names.split_whitespace())
}

/// The last part of a path in a name: `customer[email]`, `lines[0].sku`, `soap:Body`; `None` when it has one part.
fn last_segment(name: &[u8]) -> Option<&[u8]> {
    let is_cut = |byte: &u8| matches!(byte, b'.' | b'/' | b':' | b'[' | b']');
    if !name.iter().any(is_cut) {
        return None;
    }
    name.split(|byte| is_cut(byte))
        .rev()
        .find(|part| !part.is_empty() && !part.iter().all(u8::is_ascii_digit))
}

/// A name in lower case without separators, and where its words begin.
struct Normal {
    bytes: [u8; Self::LONGEST],
    len: usize,
    starts: [u8; Self::WORDS],
    count: usize,
}

impl Normal {
    /// Longer names are in no catalogue.
    const LONGEST: usize = 48;
    const WORDS: usize = 8;

    fn of(name: &[u8]) -> Self {
        let mut normal =
            Self { bytes: [0; Self::LONGEST], len: 0, starts: [0; Self::WORDS], count: 0 };
        let mut at = 0;
        let mut word_ended = true;
        let mut lower_before = false;
        while at < name.len() {
            let byte = name[at];
            at += 1;
            let plain = match byte {
                b'a'..=b'z' | b'0'..=b'9' => byte,
                b'A'..=b'Z' => byte.to_ascii_lowercase(),
                0xc3..=0xc5 if at < name.len() => {
                    let next = name[at];
                    at += 1;
                    match (byte, next) {
                        (0xc3, 0xa7 | 0x87) => b'c',
                        (0xc3, 0xb6 | 0x96) => b'o',
                        (0xc3, 0xbc | 0x9c) => b'u',
                        (0xc4, 0x9f | 0x9e) => b'g',
                        (0xc4, 0xb1 | 0xb0) => b'i',
                        (0xc5, 0x9f | 0x9e) => b's',
                        _ => b'?',
                    }
                }
                0x80.. => b'?',
                _ => {
                    word_ended = true;
                    lower_before = false;
                    continue;
                }
            };
            if normal.len == Self::LONGEST {
                // Too long to be known; its last word still says whether it is kept.
                normal.bytes.copy_within(1.., 0);
                normal.len -= 1;
                normal.bytes[0] = b'?';
                for start in &mut normal.starts[..normal.count] {
                    *start = start.saturating_sub(1);
                }
            }
            if word_ended || (lower_before && byte.is_ascii_uppercase()) {
                if normal.count == Self::WORDS {
                    normal.starts.copy_within(1.., 0);
                    normal.count -= 1;
                }
                normal.starts[normal.count] = normal.len as u8;
                normal.count += 1;
            }
            word_ended = false;
            lower_before = !byte.is_ascii_uppercase();
            normal.bytes[normal.len] = plain;
            normal.len += 1;
        }
        normal
    }

    /// The words from number `first` on, without separators.
    fn joined(&self, first: usize) -> &[u8] {
        let start = if first == 0 { 0 } else { usize::from(self.starts[first]) };
        &self.bytes[start..self.len]
    }

    fn words(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        (0..self.count).map(|n| {
            let end = if n + 1 < self.count { usize::from(self.starts[n + 1]) } else { self.len };
            &self.bytes[usize::from(self.starts[n])..end]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole_and_without_spelling() {
        let masked = |name: &str, rule| {
            assert_eq!(meaning(name.as_bytes()), Meaning::Masked(rule), "{name}");
        };
        for name in [
            "password",
            "PassWord",
            "erp_password",
            "user[password]",
            "wsse:Password",
            "Şifre",
            "ŞİFRE",
        ] {
            masked(name, Rule::Password);
        }
        for name in ["X-Api-Key", "api key", "apiKey", "APIKEY", "http.headers.x-api-key"] {
            masked(name, Rule::ApiKey);
        }
        for name in [
            "first_name",
            "firstName",
            "Ad Soyad",
            "customer.first-name",
            "customerName",
            "MusteriAdi",
        ] {
            masked(name, Rule::Person);
        }
        for name in ["phone1", "shipping_phone_number", "phones[0]", "telefonNo"] {
            masked(name, Rule::Phone);
        }
        for name in ["author", "taxAuthorityType", "tokenType", "secretary", "passed", "keyboard"] {
            assert_eq!(meaning(name.as_bytes()), Meaning::Unknown, "{name}");
        }
        for name in
            ["order_number", "sku", "customerId", "created_at", "total_amount", "orderStatus"]
        {
            assert_eq!(meaning(name.as_bytes()), Meaning::Kept, "{name}");
        }
        for name in ["name", "city", "ad", "line"] {
            assert!(matches!(meaning(name.as_bytes()), Meaning::Beside(..)), "{name}");
        }
        assert_eq!(meaning(b"shipping_state"), Meaning::Kept);
    }
}
