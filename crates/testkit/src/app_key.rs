//! Keys of GitHub Apps.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};

/// A private key that was made for this call, as a file `.pem` has it.
///
/// # Panics
/// When the machine has no randomness.
pub fn app_key() -> String {
    #[expect(clippy::expect_used, reason = "without it there is nothing to test")]
    let key = KeyPair::generate(KeySize::Rsa2048).expect("randomness");
    #[expect(clippy::expect_used, reason = "likewise")]
    let der: Pkcs8V1Der<'_> = key.as_der().expect("a key has a form");
    let text = base64(der.as_ref());
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .filter_map(|at| text.get(at..text.len().min(at + 64)))
        .collect();
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    format!("{begin}\n{}\n{end}\n", lines.join("\n"))
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { letter as char } else { '=' });
        }
    }
    text
}
