//! Which field plays which role: one table of spellings.
//!
//! A key is normalised before it is looked up: Turkish letters fold to ASCII, ASCII upper case to
//! lower, everything else but letters and digits goes (`invokehttp.status.code`, `Status-Code`,
//! `statusCode` and `status_code` are one name). What the table does not hold is tried without a leading or
//! trailing word that only says where the field comes from (`x-`, `http`, `omnitron`, `raw`, ..., `text`),
//! then as request or response plus a part (`requestBodyJson`, `yanit_govdesi`).
//!
//! The table says what a name *can* mean. Which field gets the role in a record is decided over the
//! whole record, see the module `slots`: `status` is an HTTP status only between 100 and 599.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::exchange::KeyKind;

/// What a field can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Request as a whole: an object with body, method, URL; or the body itself; or one string.
    Request,
    /// Response as a whole, likewise.
    Response,
    /// Attributes of a `NiFi` `FlowFile`, or another object whose fields belong to the record.
    Attributes,
    /// The request body.
    RequestBody,
    /// The response body.
    ResponseBody,
    /// A body, of the request unless that one is named elsewhere.
    Body,
    /// `METHOD - URL - BODY` in one string.
    RawRequest,
    /// HTTP status.
    HttpStatus,
    /// The HTTP status that a server behind the answering one gave.
    OriginStatus,
    /// `status`: an HTTP status, an enum of the Integrator, or a word.
    Status,
    /// The reason phrase beside the HTTP status.
    Reason,
    /// URL of the request.
    Url,
    /// URL that answered, after redirects.
    ResponseUrl,
    /// The host of a URL in parts.
    Host,
    /// Its scheme.
    Scheme,
    /// Its port.
    Port,
    /// Its query.
    Query,
    /// HTTP method.
    Method,
    /// Headers of either side.
    Headers,
    /// When it began.
    Start,
    /// When it ended.
    End,
    /// `time`: when it began, or (HAR) how long it took.
    Time,
    /// How long it took.
    Duration,
    /// The unit of the duration beside it.
    Unit,
    /// What a request and its answer have in common when each is a record of its own.
    Correlation,
    /// A flag: the body is in base64.
    Encoded,
    /// A business key; a smaller rank is the surer name.
    Key(KeyKind, u8),
    /// Row number.
    RowNum,
    /// Step slug or title.
    Step,
    /// `process_group_id`: the step's slug, or the flow's id when nothing is above it.
    Group,
    /// `parent_process_group_id`: the flow's id.
    ParentGroup,
    /// Flow name or id.
    Flow,
    /// Run id.
    Run,
    /// `filename_uuid`: the run's id in main logs, the log's own in others.
    FileUuid,
    /// Log id.
    LogId,
    /// `id`: the log's id where other facts of a log stand beside it.
    Id,
    /// Error list, error text or error object.
    Errors,
    /// A text that is an error by its name (`error_message`).
    ErrorMessage,
    /// A text that is an error where something else says that there is one (`message`).
    Message,
    /// An error code by its name.
    ErrorCode,
    /// A code where something else says that there is an error.
    Code,
    /// `mapping`, `remote`, `channel_app`: whose fault.
    ReasonType,
    /// Exception class.
    ExceptionClass,
    /// Exception message or stack trace.
    ExceptionMessage,
    /// True when it succeeded.
    Ok,
    /// True when it failed.
    Failed,
    /// A word for the outcome.
    State,
    /// The response was cut.
    Truncated,
    /// A list, or map, of records.
    Items,
    /// The items of an order.
    OrderItems,
    /// Name of the field that an error is about.
    Field,
    /// What the other half of the exchange says as well.
    Doubled,
    /// No role.
    None,
}

