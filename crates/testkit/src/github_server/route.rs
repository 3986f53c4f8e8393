//! What each request does and how it is answered.

use serde_json::{Value, json};

use super::TOKEN;
use super::http::Answer;
use super::repo::Repo;
use crew_standin::Request;

pub(super) fn answer(repo: &mut Repo, request: &Request) -> Answer {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let ["files", job] = parts.as_slice() {
        return file(repo, request, job);
    }
    let shown = request.header("authorization").and_then(|shown| shown.strip_prefix("Bearer "));
    match shown {
        Some(TOKEN) => {}
        Some(token) if repo.given.iter().any(|given| given == token) => {}
        Some(signed) if signed.split('.').count() == 3 => return to_app(repo, request, &parts),
        Some(_) | None => return Answer::message(401, "Bad credentials"),
    }
    let answer = match parts.as_slice() {
        ["user"] if shown != Some(TOKEN) => {
            Answer::message(403, "Resource not accessible by integration")
        }
        ["user"] => Answer::json(200, &json!({ "login": repo.viewer, "type": "User" })),
        ["graphql"] => ready(repo, request),
        ["repos", owner, name, rest @ ..] => {
            let name = format!("{owner}/{name}");
            if repo.former.contains(&name) {
                return moved(repo.id, request, &name);
            }
            if name != repo.name {
                return Answer::message(404, "Not Found");
            }
            in_repository(repo, request, rest)
        }
        ["repositories", id, rest @ ..] if *id == repo.id.to_string() => {
            in_repository(repo, request, rest)
        }
        _ => Answer::message(404, "Not Found"),
    };
    if request.method == "GET" && request.header("if-none-match") == Some(answer.etag()) {
        return Answer { status: 304, ..answer };
    }
    answer
}

/// What an app is answered that shows what it signed.
fn to_app(repo: &mut Repo, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("GET", ["app"]) => Answer::json(200, &json!({ "id": 12345, "slug": "crew" })),
        ("GET", ["repos", _, _, "installation"]) => Answer::json(200, &json!({ "id": 100 })),
        ("POST", ["app", "installations", "100", "access_tokens"]) => {
            let token = format!("ghs_invented{}", repo.next_id());
            repo.given.push(token.clone());
            Answer::json(201, &json!({ "token": token, "expires_at": "2026-11-21T16:00:00Z" }))
        }
        _ => Answer::message(404, "Not Found"),
    }
}

/// A file that GitHub keeps at another server, which has no business with tokens.
fn file(repo: &Repo, request: &Request, job: &str) -> Answer {
    let log = job.parse().ok().and_then(|job: u64| repo.logs.get(&job));
    match (request.header("authorization"), log) {
        (Some(_), _) => Answer::message(400, "a token went to another server"),
        (None, Some(log)) => Answer { status: 200, headers: Vec::new(), body: log.clone().into() },
        (None, None) => Answer::message(404, "BlobNotFound"),
    }
}

/// Leads to the log of a job: another name is another server.
fn log_of(repo: &Repo, request: &Request, job: &str) -> Answer {
    if !repo.has_open_logs {
        return Answer::message(403, "Resource not accessible by personal access token");
    }
    if job.parse().ok().is_none_or(|job: u64| !repo.logs.contains_key(&job)) {
        return Answer::message(404, "Not Found");
    }
    let port = request.header("host").and_then(|host| host.rsplit(':').next()).unwrap_or_default();
    let to = format!("http://localhost:{port}/files/{job}");
    Answer::message(302, "Found").with(&[("location".into(), to)])
}

fn moved(id: u64, request: &Request, name: &str) -> Answer {
    let rest = request.path.strip_prefix(&format!("/repos/{name}")).unwrap_or_default();
    let to = format!("/repositories/{id}{rest}");
    let status = if request.method == "GET" { 301 } else { 307 };
    Answer::message(status, "Moved Permanently").with(&[("location".into(), to)])
}

fn ready(repo: &mut Repo, request: &Request) -> Answer {
    let id = request.body["variables"]["id"].as_str().unwrap_or_default();
    match repo.pulls.values_mut().find(|pull| pull["node_id"] == id) {
        Some(pull) => {
            let query = request.body["query"].as_str().unwrap_or_default();
            pull["draft"] = json!(query.contains("convertPullRequestToDraft"));
            Answer::json(200, &json!({ "data": {} }))
        }
        None => Answer::json(200, &json!({ "errors": [{ "message": "no such node" }] })),
    }
}

