//! Daypass: just-in-time access approvals, native to Slack.

#![forbid(unsafe_code)]

pub mod access;
pub mod admin;
pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod failpoint;
pub mod people;
pub mod policy;
pub mod providers;
pub mod routes;
pub mod server;
pub mod slack;
pub mod store;
pub mod telemetry;
pub mod worker;
