//! How adapters speak TLS: ring, the machine's own roots, always verified.
//!
//! There is deliberately no switch that turns verification off. A private authority is named, or added to the machine's roots.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::build::BuildError;

/// A client configuration that verifies the server against the machine's roots, and those in the PEM file `extra_roots`.
///
/// # Errors
/// When that file cannot be read or holds no certificate, or when this build's cryptography lacks the usual protocol versions.
pub fn client_config(extra_roots: Option<&Path>) -> Result<rustls::ClientConfig, BuildError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = extra_roots {
        let unusable = |cause: String| BuildError::Tls(format!("`{}` {cause}", path.display()));
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(format!("cannot be read: {error}")))? {
            let certificate = certificate.map_err(|error| unusable(format!("cannot be read: {error}")))?;
            roots.add(certificate).map_err(|error| unusable(format!("holds a certificate that is none: {error}")))?;
        }
        if roots.len() == before {
            return Err(unusable("holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| BuildError::Tls(source.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// Whether this host can only be this machine, so that nothing on the way can read or change what is sent.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "0.0.0.0", "", "example.com"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
