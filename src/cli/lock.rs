//! `daypass lock` and `daypass unlock`: for emergencies in which Slack does not answer. By whoever has logged in, with their rights.

use clap::Args;
use serde_json::json;

use super::requests::{act, confirmed};
use super::{Done, Here, print};
use crate::admin::client::ask;

/// What to lock.
#[derive(Debug, Args)]
pub struct Lock {
    /// What, until when, and why: `maya until 18:00 laptop was stolen`, `contractors/acme`, `prod/orders`, `everything`.
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    words: Vec<String>,
    /// Only list the locks that there are.
    #[arg(long)]
    list: bool,
    /// Do not ask whether you mean it.
    #[arg(long)]
    yes: bool,
}

/// What to unlock.
#[derive(Debug, Args)]
pub struct Unlock {
    /// What: as `daypass lock --list` shows it.
    what: String,
}

/// Sets a lock, or lists them.
pub async fn lock(here: &Here, Lock { words, list, yes }: Lock) -> Done {
    if list {
        let answer = ask(&here.basics()?.data_dir, &json!({ "op": "locks" })).await?;
        print::items(&answer, "locks").iter().for_each(|line| print::line(line.as_str().unwrap_or_default()));
        return Ok(());
    }
    let words = words.join(" ");
    if !yes && !confirmed(&format!("What `{words}` covers is revoked at once, and nothing new is given. Lock it?"))? {
        return Err(anyhow::anyhow!("nothing was locked").into());
    }
    act(here, &json!({ "op": "lock.set", "words": words })).await
}

/// Lifts a lock. Nothing is given back by it.
pub async fn unlock(here: &Here, Unlock { what }: Unlock) -> Done {
    act(here, &json!({ "op": "lock.lift", "what": what })).await
}
