//! `daypass people`: looking after what is kept of people.

use clap::Subcommand;
use serde_json::json;

use super::requests::confirmed;
use super::{Done, Here, print};
use crate::admin::client::ask;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Erase all that somebody typed: reasons, notes, words of denial. Who did what and when stays, and the audit log verifies.
    Erase {
        /// Their id in the policy files, of now or of earlier: `maya`.
        person: String,
        /// Do not ask whether you mean it.
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(here: &Here, command: Command) -> Done {
    let Command::Erase { person, yes } = command;
    let data_dir = here.basics()?.data_dir;
    if !yes && !confirmed(&format!("What `{person}` typed cannot be brought back. Erase it?"))? {
        return Err(anyhow::anyhow!("nothing was erased").into());
    }
    let answer = ask(&data_dir, &json!({ "op": "people.erase", "person": person })).await?;
    print::line(print::field(&answer, "said"));
    Ok(())
}
