//! Text in which payloads or JSON stand between other text: saved HTTP answers and mails, log lines,
//! tables, scripts, pages; and text whose characters are written as escapes of another format.
//!
//! Nothing here decides whether a text is such an envelope for certain: what a function finds is used only
//! when it holds JSON, see `peel/envelopes.rs`.

use std::ops::Range;

use crate::sniff;

/// The beginning of base64 of the formats that are opened, of zip and gzip in hex, and of base64 of JSON.
const MAGICS: [&[u8]; 17] = [
    b"UEsDB",
    b"UEsFB",
    b"UEsHC",
    b"H4sI",
    b"/Td6WFoA",
    b"KLUv/",
    b"QlpoO",
    b"BCJNGA",
    b"504b0304",
    b"504B0304",
    b"1f8b08",
    b"1F8B08",
    b"W3si",
    b"W3sK",
    b"W3sN",
    b"eyJ",
    b"ewog",
];
/// How many of [`MAGICS`] are of archives and compressed data.
const PACKED_MAGICS: usize = 12;
/// Characters of a payload, at least: a shorter one holds no log.
const SHORTEST: usize = 24;
/// Characters of base64 of JSON within other text, at least; shorter ones are tokens and ids.
const SHORTEST_JSON: usize = 64;
/// How many bytes of a JSON document are looked at for its first payload: every document is.
const FIRST: usize = 384;
/// How many bytes may stand around each payload of a JSON document.
const AROUND: usize = 4096;

/// Whether `text` begins like base64 of something that is opened.
fn is_magic(text: &[u8], magics: &[&[u8]]) -> bool {
    // The first byte is enough for most texts.
    matches!(
        text.first(),
        Some(b'U' | b'H' | b'/' | b'K' | b'Q' | b'B' | b'5' | b'1' | b'W' | b'e')
    ) && magics.iter().any(|magic| text.starts_with(magic))
}

/// The body of a saved HTTP answer: what stands behind its last head (`100 Continue`, redirects and
/// proxies have heads of their own), with chunks joined. None when the text is no answer, or one whose
/// status is not 2xx, which is no log.
pub(crate) fn http_body(text: &[u8]) -> Option<Vec<u8>> {
    let mut rest = text;
    let mut chunked = false;
    let mut status = 0;
    while rest.starts_with(b"HTTP/") {
        let line = first_line(rest);
        let code = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).nth(1)?;
        status = std::str::from_utf8(code).ok()?.parse::<u32>().ok()?;
        let head = head_length(rest)?;
        chunked = header(&rest[..head], b"transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().ends_with(b"chunked"));
        rest = &rest[head..];
    }
    if !(200..300).contains(&status) || sniff::trim_end(rest).is_empty() {
        return None;
    }
    Some(chunked.then(|| join_chunks(rest)).flatten().unwrap_or_else(|| rest.to_vec()))
}

/// The parts of a chunked body (RFC 9112, 7.1), joined; what stands before the cut of a cut one. None when
/// the body has no chunks: the client that saved it has joined them.
fn join_chunks(body: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    let mut rest = body;
    loop {
        let line = first_line(rest);
        let size = line.split(|&byte| byte == b';').next()?.trim_ascii();
        let size =
            std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size else { return (!joined.is_empty()).then_some(joined) };
        rest = &rest[rest.len().min(line.len() + line_end(&rest[line.len()..]))..];
        if size == 0 || rest.is_empty() {
            return Some(joined);
        }
        let (data, after) = rest.split_at(rest.len().min(size));
        joined.extend_from_slice(data);
        rest = &after[line_end(after)..];
    }
}

/// The line that `text` begins with, without its end.
fn first_line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len())]
}

/// Length of the line end that `text` begins with.
fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// Length of a head of header lines with the empty line behind it. None when it has other lines.
fn head_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut lines = 0;
    loop {
        let line = first_line(&text[at..]);
        let end = at + line.len() + line_end(&text[at + line.len()..]);
        if line.is_empty() {
            return (end > at && lines > 0).then_some(end);
        }
        let named = memchr::memchr(b':', line)
            .is_some_and(|colon| line[..colon].iter().all(u8::is_ascii_graphic));
        let status = lines == 0 && line.starts_with(b"HTTP/");
        let folded = lines > 0 && matches!(line[0], b' ' | b'\t');
        if !(named || status || folded) || end == at + line.len() {
            return None;
        }
        lines += 1;
        at = end;
    }
}

