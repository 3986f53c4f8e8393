//! Teams to begin with: what a new `team.toml` says.

/// A team to begin with. Nobody plays its roles yet.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// One word.
    pub name: &'static str,
    /// Who works, and how.
    pub what: &'static str,
    /// The file.
    pub text: &'static str,
}

/// All of them, the default first.
pub const TEMPLATES: [Template; 4] = [
    Template {
        name: "six",
        what: "Six roles, from the plan to the announcement; a tester tries each change",
        text: concat!(include_str!("template/common.toml"), include_str!("template/six.toml")),
    },
    Template {
        name: "pair",
        what: "An engineer, and a tester who judges each change before you see it",
        text: concat!(include_str!("template/common.toml"), include_str!("template/pair.toml")),
    },
    Template {
        name: "solo",
        what: "Engineers, and you: nobody plans, nobody reviews but you",
        text: concat!(include_str!("template/common.toml"), include_str!("template/solo.toml")),
    },
    Template {
        name: "rivals",
        what: "Three try each task at the same time, and the best result is kept; for three times the cost",
        text: concat!(include_str!("template/common.toml"), include_str!("template/rivals.toml")),
    },
];

/// The default.
pub const DEFAULT_TEAM: &str = TEMPLATES[0].text;

impl Template {
    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        TEMPLATES.into_iter().find(|it| it.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::team::parse;

    #[test]
    fn each_is_proven_and_lands_through_the_human() {
        for Template { name, text, .. } in TEMPLATES {
            let team = parse(text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            let gates = team.stages.iter().flat_map(|stage| &stage.gates);
            let by_human = gates.filter(|gate| **gate == crate::team::Gate::Human).count();
            assert_eq!(by_human, 1, "{name}");
            assert_eq!(Template::named(name).map(|it| it.text), Some(text));
        }
        assert!(Template::named("seven").is_none());
    }
}
