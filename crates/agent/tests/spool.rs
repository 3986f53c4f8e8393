//! Reading a spool: the same lines and offsets however the bytes came.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Write;
use std::path::Path;

use crew_agent::spool::{Extent, Line, SpoolError, SpoolReader, tail};
use proptest::prelude::*;

const BOUND: usize = 8;

fn drain(reader: &mut SpoolReader, lines: &mut Vec<Line>) {
    loop {
        let batch = reader.next_batch().unwrap();
        if batch.is_empty() {
            return;
        }
        lines.extend(batch);
    }
}

fn read_all(path: &Path, offset: u64) -> Vec<Line> {
    let mut reader = SpoolReader::open_bounded(path, offset, BOUND).unwrap();
    let mut lines = Vec::new();
    drain(&mut reader, &mut lines);
    lines.extend(reader.finish());
    lines
}

/// What the lines of these bytes are, in the simplest words.
fn model(bytes: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut end = 0;
    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
        end += piece.len() as u64;
        let text = piece.strip_suffix(b"\n").unwrap_or(piece);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let kept = text[..text.len().min(BOUND)].to_vec();
        let extent = if text.len() > BOUND { Extent::Truncated } else { Extent::Whole };
        if !text.is_empty() {
            lines.push(Line { bytes: kept, end, extent });
        }
    }
    lines
}

#[test]
fn lines_come_without_their_ends_and_with_their_offsets() {
    let check = |bytes: &[u8], expect: &[(&[u8], u64, Extent)]| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        fs::write(&path, bytes).unwrap();
        let expect: Vec<Line> = expect
            .iter()
            .map(|(bytes, end, extent)| Line { bytes: bytes.to_vec(), end: *end, extent: *extent })
            .collect();
        assert_eq!(read_all(&path, 0), expect, "{bytes:?}");
        assert_eq!(model(bytes), expect, "the model of {bytes:?}");
    };
    let whole = Extent::Whole;
    check(b"", &[]);
    check(b"a\nb\n", &[(b"a", 2, whole), (b"b", 4, whole)]);
    check(b"a\r\n\r\n\n b\r\n", &[(b"a", 3, whole), (b" b", 10, whole)]);
    check(b"a\nlast", &[(b"a", 2, whole), (b"last", 6, whole)]);
    check(b"\xff\x00\n", &[(b"\xff\x00", 3, whole)]);
    check(b"12345678\r\n", &[(b"12345678", 10, whole)]);
    check(b"123456789\nb\n", &[(b"12345678", 10, Extent::Truncated), (b"b", 12, whole)]);
    check(b"a\rb\n", &[(b"a\rb", 4, whole)]);
}

#[test]
fn a_line_without_its_end_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"one\ntw").unwrap();
    let mut reader = SpoolReader::open(&path, 0).unwrap();
    assert_eq!(reader.next_batch().unwrap().len(), 1);
    assert_eq!((reader.next_batch().unwrap().len(), reader.offset()), (0, 4));
    file.write_all(b"o\n").unwrap();
    assert_eq!(reader.next_batch().unwrap()[0].bytes, b"two");
    assert_eq!((reader.offset(), reader.finish()), (8, None));
}

#[test]
fn ten_mebibytes_are_one_line_and_a_batch_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let mut bytes = vec![b'x'; 11 << 20];
    bytes.push(b'\n');
    bytes.extend(b"0123456789\n".repeat(400_000));
    fs::write(&path, &bytes).unwrap();
    let mut reader = SpoolReader::open(&path, 0).unwrap();
    let mut lines = reader.next_batch().unwrap();
    assert_eq!((lines[0].bytes.len(), lines[0].extent), (10 << 20, Extent::Truncated));
    let second = reader.next_batch().unwrap();
    assert!(second.iter().map(|line| line.bytes.len()).sum::<usize>() < 2 << 20);
    lines.extend(second);
    drain(&mut reader, &mut lines);
    assert_eq!((lines.len(), reader.offset()), (400_001, bytes.len() as u64));
}

#[test]
fn a_file_that_shrinks_vanishes_or_is_replaced_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    assert!(matches!(SpoolReader::open(&path, 0), Err(SpoolError::Missing { .. })));
    fs::write(&path, "one\ntwo\n").unwrap();
    assert!(matches!(SpoolReader::open(&path, 9), Err(SpoolError::Shrank { was: 9, is: 8, .. })));
    let open = || {
        let mut reader = SpoolReader::open(&path, 0).unwrap();
        reader.next_batch().unwrap();
        reader
    };
    let mut reader = open();
    fs::File::options().write(true).open(&path).unwrap().set_len(4).unwrap();
    assert!(matches!(reader.next_batch(), Err(SpoolError::Shrank { was: 8, is: 4, .. })));
    let mut reader = open();
    fs::write(dir.path().join("other"), "one\ntwo\n").unwrap();
    fs::rename(dir.path().join("other"), &path).unwrap();
    assert!(matches!(reader.next_batch(), Err(SpoolError::Replaced { .. })));
    let mut reader = open();
    fs::remove_file(&path).unwrap();
    assert!(matches!(reader.next_batch(), Err(SpoolError::Missing { .. })));
}

#[test]
fn the_tail_is_the_last_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    fs::write(&path, b"a\nb\r\n\nc\xff").unwrap();
    assert_eq!(tail(&path, 2).unwrap(), ["b", "c\u{fffd}"]);
    assert_eq!(tail(&path, 9).unwrap().len(), 3);
    fs::write(&path, "0123456789\n".repeat(200_000)).unwrap();
    assert!(tail(&path, usize::MAX).unwrap().iter().all(|line| line == "0123456789"));
    assert!(matches!(tail(&dir.path().join("none"), 1), Err(SpoolError::Missing { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_portions_of_any_bytes_give_the_same_lines(
        chunks in prop::collection::vec(
            prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..20),
            0..12,
        )
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let mut file = fs::File::create(&path).unwrap();
        let mut reader = SpoolReader::open_bounded(&path, 0, BOUND).unwrap();
        let mut lines = Vec::new();
        for chunk in &chunks {
            file.write_all(chunk).unwrap();
            drain(&mut reader, &mut lines);
        }
        lines.extend(reader.finish());
        prop_assert_eq!(&lines, &model(&chunks.concat()));
        // From each offset another reader goes on with the same lines.
        for (index, line) in lines.iter().enumerate() {
            prop_assert_eq!(&read_all(&path, line.end), &lines[index + 1..]);
        }
    }
}
