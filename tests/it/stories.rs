//! Stories: who says what, time passes, what holds. With the real parts, over signed HTTP, or over Socket Mode with
//! `DAYPASS_STORIES=socket`.
//!
//! At the end of each, and whenever it comes to rest, the rows are what the audit log makes of them; the log is intact; Slack
//! has nothing to complain of and has taken every message.

mod accounts;
mod alternatives;
mod asking;
mod away;
mod beginning;
mod behalf;
mod bundles;
mod card;
mod clock;
mod contracts;
mod deciding;
mod digests;
mod doors;
mod draining;
mod ending;
mod erasing;
mod extending;
mod feedback;
mod forms;
mod glass;
mod home;
mod host;
mod input;
mod leaving;
mod locking;
mod merging;
mod messages;
mod oncall;
mod outage;
mod payloads;
mod policies;
mod providers;
mod reloading;
mod reminding;
mod restarting;
mod secrets;
mod sharing;
mod socket;
mod starting;
mod together;
mod undelivered;
mod usergroups;
mod vouching;
mod who;

/// Maya, a contractor, asks for what one of Carol and Dave decides.
const ASK: &str = "/jit request prod/orders readonly 2h OPS-42 slow checkout";

/// Bob asks for what somebody of each of two teams has to agree to, and say why.
const WRITE: &str = "/jit request prod/orders readwrite 1h CHG-7 backfill of the totals";
