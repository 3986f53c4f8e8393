//! Whether it is worth to look at a directory again.

use std::path::Path;
use std::time::{Duration, SystemTime};

/// Clocks of file systems stand still for some milliseconds, and of some for two seconds. A change that
/// is not older than this may be followed by another at the same moment.
const STANDSTILL: Duration = Duration::from_secs(3);

/// What was seen of a directory. One call of the system tells whether names came or went since, where
/// listing it takes ten.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glance {
    settled: Option<SystemTime>,
}

impl Glance {
    /// Whether names may have come or gone since this was asked before. Look after it, not before.
    pub fn is_new(&mut self, dir: &Path) -> bool {
        let changed = std::fs::metadata(dir).and_then(|dir| dir.modified()).ok();
        if changed.is_some() && changed == self.settled {
            return false;
        }
        let is_settled = |at: &SystemTime| at.elapsed().is_ok_and(|age| age > STANDSTILL);
        self.settled = changed.filter(is_settled);
        true
    }

    /// Whatever was seen, the next look is worth it.
    pub fn forget(&mut self) {
        self.settled = None;
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn no_name_is_overlooked_and_what_is_quiet_is_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let mut glance = Glance::default();
        for n in 0..200 {
            File::create(dir.path().join(n.to_string())).unwrap();
            assert!(glance.is_new(dir.path()), "{n}");
        }
        let long_ago = SystemTime::now() - Duration::from_mins(1);
        File::open(dir.path()).unwrap().set_modified(long_ago).unwrap();
        assert!(glance.is_new(dir.path()), "it is another moment");
        assert!(!glance.is_new(dir.path()));
        fs::remove_file(dir.path().join("7")).unwrap();
        assert!(glance.is_new(dir.path()));
        File::open(dir.path()).unwrap().set_modified(long_ago).unwrap();
        assert!(glance.is_new(dir.path()));
        glance.forget();
        assert!(glance.is_new(dir.path()));
        assert!(glance.is_new(&dir.path().join("gone")), "who cannot be asked is looked at");
        assert!(glance.is_new(&dir.path().join("gone")));
    }
}
