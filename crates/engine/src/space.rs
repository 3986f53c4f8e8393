//! Free space on the disks that work needs: that of the data directory, and that of the repository.
//!
//! It is looked at all the time, so that the arbiter knows when nobody may start, and once more before
//! each start.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crew_core::project::{Project, Shortage};
use crew_core::{Event, ProjectId};

use crate::Handle;
use crate::follow::submit;
use crate::perform::{Outside, blocking};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is looked at for a project.
#[derive(Clone, Debug)]
struct Look {
    project: ProjectId,
    places: [String; 2],
    floor_mb: u64,
    known: Option<Shortage>,
}

/// Tells the arbiter what has changed, until the daemon ends.
pub(crate) async fn attend(outside: Arc<Outside>) {
    let handle = &outside.handle;
    loop {
        let looks: Vec<Look> =
            handle.read(|state| state.projects.values().map(|it| Look::of(handle, it)).collect());
        for look in looks {
            look.tell(handle).await;
        }
        tokio::select! {
            () = outside.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Where there is too little space for an agent to start now, if there is; the arbiter knows it then.
pub(crate) async fn short(handle: &Handle, project: &Project) -> Option<Shortage> {
    Look::of(handle, project).tell(handle).await
}

impl Look {
    fn of(handle: &Handle, project: &Project) -> Self {
        let home = handle.home().root().display().to_string();
        Self {
            project: project.id,
            places: [home, project.root.clone()],
            floor_mb: project.team.limits.free_mb,
            known: project.short.clone(),
        }
    }

    async fn tell(self, handle: &Handle) -> Option<Shortage> {
        let look = self.clone();
        // A disk that cannot be asked is not known to be full.
        let short = blocking(move || Ok(look.shortage())).await.ok().flatten();
        let place = |short: &Option<Shortage>| short.as_ref().map(|short| short.place.clone());
        if place(&short) != place(&self.known) {
            let event = Event::SpaceSeen { project: self.project, short: short.clone() };
            submit(handle, event).await.ok(); // the daemon ends: the next one looks
        }
        short
    }

    /// A shortage is over when there is a tenth more than the floor: what is about to be written
    /// would make it one again.
    fn shortage(&self) -> Option<Shortage> {
        self.places.iter().find_map(|place| {
            let was_short = self.known.as_ref().is_some_and(|known| known.place == *place);
            let wanted = self.floor_mb + if was_short { self.floor_mb / 10 } else { 0 };
            let free_mb = free_mb(Path::new(place))?;
            let (place, floor_mb) = (place.clone(), self.floor_mb);
            (free_mb < wanted).then_some(Shortage { place, free_mb, floor_mb })
        })
    }
}

fn free_mb(place: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(place).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_stays_short_until_there_is_a_little_more() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().display().to_string();
        let free = free_mb(dir.path()).unwrap();
        let look = |floor_mb, known| Look {
            project: ProjectId(1),
            places: [place.clone(), "/nowhere/at/all".to_owned()],
            floor_mb,
            known,
        };
        assert_eq!(look(0, None).shortage(), None);
        assert_eq!(look(free / 2, None).shortage(), None);
        let short = look(free * 2, None).shortage().unwrap();
        assert_eq!((&short.place, short.floor_mb), (&place, free * 2));
        // Others use the disk meanwhile: the bounds are far from what is free.
        let (floor, known) = (free - free / 20, Some(short));
        assert_eq!(look(floor, None).shortage(), None);
        assert!(look(floor, known).shortage().is_some());
    }
}
