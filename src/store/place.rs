//! The data directory: that it is private, on a local disk, and used by one process only.
//!
//! It knows nothing of what is in the database.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::OpenError;

/// The database's name in the data directory.
pub const DATABASE_FILE: &str = "daypass.db";
/// The lock's name in the data directory.
pub const LOCK_FILE: &str = "daypass.lock";

/// The oldest SQLite without the WAL-reset bug, by which a checkpoint could lose commits.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// What is written in a lock file, at most.
const HOLDER_BYTES_MAX: u64 = 400;

/// A prepared data directory, locked for as long as this lives.
#[derive(Debug)]
pub struct Place {
    /// The database file, which exists.
    pub database: PathBuf,
    _lock: File,
}

/// A process, as others can recognise it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The host it runs on.
    pub host: String,
    /// The boot of that host and the moment the process started, so that a number used again is not taken for it.
    pub birth: String,
}

impl Process {
    /// This process.
    pub fn this() -> Process {
        let pid = std::process::id();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Process { pid, host, birth: birth_of(pid).unwrap_or_default() }
    }

    /// Whether it can be seen to run, here and now. What cannot be seen counts as not running: the lock decides then.
    pub fn is_running(&self) -> bool {
        !self.birth.is_empty() && birth_of(self.pid).is_some_and(|birth| birth == self.birth)
    }

    /// The process in words.
    pub fn in_words(&self) -> String {
        format!("process {} on host {}", self.pid, self.host)
    }
}

/// The boot id and the start of a process in clock ticks since then. `None` where there is no `/proc`, or no such process.
fn birth_of(pid: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command in parentheses may hold anything; after it, the start is the 20th field (proc_pid_stat(5): field 22 of all).
    let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    Some(format!("{} {started}", boot.trim()))
}

/// Refuses an SQLite that can lose commits.
pub fn check_sqlite(version: i32) -> Result<(), OpenError> {
    if version >= SQLITE_VERSION_MIN {
        return Ok(());
    }
    let found = format!("{}.{}.{}", version / 1_000_000, version / 1000 % 1000, version % 1000);
    Err(OpenError::SqliteTooOld { found })
}

/// Makes the directory if it is missing, checks it, and takes the lock.
pub fn prepare(dir: &Path) -> Result<Place, OpenError> {
    let failed = |source| OpenError::Directory { dir: dir.to_owned(), source };
    if !dir.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    }
    let mode = fs::metadata(dir).map_err(failed)?.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(OpenError::DirectoryTooOpen { dir: dir.to_owned() });
    }
    check_file_system(dir, file_system_of(dir).map_err(failed)?)?;
    let database = dir.join(DATABASE_FILE);
    let is_ours = database.exists() || fs::read_dir(dir).map_err(failed)?.next().is_none();
    if is_ours && mode & 0o777 != 0o700 {
        fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    let lock = lock(dir)?;
    // SQLite gives its side files the rights of the database file, so that this one decides for all.
    private().open(&database).and_then(|file| file.set_permissions(Permissions::from_mode(0o600))).map_err(failed)?;
    Ok(Place { database, _lock: lock })
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Directory { dir: dir.to_owned(), source };
    let mut file = private().open(dir.join(LOCK_FILE)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = holder(&file).unwrap_or_else(|| "another process".to_owned());
            return Err(OpenError::InUse { dir: dir.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let this = Process::this();
    let write = |file: &mut File| -> io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", this.in_words())?;
        file.sync_all()
    };
    write(&mut file).map_err(failed)?;
    Ok(file)
}

fn holder(mut file: &File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(HOLDER_BYTES_MAX).read_to_string(&mut text).ok()?;
    let line = text.lines().next()?.trim();
    if line.is_empty() { None } else { Some(line.to_owned()) }
}

/// A file system, by its number (`statfs(2)`) and, where it can be found, its name (`/proc/self/mountinfo`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// The magic number.
    pub magic: u64,
    /// The name, such as `ext4` or `fuse.sshfs`.
    pub name: Option<String>,
}

fn file_system_of(dir: &Path) -> io::Result<FileSystem> {
    let magic = rustix::fs::statfs(dir)?.f_type;
    let dir = dir.canonicalize()?;
    let name = fs::read_to_string("/proc/self/mountinfo").ok().and_then(|mounts| name_in(&mounts, &dir));
    // The field is signed on some machines and 32 bits wide on others; the numbers are bit patterns of 32 bits.
    let magic = u64::try_from(i128::from(magic) & 0xFFFF_FFFF).unwrap_or(0);
    Ok(FileSystem { magic, name })
}

/// The type of the mount that holds `dir`: the one with the longest mount point above it, the last of equals.
fn name_in(mounts: &str, dir: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(name)) = (left.split_whitespace().nth(4), right.split_whitespace().next()) else { continue };
        let point = point.replace("\\040", " ");
        let length = Path::new(&point).components().count();
        if dir.starts_with(&point) && best.is_none_or(|(longest, _)| length >= longest) {
            best = Some((length, name));
        }
    }
    best.map(|(_, name)| name.to_owned())
}