/// The value of the header `name`, folded lines joined.
fn header(head: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut value: Option<Vec<u8>> = None;
    for line in head.split(|&byte| byte == b'\n') {
        if let Some(value) = &mut value {
            if !matches!(line.first(), Some(b' ' | b'\t')) {
                break;
            }
            value.extend_from_slice(line.trim_ascii_end());
        } else if line.len() > name.len()
            && line[..name.len()].eq_ignore_ascii_case(name)
            && line[name.len()] == b':'
        {
            value = Some(line[name.len() + 1..].trim_ascii().to_vec());
        }
    }
    value
}

/// The contents of a mail or a saved page in MIME (RFC 2045, 2046), in order, quoted-printable undone;
/// base64 is left as it is. None when `text` is neither.
pub(crate) fn mail_parts(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let head = &text[..head_length(text)?];
    header(head, b"mime-version")
        .or_else(|| header(head, b"content-transfer-encoding"))
        .or_else(|| header(head, b"content-type").filter(|value| boundary(value).is_some()))?;
    let mut parts = Vec::new();
    entity(text, 0, &mut parts);
    (!parts.is_empty()).then_some(parts)
}

/// Adds the contents of one entity, which is a head and a body, to `parts`.
fn entity(text: &[u8], depth: u32, parts: &mut Vec<Vec<u8>>) {
    let length = head_length(text).unwrap_or_else(|| line_end(text));
    let (head, body) = text.split_at(length);
    let mark = header(head, b"content-type").and_then(|value| boundary(&value));
    if let Some(mark) = mark.filter(|_| depth < 4) {
        let mark = [b"--", mark.as_slice()].concat();
        let mut start = None;
        for at in memchr::memmem::find_iter(body, &mark) {
            if at > 0 && !matches!(body[at - 1], b'\n' | b'\r') {
                continue;
            }
            if let Some(start) = start {
                entity(&body[start..at], depth + 1, parts);
            }
            let after = at + mark.len();
            if body[after..].starts_with(b"--") {
                return;
            }
            start = Some(after + line_end(&body[after..]));
        }
        if let Some(start) = start {
            entity(&body[start..], depth + 1, parts);
        }
        return;
    }
    let encoding = header(head, b"content-transfer-encoding").unwrap_or_default();
    let body = if encoding.eq_ignore_ascii_case(b"quoted-printable") {
        unquoted_printable(body)
    } else {
        body.to_vec()
    };
    if !body.trim_ascii().is_empty() {
        parts.push(body);
    }
}

/// The boundary in the value of a content type.
fn boundary(value: &[u8]) -> Option<Vec<u8>> {
    let lower = value.to_ascii_lowercase();
    let at = memchr::memmem::find(&lower, b"boundary=")? + 9;
    let rest = &value[at..];
    let mark = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|&byte| byte == b'"').next()?,
        None => rest.split(|&byte| byte == b';' || byte == b' ').next()?,
    };
    (!mark.is_empty()).then(|| mark.to_vec())
}

/// Undoes quoted-printable (RFC 2045, 6.7); what is no escape is kept.
fn unquoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let soft = line_end(rest);
        if soft > 0 {
            rest = &rest[soft..];
        } else if let Some(byte) = hex_byte(rest) {
            out.push(byte);
            rest = &rest[2..];
        } else {
            out.push(b'=');
        }
    }
    out.extend_from_slice(rest);
    out
}

/// The byte that two hex digits at the start of `text` stand for.
pub(crate) fn hex_byte(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    Some((digit(0)? << 4 | digit(1)?) as u8)
}

/// Undoes percent-encoding (RFC 3986, 2.1); what is no escape is kept.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(byte) = hex_byte(rest) {
            out.push(byte);
            rest = &rest[2..];
        } else {
            out.push(b'%');
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Undoes the character references that JSON in a page needs; others are kept.
fn without_entities(text: &[u8]) -> Vec<u8> {
    const NAMED: [(&[u8], u8); 10] = [
        (b"quot;", b'"'),
        (b"#34;", b'"'),
        (b"#x22;", b'"'),
        (b"#39;", b'\''),
        (b"#x27;", b'\''),
        (b"apos;", b'\''),
        (b"lt;", b'<'),
        (b"gt;", b'>'),
        (b"nbsp;", b' '),
        (b"amp;", b'&'),
    ];
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match NAMED.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, byte)) => {
                out.push(*byte);
                rest = &rest[name.len()..];
            }
            None => out.push(b'&'),
        }
    }
    out.extend_from_slice(rest);
    out
}

