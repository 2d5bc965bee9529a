//! `daypass demo`.

use clap::Args as ClapArgs;

use super::Done;
use crate::demo::Options;

#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The port of the page; any free one if none is given.
    #[arg(long)]
    port: Option<u16>,
    /// Keep the scratch directory at the end.
    #[arg(long)]
    keep: bool,
    /// Play the story without a page, print each step, and end.
    #[arg(long)]
    script: bool,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
    /// Let the bot meet Slack by Socket Mode instead of over HTTP.
    #[arg(long)]
    socket: bool,
}

pub async fn run(args: Args) -> Done {
    let Args { port, keep, script, open, socket } = args;
    Ok(crate::demo::run(Options { port, keep, script, open_browser: open, socket_mode: socket }).await?)
}
