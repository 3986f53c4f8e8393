//! Makes the user interface a part of the program, or a page that says how to build it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Crewhouse</title><h1>The user interface is not built</h1>\
<p>This program was built without it. <code>make ui</code> in the sources builds it; build the \
program again after that. The command line and the API work without it.</p></html>";

fn main() -> io::Result<()> {
    let dist = Path::new("../../ui/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let site = dist.join("site");
    let mut files = Vec::new();
    if site.join("index.html").exists() {
        collect(&site, &mut files)?;
        files.sort();
    }
    let mut list = String::from("static FILES: &[File] = &[\n");
    for path in &files {
        let name = path.strip_prefix(&site).unwrap_or(path).display().to_string();
        let source = path.canonicalize()?.display().to_string();
        let bytes = format!("include_bytes!({source:?})");
        push(&mut list, &name, &bytes);
    }
    if files.is_empty() {
        push(&mut list, "index.html", &format!("{PLACEHOLDER:?}.as_bytes()"));
    }
    list.push_str("];\n");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("site.rs"), list)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn push(list: &mut String, name: &str, bytes: &str) {
    let content_type = content_type(name);
    // Writing into a string does not fail.
    writeln!(
        list,
        "    File {{ path: \"/{name}\", content_type: {content_type:?}, bytes: {bytes} }},"
    )
    .ok();
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