/// Spellings, normalised. Sources: the Integrator's and Omnitron's documentation, Apache `NiFi`, HAR 1.2,
/// and integration products and ERPs that write such logs.
#[rustfmt::skip]
const TABLE: &[(Role, &[&str])] = &[
    (Role::Request, &["request", "req", "istek", "gonderilen", "giden", "httprequest", "sent", "talep", "originalrequest", "recordedrequest", "outboundrequest", "inboundrequest", "input", "inputs", "config"]),
    (Role::Response, &["response", "res", "resp", "cevap", "yanit", "gelen", "alinan", "httpresponse", "reply", "answer", "received", "donus", "sonuccevap", "responsedefinition", "recordedresponse", "upstreamresponse", "output", "outputs"]),
    (Role::Attributes, &["attributes", "attrs", "flowfileattributes", "attribute", "ozellikler", "properties", "updatedattributes", "http", "call", "exchange", "transaction", "islem", "cagri", "httpcall", "apicall", "fields", "alanlar", "degerler", "tags", "applicationproperties", "userproperties", "messageproperties", "messageattributes"]),
    (Role::RequestBody, &["requestbody", "reqbody", "payload", "sentdata", "requestdata", "requestcontent", "requestpayload", "requesttext", "sentbody", "senddata", "requestjson", "requestxml", "bodysent", "istekgovdesi", "istekverisi", "istekicerigi", "gonderilenveri", "inputdata", "inputpayload", "postdatatext", "postbody", "outgoing", "senttext", "postdata", "serializeddata", "requestitem", "requestrow", "requestrecord", "requestbodycontent", "httprequestbodycontent", "bodysentbase64"]),
    (Role::ResponseBody, &["responsebody", "respbody", "resbody", "rawresponse", "responsetext", "responsedata", "responsecontent", "responsepayload", "result", "contenttext", "receiveddata", "responsejson", "responsexml", "replybody", "cevapgovdesi", "yanitgovdesi", "cevapverisi", "yanitverisi", "gelenveri", "outputdata", "incoming", "bodyreceived", "returned", "sonucverisi", "resultserializeddata", "resultdata", "responsebodycontent", "httpresponsebodycontent", "responseitem"]),
    (Role::Body, &["body", "content", "data", "flowfilecontent", "veri", "govde", "icerik"]),
    (Role::RawRequest, &["rawrequest", "rawreq", "hamistek"]),
    (Role::HttpStatus, &["invokehttpstatuscode", "responsestatuscode", "statuscode", "httpstatus", "httpcode", "responsecode", "responsestatus", "httpstatuscode", "httpresponsecode", "durumkodu", "httpdurumu", "httpdurumkodu", "cevapkodu", "yanitkodu", "httpkodu", "returncode", "downstreamstatus", "edgeresponsestatus", "elbstatuscode", "clientstatus", "finalstatus", "statusnumber", "gatewaystatus", "proxystatus", "httpresponsestatus", "responsestatuscodevalue"]),
    (Role::OriginStatus, &["originstatus", "originresponsestatus", "originstatuscode", "upstreamstatus", "upstreamstatuscode", "upstreamresponsestatus", "upstreamresponsecode", "backendstatus", "backendstatuscode", "backendresponsecode", "targetstatus", "targetstatuscode", "integrationstatus"]),
    (Role::Status, &["status"]),
    (Role::Reason, &["invokehttpstatusmessage", "responsereason", "statustext", "statusmessage", "reasonphrase", "httpmessage", "responsemessage", "responsestatustext", "statusline"]),
    (Role::Url, &["invokehttprequesturl", "url", "requesturl", "endpoint", "uri", "path", "transituri", "remoteurl", "adres", "requesturi", "requestpath", "targeturl", "endpointurl", "apiurl", "serviceurl", "istekadresi", "href", "fullurl", "link", "requestendpoint", "urlfull", "urloriginal", "absoluteurl", "absoluteuri", "requestfullurl", "httptarget", "httpurl", "rawurl", "originalurl", "requesturlfull", "urlpath", "clientrequesturi", "clientrequesturl", "apiendpoint", "urlstring", "resourcepath", "requestpathandquery", "pathandquery"]),
    (Role::ResponseUrl, &["invokehttpresponseurl", "responseurl", "finalurl", "effectiveurl"]),
    (Role::Method, &["method", "httpmethod", "requestmethod", "verb", "httpverb", "metod", "metot", "yontem", "istekmetodu", "istekyontemi", "invokehttprequestmethod", "httprequestmethod", "clientrequestmethod"]),
    (Role::Host, &["host", "hostname", "destination", "authority", "domain", "requesthost", "clientrequesthost", "urldomain", "urlhost", "httphost", "vhost", "serveraddress", "prettyhost", "scope", "baseurl", "baseuri", "servername", "upstreamhost"]),
    (Role::Scheme, &["scheme", "protocol", "requestscheme", "clientrequestscheme", "urlscheme", "httpscheme"]),
    (Role::Port, &["port", "requestport", "urlport", "serverport"]),
    (Role::Query, &["querystring", "requestquery", "urlquery", "rawquery", "queryparams", "queryparameters", "requestquerystring", "querystringparameters"]),
    (Role::Headers, &["headers", "header", "requestheaders", "responseheaders", "requestheader", "responseheader", "basliklar", "cookies", "requestcookies", "responsecookies"]),
    (Role::Start, &["created", "createddate", "createdat", "timestamp", "ts", "startedat", "starteddatetime", "executiontime", "occurredat", "occurred", "eventtime", "timestampmillis", "logtime", "tarih", "starttime", "start", "started", "begin", "begintime", "date", "datetime", "requesttime", "requestedat", "requestdate", "sentat", "loggedat", "logdate", "islemtarihi", "islemzamani", "zaman", "baslangic", "baslangictarihi", "olusturmatarihi", "createdtime", "createdon", "creationdate", "occuredat", "eventdate", "tarihsaat", "baslama", "istektarihi", "epoch", "epochms", "epochmillis", "lineagestart", "entrydate", "createdms", "timestampms", "executedat", "runat", "time0", "recordedat", "loggeddate", "timestarted", "timestart", "startat", "startts", "t", "instant", "receivedtime", "requesttimestamp", "requeststart", "requestreceived", "recordedtime", "capturedat", "timestampstart", "logdatetime", "datecreated", "createdatetime", "createtime", "creationtime", "eventtimestamp", "startedon", "startdate", "startdatetime", "starttimestamp", "publishtime", "publishedat", "ingestiontime", "enqueuedat", "enqueuedtime", "enqueuedtimeutc", "receivedtimestamp", "timegenerated", "edgestarttimestamp", "startutc", "startedtime", "starttimeutc", "kayittarihi", "kayitzamani", "baslangiczamani", "gonderimtarihi", "failedat", "deadletteredat", "loggedtime", "timestamputc", "datecreatedutc", "timelocal", "timeiso8601", "times", "deliveredat", "attemptedat", "starttimeunixnano", "timeunixnano", "observedtimeunixnano", "reqtimesec", "requeststarttime", "firedat", "invokedat", "calledat", "querytime", "requestreceivedat", "requestsentat", "starttimems", "startedatms", "kayitzaman"]),
    (Role::End, &["finished", "finishedat", "completedat", "endedat", "endtime", "end", "modifieddate", "objmodifieddate", "bitis", "bitistarihi", "responsetime0", "receivedat", "completed", "updatedat", "finishtime", "respondedat", "ended", "timeended", "timeend", "timefinished", "timestampend", "completedon", "completiontime", "completeddate", "finishedon", "enddate", "enddatetime", "edgeendtimestamp", "stoppedat", "bitiszamani", "closedat", "endts", "endutc", "endtimeutc", "endtimeunixnano", "endtimems", "datedone"]),
    (Role::Time, &["time"]),
    (Role::Duration, &["invokehttprequestduration", "duration", "durationms", "durationmillis", "eventduration", "executionduration", "elapsed", "elapsedms", "elapsedtime", "responsetime", "responsetimems", "took", "tookms", "sure", "surems", "latency", "latencyms", "requestduration", "timetaken", "gecensure", "responseduration", "runtimems", "millis", "durationseconds", "durationsec", "durations", "durationus", "durationns", "durationnano", "durationnanos", "durationmicros", "durationinms", "durationinmillis", "durationmilliseconds", "latencies", "timings", "elapsedmilliseconds", "elapsedmillis", "elapsedseconds", "elapsedsec", "totaltime", "timetotal", "totaltimems", "responsetimeseconds", "upstreamresponsetime", "latencyseconds", "latencyns", "latencyus", "executiontimems", "processingtime", "processingtimems", "processtime", "roundtriptime", "rtt", "roundtripms", "requesttimems", "requesttimeseconds", "timems", "totalduration", "totalms", "totalmillis", "totalelapsed", "timeelapsed", "tookseconds", "suresaniye", "calismasuresi", "islemsuresi", "islemsuresims", "responsetimemillis", "responsetimens", "callduration", "requestlatency", "responselatency", "timing"]),
    (Role::Unit, &["unit", "timeunit", "durationunit", "latencyunit", "elapsedunit"]),
    (Role::Correlation, &["correlation", "correlationid", "requestid", "reqid", "traceid", "transactionid", "xrequestid", "xcorrelationid", "requestuuid", "callid", "reqandreskey", "korelasyonid", "istekid", "islemid"]),
    (Role::Encoded, &["isbase64encoded", "isbase64", "base64encoded", "encodedbody", "bodyencoding", "bodyisbase64", "bodybase64encoded", "payloadencoding", "requestbodyencoding", "responsebodyencoding"]),
    (Role::Key(KeyKind::Sku, 0), &["sku", "productsku", "skucode", "skuid"]),
    (Role::Key(KeyKind::Sku, 1), &["stockcode", "itemcode", "stokkodu", "urunkodu", "productcode", "variantsku", "merchantsku", "materialcode", "matnr", "malzemekodu", "stokkod", "urunkod", "itemsku", "sellersku", "stockkeepingunit", "materialnumber", "material", "itemno", "itemnumber", "variantcode", "stokno"]),
    (Role::Key(KeyKind::Sku, 3), &["product", "urun", "stok", "item"]),
    (Role::Key(KeyKind::BaseCode, 2), &["basecode", "parentsku", "modelcode", "modelkodu", "anaurunkodu"]),
    (Role::Key(KeyKind::Barcode, 2), &["barcode", "barkod", "usedbarcode", "ean", "gtin", "ean13", "barkodno", "upc"]),
    (Role::Key(KeyKind::Order, 0), &["ordernumber", "orderno", "siparisno", "siparisnumarasi", "siparisnumber", "ordernum", "ordercode", "sipariskodu", "shopordernumber", "marketplaceordernumber", "salesordernumber", "purchaseordernumber", "ordernr"]),
    (Role::Key(KeyKind::Order, 1), &["orderid", "siparisid", "cancellationplanid", "cancellationrequestid"]),
    (Role::Key(KeyKind::Order, 3), &["number", "order", "siparis", "documentnumber", "belgeno", "numara", "documentno", "evrakno"]),
    (Role::Key(KeyKind::Order, 4), &["remoteid"]),
    (Role::Key(KeyKind::Record, 4), &["tracekey", "recordid", "recordkey", "primarykey", "externalid", "rowkey", "businesskey", "entitykey", "entityid", "anahtar", "kayitno", "key", "referenceno", "reference", "messagekey", "partitionkey", "documentid", "docid"]),
    (Role::Key(KeyKind::Record, 6), &["objectid", "pk"]),
    (Role::RowNum, &["rownum", "fragmentindex", "index", "line", "lineno", "row", "oindex", "satir", "satirno", "rownumber", "linenumber", "rowno", "rowindex", "sira", "sirano", "recordindex", "splitindex"]),
    (Role::Step, &["processgroupname", "componentname", "step", "stepname", "node", "nodename", "adim", "adimadi", "processorname", "stepslug", "stepid", "task", "taskname", "stage", "asama"]),
    (Role::Group, &["processgroupid"]),
    (Role::ParentGroup, &["parentprocessgroupid", "flowid", "parentgroupid"]),
    (Role::Flow, &["flow", "flowname", "flowslug", "flowtype", "integrationflowname", "processname", "recipeid", "akis", "akisadi", "pipeline", "integration", "entegrasyon"]),
    (Role::Run, &["originalfilenameuuid", "executionid", "flowjobid", "jobid", "runid", "fragmentidentifier", "calismaid", "runuuid", "executionuuid", "originalexecutionid"]),
    (Role::FileUuid, &["filenameuuid"]),
    (Role::LogId, &["logid", "lognumber", "logno", "integratorlogid", "kayitid"]),
    (Role::Id, &["id"]),
    (Role::Errors, &["errors", "error", "errorlist", "errordetails", "childerrors", "failures", "exceptions", "validationerrors", "hatalar", "hata", "errordetail", "fault", "faults", "err", "errs", "problems", "fielderrors", "errorinfo", "failure", "errortext", "sorunlar", "failurereasons", "validationresults", "validationmessages", "errorreasons", "rejectreasons", "rejections", "rejectionreasons", "faultdetails", "violations", "failuredetails", "hatalistesi", "failedreasons", "rowerrors", "lineerrors", "itemerrors"]),
    (Role::ErrorMessage, &["errordesc", "errordescription", "errdesc", "errormessage", "errormessages", "errormsg", "errmsg", "nonfielderrors", "faultstring", "exceptionmessage", "hatamesaji", "hataaciklamasi", "hatametni", "hatadetayi", "failurereason", "failuremessage", "errorreason", "lasterror", "userfriendlymessage", "hataaciklama", "failedreason", "rejectreason", "rejectionreason", "deadletterreason", "deadlettererrordescription", "redsebebi", "rednedeni"]),
    (Role::Message, &["message", "detail", "details", "msg", "description", "detaileddescription", "reason", "title", "aciklama", "mesaj", "messages", "mesajlar", "detay", "info", "text", "longtext", "shorttext", "developermessage", "usermessage", "resultmessage", "statusdescription", "resultdescription", "resultdesc", "sonucmesaji", "islemmesaji"]),
    (Role::ErrorCode, &["errorcode", "errcode", "errortypeidentifier", "errorid", "faultcode", "hatakodu", "errornumber", "errno", "errortype", "exceptioncode", "resultcode"]),
    (Role::Code, &["code", "type", "classification", "kod", "messagecode", "kodu", "msgno"]),
    (Role::ReasonType, &["reasontype", "failedreasontype"]),
    (Role::ExceptionClass, &["invokehttpjavaexceptionclass", "exceptiontype", "exceptionclass", "javaexceptionclass", "exceptionname", "exceptionclassname", "exceptiontypename", "exceptionfqcn", "errorclass", "dltexceptionfqcn", "kafkadltexceptionfqcn", "kafkaexceptionfqcn"]),
    (Role::ExceptionMessage, &["invokehttpjavaexceptionmessage", "exc", "traceback", "stacktrace", "exception", "javaexceptionmessage", "istisna", "trace", "callstack", "excinfo", "kafkadltexceptionmessage", "dltexceptionmessage", "kafkaexceptionmessage"]),
    (Role::Ok, &["isok", "success", "issuccess", "ok", "issuccessful", "successful", "basarili", "basarilimi", "succeeded", "issucceeded", "successflag", "isvalid"]),
    (Role::Failed, &["iserror", "haserror", "haserrors", "failed", "isfailed", "hatali", "hatalimi", "hatavar", "hatavarmi", "basarisiz", "isfailure", "isfault", "errorflag"]),
    (Role::State, &["state", "outcome", "sonuc", "durum", "resultstatus", "logstatus", "executionstatus", "rowstatus", "statusname", "statustype", "operationresult", "islemsonucu", "processstatus"]),
    (Role::Truncated, &["truncated", "istruncated", "responsetruncated", "responsebodytruncated", "cut", "kesildi", "bodytruncated"]),
    (Role::Items, &["logs", "rows", "lines", "items", "records", "results", "entries", "subflows", "exchanges", "calls", "steps", "runs", "kayitlar", "satirlar", "adimlar", "loglar", "children", "list", "log", "batches", "batch", "objects", "hits", "events", "transactions", "history", "attempts", "denemeler", "islemler", "linelogs", "sublogs", "operationslist", "pairs", "interactions", "httpinteractions", "recordings", "cassettes"]),
    (Role::OrderItems, &["lineitems", "orderitems", "orderlines", "orderitemset", "orderlineitems", "orderproducts", "saleorderlines", "sipariskalemleri", "siparissatirlari", "siparisurunleri"]),
    (Role::Field, &["field", "fieldname", "attr", "property", "propertyname", "param", "parameter", "loc", "pointer", "alan", "alanadi", "target", "source", "attributename", "column", "membernames"]),
];

