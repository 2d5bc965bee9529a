//! `daypass demo`: the real bot against a stand-in for Slack and a stand-in for a provider, in one window.
//!
//! This is the outside world. It imports nothing of the bot: the bot runs as a process of its own and is met at the doors that
//! Slack, providers and operators use. The emulator and the sandbox are also the fakes of the integration tests.

pub mod emulator;
mod loopback;
pub mod sandbox;
