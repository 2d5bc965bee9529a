//! Daypass: just-in-time access approvals, native to Slack.

#![forbid(unsafe_code)]

pub mod access;
pub mod clock;
pub mod providers;
pub mod slack;
pub mod worker;