/// Words that only say where a field comes from.
const LEADING: &[&str] = &[
    "invokehttp",
    "http",
    "x",
    "api",
    "omnitron",
    "erp",
    "raw",
    "full",
    "original",
    "last",
    "remote",
    "target",
    "client",
    "server",
    "integrator",
    "akinon",
    "service",
    "servis",
    "log",
    "attr",
    "nifi",
    "ham",
    "son",
    "external",
    "upstream",
    "parsed",
];

/// Words that only say how a field is written.
const TRAILING: &[&str] = &[
    "text", "string", "json", "raw", "str", "value", "xml", "list", "metni", "bilgisi", "utc",
    "iso", "base64", "b64",
];

/// Request and response, and the parts of either.
const REQUEST: &[&str] =
    &["request", "req", "istek", "gonderilen", "giden", "sent", "outgoing", "outbound", "talep"];
const RESPONSE: &[&str] = &[
    "response", "resp", "res", "cevap", "yanit", "gelen", "alinan", "donen", "reply", "answer",
    "received", "incoming",
];
#[rustfmt::skip]
const PARTS: &[(&str, Role, Role)] = &[
    ("body", Role::RequestBody, Role::ResponseBody), ("content", Role::RequestBody, Role::ResponseBody),
    ("payload", Role::RequestBody, Role::ResponseBody), ("data", Role::RequestBody, Role::ResponseBody),
    ("text", Role::RequestBody, Role::ResponseBody), ("json", Role::RequestBody, Role::ResponseBody),
    ("xml", Role::RequestBody, Role::ResponseBody), ("raw", Role::RequestBody, Role::ResponseBody),
    ("govde", Role::RequestBody, Role::ResponseBody), ("govdesi", Role::RequestBody, Role::ResponseBody),
    ("icerik", Role::RequestBody, Role::ResponseBody), ("icerigi", Role::RequestBody, Role::ResponseBody),
    ("veri", Role::RequestBody, Role::ResponseBody), ("verisi", Role::RequestBody, Role::ResponseBody),
    ("metni", Role::RequestBody, Role::ResponseBody), ("message", Role::RequestBody, Role::Reason),
    ("string", Role::RequestBody, Role::ResponseBody), ("document", Role::RequestBody, Role::ResponseBody),
    ("url", Role::Url, Role::ResponseUrl), ("uri", Role::Url, Role::ResponseUrl), ("path", Role::Url, Role::None),
    ("endpoint", Role::Url, Role::None), ("adresi", Role::Url, Role::None), ("address", Role::Url, Role::None),
    ("host", Role::Host, Role::None), ("scheme", Role::Scheme, Role::None), ("port", Role::Port, Role::None),
    ("query", Role::Query, Role::None), ("querystring", Role::Query, Role::None),
    ("method", Role::Method, Role::None), ("verb", Role::Method, Role::None), ("metodu", Role::Method, Role::None),
    ("yontemi", Role::Method, Role::None), ("type", Role::None, Role::None),
    ("headers", Role::Headers, Role::Headers), ("header", Role::Headers, Role::Headers),
    ("basliklari", Role::Headers, Role::Headers),
    ("status", Role::None, Role::HttpStatus), ("statuscode", Role::None, Role::HttpStatus),
    ("code", Role::None, Role::HttpStatus), ("httpstatus", Role::None, Role::HttpStatus),
    ("httpcode", Role::None, Role::HttpStatus), ("kodu", Role::None, Role::HttpStatus),
    ("durumu", Role::None, Role::HttpStatus), ("durumkodu", Role::None, Role::HttpStatus),
    ("reason", Role::None, Role::Reason), ("statustext", Role::None, Role::Reason),
    ("time", Role::Start, Role::Duration), ("date", Role::Start, Role::End), ("at", Role::Start, Role::End),
    ("timestamp", Role::Start, Role::End), ("tarihi", Role::Start, Role::End), ("zamani", Role::Start, Role::End),
    ("duration", Role::Duration, Role::Duration), ("ms", Role::Duration, Role::Duration),
    ("suresi", Role::Duration, Role::Duration),
    ("error", Role::ErrorMessage, Role::Errors), ("errors", Role::Errors, Role::Errors),
    ("truncated", Role::None, Role::Truncated), ("size", Role::None, Role::None), ("id", Role::None, Role::None),
];

