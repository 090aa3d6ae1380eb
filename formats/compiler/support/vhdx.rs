//! The layout of VHDX: readers of byte slices, constants, and every rule that one structure can decide.
//!
//! No dependencies and no unsafe code. Whatever bytes are handed over, nothing panics: what they do not reach is
//! `None`. A slice begins where the structure does and may be longer. `stream_size` is the size in bytes of what the
//! structure lies in, where a rule asks for it: of a parent locator's header and entries, the whole item.
//!
//! Machine-written from formats/ by `make generate`; do not edit.

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Flag(bool),
    Number(u64),
    Bytes(&'a [u8]),
}

/// A field: its place in the structure in bytes (of the word, where it is bits of one) and its reader;
/// of several elements, those of the first one.
pub struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub size: usize,
    pub read: fn(&[u8]) -> Option<Value<'_>>,
}

/// What follows from fields: of the structure's bytes, and `stream_size`.
pub struct Derived {
    pub name: &'static str,
    pub read: fn(&[u8], u64) -> Option<Value<'_>>,
}

/// A rule, by its id: does it hold, of the structure's bytes and `stream_size`?
pub struct Rule {
    pub id: &'static str,
    pub name: &'static str,
    pub holds: fn(&[u8], u64) -> Option<bool>,
}

/// A structure as data, for programs that show all of it.
pub struct Structure {
    pub name: &'static str,
    pub size: Option<usize>,
    pub fields: &'static [Field],
    pub derived: &'static [Derived],
    pub rules: &'static [Rule],
}

fn integer(raw: &[u8], offset: usize, bit: usize, bits: usize, big_endian: bool) -> Option<u64> {
    let bytes = raw.get(offset..offset + (bit + bits + 7) / 8)?;
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let word = if big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) };
    Some(word >> bit & u64::MAX >> (64 - bits))
}

fn crc32c_step(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ CRC32C_POLYNOMIAL_REFLECTED as u32 * (crc & 1))
}

/// CRC-32C (Castagnoli) of bytes.
pub fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(CRC32C_INITIAL as u32, |crc, byte| crc32c_step(crc, *byte))
}

fn checksum_is_right(raw: &[u8], start: usize, size: usize) -> Option<bool> {
    let covered = raw.get(..size)?;
    let stored = integer(covered, start, 0, 32, false)?;
    let step = |crc, (index, byte): (usize, &u8)| {
        crc32c_step(crc, if (start..start + 4).contains(&index) { 0 } else { *byte })
    };
    let crc = covered.iter().enumerate().fold(CRC32C_INITIAL as u32, step);
    Some(u64::from(!crc) == stored)
}
