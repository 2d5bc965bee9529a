//! The pure core: what may happen in which state, and the laws that hold whatever happens.

mod bundles;
mod laws;
mod locks;
mod secrets;
mod starting;
mod table;
mod talk;
mod things;