static ROLES: LazyLock<HashMap<&'static str, Role>> = LazyLock::new(|| {
    TABLE.iter().flat_map(|(role, names)| names.iter().map(move |name| (*name, *role))).collect()
});

/// Normalises a key as the table has it. Keys that are no names (over 80 bytes) give `""`.
pub fn normalise(key: &str, out: &mut String) {
    out.clear();
    if key.len() > 80 {
        return;
    }
    for c in key.chars() {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            'ı' | 'İ' | 'î' => out.push('i'),
            'ş' | 'Ş' => out.push('s'),
            'ç' | 'Ç' => out.push('c'),
            'ğ' | 'Ğ' => out.push('g'),
            'ö' | 'Ö' => out.push('o'),
            'ü' | 'Ü' | 'û' => out.push('u'),
            'â' => out.push('a'),
            _ => {}
        }
    }
}

/// The role of a normalised key at record level.
pub fn role_of(name: &str) -> Role {
    if let Some(role) = ROLES.get(name) {
        return *role;
    }
    for lead in LEADING {
        if let Some(role) = name.strip_prefix(lead).and_then(|rest| ROLES.get(rest)) {
            // `x` and `son` and the like are too short to trust before names that are words of
            // any business record.
            if !matches!(
                role,
                Role::Key(..) | Role::Id | Role::Body | Role::Items | Role::Code | Role::Message
            ) {
                return *role;
            }
        }
    }
    if let Some(role) = part_of(name) {
        return role;
    }
    for trail in TRAILING {
        if let Some(role) = name.strip_suffix(trail).and_then(|rest| ROLES.get(rest)) {
            return *role;
        }
    }
    Role::None
}

