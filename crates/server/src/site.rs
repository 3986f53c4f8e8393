//! The user interface: files that are part of the program.

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
    format!("'sha256-{}'", base64(&Sha256::digest(script.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * at)) as usize & 63).copied().unwrap_or(b'=');
            text.push(if at > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_as_base64() {
        let check = |text: &str, expect: &str| assert_eq!(base64(text.as_bytes()), expect);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
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
