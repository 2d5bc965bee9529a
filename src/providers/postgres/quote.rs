//! The only two ways by which a name or a text gets into SQL. Everything else is a parameter.

use crate::access::entitlement::Class;
use crate::providers::ProviderError;

/// The longest name that PostgreSQL keeps whole, in bytes (`NAMEDATALEN - 1`). Longer ones would be cut, and mean another role.
pub const NAME_BYTES_MAX: usize = 63;

/// The name as a quoted identifier.
///
/// # Errors
/// When it is empty, has a NUL, or is longer than [`NAME_BYTES_MAX`]: no such name exists, and the server would read another.
pub fn quote_ident(name: &str) -> Result<String, ProviderError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains('\0') {
        let message = format!("a name must have 1 to {NAME_BYTES_MAX} bytes and no NUL");
        return Err(ProviderError::new(Class::Permanent, "bad_name", message));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// The text as a string literal that means the same under every setting of `standard_conforming_strings`.
///
/// # Errors
/// When it has a NUL, which no text can have there.
pub fn quote_literal(text: &str) -> Result<String, ProviderError> {
    if text.contains('\0') {
        return Err(ProviderError::new(Class::Permanent, "bad_text", "a text must have no NUL"));
    }
    let quoted = text.replace('\'', "''");
    Ok(if text.contains('\\') { format!(" E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        assert_eq!(quote_ident("app\"; DROP ROLE x; --").unwrap(), "\"app\"\"; DROP ROLE x; --\"");
        assert_eq!(quote_literal("it's").unwrap(), "'it''s'");
        assert_eq!(quote_literal("a\\'b").unwrap(), " E'a\\\\''b'");
    }

    #[test]
    fn a_name_that_the_server_would_cut_is_refused() {
        assert!(quote_ident(&"x".repeat(63)).is_ok());
        assert!(quote_ident(&"é".repeat(32)).is_err(), "64 bytes in 32 characters");
        for name in ["", "a\0b"] {
            assert!(quote_ident(name).is_err(), "{name:?}");
        }
        assert!(quote_literal("a\0b").is_err());
    }
}
