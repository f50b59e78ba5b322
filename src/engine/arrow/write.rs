//! Writing points: the bytes that the official client makes of the same points (spec/mesh.md 5.3). The one schema is
//! always the same, and of the head of a batch only the numbers of points and bytes change, so that both are constants
//! here, laid out in the order of the bytes.

use super::stream::MARK;

/// The message with the schema.
#[rustfmt::skip]
const SCHEMA: [u8; 232] = [
    0xff, 0xff, 0xff, 0xff,  224, 0, 0, 0,               // the mark, the length of what follows
    16, 0, 0, 0,  0, 0,                                  // the message is at 16
    10, 0, 12, 0,  6, 0,  5, 0,  8, 0,                   // its fields: version, kind, content
    10, 0, 0, 0,  0, 1,  4, 0,  12, 0, 0, 0,             // kind 1, version V5, the schema 12 further on
    8, 0, 8, 0,  0, 0,  4, 0,                            // its fields: no byte order, columns
    8, 0, 0, 0,  4, 0, 0, 0,                             // the columns 4 further on
    3, 0, 0, 0,  120, 0, 0, 0,  52, 0, 0, 0,  4, 0, 0, 0, // three, the last one comes first
    // value
    0xa4, 0xff, 0xff, 0xff,  0, 0, 1, 3,                 // fields as below; nullable, a float
    16, 0, 0, 0,  24, 0, 0, 0,  4, 0, 0, 0,  0, 0, 0, 0, // name, type, no children
    5, 0, 0, 0,  b'v', b'a', b'l', b'u', b'e', 0, 0, 0,
    0x92, 0xff, 0xff, 0xff,  0, 0, 2, 0,                 // precision: double
    // flags
    0xd0, 0xff, 0xff, 0xff,  0, 0, 1, 2,                 // fields as below; nullable, an integer
    16, 0, 0, 0,  28, 0, 0, 0,  4, 0, 0, 0,  0, 0, 0, 0,
    5, 0, 0, 0,  b'f', b'l', b'a', b'g', b's', 0,
    6, 0, 8, 0,  4, 0,                                   // the type's fields: width
    6, 0, 0, 0,  32, 0, 0, 0,                            // 32 bits, without a sign
    // The fields of a column: name, nullable, kind of type, type, no dictionary, children.
    16, 0, 20, 0,  8, 0,  6, 0,  7, 0,  12, 0,  0, 0,  16, 0,
    // utc_time
    16, 0, 0, 0,  0, 0, 1, 10,                           // nullable, a timestamp
    16, 0, 0, 0,  32, 0, 0, 0,  4, 0, 0, 0,  0, 0, 0, 0,
    8, 0, 0, 0,  b'u', b't', b'c', b'_', b't', b'i', b'm', b'e', 0, 0,
    6, 0, 8, 0,  6, 0,                                   // the type's fields, also of the float: unit, precision
    6, 0, 0, 0,  0, 0, 1, 0,                             // milliseconds
    0, 0, 0, 0,
];

/// The head of a batch up to the length of its body.
#[rustfmt::skip]
const TO_BODY: [u8; 36] = [
    232, 0, 0, 0,                                        // the length of what follows
    20, 0, 0, 0,  0, 0, 0, 0,                            // the message is at 20
    12, 0, 22, 0,  6, 0,  5, 0,  8, 0,  12, 0,           // its fields: version, kind, content, length of the body
    12, 0, 0, 0,  0, 3,  4, 0,  24, 0, 0, 0,             // kind 3, version V5, the rows 24 further on
];

/// From there to the number of rows.
#[rustfmt::skip]
const TO_ROWS: [u8; 24] = [
    0, 0,
    10, 0, 24, 0,  12, 0,  4, 0,  8, 0,                  // the fields: rows, columns, buffers
    10, 0, 0, 0,  124, 0, 0, 0,  16, 0, 0, 0,            // the columns 124 further on, the buffers 16
];

/// From there to the buffers: six.
const TO_BUFFERS: [u8; 8] = [0, 0, 0, 0, 6, 0, 0, 0];
/// From there to the columns: three.
const TO_COLUMNS: [u8; 8] = [0, 0, 0, 0, 3, 0, 0, 0];

/// Bytes before the points: both heads.
const HEADS: usize = 472;

/// So many numbers are turned into bytes at a time: few enough to stay near the processor.
const BLOCK: usize = 512;

/// The exact length of what [`write`] makes of `count` points.
#[must_use]
pub const fn size(count: usize) -> usize {
    match count {
        0 => 0,
        // An odd number of flags is filled up to eight bytes.
        _ => count.saturating_mul(20).saturating_add(count % 2 * 4).saturating_add(HEADS),
    }
}

/// The most points that have room in so many bytes.
#[must_use]
pub const fn fitting(bytes: usize) -> usize {
    let most = bytes.saturating_sub(HEADS) / 20;
    if most > 0 && size(most) > bytes { most - 1 } else { most }
}

/// Points in columns of equal length as an Arrow stream: no points are no bytes, and there is no mark at the end. What is
/// longer in one column than in another is left out.
#[must_use]
pub fn write(times: &[i64], flags: &[u32], values: &[f64]) -> Vec<u8> {
    let mut out = Vec::new();
    append(&mut out, times, flags, values);
    out
}

/// The same, behind what is there.
pub fn append(out: &mut Vec<u8>, times: &[i64], flags: &[u32], values: &[f64]) {
    let count = times.len().min(flags.len()).min(values.len());
    let (Some(times), Some(flags), Some(values)) = (times.get(..count), flags.get(..count), values.get(..count)) else {
        return;
    };
    if count == 0 {
        return;
    }
    out.reserve(size(count));
    heads(out, count);
    column(out, times, i64::to_le_bytes);
    column(out, flags, u32::to_le_bytes);
    if count % 2 == 1 {
        out.extend_from_slice(&[0; 4]);
    }
    column(out, values, f64::to_le_bytes);
}

/// What comes before the columns.
pub(super) fn heads(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&SCHEMA);
    head(out, count as u64);
}

fn head(out: &mut Vec<u8>, count: u64) {
    let (wide, narrow) = (count * 8, count * 4);
    let behind_flags = wide + narrow.next_multiple_of(8);
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&TO_BODY);
    out.extend_from_slice(&(behind_flags + wide).to_le_bytes());
    out.extend_from_slice(&TO_ROWS);
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&TO_BUFFERS);
    // For each column an empty buffer for its nulls, and its content.
    for (start, length) in [(0, 0), (0, wide), (wide, 0), (wide, narrow), (behind_flags, 0), (behind_flags, wide)] {
        out.extend_from_slice(&u64::to_le_bytes(start));
        out.extend_from_slice(&u64::to_le_bytes(length));
    }
    out.extend_from_slice(&TO_COLUMNS);
    for _ in 0..3 {
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&[0; 8]);
    }
}

/// Adds the bytes of numbers. Going through a block on the stack costs less than filling the new bytes with zeros first.
fn column<T: Copy, const N: usize>(out: &mut Vec<u8>, numbers: &[T], bytes: impl Fn(T) -> [u8; N]) {
    let mut block = [[0; N]; BLOCK];
    for numbers in numbers.chunks(BLOCK) {
        for (place, number) in block.iter_mut().zip(numbers) {
            *place = bytes(*number);
        }
        out.extend_from_slice(block.get(..numbers.len()).unwrap_or_default().as_flattened());
    }
}
