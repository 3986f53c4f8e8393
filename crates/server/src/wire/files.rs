//! The files of a team that people edit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Team;

/// `GET /api/projects/{id}/files`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TeamFiles {
    /// The policy first, then roles, then knowledge.
    pub files: Vec<TeamFile>,
}

/// One file of the team directory.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TeamFile {
    /// `team.toml`, `agents/<role>/CLAUDE.md` or `knowledge/<topic>.toml`.
    pub name: String,
    /// Names this text; null if the file is not there.
    pub version: Option<String>,
    /// All of it.
    pub text: String,
}

/// `PUT /api/projects/{id}/files`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteTeamFile {
    /// Which one.
    pub name: String,
    /// All of it.
    pub text: String,
    /// The version that was read: another one is not written over. Left out for a file that is not there.
    #[serde(default)]
    pub version: Option<String>,
}

/// `POST /api/projects/{id}/files/check`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckTeamFile {
    /// Which one.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// What is wrong with a text, and what a policy would mean.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TeamFileChecked {
    /// Nothing if it is good.
    pub mistakes: Vec<Mistake>,
    /// The team, if the text is a good policy.
    pub team: Option<Team>,
}

/// One mistake.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Mistake {
    /// What is wrong, and where.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The keys that lead to what has to be changed, if it is about one place: `stages.review.back`.
    pub key: Option<String>,
    /// In which line of the text, from 1, where that is known.
    pub line: Option<u32>,
}

/// `GET /api/projects/{id}/team/form`: what of `team.toml` is edited by forms, as it is written there.
///
/// Keys that are left out have their defaults; values that no form can show are left out, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TeamForm {
    /// Where agents come from, in the order of the file.
    pub providers: Vec<FormTable>,
    /// Who works, in the order of the file.
    pub roles: Vec<FormTable>,
    /// The stages, in the order of the file, without their gates.
    pub stages: Vec<FormTable>,
    /// The gates of the stages, in the order of the file.
    pub gates: Vec<FormGates>,
}

/// A named table of `team.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FormTable {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub keys: BTreeMap<String, Scalar>,
}

/// The gates of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FormGates {
    /// The stage.
    pub stage: String,
    /// Each by its keys.
    pub gates: Vec<BTreeMap<String, Scalar>>,
}

/// `PATCH /api/projects/{id}/team`
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditTeam {
    /// Made in this order, all or none.
    pub edits: Vec<TeamEdit>,
}

/// One change to `team.toml`; comments in it stay.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum TeamEdit {
    /// Sets a key, or takes it out.
    Set {
        /// From the outside in: `["budget", "day_usd"]`, `["stages", "in-progress", "wip"]`.
        key: Vec<String>,
        /// Null takes it out.
        value: Option<Scalar>,
    },
    /// Replaces the gates of a stage. One that is there already stays as it is written.
    SetGates {
        /// The stage.
        stage: String,
        /// Each by its keys, in order: `{"check": "make test"}`, `{"verdict": "tester"}`, `{"human": true}`.
        gates: Vec<BTreeMap<String, Scalar>>,
    },
    /// Puts a stage on the way out of another.
    AddStage {
        /// Its name.
        name: String,
        /// A role, or `human`.
        owner: String,
        /// The stage before it.
        after: String,
    },
    /// Gives a stage another name, wherever it is named.
    RenameStage {
        /// The stage.
        stage: String,
        /// Its new name.
        to: String,
    },
    /// Lets a stage trade places with its neighbour. The ways through the pipeline stay; who stands
    /// where changes.
    MoveStage {
        /// The stage.
        stage: String,
        /// Where to.
        to: Side,
    },
    /// Takes a stage out; what led to it leads to where it led.
    RemoveStage {
        /// The stage.
        stage: String,
    },
    /// Adds a role, and writes its `CLAUDE.md` where there is none. Who plays it is set after that.
    AddRole {
        /// Its name.
        role: String,
        /// What it does: the beginning of its `CLAUDE.md`.
        #[serde(default)]
        about: Option<String>,
    },
    /// Takes a role out that works in no stage. Its `CLAUDE.md` stays.
    RemoveRole {
        /// The role.
        role: String,
    },
}

/// A side of a column of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Nearer to where tasks begin.
    Left,
    /// Nearer to the end.
    Right,
}

/// A value of TOML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Texts.
    List(Vec<String>),
}

/// By hand: a whole number is a number too, and what is derived would have it be one of them only.
impl PartialSchema for Scalar {
    fn schema() -> RefOr<Schema> {
        let of = |what: Type| ObjectBuilder::new().schema_type(what);
        AnyOfBuilder::new()
            .description(Some("A value of TOML."))
            .item(of(Type::Boolean))
            .item(of(Type::Number))
            .item(of(Type::String))
            .item(ArrayBuilder::new().items(of(Type::String)))
            .into()
    }
}

impl ToSchema for Scalar {}
