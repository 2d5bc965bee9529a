//! The integration tests: the real parts against real servers, in one binary, so that they link once.

// `cfg(test)` says nothing new here, but it is how clippy knows that these may panic and print.
#[cfg(test)]
mod browser;
#[cfg(test)]
mod core;
#[cfg(test)]
mod javascript;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod libraries;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod pagerduty;
#[cfg(test)]
mod policy_tools;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod recipes;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod serve_postgres;
#[cfg(test)]
mod serve_socket;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
