//! `daypass policy apply`: lets the running bot shorten what is in force to what its policy files would allow now.

use serde_json::{Value, json};

use crate::admin::client::ask;
use crate::cli::{Done, print};
use crate::config::Basics;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// To what is in force. What is pending follows the files by itself.
    #[arg(long, required = true)]
    to_active: bool,
}

pub async fn run(basics: &Basics, args: &Args) -> Done {
    if !args.to_active {
        return Err(anyhow::anyhow!("say what to apply the files to: `--to-active`").into());
    }
    let answer = ask(&basics.data_dir, &json!({ "op": "policy.apply" })).await?;
    let done = print::items(&answer, "done");
    done.iter().filter_map(Value::as_str).for_each(print::line);
    if done.is_empty() {
        print::line("the policy files allow everything that is in force, as long as it lasts");
    }
    Ok(())
}