/// Request or response plus a part, in any order and with other words around.
fn part_of(name: &str) -> Option<Role> {
    let side = |words: &'static [&'static str]| {
        let long = words.iter().copied().find(|w| w.len() > 3 && name.contains(w));
        long.or_else(|| words.iter().copied().find(|w| name.starts_with(w)))
    };
    let (request, response) = (side(REQUEST), side(RESPONSE));
    let (word, is_request) = match (request, response) {
        (Some(word), None) => (word, true),
        (None, Some(word)) => (word, false),
        _ => return None,
    };
    let at = name.find(word)?;
    let (before, after) = (&name[..at], &name[at + word.len()..]);
    for rest in [after, before] {
        let mut rest = rest;
        if rest.is_empty() {
            continue;
        }
        for trail in TRAILING {
            if rest.len() > trail.len() {
                rest = rest.strip_suffix(trail).unwrap_or(rest);
            }
        }
        if let Some((_, on_request, on_response)) = PARTS.iter().find(|(part, ..)| *part == rest) {
            let role = if is_request { *on_request } else { *on_response };
            return Some(role);
        }
    }
    if after.is_empty() && LEADING.contains(&before) {
        return Some(if is_request { Role::Request } else { Role::Response });
    }
    None
}

/// The role of a key as it stands, at record level: of its name, else of the name without `x-` in
/// front, else of the last part of a dotted one (`event.created`, `post:form:payload`).
pub fn role_of_key(key: &str, scratch: &mut String) -> Role {
    normalise(key, scratch);
    let whole = role_of(scratch);
    if whole != Role::None {
        return whole;
    }
    if let Some(rest) = ["x-", "X-", "x_", "X_"].iter().find_map(|x| key.strip_prefix(x)) {
        normalise(rest, scratch);
        return role_of(scratch);
    }
    // `record.request.body` as `request.body`, then as `body`.
    let mut rest = key;
    while let Some((_, last)) = rest.split_once(['.', ':', '/']) {
        rest = last;
        normalise(rest, scratch);
        let role = role_of(scratch);
        // Names that mean something wherever they stand; `mime.type` is no error code.
        if matches!(
            role,
            Role::Start
                | Role::End
                | Role::Duration
                | Role::RequestBody
                | Role::ResponseBody
                | Role::HttpStatus
                | Role::Url
                | Role::Method
                | Role::Errors
                | Role::ErrorMessage
                | Role::ErrorCode
                | Role::ExceptionClass
                | Role::ExceptionMessage
                | Role::Key(_, 0..3)
        ) {
            return role;
        }
    }
    Role::None
}

