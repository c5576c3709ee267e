//! Exceptions and stack traces in plain text: Python, Java, .NET, JavaScript, PHP, Go.

use memchr::memmem;

use crate::answer::text::is_summary;

/// An exception, its pieces borrowed from the text and not yet folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StackTrace<'t> {
    /// Exception class as written; `None` when the text is cut before it.
    pub(super) code: Option<&'t str>,
    /// To be put before the message with a colon.
    pub(super) lead: Option<&'t str>,
    /// The text; several lines when the exception's own text has several.
    pub(super) message: &'t str,
    /// It comes from an exception, not from a mere diagnostic (`PHP Warning`).
    pub(super) exception: bool,
}

/// The line with which every traceback of Python begins.
const PYTHON: &str = "Traceback (most recent call last)";

/// Reads a text that is or holds an exception; `None` when it is none.
pub(super) fn read(text: &str) -> Option<StackTrace<'_>> {
    let text = text.trim();
    python(text)
        .or_else(|| go(text))
        .or_else(|| php(text))
        .or_else(|| django(text))
        .or_else(|| shown(text))
        .or_else(|| nested(text))
        .or_else(|| managed(text))
}

/// The exception class with which a line begins (`KeyError: 'price'`, `java.lang.X`).
pub(super) fn class_of(line: &str) -> Option<&str> {
    let (class, _) = class_and_rest(line)?;
    is_exception_name(class).then_some(class)
}

/// The type line of the last traceback that has one. Without any, because the text is cut, the
/// place of the last frame.
fn python(text: &str) -> Option<StackTrace<'_>> {
    let from = memmem::find(text.as_bytes(), PYTHON.as_bytes())?;
    let mut inside = false;
    let mut frame = None;
    let mut last = None;
    for line in text[from..].lines() {
        if line.contains(PYTHON) {
            inside = true;
        } else if inside && (line.is_empty() || line.starts_with([' ', '\t'])) {
            let place = line.trim_start();
            if place.starts_with("File \"") {
                frame = Some(place);
            }
        } else if inside {
            inside = false;
            if let Some((class, _)) = class_and_rest(line) {
                last = Some((class, line));
            }
        }
    }
    Some(match last {
        Some((class, line)) => {
            StackTrace { code: Some(class), lead: None, message: line, exception: true }
        }
        None => {
            StackTrace { code: None, lead: None, message: frame.unwrap_or(PYTHON), exception: true }
        }
    })
}

/// `panic: text`, `fatal error: text` or a dump of goroutines.
fn go(text: &str) -> Option<StackTrace<'_>> {
    let first = text.lines().next()?;
    let trace =
        |code, message| Some(StackTrace { code: Some(code), lead: None, message, exception: true });
    if let Some(message) = first.strip_prefix("panic: ") {
        return trace("panic", message);
    }
    let dump = first.starts_with("goroutine ") && first.contains(" [");
    match first.strip_prefix("fatal error: ") {
        Some(message) if memmem::find(text.as_bytes(), b"\ngoroutine ").is_some() => {
            trace("fatal error", message)
        }
        _ if dump => Some(StackTrace { code: None, lead: None, message: first, exception: true }),
        _ => None,
    }
}

/// `PHP Fatal error:  Uncaught PDOException: text in /srv/x.php:12`, followed by `Stack trace:`.
fn php(text: &str) -> Option<StackTrace<'_>> {
    const LEVELS: [&str; 7] = [
        "Fatal error:",
        "Catchable fatal error:",
        "Recoverable fatal error:",
        "Parse error:",
        "Warning:",
        "Notice:",
        "Deprecated:",
    ];
    let body = text.strip_prefix("PHP ").unwrap_or(text);
    let level = LEVELS.iter().find(|level| body.starts_with(**level))?;
    let body = body[level.len()..].trim_start();
    let Some(uncaught) = body.strip_prefix("Uncaught ") else {
        // A diagnostic of PHP names the file; other programs write `Warning:` too.
        let end = php_place(body.lines().next().unwrap_or_default())?;
        return Some(StackTrace {
            code: None,
            lead: None,
            message: &body[..end],
            exception: false,
        });
    };
    let end = memmem::find(uncaught.as_bytes(), b"Stack trace:").unwrap_or(uncaught.len());
    let message = &uncaught[..end];
    let message = &message[..php_place(message).unwrap_or(message.len())];
    if let Some(old) = message.strip_prefix("exception '")
        && let Some((class, rest)) = old.split_once('\'')
    {
        let message = rest.trim_start().strip_prefix("with message '").unwrap_or(rest);
        let message = message.strip_suffix('\'').unwrap_or(message);
        return Some(StackTrace { code: Some(class), lead: Some(class), message, exception: true });
    }
    let code = class_and_rest(message).map(|(class, _)| class);
    Some(StackTrace { code, lead: None, message, exception: true })
}

