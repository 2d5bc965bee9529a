//! `daypass setup pin`: has the running bot post the message with the buttons and pin it, and says whether it stands.

use std::time::Duration;

use serde_json::json;

use super::channel_id;
use crate::admin::client::ask;
use crate::cli::{Done, Here, print};
use crate::slack::client::SlackApi;

/// How long to wait until it stands, and how often to look.
const WAIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn run(here: &Here, channel: &str) -> Done {
    let config = here.config()?;
    let api = SlackApi::new(&config.api_url, &config.bot_token).map_err(anyhow::Error::from)?;
    let channels = api.channels().await.map_err(|problem| anyhow::anyhow!("the channels cannot be listed ({problem})"))?;
    let id = channel_id(channel, &channels)?;
    let data_dir = &config.basics.data_dir;
    ask(data_dir, &json!({ "op": "door.place", "channel": id })).await?;
    let looks = async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let status = ask(data_dir, &json!({ "op": "door.status", "channel": id })).await?;
            match print::field(&status, "state").as_str() {
                "pinned" => return Ok(()),
                "failed" => {
                    let code = print::field(&status, "code");
                    return Err(anyhow::anyhow!(
                        "Slack does not take or pin the message (`{code}`): `daypass doctor` says what is missing"
                    )
                    .into());
                }
                _ => {}
            }
        }
    };
    match tokio::time::timeout(WAIT, looks).await {
        Ok(Ok(())) => {
            print::line(format!("the message with the buttons is pinned in {channel} ({id}); repeating this draws it anew"));
            Ok(())
        }
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(anyhow::anyhow!("the bot has not posted it yet, and goes on trying: repeat this to look again").into()),
    }
}