/// `text` without what programs write for a terminal (ECMA-48, control sequences: colours and places). None when it
/// has none near its beginning.
pub(crate) fn without_colours(text: &[u8]) -> Option<Vec<u8>> {
    const BEGIN: &[u8] = b"\x1b[";
    memchr::memmem::find(&text[..text.len().min(256)], BEGIN)?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, BEGIN) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + BEGIN.len()..];
        let end = rest.iter().position(|byte| (0x40..0x7f).contains(byte));
        rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The lines of `text` without the mark that each begins with: quoted in a mail (`> `), added in a patch (`+`), a
/// comment (`# `, `// `). None when they do not all begin with the same one, or there is one line.
pub(crate) fn without_marks(text: &[u8]) -> Option<Vec<u8>> {
    let is_mark = |byte: &u8| matches!(byte, b'>' | b'|' | b'+' | b'#' | b'*' | b'/' | b'%');
    let mark = text.iter().take(8).take_while(|byte| is_mark(byte) || **byte == b' ').count();
    let mark = &text[..mark];
    if !mark.iter().any(is_mark) {
        return None;
    }
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let mut out = Vec::with_capacity(text.len());
    let mut count = 0;
    for line in lines {
        // Blanks at the end of a line are often lost.
        let line = line.strip_prefix(mark).or_else(|| line.strip_prefix(mark.trim_ascii_end()))?;
        out.extend_from_slice(line);
        out.push(b'\n');
        count += 1;
    }
    (count > 1).then_some(out)
}

/// `""` for `"`, as tables write the quotes in a cell.
fn without_doubled_quotes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, b"\"\"") {
        out.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    out
}

/// `text` with the escapes of another format undone, when its JSON is written in them: percent-encoding,
/// character references, the doubled quotes of a table, backslashes. With the word for the layer.
pub(crate) fn unescaped(text: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let head = sniff::trim_start(text);
    let opens = |escape: &[u8]| {
        head.len() > 5
            && head[0] == b'%'
            && head.get(..escape.len()).is_some_and(|head| head.eq_ignore_ascii_case(escape))
    };
    if opens(b"%5b") || opens(b"%7b") || opens(b"%22") {
        return Some(("percent", percent_decoded(head)));
    }
    let brace = memchr::memchr_iter(b'{', text).take(64).find_map(|at| {
        let after = sniff::trim_start(&text[at + 1..]);
        if after.starts_with(b"\"\"") && after.get(2).is_some_and(u8::is_ascii_alphabetic) {
            Some("table")
        } else if [b"&quot;".as_slice(), b"&#34;", b"&#x22;"]
            .iter()
            .any(|mark| after.starts_with(mark))
        {
            Some("entities")
        } else if after.starts_with(b"\\\"") {
            Some("escaped")
        } else if after.starts_with(b"\"") {
            Some("")
        } else {
            None
        }
    })?;
    let plain = match brace {
        "table" => without_doubled_quotes(text),
        "entities" => without_entities(text),
        "escaped" => {
            let mut plain = Vec::new();
            crate::wrap::unescape(text, &mut plain);
            plain
        }
        _ => return None,
    };
    Some((brace, plain))
}

/// Whether a text begins like JSON in the escapes of another format, see [`unescaped`].
pub(crate) fn begins_escaped(text: &[u8]) -> bool {
    let head = &text[..text.len().min(64)];
    unescaped(head).is_some_and(|(_, plain)| sniff::json_begins(&plain))
}

/// The JSON objects and arrays that stand in a text between other things (the marks of log lines, a call
/// around them, words before), one a line. None when there are none, or when they are less than half of
/// the text: then it is a text with JSON in it, such as a trace.
pub(crate) fn json_values(text: &[u8]) -> Option<Vec<u8>> {
    if opens_loose_value(text) {
        return None;
    }
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr2(b'{', b'[', &text[at..]).map(|open| at + open) {
        if !opens_value(&text[open..]) {
            at = open + 1;
            continue;
        }
        let end = match value_end(&text[open..]) {
            Some(length) => open + length,
            // What is cut is left to the reader of JSON, which says so.
            None => text.len(),
        };
        out.extend_from_slice(&text[open..end]);
        out.push(b'\n');
        at = end;
    }
    if sniff::trim_end(&out) == sniff::trim_end(sniff::trim_start(text)) {
        return None;
    }
    (out.len() > 8 && out.len() * 2 >= sniff::trim_end(text).len()).then_some(out)
}

