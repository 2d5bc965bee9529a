//! `daypass policy apply`: lets the running bot shorten what is in force to what its policy files would allow now.

use serde_json::{Value, json};

use super::Format;
use crate::admin::client::ask;
use crate::cli::{Done, print};
use crate::config::Basics;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// To what is in force. What is pending follows the files by itself.
    #[arg(long, required = true)]
    to_active: bool,
    /// As text or as JSON.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub async fn run(basics: &Basics, args: &Args) -> Done {
    if !args.to_active {
        return Err(anyhow::anyhow!("say what to apply the files to: `--to-active`").into());
    }
    let answer = ask(&basics.data_dir, &json!({ "op": "policy.apply" })).await?;
    print::line(tell(print::items(&answer, "done"), args.format));
    Ok(())
}

/// What was shortened, a sentence each.
fn tell(done: &[Value], format: Format) -> String {
    match format {
        Format::Json => format!("{:#}", json!({ "done": done })),
        Format::Text if done.is_empty() => "the policy files allow everything that is in force, as long as it lasts".to_owned(),
        Format::Text => done.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shortened_is_told_to_people_and_to_programs() {
        assert_eq!(tell(&[], Format::Text), "the policy files allow everything that is in force, as long as it lasts");
        assert_eq!(tell(&["G-1 ends now".into(), "G-2 ends at noon".into()], Format::Text), "G-1 ends now\nG-2 ends at noon");
        let read: Value = serde_json::from_str(&tell(&["G-1 ends now".into()], Format::Json)).unwrap();
        assert_eq!(read, json!({ "done": ["G-1 ends now"] }));
    }
}
