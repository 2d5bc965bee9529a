//! `daypass policy init`: writes files to begin with, and never over anything.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::json;

use super::Format;
use crate::access::time::Timestamp;
use crate::policy::starter;

/// Writes the files into `dir`, which is made if it is missing; answers with their names.
///
/// # Errors
///
/// There are policy files already, or the directory cannot be written.
pub fn write(dir: &Path, now: Timestamp) -> anyhow::Result<Vec<String>> {
    fs::create_dir_all(dir).with_context(|| format!("`{}` cannot be made", dir.display()))?;
    let entries = fs::read_dir(dir).with_context(|| format!("`{}` cannot be read", dir.display()))?;
    for entry in entries {
        let name = entry?.file_name();
        if Path::new(&name).extension().is_some_and(|end| end == "yaml" || end == "yml") {
            let name = name.to_string_lossy();
            bail!("there is a policy file already: `{}`; nothing was written", dir.join(&*name).display());
        }
    }
    let files = starter::files(now);
    for source in &files {
        let path = dir.join(&source.name);
        // Also where somebody else writes at the same time, nothing is overwritten.
        let mut file = File::create_new(&path).with_context(|| format!("`{}` cannot be made", path.display()))?;
        file.write_all(source.text.as_bytes()).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    Ok(files.into_iter().map(|source| source.name).collect())
}

/// What was written, and what to do next.
pub fn tell(dir: &Path, names: &[String], format: Format) -> String {
    match format {
        Format::Text => format!("wrote {} to `{}`; now: daypass policy check", names.join(", "), dir.display()),
        Format::Json => format!("{:#}", json!({ "dir": dir, "wrote": names })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::policies::shapes;
    use crate::policy::load;

    #[test]
    fn files_are_written_once_and_never_over_anything() {
        let dir = tempfile::tempdir().unwrap();
        let policies = dir.path().join("deep/policies");
        let now = Timestamp::from_millis(1_795_510_800_000);
        assert_eq!(write(&policies, now).unwrap(), ["people.yaml", "policies.yaml", "resources.yaml", "tests.yaml"]);
        load(&policies, shapes()).unwrap();
        let before = fs::read(policies.join("people.yaml")).unwrap();
        let problem = write(&policies, now).unwrap_err().to_string();
        assert!(problem.starts_with("there is a policy file already: `"), "{problem}");
        assert_eq!(fs::read(policies.join("people.yaml")).unwrap(), before);

        let other = dir.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("mine.yml"), "x").unwrap();
        write(&other, now).unwrap_err();
        assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
    }
}
