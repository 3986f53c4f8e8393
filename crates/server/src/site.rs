//! The user interface: files that are part of the program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// One file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    /// As a browser asks for it.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// The file for a path. Places within the application have no file; the application knows them.
pub(crate) fn file(path: &str) -> Option<&'static File> {
    let is_place = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let wanted = if is_place { "/index.html" } else { path };
    FILES.iter().find(|file| file.path == wanted)
}

/// The one inline style: of the element by which SvelteKit tells screen readers where they are.
const ANNOUNCER: &str = "'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='";

/// What the page may do: run our scripts, talk to us, and nothing else.
pub(crate) fn policy() -> String {
    let page = file("/").map(|file| String::from_utf8_lossy(file.bytes)).unwrap_or_default();
    let hashes: Vec<String> = inline_scripts(&page).map(hash).collect();
    let scripts = hashes.join(" ");
    format!(
        "default-src 'none'; script-src 'self' {scripts}; style-src 'self'; font-src 'self'; \
         style-src-attr 'unsafe-hashes' {ANNOUNCER}; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

/// The scripts that stand in the page itself.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script>").skip(1).filter_map(|rest| Some(rest.split_once("</script>")?.0))
}

fn hash(script: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(Sha256::digest(script.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_named_by_its_hash_as_browsers_write_it() {
        assert_eq!(hash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    }

    #[test]
    fn a_place_is_the_application_and_a_file_is_a_file() {
        assert_eq!(file("/").map(|file| file.path), Some("/index.html"));
        assert_eq!(file("/task/12").map(|file| file.path), Some("/index.html"));
        assert!(file("/nothing.js").is_none());
    }

    #[test]
    fn the_scripts_of_a_page_are_found() {
        let page = "<script>a()</script><script src=\"x\"></script><script>b()</script>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["a()", "b()"]);
    }
}