/// Whether an object with a key, or an array of objects, begins here.
pub(crate) fn opens_value(text: &[u8]) -> bool {
    let after = sniff::trim_start(&text[1..]);
    match text[0] {
        b'{' => after.starts_with(b"\"") && key_end(after).is_some(),
        _ => after.first() == Some(&b'{') && opens_value(after),
    }
}

/// The messages of log lines as container runtimes write them (CRI: `TIME stdout F MESSAGE`), one a line, those
/// joined that were divided (`P` in place of `F`). None when no line is divided, or a line is none of these.
pub(crate) fn divided_lines(text: &[u8]) -> Option<Vec<u8>> {
    const MARKS: [&[u8]; 4] = [b" stdout F ", b" stdout P ", b" stderr F ", b" stderr P "];
    let mut out = Vec::new();
    // Of each stream, what its divided line holds so far.
    let mut pieces = [Vec::new(), Vec::new()];
    let mut divided = false;
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let time = memchr::memchr(b' ', &line[..line.len().min(64)])?;
        let mark = MARKS.iter().position(|mark| line[time..].starts_with(mark))?;
        let message = &line[time + MARKS[mark].len()..];
        let piece = &mut pieces[mark / 2];
        if mark % 2 == 1 {
            divided = true;
            piece.extend_from_slice(message);
        } else {
            out.append(piece);
            out.extend_from_slice(message);
            out.push(b'\n');
        }
    }
    for piece in pieces.iter_mut().filter(|piece| !piece.is_empty()) {
        out.append(piece);
        out.push(b'\n');
    }
    divided.then_some(out)
}

/// Whether `text` begins like JSON in the notation of another language (`{request: ..}`, `{'a': ..}`,
/// `[OrderedDict(..)`). The JSON in it is part of its records.
fn opens_loose_value(text: &[u8]) -> bool {
    let text = sniff::trim_start(text);
    let inside = match text {
        [b'[' | b'(', rest @ ..] => sniff::trim_start(rest),
        _ => text,
    };
    let comment = |text: &[u8]| text.starts_with(b"//") || text.starts_with(b"/*");
    if inside.starts_with(b"OrderedDict(") || (inside.len() < text.len() && comment(inside)) {
        return true;
    }
    let Some(key) = inside.strip_prefix(b"{") else { return false };
    let key = sniff::trim_start(key);
    let key = key.strip_prefix(b":").unwrap_or(key);
    let name = key.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count();
    let sign = sniff::trim_start(&key[name..]).first();
    key.first() == Some(&b'\'')
        || comment(key)
        || (name > 0 && matches!(sign, Some(b':' | b'=' | b'\'')))
}

/// Whether `head`, the beginning of a text, is JSON and not a log line that begins with a bracket, such as
/// `[2024-01-01]` or `[notice]`.
pub(crate) fn begins_json(head: &[u8]) -> bool {
    let Some(element) = sniff::trim_start(head).strip_prefix(b"[") else {
        return sniff::json_begins(head);
    };
    let element = sniff::trim_start(element);
    let digits = element.iter().skip(usize::from(element.first() == Some(&b'-')));
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    let rest = match element.first() {
        Some(b'-' | b'0'..=b'9') => &element[digits + usize::from(element[0] == b'-')..],
        Some(b't' | b'n') => element.get(4..).unwrap_or_default(),
        Some(b'f') => element.get(5..).unwrap_or_default(),
        _ => b"",
    };
    let ends = rest.first().is_none_or(|&byte| sniff::is_blank(byte) || b",].eE".contains(&byte));
    ends && sniff::json_begins(head)
}

/// Length of the key that `text` begins with, with its colon. Keys are short.
fn key_end(text: &[u8]) -> Option<usize> {
    let text = &text[..text.len().min(256)];
    let end = crate::wrap::string_end(text, 1)? + 1;
    let blanks = text[end..].len() - sniff::trim_start(&text[end..]).len();
    (text.get(end + blanks) == Some(&b':')).then_some(end + blanks + 1)
}

