//! `daypass grants`: who has what, as the running bot sees it; and taking it back, where Slack does not answer.

use clap::Subcommand;
use serde_json::{Value, json};

use super::print::How;
use super::requests::act;
use super::{Done, Here, print};
use crate::admin::client::ask;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// As CSV.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// End an access now, as yourself.
    Revoke {
        /// Which: `G-57`.
        grant: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

pub async fn run(here: &Here, command: Command) -> Done {
    match command {
        Command::List { json, csv } => list(here, How::of(json, csv)).await,
        Command::Revoke { grant, reason } => act(here, &json!({ "op": "grant.revoke", "grant": grant, "reason": reason })).await,
    }
}

async fn list(here: &Here, how: How) -> Done {
    let answer = ask(&here.basics()?.data_dir, &json!({ "op": "grants" })).await?;
    let rows: Vec<Vec<String>> = print::items(&answer, "grants")
        .iter()
        .map(|item| {
            let mut row: Vec<String> =
                ["id", "request", "person", "resource", "role", "bundle", "provider"].map(|name| print::field(item, name)).into();
            row.push(state(item));
            row.push(print::time_field(item, "ends_at_ms"));
            row
        })
        .collect();
    let headings = ["grant", "request", "person", "resource", "role", "bundle", "provider", "state", "end"];
    how.print(&answer, &headings, &rows);
    Ok(())
}

/// The state, and that it is late where it is.
fn state(item: &Value) -> String {
    let state = print::field(item, "state");
    if item.get("overdue").and_then(Value::as_bool) == Some(true) { format!("{state}, OVERDUE") } else { state }
}
