//! The words that decide the class of an error. Who meets a new text adds a word here and a case in
//! `tests/classes.rs`.

use crate::class::Class;

/// Words of message or code, read from top to bottom; the first line of which one occurs decides. Sure
/// and narrow words come before wide ones: a lock before a refused value, "a valid date" before "required".
///
/// A word is compared with whole words, so `quota` is not in "quotation"; `*` at its end matches any rest
/// of the last word. Texts and words are compared in small letters without the marks of Turkish letters.
/// Names of programs are read as words: `FileNotFoundException` and `FILE_NOT_FOUND` as "file not found".
#[rustfmt::skip]
pub(crate) const WORDS: [(Class, &[&str]); 17] = [
    // An account that is locked is a matter of rights; a record that is locked is free again soon.
    (Class::Permission, &[
        "account locked", "account is locked", "account has been locked", "user locked", "user is locked",
        "user account locked", "session timeout", "session timed out", "session time out", "session expired",
        "session has expired", "session is expired", "session has timed out",
        "hesap kilit*", "hesabiniz kilit*", "hesabi kilit*", "kullanici kilit*", "kullaniciniz kilit*", "oturum zaman asim*",
        "oturumunuz zaman asim*",
    ]),
    (Class::TooLarge, &["message size", "size quota"]),
    (Class::RateLimit, &[
        "throttl*", "too many requests", "too many calls", "too many concurrent", "too many clients", "too many connections", "too many sessions", "too many api", "rate limit*",
        "ratelimit*", "rate exceeded", "rate is exceeded", "request limit*", "requests limit*", "concurrency limit*", "api limit*",
        "api call limit*", "call limit*", "requests per second", "requests per minute", "requests per hour",
        "requests per day", "calls per second", "calls per minute", "quota", "quotas", "slow down",
        "resource exhausted", "resource has been exhausted", "too many attempts",
        "api calls per",
        "istek limit*", "istek sinir*", "istek sayisi*", "istek hakki*", "cok fazla istek*", "cok sik istek*", "cok fazla talep*",
        "sorgu limit*", "sorgu sinir*", "cagri limit*", "cagri sinir*", "api kullanim limit*", "kullanim limitiniz*", "islem limitiniz*", "kota", "kotasi*", "kotaniz*", "hiz limit*", "hiz sinir*", "cok fazla sayida istek*", "dakikada en fazla", "saniyede en fazla", "saatte en fazla",
    ]),
    (Class::Intermittent, &[
        "deadlock*", "dead lock*", "lock wait", "lock timeout", "lock request", "lock conflict", "lock contention",
        "lock not available", "obtain lock", "acquire lock", "get a lock", "obtain a lock", "acquire a lock", "serialize access",
        "serialization failure", "optimistic lock*", "pessimistic lock*", "is locked by", "locked by user", "locked by another", "locked by the user",
        "currently locked", "locked for", "record has been changed", "has been modified after", "rcrd has been changed", "entity changed", "cannot be accessed right now", "record is locked", "record locked", "row is locked", "table is locked", "object is locked",
        "resource is locked", "resource locked", "resource busy", "database is locked", "document is locked by",
        "in use by user", "used by another process", "being processed by", "currently editing", "lock failed", "failed to lock",
        "could not lock", "unable to lock", "could not be locked",
        "being edited by", "being modified by", "currently being processed", "already being processed", "changed by another", "modified by another",
        "updated by another", "by another transaction", "by another process", "by another session", "edited by another", "concurrent update*", "concurrent modification*", "concurrent access",
        "concurrent transaction*", "ora 00060", "ora 00054", "sqlstate 40001",
        "kilitlenme*", "kilit bekleme*", "kilit zaman*", "tarafindan kilit*", "tarafindan duzenlen*",
        "tarafindan isleniyor*", "tarafindan degistiril*", "tarafindan guncellen*", "kullanici tarafindan kullanil*", "baska bir islem var", "kayit kilit*", "kaydi kilit*", "belge kilit*",
        "siparis kilit*", "satir kilit*", "tablo kilit*", "stok karti kilit*", "es zamanli", "ayni anda guncel*",
    ]),
    // Here the statuses of `STATUS_FIRST` of class.rs come in, see `BEFORE_STATUS`.
    (Class::Connection, &[
        "timed out", "timeout", "timeouts", "time out", "timedout", "connection refused", "connection reset", "connection aborted",
        "connection closed", "connection was closed", "connection is closed", "connection was aborted", "connection was reset",
        "connection error", "connection failed", "connection failure", "connection lost", "connection terminated",
        "connection exception", "connection broken", "connection pool", "connection attempt failed", "connection could not be", "connection dropped", "establishing a connection", "network related", "no connection could be made", "actively refused", "task was canceled", "task was cancelled",
        "request was canceled", "request was cancelled", "request canceled", "eof while reading", "eof occurred", "endpoint listening",
        "connection has been closed", "closed the connection", "closed connection", "underlying connection", "lost connection",
        "connect error", "connect exception", "connect failed", "error connecting", "socket exception", "socket error", "socket hang up",
        "socket closed", "not connected", "unknown host*", "name or service not known", "no such host", "host not found",
        "name resolution", "nodename nor servname", "name could not be resolved", "name not resolved", "no route to host", "host is down",
        "unreachable", "broken pipe", "max retries exceeded", "could not connect", "couldn't connect", "cannot connect",
        "can't connect", "failed to connect", "unable to connect", "could not resolve", "couldn't resolve", "unable to resolve host",
        "failed to resolve", "remote end closed", "remote host closed", "forcibly closed", "server has gone away", "no response from",
        "no response received", "failed to respond", "did not respond", "not responding", "empty reply from server", "network error", "network failure", "network is down", "failed to fetch",
        "fetch failed", "communication link", "communications link", "communication failure", "communication error", "deadline exceeded",
        "ssl error", "ssl exception", "ssl handshake", "tls handshake", "handshake failure", "handshake exception", "secure channel",
        "certificate verify", "certificate has expired", "certificate expired", "certificate is expired", "certificate chain",
        "certificate validation", "certificate unknown", "certificate is not trusted", "certificate not trusted", "certificate path",
        "server certificate", "ssl certificate", "self signed certificate", "remote certificate", "peer certificate", "pkix",
        "local issuer", "getaddrinfo", "php network getaddresses", "curl error", "econnrefused", "econnreset", "econnaborted", "etimedout", "ehostunreach",
        "enetunreach", "enotfound", "eai again", "epipe", "errno 110", "errno 111", "errno 104", "errno 113", "ora 12170", "ora 12541",
        "zaman asim*", "baglanti kur*", "baglanti hata*", "baglanti kesil*", "baglanti kop*", "baglanti sorun*", "baglanti problem*",
        "baglanti saglan*", "baglanti yok", "baglantisi kur*", "baglantisi kesil*", "baglantisi kop*", "baglantisi saglan*", "baglantisi basarisiz*", "baglantisi yok", "baglanilam*", "baglanamadi", "sunucuya ulas*", "sunucuya baglan*", "sunucuya eris*",
        "servise ulas*", "servise baglan*", "servise eris*", "sisteme baglan*", "ulasilam*", "erisilem*", "yanit alinam*", "cevap alinam*", "yanit vermi*",
        "cevap vermi*", "yanit vermedi", "cevap vermedi", "ag hatasi",
    ]),
    // A number or a text of a record, not the call.
    (Class::Value, &[
        "value too large", "value is too large", "value too big", "number too large", "number is too large", "quantity too large",
        "quantity is too large", "amount too large", "amount is too large", "too large for column", "miktar cok buyuk",
        "tutar cok buyuk", "deger cok buyuk", "fiyat cok buyuk",
    ]),
    (Class::TooLarge, &[
        "too large", "too big", "payload size", "payload limit", "maximum size", "max size", "size limit*", "size exceed*",
        "file size", "body size", "request size", "document size", "maximum request length", "max allowed packet",
        "request length", "length limit exceeded", "allowed size",
        "cok buyuk", "boyutu as*", "boyut as*", "boyutunu as*", "boyut sinir*", "boyutu sinir*", "boyut limit*", "maksimum boyut*", "dosya boyut*", "izin verilen boyut*",
    ]),
    (Class::Missing, &[
        // Before "kayıt mevcut" and "kayıt var" below.
        "mevcut degil*", "kayit yok*", "kayitli degil*", "var degil", "daha once tanimlanmam*", "daha once kaydedilmem*", "does not already exist", "no record exists", "no records exist",
    ]),
    (Class::Duplicate, &[
        "already exist*", "already present", "already registered", "already been taken", "already been used", "already been registered", "already been created", "already been processed",
        "already been imported", "already been recorded", "already been added", "already been sent", "already been assigned", "already been submitted", "already been posted", "already been transferred", "already been received", "already been invoiced", "already taken", "already in use", "in use by another", "used by another",
        "already recorded", "already used", "already assigned", "already created", "already imported", "already transferred",
        "already processed", "already sent", "already added", "already mapped", "already defined", "already posted", "already submitted",
        "already saved", "already linked", "already have", "already has", "already uploaded", "already received", "already associated",
        "alreadyexist*", "sku exists", "barcode exists", "name exists", "code exists", "email exists", "number exists", "record exists", "resource exists", "product exists", "order exists", "item exists", "entity exists", "key exists", "same key", "duplicate*", "duplicated", "must be unique", "be unique", "not unique", "non unique", "unique set", "unique constraint*", "unique key",
        "unique index", "unique violation", "uniqueness", "dup key", "primary key constraint", "e11000", "sqlstate 23505", "ora 00001", "idempotency key",
        "zaten kayit*", "zaten mevcut*", "zaten var*", "zaten kullan*", "zaten aktar*", "zaten islen*", "zaten olustur*", "zaten eklen*",
        "zaten ekli*", "zaten gonder*", "zaten tanim*", "zaten bulun*", "zaten alin*", "zaten ilet*", "zaten fatura*", "zaten kaydedil*", "zaten acil*",
        "daha once kaydedil*", "daha once kullanil*", "daha once aktar*", "daha once gonder*", "daha once islen*", "daha once eklen*", "daha once olustur*", "daha once ilet*", "daha once tanimlan*",
        "daha once alin*", "daha once kayit*", "daha once acil*", "daha once faturalan*", "daha once yuklen*", "daha once sisteme*", "onceden kaydedil*", "onceden kullanil*", "onceden aktar*", "onceden eklen*", "onceden tanimlan*",
        "mukerrer*", "tarafindan kullanil*", "benzersiz*", "essiz*", "tekil*", "tekrar eden", "tekrarlanan", "tekrarli", "cift kayit*", "kayit bulunmakta*", "kaydi bulunmakta*", "kayit tekrar*", "kullanilmis*", "kullanilmaktadir*", "kayit var", "kayit mevcut*", "kaydi mevcut*",
        "kaydi var", "sistemde mevcut*", "sistemde kayitli*", "sistemde var", "sistemde zaten*", "ayni isimde*", "ayni isimli*", "ayni kodlu*", "ayni numarali*", "ayni barkod*",
    ]),
    // "not well-formed (invalid token)" is of a parser.
    (Class::Parse, &["not well formed", "root level is invalid"]),
    (Class::Permission, &[
        "invalid token", "invalid access token", "invalid auth token", "invalid bearer token", "invalid session token",
        "invalid security token", "invalid csrf token", "invalid jwt", "refresh token", "access token", "bearer token", "auth token", "csrf", "token expired", "expired token",
        "token is expired", "token has expired", "token was expired", "token is invalid", "token invalid", "token revoked", "token was revoked", "token has been revoked", "token is not valid",
        "token not valid", "valid token", "token required", "token is required", "token missing", "missing token", "token is missing", "token not found", "jwt",
        "unauthori*", "un authorized", "not authori*", "isn't authori*", "authorization failed", "authorization required", "authorization header",
        "authorization error", "authorization has been denied", "authorization token", "no authorization", "not authenticated", "unauthenticated",
        "authentication", "authenticate", "authenticated", "forbidden", "permission*", "access denied", "access is denied", "access was denied", "no access", "access restricted", "accessdenied",
        "credential*", "login failed", "login required", "login is required", "login error", "login fail*", "failed login", "logon failed", "logon failure", "logged in", "not logged", "log in again", "sign in", "re login", "relogin",
        "please login", "please log in", "api key", "apikey", "api keys", "incorrect password", "invalid password", "wrong password", "bad password",
        "password incorrect", "password is incorrect", "password is wrong", "password is invalid", "password expired", "password has expired", "password is expired",
        "username or password", "user name or password", "user or password", "username and password", "user name and password", "username password",
        "email or password", "invalid username", "invalid user name", "unknown user", "invalid client", "invalid grant", "invalid session", "session is invalid", "session invalid", "session illegal",
        "session id", "session not found", "session is not valid", "session not valid", "session has been", "session terminated", "no session", "invalid signature", "signature invalid", "signature is invalid", "signature mismatch", "signature does not match",
        "signature doesn't match", "signature expired", "signature verification", "not entitled", "privilege*", "insufficient scope*", "insufficient rights", "insufficient access", "any role", "required scope*", "missing scope*",
        "required role", "ip not allowed", "ip address is not", "whitelist*", "not whitelisted", "account suspended", "account is suspended", "account disabled", "account is disabled", "account has been disabled",
        "user disabled", "user is disabled", "user is inactive", "user is not active", "user suspended", "payment required", "subscription expired", "subscription has expired", "license expired", "license has expired", "no license", "not licensed", "blocked your ip",
        "yetkiniz*", "yetkisi", "yetkisiz*", "yetki", "yetkileri*", "yetkilendir*", "yetkili degil*", "yetki hatasi", "erisim engel*", "erisim izni*", "erisim red*", "erisim yok",
        "izniniz*", "izni yok*", "iznine", "oturum*", "kimlik dogrula*", "kimlik bilgi*", "gecersiz token*", "token gecersiz*", "token suresi*", "token bulunam*",
        "gecersiz sifre*", "sifre hatali*", "hatali sifre*", "sifre yanlis*", "yanlis sifre*", "sifresi hatali*", "sifresi yanlis*", "sifreniz*", "kullanici adi veya", "hatali kullanici*", "kullanici adi hatali*", "kullanici adi yanlis*", "lisans sure*", "lisansiniz*", "lisans bulunam*", "kullanici adi ya da", "kullanici adi ve sifre",
        "kullanici veya sifre", "parola*", "api anahtar*", "giris yap*", "giris basarisiz*", "girisi basarisiz*", "imza gecersiz*", "gecersiz imza*", "imza dogrulan*", "ip adresi*", "ip kisit*",
    ]),
    (Class::Parse, &[
        "json parse", "json decode*", "json read*", "parse error", "parse exception", "parser error", "parsing", "could not parse", "cannot parse",
        "can't parse", "unable to parse", "failed to parse", "failed parsing", "malformed*", "unexpected token", "unexpected character*", "unexpected end of",
        "unexpected eof", "expecting value", "expecting property", "extra data", "invalid json", "invalid xml", "bad json", "json invalid", "xml invalid",
        "not valid json", "not valid xml", "not a valid json", "not a valid xml", "valid json", "syntax error", "deserializ*", "deserialis*", "unmarshal*", "unterminated", "unicode decode*", "unicode encode*",
        "codec can't", "xml document", "message not readable", "could not read document", "could not read json", "illegal character*", "invalid utf", "invalid content was found", "cvc",
        "cozumlenem*", "cozulemedi", "ayristir*", "parse edilem*", "gecersiz json*", "gecersiz xml*", "json formati*", "xml formati*", "bicimi bozuk*",
    ]),
    // There was a value, but a wrong one: "A valid integer is required."
    (Class::Value, &[
        "a valid", "enter a valid", "provide a valid", "valid integer", "valid number", "valid boolean", "valid date", "required format", "required length", "should not exist", "should not be present",
        "parent row", "child records", "child record found", "still referenced", "would be truncated", "truncated", "data truncation", "too long", "too short", "unexpected field*", "unexpected property", "unexpected parameter*",
        "unknown field", "changes not found", "nothing was updated", "unknown property", "unknown parameter", "unrecognized field", "unrecognized property", "not recognized", "not recognised",
        "gecerli bir*", "gecerli degil*", "izin verilm*", "alt kayit*",
    ]),
    (Class::Missing, &[
        "not found", "notfound", "does not exist", "doesn't exist", "do not exist", "don't exist", "did not exist", "not exist",
        "nonexistent", "non existent", "non existing", "no such", "no longer exist*", "not defined", "not registered", "not mapped", "not extended", "not maintained", "unknown sku", "unknown product", "unknown item", "unknown order",
        "foreign key constraint*", "foreign key", "not null constraint", "insert the value null", "null value in column", "sqlstate 23503", "sqlstate 23502", "ora 01400", "ora 02291", "value is empty", "is empty", "are empty", "was empty", "is blank", "is null", "was null",
        "unable to find", "unable to locate", "could not find", "couldn't find", "cannot find", "can't find", "can not find", "failed to find", "could not locate",
        "cannot locate", "be found", "be located", "no matching", "no match found", "no match for", "required", "requires a", "requires an", "is mandatory", "are mandatory", "mandatory", "missing", "not be blank",
        "not be null", "not be empty", "not be undefined", "cannot be blank", "cannot be null", "cannot be empty", "cannot be undefined", "can't be blank", "can't be null", "can't be empty", "not null", "not blank", "not empty", "no data", "no record*", "no result*", "no rows", "no product*", "no rate*", "no price*", "no stock", "no customer*", "no variant*", "no mapping*", "no address*", "no entry", "no entries", "no file*", "no account*", "no user*", "no route", "no item*", "no stock record*", "key error", "undefined index", "undefined array key", "undefined variable", "undefined offset", "argument null", "not set to a value", "not specified", "not provided", "not supplied", "not given",
        "not filled", "not assigned", "has no", "have no", "must provide", "must specify", "must supply", "must include", "must be provided", "must be specified", "must be supplied",
        "must be set", "must be filled", "must be present", "must be given", "must be entered", "please provide", "please specify", "please enter", "please select", "please fill",
        "bulunam*", "bulunmuyor*", "bulunmamak*", "bulunmadi*", "zorunlu*", "bos birak*", "bos olam*", "bos olmam*", "bos gec*", "bos deger", "eksik*", "tanimli degil*", "tanimsiz*", "tanimlanmamis*",
        "tanimi yok", "yok", "yoktur", "kayitli olmayan", "gerekli", "gereklidir", "gerekmektedir", "girilmemis*", "girilmedi*", "girilmeli*", "belirtilmemis*", "belirtilmedi*", "belirtilmeli*", "secilmemis*", "secilmedi*", "secilmeli*",
        "doldurulmali*", "doldurulmasi*", "doldurulmamis*", "giriniz", "girin", "seciniz", "secin",
        "doldurunuz", "doldurun", "acilmamis*", "gonderilmemis*", "gonderilmedi*", "eslestirilmem*", "eslesmemis*", "mevcut olmayan*", "tanimli olmayan*",
    ]),
    (Class::Intermittent, &[
        "temporar*", "transient", "try again later", "try again in", "try again after", "try again shortly", "try again soon", "try later", "retry later", "retry after", "retry the request", "please retry", "retry your",
        "unavailable", "not available at this time", "service is not available", "service not available", "server not available", "system is not available", "bad gateway", "gateway time", "overload*", "server is busy", "server busy", "system is busy", "system busy",
        "too busy", "busy", "under maintenance", "maintenance mode", "maintenance window", "scheduled maintenance", "planned maintenance",
        "system maintenance", "server maintenance", "down for maintenance", "no healthy upstream", "upstream connect", "upstream server", "upstream request",
        "out of memory", "enough space on", "no space left", "disk is full", "disk full", "disk dolu*", "shutting down", "starting up",
        "gecici*", "daha sonra tekrar*", "daha sonra yeniden*", "daha sonra dene*", "bakimda*", "bakim calisma*", "bakim mod*", "bakim neden*", "sistem bakim*", "sistem bakimi*",
        "planli bakim*", "bakim yapil*", "bakim asamasinda*", "mesgul*", "yogunluk*", "yogunlugu*", "servis disi*", "hizmet disi*", "kullanim disi*",
    ]),
    (Class::Value, &[
        "invalid*", "not valid", "ensure this", "must be", "must have", "must contain", "must match", "must not", "mustn't", "must start", "must end", "should be", "should not",
        "should have", "out of range", "greater than", "less than", "higher than", "lower than", "at least", "at most", "too low", "too high", "too small", "too many", "too few",
        "exceed*", "maximum", "minimum", "not allowed", "isn't allowed", "not accepted", "not permitted", "not supported", "isn't supported", "unsupported", "incorrect*", "wrong", "illegal",
        "expected", "insufficient", "not enough", "cannot be", "can't be", "can not be", "could not be converted", "cannot convert", "could not convert", "cast exception", "mismatch*", "not match", "doesn't match", "does not match",
        "type error", "value error", "attribute error", "format exception", "bad format", "wrong format", "validation", "not numeric", "not a number", "negative", "not one of", "disabled", "inactive",
        "not active", "closed", "blocked", "out of stock", "failed precondition", "illegal argument", "not eligible", "not for sale", "prohibited", "rejected", "data too long", "limit exceeded", "overflow", "conversion failed", "error converting", "invalid cast", "out of bounds", "already", "not open", "not released", "archived", "expired", "not changeable", "cannot cancel", "no changes",
        "gecersiz*", "gecerli*", "hatali*", "uygun degil*", "uymuyor*", "uyumsuz*", "uyumlu degil*", "olmali*", "olamaz*", "olmamali*", "yetersiz*", "yeterli degil*", "uyusmuyor*", "uyusmazlig*", "eslesmiyor*", "asiyor*", "asamaz*",
        "asildi*", "asilamaz*", "limit disi*", "sinir disi*", "asmistir*", "asmaktadir*", "buyuk*", "kucuk*", "en fazla", "en az", "desteklenm*", "kapali*", "kapatilmis*", "kapanmis*", "pasif*", "negatif*", "yanlis*", "kullanilamaz*", "yapilamaz*", "edilemez*", "degistirilemez*", "silinemez*", "iptal edilmis*", "reddedil*", "sayisal*", "icermeli*", "iceremez*",
    ]),
    // Words of a server that says nothing more.
    (Class::Intermittent, &[
        "try again", "internal server error", "internal error", "server error", "unexpected error", "unexpected condition", "aborted",
        "tekrar dene*", "yeniden dene*", "sunucu hatasi*", "sistem hatasi*", "sistemsel hata*", "kilitli*", "beklenmeyen*", "beklenmedik*",
    ]),
];

/// How many lines of [`WORDS`] are so sure that they decide before any status: locked accounts, throttling, locks.
pub(crate) const BEFORE_STATUS: usize = 4;
