//! The page's text. Everything that is not ours is escaped; there is no script, and the style is the only one that the page allows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::access::ids::GrantId;

const STYLE: &str = "\
:root{color-scheme:light dark}\
*{box-sizing:border-box}\
body{margin:0;padding:24px 16px;font:16px/1.5 system-ui,sans-serif;background:#fff;color:#1d1c1d}\
main{max-width:36rem;margin:0 auto}\
h1{font-size:1.375rem;line-height:1.3;margin:0 0 1rem;overflow-wrap:anywhere}\
p{margin:0 0 1rem}\
button{font:inherit;font-weight:600;min-height:44px;padding:8px 20px;border:0;border-radius:8px;background:#0b5c43;color:#fff;cursor:pointer}\
button:focus:not(:focus-visible){pointer-events:none}\
:focus-visible{outline:3px solid #1264a3;outline-offset:2px}\
pre{margin:0 0 1rem;padding:16px;border:1px solid #868686;border-radius:8px;background:#f8f8f8;font:1rem/1.6 ui-monospace,monospace;\
white-space:pre-wrap;overflow-wrap:anywhere;-webkit-user-select:all;user-select:all}\
@media(prefers-color-scheme:dark){body{background:#1a1d21;color:#e8e8e8}button{background:#2bac76;color:#0b1a13}\
pre{background:#222529;border-color:#8d8d8d}:focus-visible{outline-color:#79b8ea}}";

/// What a browser may do with the page: show it in its own style, and send its form back to where it came from.
pub(super) fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
}

/// The page with the button.
pub(super) fn waits(grant: GrantId, token: &str, of: &str) -> String {
    let (of, token) = (escaped(of), escaped(token));
    // The address of the form does not hold the random part, whatever stands before `/reveal/`.
    page(
        "Your password",
        &format!(
            "<h1>Your password for {of}</h1>\n\
             <p>It is shown <strong>once</strong>, and only here. Have ready where you will keep it, such as your password manager.</p>\n\
             <form method=\"post\" action=\"../{grant}\" autocomplete=\"off\">\n\
             <input type=\"hidden\" name=\"token\" value=\"{token}\">\n\
             <button type=\"submit\">Show it now</button>\n</form>"
        ),
    )
}

/// The page with the secret.
pub(super) fn secret(of: &str, secret: &SecretString) -> String {
    let (of, secret) = (escaped(of), escaped(secret.expose_secret().trim_end()));
    page(
        "Your password",
        &format!(
            "<h1 id=\"what\">Your password for {of}</h1>\n\
             <p id=\"how\">Select it and copy it now: it is kept nowhere, and nobody can show it to you again.</p>\n\
             <pre tabindex=\"0\" role=\"group\" aria-labelledby=\"what\" aria-describedby=\"how\">{secret}</pre>\n\
             <p>It works until the access ends. If you lose it, press “I'm done” in Slack and ask again.</p>"
        ),
    )
}

/// The page of a link that was used.
pub(super) fn before(of: &str, at: &str) -> String {
    let (of, at) = (escaped(of), escaped(at));
    page(
        "Shown already",
        &format!(
            "<h1>The password for {of} was shown {at}</h1>\n\
             <p>It is kept no more, so that it cannot be shown again.</p>\n\
             <p><strong>If that was not you</strong>, press “I'm done” in Slack at once, which ends the access, and tell an admin.</p>\n\
             <p>If it was you and you have lost it, press “I'm done” as well, and ask again.</p>"
        ),
    )
}

/// The page of every address that leads nowhere.
pub(super) fn nowhere() -> String {
    page(
        "No such link",
        "<h1>This link leads nowhere</h1>\n\
         <p>A link works once, for five minutes, and only until you ask for another one. In Slack, press “Show the password” for a new one.</p>",
    )
}

/// The page while too many ask.
pub(super) fn busy() -> String {
    page("Too many requests", "<h1>Too many requests</h1>\n<p>Nothing was shown. Try again in a minute.</p>")
}

/// The page when the database cannot be used.
pub(super) fn broken() -> String {
    page("Not shown", "<h1>It could not be shown</h1>\n<p>Nothing was shown, and it is still there. Try again in a minute.</p>")
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex, nofollow\">\n\
         <title>{title} – Daypass</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
