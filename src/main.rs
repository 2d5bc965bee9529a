//! The binary: parse the command line, then run.

fn main() {}
