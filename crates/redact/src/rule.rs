//! What is masked, and by which rule.

/// What is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing.
    None,
    /// Passwords, tokens, keys and sessions.
    Secrets,
    /// Secrets, and what tells of a person: names, addresses, numbers.
    Personal,
}

impl Level {
    /// The word for it: `none`, `secrets`, `personal`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Secrets => "secrets",
            Self::Personal => "personal",
        }
    }
}

/// Why a piece of text is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A password, by the name of its field.
    Password,
    /// A token or a client secret, by name.
    Token,
    /// A key of an API or for signing, by name.
    ApiKey,
    /// What a header or field `Authorization` holds; its scheme is kept.
    Authorization,
    /// The values of cookies; their names are kept.
    Cookie,
    /// The id of a session: by name, or `/(S(...))/` in a path.
    Session,
    /// The code of a card, a PIN or a one-time password, by name.
    Code,
    /// A JSON Web Token, anywhere.
    Jwt,
    /// A PEM block, anywhere.
    Pem,
    /// A key that begins as those of a known service do, anywhere.
    ServiceKey,
    /// The password before the host of a URL.
    UrlPassword,
    /// Credentials after `Basic`, `Bearer` or `Token` in a text.
    Credentials,
    /// An e-mail address: by name, or anywhere.
    Email,
    /// A phone number: by name, or anywhere with its country code or a leading 0.
    Phone,
    /// A bank account: by name, or anywhere as an IBAN whose check digits fit.
    Iban,
    /// The number of a payment card: by name, or anywhere with a known issuer and a right check digit.
    Card,
    /// The number of an identity card or passport: by name; Turkish ones in free text by their checksum.
    NationalId,
    /// A tax number, by name.
    TaxNumber,
    /// The name of a person, by the name of its field.
    Person,
    /// A part of a postal address, by name.
    Address,
    /// A date of birth, by name.
    Birth,
    /// A gender, by name.
    Gender,
    /// The name of a firm or of its tax office, by name.
    Company,
    /// The network address of a customer, by name.
    Ip,
    /// The name with which somebody logs in, by name.
    Username,
}

impl Rule {
    /// The name in the table `redactions`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::ApiKey => "api_key",
            Self::Authorization => "authorization",
            Self::Cookie => "cookie",
            Self::Session => "session",
            Self::Code => "code",
            Self::Jwt => "jwt",
            Self::Pem => "pem",
            Self::ServiceKey => "service_key",
            Self::UrlPassword => "url_password",
            Self::Credentials => "credentials",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::NationalId => "national_id",
            Self::TaxNumber => "tax_number",
            Self::Person => "person",
            Self::Address => "address",
            Self::Birth => "birth",
            Self::Gender => "gender",
            Self::Company => "company",
            Self::Ip => "ip",
            Self::Username => "username",
        }
    }

    /// The lowest level at which the rule works.
    pub fn level(self) -> Level {
        if self < Self::Email { Level::Secrets } else { Level::Personal }
    }

    /// The first word of a pseudonym; `None` for secrets, of which nothing is kept.
    pub(crate) fn class(self) -> Option<&'static str> {
        (self.level() == Level::Personal).then(|| match self {
            Self::NationalId => "id",
            Self::TaxNumber => "tax",
            Self::Username => "user",
            _ => self.name(),
        })
    }

    /// The rule of a class, as it stands before the `_` of a pseudonym.
    pub(crate) fn is_class(class: &str) -> bool {
        const CLASSES: [&str; 13] = [
            "email", "phone", "iban", "card", "id", "tax", "person", "address", "birth", "gender",
            "company", "ip", "user",
        ];
        CLASSES.contains(&class)
    }
}
