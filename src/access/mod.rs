//! The core: what may happen to a request, a grant and an entitlement, as pure functions over plain data.
//!
//! Architecture invariant: nothing here reads a clock, does I/O, draws a random number or logs. Time is an argument.
//! Deciding changes nothing; applying asks nothing.

pub mod about;
pub mod absence;
pub mod apply;
pub mod decide;
pub mod due;
pub mod electors;
pub mod entitlement;
pub mod event;
pub mod grant;
pub mod ids;
pub mod lock;
pub mod queue;
pub mod refusal;
pub mod remind;
pub mod request;
pub mod review;
pub mod seats;
pub mod secret;
pub mod talk;
pub mod time;
pub mod words;