/// Length of the object or array that `text` begins with, by its brackets.
fn value_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_u32, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at = crate::wrap::string_end(text, at + 1)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The payloads in base64 that stand in a text that is no JSON: cells of a table, values in a script or a
/// page, lines between marks, one a line. Line breaks and escapes within them are left in. Pages are full of
/// tokens that are JSON in base64, so of a page only compressed payloads are given.
pub(crate) fn payloads(text: &[u8]) -> Vec<Range<usize>> {
    let page = text.starts_with(b"<");
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_magic(text, at) {
        let boundary = start == 0 || !is_symbol(text[start - 1]) || is_escape(text, start);
        let end = if boundary { payload_end(text, start) } else { start + 1 };
        let packed = is_magic(&text[start..], &MAGICS[..PACKED_MAGICS]);
        let least = if packed { SHORTEST } else { SHORTEST_JSON };
        // A token is three texts with dots between.
        if boundary && end - start >= least && (packed || !page && text.get(end) != Some(&b'.')) {
            found.push(start..end);
        }
        at = end;
    }
    found
}

/// Whether the symbol before `at` is the end of an escape: `\n`, the `%22` of a percent-encoded text, or the `0x` of
/// hex digits.
fn is_escape(text: &[u8], at: usize) -> bool {
    text[..at].ends_with(b"0x")
        || (at >= 2 && text[at - 2] == b'\\')
        || (at >= 3 && text[at - 3] == b'%')
}

/// Place of the next base64 of something known, at or after `from`.
fn next_magic(text: &[u8], from: usize) -> Option<usize> {
    (from..text.len()).find(|&at| is_magic(&text[at..], &MAGICS))
}

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Where the payload that begins at `start` ends: base64 goes on over line breaks, as long as the lines
/// have nothing else in them.
fn payload_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let line = at;
        at += text[at..].iter().take_while(|&&byte| is_symbol(byte)).count();
        let symbols = at - line;
        let pads = text[at..].iter().take_while(|&&byte| byte == b'=').count();
        let padded = at + pads;
        let percent = text[padded..].starts_with(b"%2") || text[padded..].starts_with(b"%3");
        if percent
            && hex_byte(&text[padded + 1..]).is_some_and(|byte| matches!(byte, b'+' | b'/' | b'='))
        {
            at = padded + 3;
            continue;
        }
        // The mark of a soft line break is no padding.
        let soft = usize::from(pads > 0) * line_end(&text[padded..]);
        let broken = if pads == 0 { break_length(&text[at..]) } else { soft };
        let next = padded + broken;
        let indent = text[next..].iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
        let next = next + indent;
        let symbols_next =
            text[next..].iter().take_while(|&&byte| is_symbol(byte) || byte == b'=').count();
        let line = &text[next..next + symbols_next];
        let rest = &text[next + symbols_next..];
        let clean = rest.is_empty()
            || rest.starts_with(b"\\n")
            || rest.starts_with(b"\\r")
            || matches!(rest[0], b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'<' | b']' | b'}' | b')');
        if broken == 0
            || symbols < 16
            || symbols_next == 0
            || line.starts_with(b"--")
            || is_magic(line, &MAGICS)
            || !clean
            || (pads > 0 && symbols_next < 16)
        {
            return padded;
        }
        at = next;
    }
}

/// Length of the line break that `text` begins with, written out or as an escape.
fn break_length(text: &[u8]) -> usize {
    match text {
        [b'\\', b'r', b'\\', b'n', ..] => 4,
        [b'\\', b'n', ..] => 2,
        _ => line_end(text),
    }
}

