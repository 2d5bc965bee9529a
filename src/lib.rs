//! Daypass: just-in-time access approvals, native to Slack.

#![forbid(unsafe_code)]

pub mod access;
pub mod clock;
pub mod demo;
pub mod providers;
pub mod worker;
