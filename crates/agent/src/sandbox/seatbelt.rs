//! The same allow-list in the words of Seatbelt, the sandbox of macOS, for `sandbox-exec -p`.
//!
//! It is text, and tested as text: no Mac has run it yet, so agents there do not enter it by
//! themselves. It may be looked at and tried with `crew sandbox profile`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Sandbox;

/// What programs of macOS need to run at all, beside what [`Sandbox::of_system`] names.
const SYSTEM: [&str; 7] = [
    "/System",
    "/Library",
    "/private/etc",
    "/private/var/db/timezone",
    "/private/var/select",
    "/Applications/Xcode.app",
    "/opt/homebrew",
];

/// What everything may do: start programs, signal its own, ask how large things are.
const ALWAYS: &str = "\
(version 1)
(deny default)
(allow process-exec process-fork)
(allow signal (target same-sandbox))
(allow sysctl-read)
(allow file-read-metadata)
(allow mach-lookup (global-name \"com.apple.system.opendirectoryd.libinfo\"))
(allow mach-lookup (global-name \"com.apple.system.logger\"))
(allow mach-lookup (global-name \"com.apple.trustd.agent\"))
";

impl Sandbox {
    /// The profile that holds the same.
    pub fn seatbelt(&self) -> String {
        let mut profile = ALWAYS.to_owned();
        let system = SYSTEM.iter().map(Path::new);
        let read = self.read.iter().map(PathBuf::as_path).chain(system);
        places(&mut profile, "file-read*", read);
        places(&mut profile, "file-read* file-write*", self.write.iter().map(PathBuf::as_path));
        match &self.ports {
            None => profile.push_str("(allow network-outbound)\n"),
            Some(ports) => {
                profile.push_str(
                    "(allow network-outbound (literal \"/private/var/run/mDNSResponder\"))\n",
                );
                for port in ports {
                    writeln!(profile, "(allow network-outbound (remote tcp \"*:{port}\"))").ok();
                }
            }
        }
        profile
    }
}

/// Each place by itself: a rule without a place would be about everything.
fn places<'a>(profile: &mut String, what: &str, paths: impl Iterator<Item = &'a Path>) {
    for path in paths {
        let path = quoted(&path.to_string_lossy());
        writeln!(profile, "(allow {what} (subpath {path}))").ok();
    }
}

/// A text of the profile's language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_says_what_the_sandbox_says_and_nothing_more() {
        let sandbox = Sandbox {
            read: vec!["/usr".into()],
            write: vec!["/w/a \"b\"".into()],
            ports: Some(vec![443]),
        };
        let profile = sandbox.seatbelt();
        assert!(profile.starts_with("(version 1)\n(deny default)\n"), "{profile}");
        assert!(profile.contains("(allow file-read* (subpath \"/usr\"))\n"), "{profile}");
        let write = "(allow file-read* file-write* (subpath \"/w/a \\\"b\\\"\"))\n";
        assert!(profile.contains(write), "{profile}");
        assert!(profile.contains("(remote tcp \"*:443\")"), "{profile}");
        assert!(!profile.contains("(allow network-outbound)\n"), "{profile}");
        assert_eq!(profile.matches('(').count(), profile.matches(')').count(), "{profile}");
        let open = Sandbox::default().seatbelt();
        assert!(open.contains("(allow network-outbound)\n"), "{open}");
        assert!(!open.contains("file-write*"), "{open}");
    }
}
