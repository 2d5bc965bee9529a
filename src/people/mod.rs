//! Who is who: from a Slack account, a host user or a provider account to the one canonical person, and back.
//!
//! It asks nobody: all it knows is what the policy files say. Matching by e-mail address or display name is deliberately
//! absent, since neither is an identity.

mod directory;
mod merge;

pub use directory::{Directory, Identified};
pub use merge::now_called;
