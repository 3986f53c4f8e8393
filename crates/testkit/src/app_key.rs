//! Keys of GitHub Apps.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A private key that was made for this call, as a file `.pem` has it.
///
/// # Panics
/// When the machine has no randomness.
pub fn app_key() -> String {
    #[expect(clippy::expect_used, reason = "without it there is nothing to test")]
    let key = KeyPair::generate(KeySize::Rsa2048).expect("randomness");
    #[expect(clippy::expect_used, reason = "likewise")]
    let der: Pkcs8V1Der<'_> = key.as_der().expect("a key has a form");
    let text = BASE64.encode(der.as_ref());
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .filter_map(|at| text.get(at..text.len().min(at + 64)))
        .collect();
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    format!("{begin}\n{}\n{end}\n", lines.join("\n"))
}