const FUSE: u64 = 0x6573_5546;

/// File systems whose files other machines can change, or that do not lock or share memory as SQLite's WAL needs it.
/// Numbers from Linux `magic.h` and, for those outside the kernel, from their own sources.
const NETWORK: [(u64, &str); 14] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0x0102_1997, "9p"),
    (0x00C3_6400, "Ceph"),
    (0x5346_414F, "AFS"),
    (0x7375_7245, "Coda"),
    (0x564C, "NetWare"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x0BD0_0BD0, "Lustre"),
    (0x1983_0326, "BeeGFS"),
    (0x4750_4653, "GPFS"),
];

/// Parts of the names of file systems that user-space programs fetch from elsewhere.
const NETWORK_FUSE: [&str; 10] =
    ["sshfs", "s3fs", "goofys", "gcsfuse", "rclone", "gluster", "ceph", "davfs", "mergerfs", "juicefs"];

/// Refuses what is not on a disk of this machine.
pub fn check_file_system(dir: &Path, found: FileSystem) -> Result<(), OpenError> {
    let refused = |kind: &str| Err(OpenError::NetworkFileSystem { dir: dir.to_owned(), kind: kind.to_owned() });
    if let Some((_, kind)) = NETWORK.iter().find(|(magic, _)| *magic == found.magic) {
        return refused(kind);
    }
    match found.name {
        Some(name) if found.magic == FUSE && NETWORK_FUSE.iter().any(|part| name.contains(part)) => refused(&name),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_that_loses_commits_is_refused_by_its_number() {
        assert_eq!(
            check_sqlite(3_051_002).unwrap_err().to_string(),
            "SQLite 3.51.2 can lose commits (its WAL-reset bug); 3.51.3 is the oldest that does not"
        );
        check_sqlite(3_051_003).unwrap();
        check_sqlite(rusqlite::version_number()).unwrap();
    }

    #[test]
    fn a_network_file_system_is_refused_and_named() {
        let check =
            |magic, name: &str| check_file_system(Path::new("/srv/data"), FileSystem { magic, name: Some(name.to_owned()) });
        assert_eq!(
            check(0x6969, "nfs4").unwrap_err().to_string(),
            "the data directory `/srv/data` is on NFS, where SQLite can lose commits; choose one on a local disk"
        );
        for magic in [0x517B, 0xFF53_4D42, 0x0102_1997] {
            assert!(check(magic, "x").is_err());
        }
        assert!(check(FUSE, "fuse.sshfs").unwrap_err().to_string().contains("fuse.sshfs"));
        assert!(check(FUSE, "fuseblk").is_ok(), "a local disk behind FUSE");
        assert!(check(0xEF53, "ext4").is_ok());
    }

    #[test]
    fn the_mount_nearest_to_the_directory_counts() {
        let mounts = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n\
                      2 1 0:5 / /srv rw - fuse.sshfs host: rw\n\
                      3 2 8:2 / /srv/my\\040data rw - xfs /dev/sdb1 rw\n";
        assert_eq!(name_in(mounts, Path::new("/srv/my data/x")).as_deref(), Some("xfs"));
        assert_eq!(name_in(mounts, Path::new("/srv/other")).as_deref(), Some("fuse.sshfs"));
        assert_eq!(name_in(mounts, Path::new("/srvother")).as_deref(), Some("ext4"));
    }

    #[test]
    fn a_process_is_recognised_and_a_reused_number_is_not_taken_for_it() {
        let mut process = Process::this();
        assert!(process.is_running());
        process.birth.push('0');
        assert!(!process.is_running());
    }

    #[test]
    fn the_directory_and_its_files_are_private() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data");
        let place = prepare(&dir).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&place.database), mode(&dir.join(LOCK_FILE))), (0o700, 0o600, 0o600));
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(prepare(root.path()), Err(OpenError::DirectoryTooOpen { .. })));
    }
}
