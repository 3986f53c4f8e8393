//! The files of the user interface.

use crate::harness::Daemon;

#[tokio::test]
async fn the_page_is_served_without_a_token_and_can_do_nothing_but_talk_to_us() {
    let daemon = Daemon::start().await;
    let host = [format!("host: {}", daemon.address)];
    for path in ["/", "/board", "/task/12"] {
        let answer = daemon.send("GET", path, &host, "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.body.contains("<html"), "{path}: {answer:?}");
        let head = answer.head.to_ascii_lowercase();
        assert!(head.contains("default-src 'none'"), "{head}");
        assert!(head.contains("frame-ancestors 'none'"), "{head}");
        assert!(head.contains("nosniff") && head.contains("no-referrer"), "{head}");
        let inline = head.contains("unsafe-inline") || head.contains("unsafe-eval");
        assert!(!inline, "neither inline scripts nor inline styles: {head}");
        assert!(!answer.body.contains(&daemon.token));
    }
    for (method, path, status) in
        [("GET", "/nothing.js", 404), ("POST", "/", 401), ("GET", "/api/../api/health", 401)]
    {
        let answer = daemon.send(method, path, &host, "").await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
    let elsewhere = ["host: evil.example".to_owned()];
    assert_eq!(daemon.send("GET", "/", &elsewhere, "").await.status, 403);
    let foreign = [host[0].clone(), "origin: https://evil.example".to_owned()];
    assert_eq!(daemon.send("GET", "/", &foreign, "").await.status, 403);
    daemon.end().await;
}