/// Where ` in /srv/x.php` or ` in C:\x.php` begins.
fn php_place(text: &str) -> Option<usize> {
    memmem::find_iter(text.as_bytes(), b" in ").find(|at| {
        let path = &text.as_bytes()[at + 4..];
        path.first() == Some(&b'/')
            || (path.first().is_some_and(u8::is_ascii_alphabetic) && path.get(1) == Some(&b':'))
    })
}

/// The plain form of Django's debug page: `ValueError at /path/`, the value on the next line.
fn django(text: &str) -> Option<StackTrace<'_>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (class, rest) = lines.next()?.split_once(' ')?;
    if !rest.starts_with("at /") || !is_exception_name(class) {
        return None;
    }
    let value = lines.next().filter(|line| !line.starts_with("Request "));
    Some(StackTrace {
        code: Some(class),
        lead: Some(class),
        message: value.unwrap_or_default(),
        exception: true,
    })
}

/// `Request processing failed; nested exception is java.lang.X: text`, as Spring has it.
fn nested(text: &str) -> Option<StackTrace<'_>> {
    let (head, nested) = text.split_once("; nested exception is ")?;
    let (class, message) = class_and_rest(nested.lines().next()?)?;
    (is_summary(head) && !message.is_empty()).then_some(StackTrace {
        code: Some(class),
        lead: None,
        message,
        exception: true,
    })
}

/// An exception as Python shows it inside other values: `ValidationError({'price': [...]})`.
fn shown(text: &str) -> Option<StackTrace<'_>> {
    let (class, _) = text.strip_suffix(')')?.split_once('(')?;
    let is_name =
        class.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    (is_name && is_exception_name(class)).then_some(StackTrace {
        code: Some(class),
        lead: None,
        message: text,
        exception: true,
    })
}

/// Java, .NET and JavaScript: a line with class and text, then indented frames. One line without
/// frames counts when it begins with the name of an exception.
fn managed(text: &str) -> Option<StackTrace<'_>> {
    let mut header: Option<(&str, &str)> = None;
    let mut frames = None;
    let mut cause = None;
    // Where the text of the last cause begins and ends.
    let mut told: Option<(usize, Option<usize>)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let words = line.trim();
        if is_frame(line) {
            frames = frames.or(Some(start));
            if let Some((_, end)) = &mut told {
                *end = end.or(Some(start));
            }
        } else if let Some(rest) = words.strip_prefix("Caused by: ") {
            frames = frames.or(Some(start));
            cause = class_and_rest(rest).or(cause);
            told = class_and_rest(rest).map(|(_, rest)| (offset_in(text, rest), None)).or(told);
        } else if frames.is_none() && header.is_none() {
            let named = class_and_rest(strip_opening(words));
            // An ordinary line may hold a colon: only a name of an exception makes a header, or, on
            // the first line, the bare `Error` of JavaScript if frames follow.
            header = named
                .filter(|(class, _)| is_exception_name(class) || (start == 0 && *class == "Error"));
            if header.is_none()
                && start == 0
                && frames.is_none()
                && !text.contains("at ")
                && !text.contains("konum")
            {
                return None;
            }
        }
    }
    let end = frames.unwrap_or(text.len());
    let Some((class, rest)) = header else {
        // Frames without a class: the first line is all that there is to show.
        let first = text.lines().next().map(str::trim).filter(|line| !line.is_empty())?;
        return frames.map(|_| StackTrace {
            code: None,
            lead: None,
            message: first,
            exception: true,
        });
    };
    if frames.is_none() && (class == "Error" || !strip_opening(text).starts_with(class)) {
        return None;
    }
    let from = offset_in(text, rest);
    let mut message = text.get(from..end.max(from)).unwrap_or_default();
    if frames.is_none() {
        // Without frames the exception's own text is one line, and the inner ones that .NET appends.
        message = first_lines(message);
    }
    message = message[..frame_in_line(message).unwrap_or(message.len())].trim();
    if let Some(nested) = nested(message) {
        return Some(nested);
    }
    if let (true, Some((class, _)), Some((from, end))) = (is_summary(message), cause, told)
        && let Some(rest) = text.get(from..end.unwrap_or(text.len())).map(str::trim)
        && !rest.is_empty()
    {
        return Some(StackTrace { code: Some(class), lead: None, message: rest, exception: true });
    }
    if is_namespaced(class, frames.is_some()) {
        if message.is_empty() {
            message = match cause {
                Some((_, text)) if !text.is_empty() => text,
                Some((class, _)) => class,
                None => class,
            };
        }
    } else {
        let whole = offset_in(text, class);
        let to = if message.is_empty() {
            whole + class.len()
        } else {
            offset_in(text, message) + message.len()
        };
        message = text.get(whole..to).unwrap_or(class);
    }
    Some(StackTrace { code: Some(class), lead: None, message, exception: true })
}

