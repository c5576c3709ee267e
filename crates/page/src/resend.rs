//! The command that sends a request again, all but its body.

use query::LoggedRequest;
use tables::cell::BodyText;

/// A command for any POSIX shell; it reads the body, where there is one, from standard input. Credentials are
/// placeholders. `None` when the log has no URL.
pub(crate) fn command(request: &LoggedRequest<'_>, body: Option<&str>) -> Option<String> {
    let mut request = request.clone();
    request.exchange.request_body = body.map(|text| BodyText { text, hash: 0 });
    let mut resend = request.resend()?;
    // Also a body that the page does not hold.
    let has_body = request.exchange.request_digest.is_some();
    if has_body && request.exchange.method.is_none() {
        "POST".clone_into(&mut resend.method);
    }
    Some(resend.curl(has_body))
}