/// The role of a normalised key inside a request object; `None` when it is no part of one.
pub fn role_in_request(name: &str) -> Role {
    match name {
        "body" | "content" | "data" | "text" | "payload" | "json" | "raw" | "form" | "govde"
        | "icerik" | "veri" | "xml" | "bodyasbase64" => Role::RequestBody,
        "mimetype" | "httpversion" | "headerssize" | "bodysize" | "size" | "cookies"
        | "contenttype" | "encoding" | "timeout" => Role::Headers,
        "params" | "query" | "querystring" | "search" | "args" => Role::Query,
        "status" | "statuscode" | "responsestatus" => Role::HttpStatus,
        _ => match role_of(name) {
            role @ (Role::Url
            | Role::Host
            | Role::Scheme
            | Role::Port
            | Role::Query
            | Role::Method
            | Role::Headers
            | Role::RequestBody
            | Role::Encoded
            | Role::Start
            | Role::Duration) => role,
            Role::Time => Role::Start,
            _ => Role::None,
        },
    }
}

/// The role of a normalised key inside a response object; `None` when it is no part of one.
pub fn role_in_response(name: &str) -> Role {
    match name {
        "status" | "code" | "durum" | "kod" => Role::HttpStatus,
        "body" | "content" | "data" | "text" | "payload" | "json" | "raw" | "govde" | "icerik"
        | "veri" | "xml" | "stream" | "bodyasbase64" => Role::ResponseBody,
        "mimetype" | "httpversion" | "redirecturl" | "headerssize" | "bodysize" | "cookies"
        | "size" | "compression" | "contenttype" | "encoding" | "contentlength" => Role::Headers,
        "message" | "reason" | "phrase" => Role::Reason,
        _ => match role_of(name) {
            role @ (Role::HttpStatus
            | Role::Headers
            | Role::ResponseBody
            | Role::Encoded
            | Role::Reason
            | Role::Errors
            | Role::ErrorMessage
            | Role::Duration
            | Role::End
            | Role::ResponseUrl
            | Role::Truncated) => role,
            Role::Url => Role::ResponseUrl,
            Role::Time => Role::Duration,
            Role::Start => Role::End,
            _ => Role::None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(key: &str) -> Role {
        let mut name = String::new();
        normalise(key, &mut name);
        role_of(&name)
    }

    #[test]
    fn no_spelling_stands_twice_in_the_table() {
        let all: usize = TABLE.iter().map(|(_, names)| names.len()).sum();
        assert_eq!(ROLES.len(), all);
    }

    #[test]
    fn spellings_meet_whatever_their_dress() {
        for (key, wanted) in [
            ("request body", Role::RequestBody),
            ("requestBody", Role::RequestBody),
            ("Request-Content", Role::RequestBody),
            ("ResponseContent", Role::ResponseBody),
            ("invokehttp.response.body", Role::ResponseBody),
            ("invokehttp.status.code", Role::HttpStatus),
            ("invokehttp.request.url", Role::Url),
            ("HttpStatusCode", Role::HttpStatus),
            ("raw_request", Role::RawRequest),
            ("raw_response", Role::ResponseBody),
            ("RequestUrl", Role::Url),
            ("durumKodu", Role::HttpStatus),
            ("yanıt", Role::Response),
            ("yanıt_gövdesi", Role::ResponseBody),
            ("istek", Role::Request),
            ("hataMesajı", Role::ErrorMessage),
            ("siparişNo", Role::Key(KeyKind::Order, 0)),
            ("!flowSlug", Role::Flow),
            ("@timestamp", Role::Start),
            ("omnitronResponseBody", Role::ResponseBody),
            ("response_body_json", Role::ResponseBody),
            ("erp_request", Role::Request),
            ("BAŞARILI", Role::Ok),
            ("colour", Role::None),
            ("resolution", Role::None),
            ("requested_quantity", Role::None),
        ] {
            assert_eq!(role(key), wanted, "{key}");
        }
    }
}
