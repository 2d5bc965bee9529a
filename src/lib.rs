//! Daypass: just-in-time access approvals, native to Slack.

#![forbid(unsafe_code)]

pub mod access;
pub mod audit;
pub mod clock;
pub mod demo;
pub mod people;
pub mod policy;
pub mod providers;
pub mod slack;
pub mod store;
pub mod worker;
