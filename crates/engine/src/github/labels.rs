//! The labels by which GitHub shows the board.

use crew_core::github::Policy;
use crew_core::team::Team;
use crew_github::{Client, Error, Label};

/// The color of the labels that we make.
const LABEL_COLOR: &str = "5319e7";

/// Makes the labels that are missing where the issues are; gives their names.
pub async fn make_github_labels(
    issues: &Client,
    policy: &Policy,
    team: &Team,
) -> Result<Vec<String>, Error> {
    let known = issues.labels().await?;
    let is_known = |name: &str| known.iter().any(|label| label.name.eq_ignore_ascii_case(name));
    let intake = (policy.intake.clone(), "makes an issue a task");
    let stages = team.stages.iter().map(|stage| (policy.label(&stage.name), "a stage"));
    let mut made = Vec::new();
    for (name, meaning) in std::iter::once(intake).chain(stages) {
        if is_known(&name) {
            continue;
        }
        let description = Some(format!("Crewhouse: {meaning}"));
        let color = LABEL_COLOR.to_owned();
        match issues.make_label(&Label { name: name.clone(), color, description }).await {
            // Somebody made it meanwhile, or our answer was lost.
            Ok(_) | Err(Error::Refused { status: 422, .. }) => made.push(name),
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}
