//! The password of an own login: made here, turned into a verifier for the server and a ciphertext for the person, forgotten.
//!
//! Nobody but the person can read it: it is in no row, no message, no statement and no log.

use std::io::Write;
use std::str::FromStr;

use age::armor::{ArmoredWriter, Format};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::access::entitlement::Class;
use crate::providers::ProviderError;

/// 192 bits: beyond guessing, even for somebody who has the verifier.
const PASSWORD_BYTES: usize = 24;

/// A password in the two forms in which it may leave this process.
#[derive(Debug)]
pub struct Sealed {
    /// What the server gets: `SCRAM-SHA-256$…`.
    pub verifier: String,
    /// What the person gets: user and password, encrypted to every usable key of theirs (age, armoured).
    pub ciphertext: String,
}

/// Makes a password for `role` and seals it to the person's keys (`age1…`, `ssh-ed25519`, `ssh-rsa`).
///
/// The plain text is two lines, `PGUSER=…` and `PGPASSWORD=…`, as the clients of PostgreSQL read them from the environment.
///
/// # Errors
/// `no_key_on_file` when none of the keys can be encrypted to.
pub fn seal(role: &str, keys: &[String]) -> Result<Sealed, ProviderError> {
    let recipients: Vec<Box<dyn age::Recipient>> = keys.iter().filter_map(|key| recipient(key)).collect();
    if recipients.is_empty() {
        let message = "there is no age, ssh-ed25519 or ssh-rsa key on file to encrypt a password to";
        return Err(ProviderError::new(Class::NeedsHuman, "no_key_on_file", message));
    }
    let password = password()?;
    let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
    let plain = SecretString::from(format!("PGUSER={role}\nPGPASSWORD={}\n", password.expose_secret()));
    let ciphertext = encrypt(&recipients, plain.expose_secret().as_bytes()).ok_or_else(cannot_seal)?;
    Ok(Sealed { verifier, ciphertext })
}

fn recipient(key: &str) -> Option<Box<dyn age::Recipient>> {
    let key = key.trim();
    if let Ok(recipient) = age::x25519::Recipient::from_str(key) {
        return Some(Box::new(recipient));
    }
    age::ssh::Recipient::from_str(key).ok().map(|recipient| Box::new(recipient) as Box<dyn age::Recipient>)
}

fn password() -> Result<SecretString, ProviderError> {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| cannot_seal())?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
}

fn encrypt(recipients: &[Box<dyn age::Recipient>], plain: &[u8]) -> Option<String> {
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient.as_ref())).ok()?;
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).ok()?;
    let mut writer = encryptor.wrap_output(armor).ok()?;
    writer.write_all(plain).ok()?;
    let armored = writer.finish().and_then(ArmoredWriter::finish).ok()?;
    String::from_utf8(armored).ok()
}

fn cannot_seal() -> ProviderError {
    ProviderError::new(Class::Transient, "cannot_seal", "a password could not be made and encrypted")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn open(ciphertext: &str, identity: &dyn age::Identity) -> Option<String> {
        let decryptor = age::Decryptor::new(age::armor::ArmoredReader::new(ciphertext.as_bytes())).unwrap();
        let mut plain = String::new();
        decryptor.decrypt(std::iter::once(identity)).ok()?.read_to_string(&mut plain).unwrap();
        Some(plain)
    }

    #[test]
    fn every_key_of_the_person_opens_it_and_no_other() {
        let (laptop, desk, stranger) =
            (age::x25519::Identity::generate(), age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let keys = vec![laptop.to_public().to_string(), "not a key".into(), format!(" {} ", desk.to_public())];
        let sealed = seal("daypass_x_g1", &keys).unwrap();

        let plain = open(&sealed.ciphertext, &laptop).unwrap();
        assert_eq!(open(&sealed.ciphertext, &desk).unwrap(), plain);
        assert_eq!(open(&sealed.ciphertext, &stranger), None);

        let password = plain.strip_prefix("PGUSER=daypass_x_g1\nPGPASSWORD=").unwrap().trim_end();
        assert!(password.len() >= 22 && password.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert!(sealed.verifier.starts_with("SCRAM-SHA-256$4096:"));
        assert!(!sealed.verifier.contains(password) && !sealed.ciphertext.contains(password));
        assert_ne!(plain, open(&seal("daypass_x_g1", &keys).unwrap().ciphertext, &laptop).unwrap(), "each one is new");
    }

    #[test]
    fn ssh_keys_serve_and_without_a_usable_key_nothing_is_made() {
        let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust";
        assert!(seal("r", &[ssh.to_owned()]).unwrap().ciphertext.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
        for keys in [vec![], vec!["ecdsa-sha2-nistp256 AAAA".to_owned()], vec![String::new()]] {
            let error = seal("r", &keys).unwrap_err();
            assert_eq!((error.trouble.class, error.trouble.code.as_str()), (Class::NeedsHuman, "no_key_on_file"));
        }
    }
}
