//! Whether a request came from Slack: its signature over the raw bytes, and its age. Nothing is parsed before this passes.
//!
//! Slack signs `v0:{timestamp}:{body}` with HMAC-SHA256 and the app's signing secret
//! (<https://docs.slack.dev/authentication/verifying-requests-from-slack>). Replays within the window are not recognised here:
//! the caller keeps [`Signed::memory_key`] for [`MEMORY_MS`] and refuses what it has seen.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::access::time::Timestamp;

/// How far the timestamp of a request may be from our clock, either way, in seconds.
pub const WINDOW_SECS: i64 = 300;
/// How long a memory key must be kept, in milliseconds: the whole window in both directions, and a minute more.
pub const MEMORY_MS: u64 = 11 * 60 * 1000;

const SIGNATURE: &str = "x-slack-signature";
const TIMESTAMP: &str = "x-slack-request-timestamp";

/// A request that Slack signed just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    signature: [u8; 32],
}

impl Signed {
    /// What to remember for [`MEMORY_MS`] in order to recognise the same request again: SHA-256 of its signature.
    pub fn memory_key(&self) -> [u8; 32] {
        Sha256::digest(self.signature).into()
    }

    /// How long to remember it.
    pub fn memory() -> Duration {
        Duration::from_millis(MEMORY_MS)
    }
}

/// Why a request is refused. For our logs: the sender is told nothing but 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// A header is missing.
    #[error("the signature or its timestamp is missing")]
    HeaderMissing,
    /// A header is there more than once.
    #[error("the signature or its timestamp is there more than once")]
    HeaderTwice,
    /// A header does not have its form.
    #[error("the signature or its timestamp is malformed")]
    Malformed,
    /// Older or newer than [`WINDOW_SECS`].
    #[error("the request is {secs} s away from our clock")]
    Stale {
        /// How far, in seconds; at most a century is told.
        secs: i64,
    },
    /// No secret made this signature.
    #[error("the signature is wrong")]
    WrongSignature,
}

/// Whether Slack signed these bytes with one of the secrets within [`WINDOW_SECS`] of `now`.
///
/// `now` is wall time, not the time that ends are judged at. Several secrets are accepted so that an operator can rotate;
/// an empty one never matches.
pub fn verify(headers: &HeaderMap, body: &[u8], secrets: &[SecretString], now: Timestamp) -> Result<Signed, NotSigned> {
    let timestamp = the_only(headers, TIMESTAMP)?;
    let signature = read_signature(the_only(headers, SIGNATURE)?).ok_or(NotSigned::Malformed)?;
    let at_secs = read_timestamp(timestamp).ok_or(NotSigned::Malformed)?;
    let away = now.as_secs().saturating_sub(at_secs);
    if !(-WINDOW_SECS..=WINDOW_SECS).contains(&away) {
        const CENTURY: i64 = 100 * 366 * 86_400;
        return Err(NotSigned::Stale { secs: away.clamp(-CENTURY, CENTURY) });
    }
    let matches = |secret: &&SecretString| {
        let secret = secret.expose_secret();
        !secret.is_empty()
            && Hmac::<Sha256>::new_from_slice(secret.as_bytes()).is_ok_and(|mac| {
                mac.chain_update(b"v0:")
                    .chain_update(timestamp)
                    .chain_update(b":")
                    .chain_update(body)
                    .verify_slice(&signature)
                    .is_ok()
            })
    };
    secrets.iter().find(matches).map(|_| Signed { signature }).ok_or(NotSigned::WrongSignature)
}

fn the_only<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], NotSigned> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(NotSigned::HeaderMissing)?;
    match values.next() {
        None => Ok(value.as_bytes()),
        Some(_) => Err(NotSigned::HeaderTwice),
    }
}

/// Digits only: `+1` and ` 1` would be other bytes than those signed, or another number than those shown.
fn read_timestamp(bytes: &[u8]) -> Option<i64> {
    let digits = (1..=12).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(bytes).ok().filter(|_| digits)?.parse().ok()
}

