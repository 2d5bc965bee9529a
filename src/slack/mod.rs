//! Everything about Slack: what comes in (signature, payloads, the words of `/jit`), what people read, and the client.
//!
//! It decides nothing and keeps nothing. Rights are looked up by `app` at the click; a button carries a number, never a right.
//! Imports only `access`. slack-morphism's types stay in here: others hold [`block::Message`] and [`block::View`] without
//! looking inside.

pub mod block;
pub mod client;
pub mod command;
#[cfg(test)]
mod hostile;
pub mod inbound;
pub mod limits;
pub mod manifest;
pub mod say;
pub mod signature;
pub mod socket;
pub mod text;
pub mod throttle;
pub mod until;
pub mod zone;
