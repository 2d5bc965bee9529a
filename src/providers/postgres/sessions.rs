//! Ending open sessions. Taking a right away does not end what runs under it: a session that switched to the group keeps it.

use tokio_postgres::types::Type;

use crate::access::entitlement::Class;
use crate::providers::ProviderError;

use super::roles::Ask;
use super::session::get;

/// How long one session may take to end, in milliseconds.
const END_TIMEOUT_MS: i64 = 2_000;

/// Ends every session of the role with this oid, in all databases, and makes sure that they are gone.
///
/// # Errors
/// `sessions_remain` when one did not end in time; `42501` when we may not end it.
pub async fn end(ask: &impl Ask, oid: u32) -> Result<(), ProviderError> {
    // All are told first, so that the waiting is for the slowest and not for the sum.
    let tell = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = $1 AND pid <> pg_backend_pid()";
    if ask.ask(tell, &[(&oid, Type::OID)]).await?.is_empty() {
        return Ok(());
    }
    let wait = "SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity WHERE usesysid = $1 AND pid <> pg_backend_pid()";
    ask.ask(wait, &[(&oid, Type::OID), (&END_TIMEOUT_MS, Type::INT8)]).await?;
    match count(ask, oid).await? {
        0 => Ok(()),
        open => Err(ProviderError::new(Class::Transient, "sessions_remain", format!("{open} open sessions did not end in time"))),
    }
}

/// How many sessions the role with this oid has open.
pub async fn count(ask: &impl Ask, oid: u32) -> Result<i64, ProviderError> {
    // Within a transaction the activity is read once and kept; this makes the next look a new one.
    ask.ask("SELECT pg_stat_clear_snapshot()", &[]).await?;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usesysid = $1 AND pid <> pg_backend_pid()";
    let rows = ask.ask(sql, &[(&oid, Type::OID)]).await?;
    rows.first().map_or(Ok(0), |row| get(row, 0))
}