fn in_repository(repo: &mut Repo, request: &Request, path: &[&str]) -> Answer {
    let body = &request.body;
    let viewer = repo.viewer.clone();
    match (request.method.as_str(), path) {
        ("GET", []) => Answer::json(
            200,
            &json!({ "id": repo.id, "full_name": repo.name, "private": true, "default_branch": "main" }),
        ),
        ("GET", ["issues"]) => {
            let field = if request.query("sort").as_deref() == Some("created") {
                "created_at"
            } else {
                "updated_at"
            };
            page(request, newest_first(repo.issues.values().cloned().collect(), field))
        }
        ("POST", ["issues"]) => open_issue(repo, body, &viewer),
        ("GET", ["issues", "comments"]) => {
            page(request, newest_first(repo.comments.values().cloned().collect(), "updated_at"))
        }
        ("GET", ["issues", "comments", id]) => {
            match id.parse().ok().and_then(|id: u64| repo.comments.get(&id)) {
                Some(comment) => Answer::json(200, comment),
                None => Answer::message(404, "Not Found"),
            }
        }
        ("PATCH", ["issues", "comments", id]) => edit_comment(repo, id, body),
        ("PUT", ["issues", "comments", id, "pin"]) => pin_comment(repo, id),
        ("GET", ["labels"]) => page(request, repo.labels.values().cloned().collect()),
        ("POST", ["labels"]) => make_label(repo, body),
        ("GET", ["pulls"]) => page(request, pulls_of(repo, request)),
        ("POST", ["pulls"]) => open_pull(repo, body),
        ("GET", ["commits", sha, "check-runs"]) => {
            let runs = repo.checks.get(*sha).cloned().unwrap_or_default();
            Answer::json(200, &json!({ "total_count": runs.len(), "check_runs": runs }))
        }
        ("GET", ["actions", "jobs", job, "logs"]) => log_of(repo, request, job),
        ("GET", ["commits", _, "status"]) => Answer::json(200, &json!({ "statuses": [] })),
        (_, ["issues", number, rest @ ..]) => match number.parse() {
            Ok(number) if repo.issues.contains_key(&number) => {
                of_issue(repo, request, number, rest)
            }
            _ => Answer::message(404, "Not Found"),
        },
        (_, ["pulls", number, rest @ ..]) => match number.parse() {
            Ok(number) if repo.pulls.contains_key(&number) => of_pull(repo, request, number, rest),
            _ => Answer::message(404, "Not Found"),
        },
        _ => Answer::message(404, "Not Found"),
    }
}

fn open_issue(repo: &mut Repo, body: &Value, viewer: &str) -> Answer {
    let Some(title) = body["title"].as_str().filter(|title| !title.is_empty()) else {
        return Answer::message(422, "Validation Failed");
    };
    let labels = names(&body["labels"]);
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let number = repo.open(viewer, title, body["body"].as_str().unwrap_or_default(), &labels);
    Answer::json(201, &repo.issues[&number])
}

fn edit_comment(repo: &mut Repo, id: &str, body: &Value) -> Answer {
    let at = repo.tick();
    match id.parse::<u64>().ok().and_then(|id| repo.comments.get_mut(&id)) {
        Some(comment) => {
            comment["body"] = body["body"].clone();
            comment["updated_at"] = json!(at);
            Answer::json(200, comment)
        }
        None => Answer::message(404, "Not Found"),
    }
}

fn pin_comment(repo: &mut Repo, id: &str) -> Answer {
    match id.parse().ok().and_then(|id| repo.pin(id)) {
        Some(comment) => Answer::json(200, &comment),
        None => Answer::message(404, "Not Found"),
    }
}

fn make_label(repo: &mut Repo, body: &Value) -> Answer {
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    if repo.labels.contains_key(&name) {
        return Answer::json(
            422,
            &json!({ "message": "Validation Failed", "errors": [{ "code": "already_exists" }] }),
        );
    }
    repo.labels.insert(name, body.clone());
    Answer::json(201, body)
}

fn pulls_of(repo: &Repo, request: &Request) -> Vec<Value> {
    let head = request.query("head").unwrap_or_default();
    let head = head.rsplit(':').next().unwrap_or_default();
    let mut pulls: Vec<Value> =
        repo.pulls.values().filter(|pull| pull["head"]["ref"] == head).cloned().collect();
    pulls.reverse();
    pulls
}