/// `v0=` and 64 lower-case hexadecimal digits, nothing else.
fn read_signature(bytes: &[u8]) -> Option<[u8; 32]> {
    let hex = bytes.strip_prefix(b"v0=").filter(|hex| hex.len() == 64)?;
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut signature = [0; 32];
    for (byte, pair) in signature.iter_mut().zip(hex.as_chunks::<2>().0) {
        let [high, low] = pair;
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Slack's published example.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const MADE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn check(headers: &[(&'static str, &str)], body: &str, secrets: &[&str], now: i64) -> Result<Signed, NotSigned> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        verify(&map, body.as_bytes(), &secrets, at(now))
    }

    #[test]
    fn the_published_example_is_accepted() {
        let signed = check(&[(SIGNATURE, MADE), (TIMESTAMP, AT)], BODY, &[SECRET], 1_531_420_618).unwrap();
        let again = check(&[("X-Slack-Signature", MADE), (TIMESTAMP, AT)], BODY, &["other", SECRET], 1_531_420_918).unwrap();
        assert_eq!(signed.memory_key(), again.memory_key());
        assert_ne!(signed.memory_key(), signed.signature);
    }

    #[test]
    fn everything_else_is_refused() {
        let now = 1_531_420_618;
        let upper = MADE.to_uppercase().replacen("V0", "v0", 1);
        let other_digit = MADE.replace("b503", "b504");
        let bare = &MADE[3..];
        let short = &MADE[..MADE.len() - 1];
        let long = format!("{MADE}0");
        let padded = format!(" {AT}");
        let table = [
            ("unsigned", Vec::new(), NotSigned::HeaderMissing),
            ("no timestamp", vec![(SIGNATURE, MADE)], NotSigned::HeaderMissing),
            ("no signature", vec![(TIMESTAMP, AT)], NotSigned::HeaderMissing),
            ("two signatures", vec![(SIGNATURE, MADE), (SIGNATURE, MADE), (TIMESTAMP, AT)], NotSigned::HeaderTwice),
            ("two timestamps", vec![(SIGNATURE, MADE), (TIMESTAMP, AT), (TIMESTAMP, "1")], NotSigned::HeaderTwice),
            ("no version", vec![(SIGNATURE, bare), (TIMESTAMP, AT)], NotSigned::Malformed),
            ("other version", vec![(SIGNATURE, "v1=00"), (TIMESTAMP, AT)], NotSigned::Malformed),
            ("short", vec![(SIGNATURE, short), (TIMESTAMP, AT)], NotSigned::Malformed),
            ("long", vec![(SIGNATURE, &long), (TIMESTAMP, AT)], NotSigned::Malformed),
            ("upper case", vec![(SIGNATURE, &upper), (TIMESTAMP, AT)], NotSigned::Malformed),
            ("two in one header", vec![(SIGNATURE, "v0=a,v0=b"), (TIMESTAMP, AT)], NotSigned::Malformed),
            ("empty", vec![(SIGNATURE, ""), (TIMESTAMP, AT)], NotSigned::Malformed),
            ("timestamp is no number", vec![(SIGNATURE, MADE), (TIMESTAMP, "soon")], NotSigned::Malformed),
            ("timestamp with a sign", vec![(SIGNATURE, MADE), (TIMESTAMP, "+1531420618")], NotSigned::Malformed),
            ("timestamp out of range", vec![(SIGNATURE, MADE), (TIMESTAMP, "99999999999999999999")], NotSigned::Malformed),
            ("one digit changed", vec![(SIGNATURE, &other_digit), (TIMESTAMP, AT)], NotSigned::WrongSignature),
            ("another timestamp", vec![(SIGNATURE, MADE), (TIMESTAMP, "1531420619")], NotSigned::WrongSignature),
            ("a space before the timestamp", vec![(SIGNATURE, MADE), (TIMESTAMP, &padded)], NotSigned::Malformed),
        ];
        for (name, headers, expected) in table {
            assert_eq!(check(&headers, BODY, &[SECRET], now), Err(expected), "{name}");
        }
        let signed = [(SIGNATURE, MADE), (TIMESTAMP, AT)];
        assert_eq!(check(&signed, &format!("{BODY}&"), &[SECRET], now), Err(NotSigned::WrongSignature));
        assert_eq!(check(&signed, BODY, &["other"], now), Err(NotSigned::WrongSignature));
        assert_eq!(check(&signed, BODY, &[], now), Err(NotSigned::WrongSignature));
    }

    #[test]
    fn the_window_is_five_minutes_either_way() {
        let signed = [(SIGNATURE, MADE), (TIMESTAMP, AT)];
        let now = 1_531_420_618;
        for away in [-300, -1, 0, 300] {
            assert!(check(&signed, BODY, &[SECRET], now + away).is_ok(), "{away}");
        }
        for away in [-301, 301, 86_400] {
            assert_eq!(check(&signed, BODY, &[SECRET], now + away), Err(NotSigned::Stale { secs: away }));
        }
    }

    #[test]
    fn an_empty_secret_never_matches() {
        let mac = Hmac::<Sha256>::new_from_slice(b"").unwrap().chain_update(b"v0:1:x").finalize().into_bytes();
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("v0={hex}");
        assert_eq!(check(&[(SIGNATURE, &signature), (TIMESTAMP, "1")], "x", &[""], 1), Err(NotSigned::WrongSignature));
    }
}
