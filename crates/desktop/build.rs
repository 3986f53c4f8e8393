//! Reads `tauri.conf.json`, for `main.rs` and for the packages.

fn main() {
    tauri_build::build();
}