fn open_pull(repo: &mut Repo, body: &Value) -> Answer {
    let head = body["head"].as_str().unwrap_or_default();
    let head = head.rsplit(':').next().unwrap_or_default();
    if repo.tip(head).is_none() {
        return Answer::message(422, "Validation Failed");
    }
    let is_open = |pull: &Value| pull["head"]["ref"] == head && pull["state"] == "open";
    if repo.pulls.values().any(is_open) {
        let errors = json!([{ "message": "A pull request already exists" }]);
        return Answer::json(422, &json!({ "message": "Validation Failed", "errors": errors }));
    }
    let number = repo.open_pull(body);
    Answer::json(201, &repo.pulls[&number])
}

fn of_issue(repo: &mut Repo, request: &Request, number: u64, path: &[&str]) -> Answer {
    let viewer = repo.viewer.clone();
    match (request.method.as_str(), path) {
        ("GET", []) => Answer::json(200, &repo.issues[&number]),
        ("PATCH", []) => {
            repo.edit(number, &request.body);
            Answer::json(200, &repo.issues[&number])
        }
        ("POST", ["labels"]) => {
            for label in names(&request.body["labels"]) {
                repo.label(&viewer, number, &label);
            }
            Answer::json(200, &repo.issues[&number]["labels"])
        }
        ("DELETE", ["labels", label]) => {
            if repo.unlabel(&viewer, number, label) {
                Answer::json(200, &repo.issues[&number]["labels"])
            } else {
                Answer::message(404, "Label does not exist")
            }
        }
        ("POST" | "DELETE", ["assignees"]) => {
            repo.assign(number, &names(&request.body["assignees"]), request.method == "POST");
            Answer::json(if request.method == "POST" { 201 } else { 200 }, &repo.issues[&number])
        }
        ("GET", ["comments"]) => page(request, repo.comments_of(number)),
        ("POST", ["comments"]) => {
            let body = request.body["body"].as_str().unwrap_or_default().to_owned();
            let id = repo.comment(&viewer, number, &body);
            Answer::json(201, &repo.comments[&id])
        }
        ("GET", ["events"]) => {
            let of = |(of, event): &(u64, Value)| (*of == number).then(|| event.clone());
            page(request, repo.events.iter().filter_map(of).collect())
        }
        _ => Answer::message(404, "Not Found"),
    }
}

fn of_pull(repo: &mut Repo, request: &Request, number: u64, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("GET", []) => Answer::json(200, &repo.pulls[&number]),
        ("PATCH", []) => {
            for (field, value) in request.body.as_object().into_iter().flatten() {
                let base = value.as_str().filter(|_| field == "base");
                let base = base.map(|name| json!({ "ref": name, "sha": repo.tip(name) }));
                if let Some(pull) = repo.pulls.get_mut(&number) {
                    pull[field] = base.unwrap_or_else(|| value.clone());
                }
            }
            repo.edit(number, &request.body);
            Answer::json(200, &repo.pulls[&number])
        }
        ("GET", ["reviews"]) => {
            page(request, repo.reviews.get(&number).cloned().unwrap_or_default())
        }
        ("GET", ["comments"]) => {
            page(request, repo.lines.get(&number).cloned().unwrap_or_default())
        }
        _ => Answer::message(404, "Not Found"),
    }
}

fn names(labels: &Value) -> Vec<String> {
    let names = labels.as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn newest_first(mut items: Vec<Value>, field: &str) -> Vec<Value> {
    items.sort_by(|a, b| b[field].as_str().cmp(&a[field].as_str()));
    items
}

/// One page, with a link to the next. The link names another host: nobody may follow it blindly.
fn page(request: &Request, items: Vec<Value>) -> Answer {
    let number = |name: &str, default: usize| {
        request.query(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let (size, page) = (number("per_page", 30).clamp(1, 100), number("page", 1).max(1));
    let count = items.len();
    let items: Vec<Value> = items.into_iter().skip((page - 1) * size).take(size).collect();
    let answer = Answer::json(200, &Value::Array(items));
    if page * size < count {
        let next = format!("<https://elsewhere.example/?page={}>; rel=\"next\"", page + 1);
        return answer.with(&[("link".into(), next)]);
    }
    answer
}
