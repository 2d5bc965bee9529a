//! The machinery of the stories, so that the stories read like a log.

pub mod logins;
pub mod pager;
pub mod pagerduty;
pub mod postgres;
pub mod process;
pub mod sandbox;
pub mod webdriver;
pub mod world;
