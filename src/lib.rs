//! Daypass: just-in-time access approvals, native to Slack.
//!
//! # The map, in reading order
//!
//! | module | what it is |
//! |---|---|
//! | [`access`] | the core: requests, grants, entitlements; what may happen to them, as pure functions |
//! | [`policy`] | who may have what, for how long, and who is asked: the files, and the judgement by them |
//! | [`people`] | who is who: accounts to persons |
//! | [`audit`] | the log of everything that happened, and its verifier |
//! | [`store`] | the database: one writer, rows that change only with the log |
//! | [`providers`] | the systems that access is granted at: two verbs, and an adapter each |
//! | [`slack`] | what Slack says and what Slack is told |
//! | [`app`] | the use cases: who is it, may they, decide, one transaction |
//! | [`worker`] | makes true what is owed, in order of time, and tells people |
//! | [`routes`], [`server`] | from bytes to an answer; the sockets |
//! | [`admin`], [`cli`] | the door for operators, and the commands |
//! | [`config`], [`clock`], [`telemetry`] | the environment, the time, log and numbers: each read or written in one place |
//! | [`failpoint`] | where a test may kill the process; nothing in a release |
//! | [`demo`] | the outside world: a stand-in for Slack and for a provider. Imports nothing of ours |
//!
//! # Architecture invariants
//!
//! - Ending an access depends on its own row: no policy, no person's rights and no Slack can keep it from ending.
//! - What is to be made true outside is committed before it is tried, with its end. "Granted" and "ended" are said of what was seen.
//! - Rows and the audit log change in one transaction. Nothing outside is called within one.
//! - [`access`] and [`policy::evaluate`](mod@policy::evaluate) read no clock, do no I/O and log nothing.
//! - Each module names those below it and no others; the table is in `tests/it/tidy.rs`, which reads it off the sources.

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
#[cfg(test)]
mod fuzz;
pub mod people;
pub mod policy;
pub mod providers;
pub mod routes;
pub mod server;
pub mod slack;
pub mod store;
pub mod telemetry;
pub mod worker;