/// What runtimes put before the class of an exception that nothing caught.
fn strip_opening(line: &str) -> &str {
    const OPENINGS: [&str; 5] = [
        "Unhandled exception. ",
        "Unhandled Exception: ",
        "Unhandled exception: ",
        "Uncaught ",
        "Caused by: ",
    ];
    if let Some(rest) = line.strip_prefix("Exception in thread \"")
        && let Some((_, rest)) = rest.split_once("\" ")
    {
        return rest;
    }
    OPENINGS.iter().find_map(|opening| line.strip_prefix(opening)).unwrap_or(line)
}

/// `\tat com.example.Foo.bar(Foo.java:12)`, `   konum: Foo.Bar(String x)`, `... 23 more`.
fn is_frame(line: &str) -> bool {
    let words = line.trim();
    let indented = line.starts_with([' ', '\t']);
    (indented && words.starts_with("at ") && (words.contains('(') || words.contains(':')))
        || (words.starts_with("at ") && words.contains('(') && words.ends_with(')'))
        || ["konum:", "konum ", "yer:"].iter().any(|word| words.starts_with(word))
        || words.starts_with("--- ")
        || (words.starts_with("... ") && words.ends_with(" more"))
}

/// Where frames begin inside a line, when line breaks were lost on the way.
fn frame_in_line(text: &str) -> Option<usize> {
    ["   at ", "\tat ", "   konum:", "   konum ", "   yer:"]
        .iter()
        .filter_map(|frame| memmem::find(text.as_bytes(), frame.as_bytes()))
        .min()
}

/// The first line, and the lines after it that begin with `--->`.
fn first_lines(text: &str) -> &str {
    let mut end = 0;
    for (place, line) in text.split_inclusive('\n').enumerate() {
        if place > 0 && !line.trim_start().starts_with("--->") {
            break;
        }
        end += line.len();
    }
    &text[..end]
}

/// Where `part`, a slice of `text`, begins.
fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// Splits `a.b.Class: text`, `a.b.Class (0x80131904): text` and a bare `a.b.Class`.
fn class_and_rest(line: &str) -> Option<(&str, &str)> {
    let end = line
        .find(|c: char| {
            !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | '`' | '+' | '\\'))
        })
        .unwrap_or(line.len());
    let (class, rest) = line.split_at(end);
    let sound = class.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '\\')
        && !class.ends_with(['.', '\\', '$', '+'])
        && !class.contains("..");
    if !sound {
        return None;
    }
    let rest = match rest.strip_prefix(" (").and_then(|number| number.split_once(')')) {
        Some((number, rest)) if number.len() < 16 && number.starts_with("0x") => rest,
        _ => rest,
    };
    if rest.trim().is_empty() {
        return Some((class, rest.trim()));
    }
    // A class does not run into its text: `https://...` is none.
    let text = rest.strip_prefix(':')?;
    (text.is_empty() || text.starts_with(char::is_whitespace)).then(|| (class, text.trim_start()))
}

/// Whether a name is one that exceptions have: `KeyError`, `java.net.SocketTimeoutException`.
fn is_exception_name(class: &str) -> bool {
    const ENDS: [&str; 11] = [
        "Exception",
        "Error",
        "Fault",
        "Failure",
        "Violation",
        "Timeout",
        "Interrupt",
        "DoesNotExist",
        "Throwable",
        "StopIteration",
        "SystemExit",
    ];
    let class = class.split('`').next().unwrap_or(class);
    let last = class.rsplit(['.', '$', '+', '\\']).next().unwrap_or(class);
    let dotted = last.len() < class.len();
    last.starts_with(|c: char| c.is_ascii_uppercase())
        && (dotted
            || !matches!(
                last,
                "Error" | "Fault" | "Failure" | "Violation" | "Timeout" | "Interrupt"
            ))
        && ENDS.iter().any(|end| last.ends_with(end))
}

/// Whether a class stands in a namespace of Java or .NET, whose one-line form in logs is split into
/// class and text. Modules of Python have dots too, but its traces are recognised before.
fn is_namespaced(class: &str, has_frames: bool) -> bool {
    const ROOTS: [&str; 22] = [
        "java",
        "javax",
        "jakarta",
        "org",
        "com",
        "net",
        "io",
        "kotlin",
        "scala",
        "sun",
        "jdk",
        "oracle",
        "microsoft",
        "tr",
        "de",
        "akka",
        "groovy",
        "reactor",
        "feign",
        "okhttp3",
        "retrofit2",
        "rx",
    ];
    let Some((root, _)) = class.split_once(['.', '\\']) else { return false };
    has_frames || root.starts_with(|c: char| c.is_ascii_uppercase()) || ROOTS.contains(&root)
}
