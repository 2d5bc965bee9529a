//! The demo's story without a browser, through the same doors that the page uses: asked, approved, in force, killed, two hours
//! later started again, ended and verified. Every step is checked where it counts: at the provider and in the audit log.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::clock::time_of_day;
use super::emulator::Message;
use super::loopback::pause;
use super::stage::Stage;

const REQUEST: &str = "/jit request prod/orders readonly 2h OPS-42 slow checkout";
const CHANNEL: &str = "C0DBACCESS";
const THING: &str = "prod/orders";
const TWO_HOURS_MS: i64 = 2 * 3_600_000;
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Plays the story, saying each step on `out`.
pub async fn play(stage: &Stage, out: &mut impl Write) -> anyhow::Result<()> {
    let result = story(stage, out).await;
    if result.is_err() {
        writeln!(out, "\nThe bot's last words:")?;
        for line in stage.log_tail(20).await {
            writeln!(out, "  {line}")?;
        }
    }
    result
}

async fn story(stage: &Stage, out: &mut impl Write) -> anyhow::Result<()> {
    let mut say = |words: &str| writeln!(out, "{}  {words}", time_of_day(stage.clock.now_ms()));

    say(&format!("Maya types in #db-access: {REQUEST}"))?;
    let shown = stage.slack.slash("U0MAYA", CHANNEL, REQUEST).await;
    ensure!(shown.is_acknowledged(), "the command should be acknowledged, but Maya sees: {}", shown.text());
    let card = card(stage).await?;
    say(&format!("a card asks the owners ({} ms to acknowledge): {}", shown.ack_ms, card.text))?;
    ensure!(level(stage).is_none(), "Maya should have no access before anybody approved");

    say("Carol presses Approve")?;
    let shown = stage.slack.press("U0CAROL", CHANNEL, &card.ts, "request.approve").await;
    ensure!(shown.is_acknowledged(), "the click should be acknowledged, but Carol sees: {}", shown.text());
    eventually(|| level(stage).is_some(), "the access should be at the provider").await?;
    let level_now = level(stage).unwrap_or_default();
    say(&format!("the provider says: maya holds `{level_now}` on {THING}"))?;
    grant_is(stage, "active").await.context("the bot should know that the grant is in force")?;

    say("the bot is killed (kill -9)")?;
    stage.kill_bot().await?;
    stage.advance(TWO_HOURS_MS).await?;
    say("two hours pass, and nobody watches")?;
    ensure!(level(stage).is_some(), "with the bot dead, the access should still be there: the sandbox ends nothing itself");

    stage.start_bot().await?;
    say("the bot is started again")?;
    eventually(|| level(stage).is_none(), "the access should be gone at the provider").await?;
    say(&format!("the provider says: maya holds nothing on {THING}"))?;
    grant_is(stage, "ended").await.context("the bot should know that the grant has ended")?;
    say("the grant has ended, verified at the provider")?;

    let verification = stage.look_inside().await.verification;
    let is_intact = verification.get("intact").and_then(Value::as_bool).unwrap_or(false);
    ensure!(is_intact, "the audit log should verify, but: {verification}");
    let size = verification.get("size").and_then(Value::as_u64).unwrap_or(0);
    say(&format!("the audit log of {size} entries verifies"))?;
    let complaints = stage.slack.complaints();
    ensure!(complaints.is_empty(), "Slack should have nothing to complain about: {complaints:?}");
    Ok(())
}

/// What Maya really holds.
fn level(stage: &Stage) -> Option<String> {
    stage.sandbox.level("maya", THING)
}

/// The card that asks for a decision, once it is in the channel.
async fn card(stage: &Stage) -> anyhow::Result<Message> {
    let find = || {
        let messages = stage.slack.messages(CHANNEL);
        messages.into_iter().rev().find(|message| Value::from(message.blocks.clone()).to_string().contains("request.approve"))
    };
    eventually(|| find().is_some(), "a card with Approve should be in #db-access").await?;
    find().context("the card is gone again")
}

async fn grant_is(stage: &Stage, state: &str) -> anyhow::Result<()> {
    let mut rounds = rounds();
    loop {
        let inside = stage.look_inside().await;
        let grants = inside.grants.as_array().cloned().unwrap_or_default();
        let has = |grant: &Value| grant.get("state").and_then(Value::as_str) == Some(state);
        if grants.iter().any(has) {
            return Ok(());
        }
        if rounds.next().is_none() {
            bail!("no grant is `{state}`: {} {}", inside.grants, inside.problem.unwrap_or_default());
        }
        pause(LOOK_EVERY).await;
    }
}

async fn eventually(holds: impl Fn() -> bool, expectation: &str) -> anyhow::Result<()> {
    for _ in rounds() {
        if holds() {
            return Ok(());
        }
        pause(LOOK_EVERY).await;
    }
    bail!("{expectation}, but it did not happen within {} s", PATIENCE.as_secs())
}

fn rounds() -> std::ops::Range<u128> {
    0..PATIENCE.as_millis() / LOOK_EVERY.as_millis()
}
