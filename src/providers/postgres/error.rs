//! What an SQLSTATE means for the caller: whether something was done, and whether trying again helps.

use tokio_postgres::error::SqlState;

use crate::access::entitlement::Class;
use crate::providers::ProviderError;
use crate::providers::deadline::InDoubt;
use crate::providers::text::redacted;

/// Dropping what others depend on.
pub const DEPENDENT_OBJECTS: &str = "2BP01";
/// Naming what is not there.
pub const UNDEFINED_OBJECT: &str = "42704";

/// The error of a call on an open connection. Without an answer, it is ambiguous exactly while a `COMMIT` is under way.
pub fn classify(error: &tokio_postgres::Error, doubt: &InDoubt, secrets: &[&str]) -> ProviderError {
    let Some(answer) = error.as_db_error() else {
        let message = "the connection to the database broke before it answered";
        return ProviderError::new(doubt.class_of_silence(), "connection_lost", message);
    };
    // These come from whatever stands between us and the server, or from a server going down: not an answer to a commit.
    let code = answer.code().code();
    let class = if code.starts_with("08") || code.starts_with("57P") {
        doubt.class_of_silence()
    } else {
        // An error is an answer: the transaction is not committed. What an earlier one of the same call did stays in doubt.
        match (class_of(code), doubt.class_of_silence()) {
            (Class::Transient, Class::Ambiguous) => Class::Ambiguous,
            (class, _) => class,
        }
    };
    ProviderError::new(class, code, redacted(answer.message(), secrets))
}

/// The error of an attempt to connect: nothing was sent.
pub fn classify_connect(error: &tokio_postgres::Error, secrets: &[&str]) -> ProviderError {
    match error.as_db_error() {
        Some(answer) => {
            let code = answer.code().code();
            let class = if code.starts_with("08") || code.starts_with("57P") { Class::Transient } else { class_of(code) };
            ProviderError::new(class, code, redacted(answer.message(), secrets))
        }
        None => {
            let cause = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
            ProviderError::new(Class::Transient, "unreachable", redacted(&format!("{error}{cause}"), secrets))
        }
    }
}

/// The class of a statement that the server refused.
fn class_of(code: &str) -> Class {
    const NEEDS_HUMAN: [SqlState; 6] = [
        SqlState::INSUFFICIENT_PRIVILEGE,
        SqlState::DEPENDENT_OBJECTS_STILL_EXIST,
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    const TRANSIENT: [SqlState; 7] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::OBJECT_IN_USE,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        // `tuple concurrently updated`: two sessions changed one role at the same moment.
        SqlState::INTERNAL_ERROR,
    ];
    if NEEDS_HUMAN.iter().any(|state| state.code() == code) {
        Class::NeedsHuman
    } else if code.starts_with("53") || TRANSIENT.iter().any(|state| state.code() == code) {
        Class::Transient
    } else {
        Class::Permanent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_whether_trying_again_helps() {
        for (code, class) in [
            ("42501", Class::NeedsHuman),
            ("2BP01", Class::NeedsHuman),
            ("28P01", Class::NeedsHuman),
            ("3D000", Class::NeedsHuman),
            ("25006", Class::NeedsHuman),
            ("40001", Class::Transient),
            ("40P01", Class::Transient),
            ("55P03", Class::Transient),
            ("57014", Class::Transient),
            ("53300", Class::Transient),
            ("XX000", Class::Transient),
            ("42704", Class::Permanent),
            ("42710", Class::Permanent),
            ("42601", Class::Permanent),
        ] {
            assert_eq!(class_of(code), class, "{code}");
        }
    }
}
