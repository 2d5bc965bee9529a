//! `daypass requests`: what people ask for, as the running bot sees it.

use clap::Subcommand;
use serde_json::json;

use super::{Done, Here, print};
use crate::admin::client::ask;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(here: &Here, command: Command) -> Done {
    let Command::List { json: as_json } = command;
    let answer = ask(&here.basics()?.data_dir, &json!({ "op": "requests" })).await?;
    if as_json {
        print::line(answer);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = print::items(&answer, "requests")
        .iter()
        .map(|item| {
            let mut row: Vec<String> = ["id", "person", "resource", "role", "state"].map(|name| print::field(item, name)).into();
            if let (Some(role), parts @ [_, ..]) = (row.get_mut(3), parts(item).as_slice()) {
                *role = parts.join(", ");
            }
            row.push(print::time_field(item, "asked_at_ms"));
            row
        })
        .collect();
    print::table(&["request", "person", "resource", "role", "state", "asked"], &rows);
    Ok(())
}

/// What a bundle is made of; empty for anything else.
fn parts(item: &serde_json::Value) -> Vec<&str> {
    item.get("parts").and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}
