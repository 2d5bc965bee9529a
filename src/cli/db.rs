//! `daypass db`: the database, while no bot runs on it.

use std::path::Path;

use anyhow::Context;
use clap::Subcommand;

use super::{Done, Here, print};
use crate::access::time::Timestamp;
use crate::audit::show_head;
use crate::store::{Reader, Store};

/// The database's name in the data directory.
const DATABASE_FILE: &str = "daypass.db";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is in it.
    Info,
    /// Bring its schema up to date, as the next start of the bot would.
    Migrate,
}

pub async fn run(here: &Here, command: Command) -> Done {
    let data_dir = here.basics()?.data_dir;
    let store = open(&data_dir, here.now())?;
    match command {
        Command::Info => {
            let (counts, head) =
                store.read(|reader| Ok((reader.counts()?, Reader::audit_head(reader)?))).await.map_err(anyhow::Error::from)?;
            print::line(format!("data directory  {}", data_dir.display()));
            print::line(format!("installation    {}", store.installation()));
            print::line(format!("last recorded   {}", print::time(store.last_time())));
            print::line(format!("audit log       {}", show_head(&head)));
            print::line(format!("requests        {} pending", counts.pending));
            print::line(format!("grants          {} live, {} overdue", counts.live, counts.overdue));
        }
        Command::Migrate => print::line("the schema is up to date"),
    }
    Ok(())
}

/// Opens a database that exists and that no process has open; the error says who has.
pub fn open(data_dir: &Path, now: Timestamp) -> anyhow::Result<Store> {
    // Looking must not make one.
    if !data_dir.join(DATABASE_FILE).exists() {
        anyhow::bail!("there is no database in `{}`; `DAYPASS_DATA_DIR` says where to look", data_dir.display());
    }
    Store::open(data_dir, now).context("the database cannot be opened")
}
