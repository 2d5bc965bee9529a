//! The worker: makes true what is owed, in order of time, and tells people. It takes no hints: it reads the rows, so that first
//! run, retry and restart are one code path.

pub mod choose;
