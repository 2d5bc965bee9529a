//! Integration tests: the real parts against real servers, one binary.

// `cfg(test)` says nothing new here, but it is how clippy knows that these may panic.
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod support;
