//! What the admin socket lets people do: as the person that has logged in on the host, by the rules that hold in Slack.

use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value, json};
use tracing::{info, warn};

use crate::app::{App, Erased, OnHost};

use super::peer::Peer;

/// Reads `R-42` or `G-57`.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number here; write it like `R-42` or `G-57`"))
}

/// Does it as whoever is at the other end, and gives back what they are told.
pub(super) async fn perform(app: &Arc<App>, peer: &Peer, deed: OnHost) -> Result<Value, String> {
    let user = peer.login_user().await?;
    info!(host.user = %user.shown(), "a command on the host");
    let said = app.on_host(&user, deed).await?;
    Ok(json!({ "said": said }))
}

/// Erases what somebody typed.
pub(super) async fn erase(app: &Arc<App>, peer: &Peer, person: &str) -> Result<Value, String> {
    let user = peer.login_user().await?;
    let person = person.parse().map_err(|_| format!("`{person}` is no id of a person"))?;
    warn!(host.user = %user.shown(), %person, "an operator erases what {person} typed");
    let Erased { texts, rows } = app.erase(&user, &person).await.map_err(|problem| problem.to_string())?;
    Ok(json!({
        "said": format!(
            "Erased: {texts} texts of `{person}`, in {rows} requests and reviews. Messages in Slack follow. The audit log verifies as before."
        )
    }))
}
