//! The pure core: what may happen in which state, and the laws that hold whatever happens.

mod bundles;
mod laws;
mod secrets;
mod table;
mod talk;
mod things;
