//! The names that mark what we put at a provider, and the check that a provider is still the one that was meant.

use crate::access::entitlement::{Class, Description, Mark};
use crate::access::ids::GrantId;

use super::ProviderError;

/// The longest installation id, in bytes: what is named after it must fit into 63 bytes at PostgreSQL.
pub const INSTALLATION_BYTES_MAX: usize = 32;

/// `daypass-<installation>-g57`. Providers that allow no hyphens write underscores instead.
///
/// # Errors
/// When the installation id is not made of lower-case letters, digits and hyphens.
pub fn remote_name(installation: &str, grant: GrantId) -> Result<String, ProviderError> {
    let plain = installation.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if installation.is_empty() || installation.len() > INSTALLATION_BYTES_MAX || !plain || grant.number() < 1 {
        return Err(ProviderError::new(
            Class::Permanent,
            "bad_name",
            "the installation id or grant number cannot be part of a name",
        ));
    }
    Ok(format!("daypass-{installation}-g{}", grant.number()))
}

/// Whose mark this is, seen from the installation that made `ours`. Grants of one installation share its mark.
pub fn mark_of(mark: &str, ours: &str) -> Mark {
    match (installation_of(mark), installation_of(ours)) {
        (None, _) => Mark::Unmarked,
        (Some(theirs), Some(ours)) if theirs == ours => Mark::Ours,
        (Some(_), _) => Mark::Foreign,
    }
}

fn installation_of(name: &str) -> Option<&str> {
    let (installation, number) = name.strip_prefix("daypass-")?.rsplit_once("-g")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(installation)
}

/// The grant that a name marks, if this installation put it there; the spelling with underscores is read as well.
pub fn marked_grant(installation: &str, name: &str) -> Option<GrantId> {
    let (name, installation) = (name.replace('-', "_"), installation.replace('-', "_"));
    let number = name.strip_prefix("daypass_")?.strip_prefix(&installation)?.strip_prefix("_g")?;
    let plain = number.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|number| plain && *number > 0).map(GrantId::from_number)
}

/// Refuses to change anything at a server other than the one that the description was settled on.
///
/// # Errors
/// With code `other_server`, for which somebody must look: the provider points elsewhere than it did.
pub fn same_server(what: &Description, found: &str) -> Result<(), ProviderError> {
    match &what.fingerprint {
        Some(meant) if meant != found => {
            let message = format!("the provider `{}` is now `{found}`, but this access is at `{meant}`", what.provider);
            Err(ProviderError::new(Class::NeedsHuman, "other_server", message))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_belongs_to_an_installation_not_to_a_grant() {
        let ours = remote_name("3f9c", GrantId::from_number(57)).unwrap();
        assert_eq!(ours, "daypass-3f9c-g57");
        assert_eq!(mark_of("daypass-3f9c-g58", &ours), Mark::Ours);
        assert_eq!(mark_of("daypass-3f9d-g57", &ours), Mark::Foreign);
        assert_eq!(mark_of("daypass-3f9c-1-g57", &ours), Mark::Foreign);
        for text in ["", "daypass", "daypass-3f9c", "daypass-3f9c-g", "daypass-3f9c-gx", "Daypass-3f9c-g57", "terraform"] {
            assert_eq!(mark_of(text, &ours), Mark::Unmarked, "{text:?}");
        }
    }

    #[test]
    fn a_mark_names_the_grant_that_put_it_there() {
        for name in ["daypass-3f9c-2-g57", "daypass_3f9c_2_g57"] {
            assert_eq!(marked_grant("3f9c-2", name), Some(GrantId::from_number(57)), "{name}");
        }
        for name in [
            "daypass-3f9c-g57",
            "daypass-3f9c-2-g",
            "daypass-3f9c-2-g+5",
            "daypass-3f9c-2-g0",
            "daypass-3f9c-2-g9x",
            "terraform",
            "",
        ] {
            assert_eq!(marked_grant("3f9c-2", name), None, "{name:?}");
        }
    }

    #[test]
    fn an_installation_that_could_break_out_of_a_name_is_refused() {
        for installation in ["", "A", "a b", "a\"", "a_b", &"x".repeat(33)] {
            assert!(remote_name(installation, GrantId::from_number(1)).is_err(), "{installation:?}");
        }
        assert!(remote_name("a", GrantId::from_number(0)).is_err());
    }
}
