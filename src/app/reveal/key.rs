//! The key of this host, to which secrets are encrypted that are shown on a page. It is a file of its own: the database, and
//! whatever is copied of it, cannot be read with what stands in it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::iter::once;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::str::FromStr;

use age::armor::ArmoredReader;
use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use secrecy::SecretString;

/// The largest key file and the largest secret that are read, in bytes.
const BYTES_MAX: u64 = 16 * 1024;

/// The key of this host. It has no Debug, and is in no message.
pub struct HostKey(Identity);

impl HostKey {
    /// The key in this file, which is made, for its owner only, where there is none.
    ///
    /// # Errors
    ///
    /// When it can be neither read nor made, holds no key, or others may read it. The message holds nothing of the key.
    pub fn in_file(path: &Path) -> io::Result<HostKey> {
        match File::open(path) {
            Ok(file) => HostKey::read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => HostKey::make(path),
            Err(error) => Err(error),
        }
    }

    fn read(file: File) -> io::Result<HostKey> {
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may read it: run `chmod 600` on it"));
        }
        let mut text = String::new();
        file.take(BYTES_MAX).read_to_string(&mut text)?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
        let no_key = |_| io::Error::new(io::ErrorKind::InvalidData, "it holds no age key (`AGE-SECRET-KEY-1…`)");
        Identity::from_str(line).map(HostKey).map_err(no_key)
    }

    fn make(path: &Path) -> io::Result<HostKey> {
        let identity = Identity::generate();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{}", identity.to_string().expose_secret())?;
        // What is encrypted to it must not outlive it.
        file.sync_all()?;
        path.parent().filter(|dir| !dir.as_os_str().is_empty()).map_or(Ok(()), |dir| File::open(dir)?.sync_all())?;
        Ok(HostKey(identity))
    }

    /// What others encrypt to.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// What an armoured text holds; `None` where this key does not open it.
    pub fn open(&self, armored: &str) -> Option<SecretString> {
        let decryptor = age::Decryptor::new(ArmoredReader::new(armored.as_bytes())).ok()?;
        let mut plain = String::new();
        let identity: &dyn age::Identity = &self.0;
        decryptor.decrypt(once(identity)).ok()?.take(BYTES_MAX).read_to_string(&mut plain).ok()?;
        Some(SecretString::from(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_only_and_read_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reveal.key");
        let made = HostKey::in_file(&path).unwrap().recipient();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(HostKey::in_file(&path).unwrap().recipient(), made);

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let problem = HostKey::in_file(&path).err().unwrap().to_string();
        assert!(problem.contains("chmod 600"), "{problem}");
    }

    #[test]
    fn a_file_without_a_key_is_told_without_its_text_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reveal.key");
        std::fs::write(&path, "canary").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let problem = HostKey::in_file(&path).err().unwrap().to_string();
        assert!(problem.contains("no age key") && !problem.contains("canary"), "{problem}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "canary");
    }
}
