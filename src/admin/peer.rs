//! Who is at the other end of the admin socket, by what the kernel says. Nothing that the other end says counts, and nothing of its
//! environment: `SUDO_UID` is a variable like any other.
//!
//! The socket is for the service's own user, so that everybody who comes in runs as that. Who they were before `sudo -u` or `su`,
//! the kernel remembers: at a login it is told the user once (`pam_loginuid`), hands that number down to every process from there
//! on, and lets nobody change it who is not privileged. Where nobody has logged in, such as in a container without PAM, it has no such
//! number, and whoever runs the command is all that is known.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::Command;

use crate::app::HostUser;

/// How long the host's user database may take, which can be a directory elsewhere.
const NAME_WITHIN: Duration = Duration::from_secs(5);

/// What the kernel says where nobody has logged in: the number that no user has.
const NOBODY: u32 = u32::MAX;

/// A process at the other end, as it was when it connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    uid: u32,
    login: Login,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    /// This user has logged in.
    User(u32),
    /// Nobody has.
    Nobody,
    /// The process is gone, or in a container that is not ours: it may look, and speaks for nobody.
    Unseen,
}

impl Peer {
    /// Whoever is connected. `None` when the kernel does not say.
    pub fn of(stream: &UnixStream) -> Option<Peer> {
        let credentials = stream.peer_cred().ok()?;
        let uid = credentials.uid();
        let login = match credentials.pid().map(|pid| (pid, login_of(pid))) {
            // A number that was given to another process meanwhile would speak for somebody else.
            Some((pid, Ok(login))) if fs::metadata(format!("/proc/{pid}")).is_ok_and(|process| process.uid() == uid) => {
                login.map_or(Login::Nobody, Login::User)
            }
            Some((_, Ok(_) | Err(_))) | None => Login::Unseen,
        };
        Some(Peer { uid, login })
    }

    /// Whether it runs as the user that we run as. The socket's mode says the same; a copy of the directory may not.
    pub fn is_owner(&self) -> bool {
        self.uid == rustix::process::geteuid().as_raw()
    }

    /// The user who has logged in; where nobody has, the one that the process runs as.
    ///
    /// # Errors
    ///
    /// A sentence, when the process cannot be seen from here, or the host's user database does not answer.
    pub async fn login_user(&self) -> Result<HostUser, String> {
        let uid = match self.login {
            Login::User(uid) => uid,
            Login::Nobody => self.uid,
            Login::Unseen => {
                return Err(
                    "the kernel does not show here who has logged in; run it where the bot runs, and not from another container"
                        .to_owned(),
                );
            }
        };
        Ok(HostUser { uid, names: names_of(uid).await? })
    }
}

/// The user that has logged in, of whose session this process is; `None` where nobody has.
///
/// # Errors
///
/// When the process is gone. A kernel that does not keep the number is no error.
pub fn login_of(pid: i32) -> io::Result<Option<u32>> {
    fs::metadata(format!("/proc/{pid}"))?;
    match fs::read_to_string(format!("/proc/{pid}/loginuid")) {
        Ok(text) => Ok(text.trim().parse().ok().filter(|uid| *uid != NOBODY)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Every name of a user: by the file, and only where that has none by `getent`, which knows of directories elsewhere as well.
///
/// # Errors
///
/// A sentence, when neither can be asked.
pub async fn names_of(uid: u32) -> Result<Vec<String>, String> {
    let file = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let names = names_in(&file, uid);
    if !names.is_empty() {
        return Ok(names);
    }
    let asked = Command::new("getent").args(["passwd", &uid.to_string()]).kill_on_drop(true).output();
    match tokio::time::timeout(NAME_WITHIN, asked).await {
        Ok(Ok(output)) => Ok(names_in(&String::from_utf8_lossy(&output.stdout), uid)),
        // A small image has no such program, and no other users than those in the file.
        Ok(Err(problem)) if problem.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Ok(Err(_)) | Err(_) => Err(format!("this host does not say who the user {uid} is; look at `getent passwd {uid}`")),
    }
}

/// The names of a user in the lines of a `passwd` file: `name:x:1000:…`.
fn names_in(passwd: &str, uid: u32) -> Vec<String> {
    let of_line = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    };
    passwd.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_names_that_the_file_gives_them() {
        let file = "root:x:0:0:root:/root:/bin/sh\n# carol:x:7:7::/:/bin/sh\ntoor:x:0:0::/root:/bin/sh\nbroken\n:x:7:7::/:\n\
                    erin:x:1007:7:Erin,,,:/home/erin:/bin/sh\n";
        assert_eq!(names_in(file, 0), ["root", "toor"]);
        assert_eq!(names_in(file, 1007), ["erin"]);
        assert_eq!(names_in(file, 7), [""; 0]);
    }

    #[tokio::test]
    async fn both_ends_of_a_connection_in_one_process_are_that_process() {
        let (here, _there) = UnixStream::pair().unwrap();
        let peer = Peer::of(&here).unwrap();
        assert!(peer.is_owner());
        let pid = i32::try_from(std::process::id()).unwrap();
        let uid = login_of(pid).unwrap().unwrap_or(rustix::process::geteuid().as_raw());
        let user = peer.login_user().await.unwrap();
        assert_eq!((user.uid, user.names), (uid, names_of(uid).await.unwrap()));
    }

    #[tokio::test]
    async fn a_process_that_is_gone_speaks_for_nobody() {
        assert!(login_of(i32::MAX).is_err());
        assert!(Peer { uid: 0, login: Login::Unseen }.login_user().await.is_err());
    }
}
