//! How far Daypass is with being taken out of service, for the command line that waits for it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::access::time::Timestamp;
use crate::app::{App, Drain, Drained};
use crate::store::StoreError;

use super::peer::Peer;

/// How many rows of the log are handed out at a time.
pub(super) const EXPORT_ROWS_MAX: u32 = 200;

/// Begins or undoes it, and says how far it is.
pub(super) async fn drain(app: &Arc<App>, peer: &Peer, which: Drain) -> Result<Value, String> {
    let user = peer.login_user().await?;
    app.drain(&user, which).await.map_err(|problem| format!("it could not be recorded: {problem}"))?;
    status(app).await.map_err(|problem| format!("the database cannot be read: {problem}"))
}

/// How far it is.
pub(super) async fn status(app: &App) -> Result<Value, StoreError> {
    let Drained { since, pending, reviews, accesses } = app.drained().await?;
    let left = accesses.iter().filter(|access| access.left.is_some()).count();
    let accesses: Vec<Value> = accesses
        .iter()
        .map(|access| {
            json!({
                "id": access.grant.to_string(),
                "person": access.person.as_str(),
                "resource": access.part.as_ref().map(|part| part.resource.as_str()),
                "role": access.part.as_ref().map(|part| part.role.as_str()),
                "provider": access.provider.as_ref().map(|provider| provider.as_str()),
                "state": access.state,
                "left": access.left,
                "look_at_ms": access.look_at.map(Timestamp::as_millis),
                "over_at_ms": access.over_at.map(Timestamp::as_millis),
            })
        })
        .collect();
    Ok(json!({
        "since_ms": since.map(Timestamp::as_millis),
        "pending": pending,
        "reviews": reviews,
        "left": left,
        "accesses": accesses,
    }))
}

/// Rows of the log after `after`, as they are stored, so that others can verify them; with the head that they are under.
pub(super) async fn export(app: &App, after: u64) -> Result<Value, StoreError> {
    app.store()
        .read(move |reader| {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let rows: Vec<Value> = reader
                .audit_rows(after, EXPORT_ROWS_MAX)?
                .iter()
                .map(|row| {
                    json!({
                        "seq": row.seq,
                        "leaf": row.leaf,
                        "leaf_hash": hex(&row.leaf_hash),
                        "root": hex(&row.root),
                        "words": row.words,
                    })
                })
                .collect();
            let head = reader.audit_head()?;
            Ok(json!({ "rows": rows, "size": head.size, "root": head.root_hex() }))
        })
        .await
}
