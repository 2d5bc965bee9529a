//! Applying an event to the row it is about. It asks nothing: whether the event may happen was decided before.
//!
//! An event that does not fit the row (a stored history that contradicts itself) is a typed error, never a panic.

use super::entitlement::Entitlement;
use super::event::Event;
use super::grant::Grant;
use super::request::Request;

/// An event that cannot have happened to this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IllegalEvent {
    /// The row, such as `G-57`.
    pub about: String,
    /// The state it was in.
    pub state: &'static str,
    /// The event.
    pub event: Box<Event>,
}
