//! Whether the policy files look different than before: by their names, sizes and times. What they say is for others to read.
//!
//! It asks when it is told to, and holds no timer. Files that are still being written are waited for: only what looked the same
//! at two looks in a row has changed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What one look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As before.
    Same,
    /// Different, and perhaps not done: the next look tells.
    Changing,
    /// Different, and the same at two looks. It is told once.
    Changed,
}

/// What tells one version of a file from another: size, time (seconds, nanoseconds) and inode. An editor that saves by
/// renaming changes the inode, and a mounted directory that is switched as a whole does too.
type Stamp = (u64, i64, i64, u64);

/// The look of the directory that was acted upon, and the one that may be next.
#[derive(Debug)]
pub struct Watch {
    dir: PathBuf,
    known: BTreeMap<String, Option<Stamp>>,
    next: Option<BTreeMap<String, Option<Stamp>>>,
}

impl Watch {
    /// Takes the directory as it looks now for known. To be made before the files are read, so that no change is missed.
    pub fn new(dir: &Path) -> Watch {
        Watch { dir: dir.to_owned(), known: look_of(dir), next: None }
    }

    /// Takes the directory as it looks now for known, because its files are about to be read.
    pub fn forget(&mut self) {
        *self = Watch::new(&self.dir);
    }

    /// Looks once.
    pub fn look(&mut self) -> Look {
        let seen = look_of(&self.dir);
        if seen == self.known {
            self.next = None;
            return Look::Same;
        }
        if self.next.as_ref() != Some(&seen) {
            self.next = Some(seen);
            return Look::Changing;
        }
        (self.known, self.next) = (seen, None);
        Look::Changed
    }
}

/// Every policy file by its name; a directory that cannot be read looks empty, and a file that cannot has no stamp.
fn look_of(dir: &Path) -> BTreeMap<String, Option<Stamp>> {
    let Ok(entries) = std::fs::read_dir(dir) else { return BTreeMap::new() };
    let named = entries.filter_map(|entry| Some((entry.as_ref().ok()?.path(), entry.ok()?.file_name().into_string().ok()?)));
    let files = named.filter(|(_, name)| !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml")));
    let stamp = |path: &Path| {
        // Followed, where it is a link: what it leads to is what is read.
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ino()))
    };
    files.map(|(path, name)| (name, stamp(&path))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_when_it_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("a.yaml", "version: 1");
        let mut watch = Watch::new(dir.path());
        assert_eq!(watch.look(), Look::Same);

        write("a.yaml", "version: 1\npeople:");
        assert_eq!(watch.look(), Look::Changing);
        write("a.yaml", "version: 1\npeople: []");
        assert_eq!(watch.look(), Look::Changing, "it is still being written");
        assert_eq!([watch.look(), watch.look()], [Look::Changed, Look::Same]);

        write("b.yaml", "version: 1");
        assert_eq!([watch.look(), watch.look()], [Look::Changing, Look::Changed], "a new file");
        std::fs::remove_file(dir.path().join("b.yaml")).unwrap();
        assert_eq!([watch.look(), watch.look()], [Look::Changing, Look::Changed], "a file that is gone");
        for other in ["notes.txt", ".a.yaml.swp", ".hidden.yaml"] {
            write(other, "whatever");
        }
        assert_eq!(watch.look(), Look::Same, "what is no policy file");
    }

    #[test]
    fn a_file_that_is_switched_for_another_of_the_same_size_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.yaml"), "one").unwrap();
        let mut watch = Watch::new(dir.path());
        std::fs::write(dir.path().join(".a.yaml.new"), "two").unwrap();
        std::fs::rename(dir.path().join(".a.yaml.new"), dir.path().join("a.yaml")).unwrap();
        assert_eq!([watch.look(), watch.look()], [Look::Changing, Look::Changed]);
    }

    #[test]
    fn what_was_read_anyway_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(dir.path());
        std::fs::write(dir.path().join("a.yaml"), "one").unwrap();
        watch.forget();
        assert_eq!(watch.look(), Look::Same);
        let mut gone = Watch::new(&dir.path().join("none"));
        assert_eq!(gone.look(), Look::Same);
    }
}
