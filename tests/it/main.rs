    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and prints what it counted"
#![expect(
#[cfg(test)]
)]
// `cfg(test)` says nothing new here, but it is how clippy knows that these may panic.
//! Integration tests: the real parts against real servers, one binary.
//! The integration tests: one binary, so that they link once.
mod postgres;
mod sandbox;
mod simulation;
mod support;