/// The strings of a JSON document that are payloads, when the document is made for carrying them: its
/// first one stands near its beginning, little stands around each, and no other value looks like the
/// request or the answer of a record. A payload that is divided into the strings of an array is one range,
/// with the quotes between in it.
pub(crate) fn json_payloads(text: &[u8]) -> Vec<Range<usize>> {
    let head = &text[..text.len().min(FIRST)];
    let first = memchr::memchr_iter(b'"', head).any(|quote| begins_payload(&text[quote + 1..]));
    if !first {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut keys = false;
    let mut around = 0;
    let mut at = 0;
    while let Some(quote) = memchr::memchr(b'"', &text[at..]).map(|quote| at + quote) {
        let end = crate::wrap::string_end(text, quote + 1).unwrap_or(text.len());
        let content = &text[quote + 1..end];
        around += quote - at + 1;
        if begins_payload(content) && content.len() >= SHORTEST {
            let end = pieces_end(text, quote + 1, end);
            found.push(quote + 1..end);
            at = (end + 1).min(text.len());
            continue;
        }
        at = (end + 1).min(text.len());
        let key = sniff::trim_start(&text[at..]).first() == Some(&b':');
        keys |= key;
        around += content.len();
        if (key && names_exchange(content)) || around > AROUND * (found.len() + 1) {
            return Vec::new();
        }
    }
    // Base64 of JSON may be the body of a record, so nothing else may stand beside it.
    let packed = found
        .iter()
        .all(|range| is_magic(payload_of(&text[range.clone()]), &MAGICS[..PACKED_MAGICS]));
    if !packed && keys {
        return Vec::new();
    }
    found
}

/// Whether a record with this key is an exchange, whose bodies may be archives.
fn names_exchange(key: &[u8]) -> bool {
    const NAMES: [&[u8]; 5] = [b"method", b"url", b"endpoint", b"status_code", b"statusCode"];
    key.starts_with(b"request") || key.starts_with(b"response") || NAMES.contains(&key)
}

/// The base64 in the content of a string, without the beginning of a `data:` URI.
fn payload_of(content: &[u8]) -> &[u8] {
    &content[crate::wrap::data_uri(content).unwrap_or_default()..]
}

/// Whether the content of a string begins like a payload.
fn begins_payload(content: &[u8]) -> bool {
    is_magic(content, &MAGICS)
        || matches!(content.first(), Some(b'd' | b'D')) && is_magic(payload_of(content), &MAGICS)
}

/// The end of the last of the strings that go on with the base64 of the string before them in an array.
fn pieces_end(text: &[u8], start: usize, end: usize) -> usize {
    let before = text[..start - 1].trim_ascii_end();
    if before.last() != Some(&b'[') {
        return end;
    }
    let mut last = end;
    loop {
        let rest = text.get(last + 1..).unwrap_or_default();
        let Some(rest) = sniff::trim_start(rest).strip_prefix(b",") else { return last };
        let Some(content) = sniff::trim_start(rest).strip_prefix(b"\"") else { return last };
        let from = text.len() - content.len();
        let Some(stop) = crate::wrap::string_end(text, from) else { return last };
        let symbols = text[from..stop].iter().all(|&byte| is_symbol(byte) || byte == b'=');
        if !symbols || from == stop || begins_payload(content) {
            return last;
        }
        last = stop;
    }
}

/// The payload of a range of [`json_payloads`] or [`payloads`], without what divides it.
pub(crate) fn joined(content: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    crate::wrap::unescape(content, &mut plain);
    if memchr::memchr2(b'"', b'%', &plain).is_some() {
        plain = percent_decoded(&plain);
        plain.retain(|&byte| !matches!(byte, b'"' | b',' | b' '));
    }
    plain
}

/// The lines of a text that are one base64 each, none of which is part of the one before. None when the
/// text is one payload, or has other lines.
pub(crate) fn payload_lines(text: &[u8]) -> Option<Vec<Range<usize>>> {
    let first = memchr::memchr(b'\n', text)?;
    let second = sniff::trim_start(&text[first + 1..]);
    let packed = is_magic(text, &MAGICS[..PACKED_MAGICS]);
    if !is_magic(text, &MAGICS)
        || !is_magic(second, &MAGICS)
        || packed && !is_magic(second, &MAGICS[..PACKED_MAGICS])
    {
        return None;
    }
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split(|&byte| byte == b'\n') {
        let line_start = at;
        at += line.len() + 1;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        if !line.iter().all(|&byte| is_symbol(byte) || byte == b'=') {
            return None;
        }
        let begins =
            is_magic(line, &MAGICS) && (!packed || is_magic(line, &MAGICS[..PACKED_MAGICS]));
        match lines.last_mut() {
            // A payload that is wrapped goes on.
            Some(Range { end, .. }) if packed && !begins => *end = line_start + line.len(),
            _ if !begins => return None,
            _ => lines.push(line_start..line_start + line.len()),
        }
    }
    (lines.len() > 1).then_some(lines)
}
