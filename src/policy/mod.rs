//! The policy: who may have what, for how long, and who is asked. It reads the files, and judges a request by them.
//!
//! It does not know Slack, providers or the database: what it needs from them is an argument (`Shapes`, `Outside`), and
//! the time is one too. Only `load` touches the disk; `evaluate` is pure.
//!
//! Reading order: `file` (what the files can say) · `parse` (text → [`PolicySet`], with every problem) · `facts` (question
//! and answer) · `evaluate` · `electorate` (who may approve) · `check`, `explain` and `scenario` (for people).

pub mod asking;
pub mod bundle;
pub mod check;
pub mod diff;
pub mod electorate;
pub mod enumerate;
pub mod evaluate;
pub mod explain;
pub mod facts;
mod fields;
pub mod file;
pub mod glob;
mod known;
pub mod load;
mod matching;
pub mod parse;
mod permit;
pub mod plan;
pub mod problem;
mod read;
mod read_approval;
mod read_people;
mod read_rules;
mod read_tests;
mod read_things;
mod references;
mod rules;
pub mod scenario;
pub mod schema;
pub mod set;
pub mod starter;
#[cfg(test)]
mod tests;
mod validate;
pub mod window;
mod yaml;

pub use electorate::{electorate, merge_steps};
pub use evaluate::evaluate;
pub use facts::{Facts, Outside, Verdict};
pub use load::load;
pub use parse::Shapes;
pub use set::PolicySet;
