//! One shape for everything that goes wrong: `{"error":{"code":…,"message":…,"hint":…}}`, with the `key`
//! of `team.toml` that it is about, if it is about one.

use std::fmt::Display;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use crew_core::Refusal;
use crew_engine::Failure;
use crew_git::GitError;
use crew_store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire;

/// What a client can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// There is no such thing, or no such route.
    NotFound,
    /// The route does not do that.
    MethodNotAllowed,
    /// It is not possible now; nothing has changed.
    Refused,
    /// The request cannot be understood.
    Invalid,
    /// The token is missing or wrong.
    Unauthorized,
    /// The request comes from elsewhere.
    Forbidden,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// The body is too large.
    TooLarge,
    /// It could not be written down, so it has not happened.
    NotRecorded,
    /// The daemon is going down.
    Closing,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused => StatusCode::CONFLICT,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotRecorded | Self::Closing => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: ErrorCode,
    message: String,
    hint: Option<String>,
    pub(crate) key: Option<String>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Display) -> Self {
        Self { code, message: message.to_string(), hint: None, key: None }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The key of `team.toml` that it is about.
    #[must_use]
    pub(crate) fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What happened, and the hint.
    pub(crate) fn into_words(self) -> (String, Option<String>) {
        (self.message, self.hint)
    }

    pub(crate) fn invalid(message: impl Display) -> Self {
        Self::new(ErrorCode::Invalid, message)
    }

    pub(crate) fn broken(error: impl Display) -> Self {
        tracing::error!("a request failed: {error}");
        Self::new(ErrorCode::Internal, error).hint("the daemon's log may say more")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { code, message, hint, key } = self;
        let error = wire::Problem { code, message, hint, key };
        (code.status(), Json(wire::ErrorBody { error })).into_response()
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NoProject(_) | Refusal::NoTask(_) | Refusal::NoRun(_) | Refusal::NoAsk(_) => {
                ErrorCode::NotFound
            }
            Refusal::NoStage(_)
            | Refusal::NotConnected
            | Refusal::NothingToShow(_)
            | Refusal::PullClosed(_)
            | Refusal::BadTitle
            | Refusal::BadLabel
            | Refusal::BadAssignee
            | Refusal::TooLong { .. }
            | Refusal::ProjectKnown(_)
            | Refusal::TaskOver { .. }
            | Refusal::EndByMergeOnly(..)
            | Refusal::Landing(_)
            | Refusal::NobodyAtWork(_)
            | Refusal::NoProvider(_)
            | Refusal::NotLimited(_)
            | Refusal::EmptyQuestion
            | Refusal::NobodyToAsk(_)
            | Refusal::DidNothing { .. }
            | Refusal::NoQuestion(_)
            | Refusal::NoRole(_)
            | Refusal::PlayedByMail(_)
            | Refusal::EmptyAnchor
            | Refusal::TooManyAnchors(_)
            | Refusal::NoAnchor { .. }
            | Refusal::NothingToHandOver(_)
            | Refusal::NotApproving(_)
            | Refusal::CommitChanged(_)
            | Refusal::AskClosed { .. }
            | Refusal::NotAnOption { .. }
            | Refusal::NotRemembered(_)
            | Refusal::NotKnown(_)
            | Refusal::Cycle(_)
            | Refusal::ForeignDependency(_)
            | Refusal::TeamStrands { .. }
            | Refusal::Already(_)
            | Refusal::Stale(_)
            | Refusal::Illegal(_) => ErrorCode::Refused,
        };
        let hint = refusal.hint().map(str::to_owned);
        Self { code, message: refusal.to_string(), hint, key: None }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::NotRecorded(_) => Self::new(ErrorCode::NotRecorded, failure)
                .hint("nothing has changed; free disk space if there is none, then try again"),
            Failure::Closing => {
                Self::new(ErrorCode::Closing, failure).hint("`crew up` starts it again")
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Backup(_) | StoreError::AtWork { .. } => ErrorCode::Refused,
            StoreError::Database { .. }
            | StoreError::File { .. }
            | StoreError::Locked { .. }
            | StoreError::Newer { .. }
            | StoreError::Corrupt { .. } => ErrorCode::Internal,
        };
        let hint = error.hint().map(str::to_owned);
        Self { code, message: error.to_string(), hint, key: None }
    }
}

impl From<GitError> for ApiError {
    fn from(error: GitError) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self { code: ErrorCode::Refused, message: error.to_string(), hint, key: None }
    }
}
