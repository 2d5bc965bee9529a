//! The binary: parse the command line, install the TLS provider, run.

use std::process::ExitCode;

use clap::Parser;
use daypass::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Several crates bring TLS; one provider for all of them has to be chosen before any is used. It fails only if one was.
    let chosen = rustls::crypto::ring::default_provider().install_default();
    debug_assert!(chosen.is_ok(), "the TLS provider was chosen before main");
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli)),
        // Nothing can be said through a runtime that is not there.
        Err(_) => ExitCode::FAILURE,
    }
}
