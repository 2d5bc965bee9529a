//! What the page asks for: acting in Slack as somebody, and changing the conditions of the demo.

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};

use crate::demo::emulator::{Input, Place, Seen, Shown, Submitted, Then, Values};
use crate::demo::stage::{Condition, Stage};

/// Longer jumps are more likely a mistake than a wish.
const ADVANCE_MS_MAX: i64 = 31 * 24 * 3_600_000;

/// Acts in Slack as one person.
pub(super) async fn act(stage: &Stage, wish: &Value) -> anyhow::Result<Value> {
    let user = text(wish, "as")?;
    let slack = &stage.slack;
    match text(wish, "do")? {
        "send" => {
            let (channel, words) = (text(wish, "channel")?, text(wish, "text")?);
            if words.trim_start().starts_with('/') {
                return Ok(seen(&slack.slash(user, channel, words).await));
            }
            slack.say(user, channel, words).map_err(|why| anyhow!(why))?;
            Ok(json!({}))
        }
        "touch" => {
            let shown = slack.act(user, &place(wish)?, optional(wish, "block_id"), text(wish, "action_id")?, input(wish)?).await;
            Ok(seen(&shown))
        }
        "suggest" => {
            let options = slack
                .suggest(
                    user,
                    &place(wish)?,
                    optional(wish, "block_id"),
                    text(wish, "action_id")?,
                    optional(wish, "typed").unwrap_or_default(),
                )
                .await
                .map_err(|why| anyhow!(why))?;
            Ok(json!({ "options": options }))
        }
        "submit" => {
            let mut values = Values::new();
            for entry in wish.get("values").and_then(Value::as_array).into_iter().flatten() {
                values = values.with(optional(entry, "block_id"), text(entry, "action_id")?, input(entry)?);
            }
            Ok(submitted(&slack.submit(user, text(wish, "view")?, values).await))
        }
        "home" => Ok(seen(&slack.open_home(user).await)),
        "close" => Ok(seen(&slack.close(user, text(wish, "view")?).await)),
        other => bail!("nobody can `{other}` here"),
    }
}

/// Changes the conditions: time, faults, life and death of the bot.
pub(super) async fn stage(stage: &Stage, wish: &Value) -> anyhow::Result<Value> {
    match text(wish, "do")? {
        "advance" => {
            let ms = wish.get("ms").and_then(Value::as_i64).filter(|ms| (0..=ADVANCE_MS_MAX).contains(ms));
            stage.advance(ms.context("not a length of time")?).await?;
        }
        "kill" => stage.kill_bot().await?,
        "start" => stage.start_bot().await?,
        "provider" => stage.set_provider(condition(wish)?),
        "slack" => stage.set_slack(condition(wish)?),
        "tamper" => {
            let tampered = stage.tamper().await?;
            return Ok(json!({ "seq": tampered.seq, "before": tampered.before, "after": tampered.after }));
        }
        "log" => return Ok(json!({ "lines": stage.log_tail(100).await })),
        other => bail!("the demo cannot `{other}`"),
    }
    Ok(json!({}))
}

fn condition(wish: &Value) -> anyhow::Result<Condition> {
    match text(wish, "to")? {
        "works" => Ok(Condition::Works),
        "down" => Ok(Condition::Down),
        other => bail!("`{other}` is neither works nor down"),
    }
}

fn place(wish: &Value) -> anyhow::Result<Place> {
    if let Some(view) = optional(wish, "view") {
        return Ok(Place::View(view.to_owned()));
    }
    Ok(Place::Message { channel: text(wish, "channel")?.to_owned(), ts: text(wish, "ts")?.to_owned() })
}

fn input(wish: &Value) -> anyhow::Result<Input> {
    let value = || text(wish, "value").map(str::to_owned);
    Ok(match text(wish, "input")? {
        "press" => Input::Press,
        "text" => Input::Text(optional(wish, "value").unwrap_or_default().to_owned()),
        "option" => Input::Option(value()?),
        "options" => {
            let values = wish.get("values").and_then(Value::as_array).context("`values` is missing")?;
            Input::Options(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        "user" => Input::User(value()?),
        "date" => Input::Date(value()?),
        "time" => Input::Time(value()?),
        "cleared" => Input::Cleared,
        other => bail!("`{other}` is no kind of input"),
    })
}

fn seen(shown: &Shown) -> Value {
    let problem = match &shown.seen {
        Seen::Error(words) | Seen::Impossible(words) => Some(words),
        Seen::Nothing | Seen::Message(_) => None,
    };
    json!({ "status": shown.status, "ack_ms": shown.ack_ms, "error": problem })
}

fn submitted(submitted: &Submitted) -> Value {
    let trouble = match &submitted.then {
        Then::Trouble(words) => Some(words),
        _ => None,
    };
    json!({ "ack_ms": submitted.shown.ack_ms, "errors": submitted.errors(), "error": trouble })
}

fn text<'a>(wish: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    optional(wish, key).with_context(|| format!("`{key}` is missing"))
}

fn optional<'a>(wish: &'a Value, key: &str) -> Option<&'a str> {
    wish.get(key).and_then(Value::as_str)
}
