//! The description of the API, made of the routes and the shapes themselves.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder,
    SecurityRequirement, Server,
};

use crate::wire::ErrorBody;

const ABOUT: &str = "What the command line, the browser and the desktop window talk to. Moments \
    are milliseconds since 1970-01-01 UTC, lengths end in `_ms`, money is millionths of a US \
    dollar. An answer carries the position in the journal that it was computed at as `seq`.";

/// Shapes that no route names by itself.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ErrorBody)))]
pub(super) struct Shapes;

/// The document as text.
pub(super) fn text(mut document: OpenApi) -> String {
    // No version: the file in the repository changes with the API only.
    document.info =
        InfoBuilder::new().title("Crewhouse").version("0").description(Some(ABOUT)).build();
    document.servers = Some(vec![Server::new("/api")]);
    require_what_is_always_there(&mut document);
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(describe_errors);
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("token", [])]);
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Requests refuse unknown keys and may leave keys out; answers have all of their keys, with null
/// where there is nothing.
fn require_what_is_always_there(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    for schema in components.schemas.values_mut() {
        if let RefOr::T(schema) = schema {
            require(schema);
        }
    }
}

fn require(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            let refuses = object.additional_properties.as_deref();
            if !matches!(refuses, Some(AdditionalProperties::FreeForm(false))) {
                object.required = object.properties.keys().cloned().collect();
            }
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(require_inner),
        Schema::OneOf(one) => one.items.iter_mut().for_each(require_inner),
        _ => {}
    }
}

fn require_inner(schema: &mut RefOr<Schema>) {
    if let RefOr::T(schema) = schema {
        require(schema);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn describe_errors(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    let problem = ResponseBuilder::new()
        .description("It did not work")
        .content("application/json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
}
