//! The notation (RFC 8794): numbers of variable length, elements in memory, elements to be written.

/// The numbers of the elements (RFC 9559, section 5), with their length markers.
pub mod id {
    pub const EBML: u32 = 0x1A45_DFA3;
    pub const EBML_VERSION: u32 = 0x4286;
    pub const EBML_READ_VERSION: u32 = 0x42F7;
    pub const EBML_MAX_ID_LENGTH: u32 = 0x42F2;
    pub const EBML_MAX_SIZE_LENGTH: u32 = 0x42F3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const DOC_TYPE_VERSION: u32 = 0x4287;
    pub const DOC_TYPE_READ_VERSION: u32 = 0x4285;
    pub const VOID: u32 = 0xEC;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const SEEK_HEAD: u32 = 0x114D_9B74;
    pub const SEEK: u32 = 0x4DBB;
    pub const SEEK_ID: u32 = 0x53AB;
    pub const SEEK_POSITION: u32 = 0x53AC;
    pub const INFO: u32 = 0x1549_A966;
    pub const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub const DURATION: u32 = 0x4489;
    pub const MUXING_APP: u32 = 0x4D80;
    pub const WRITING_APP: u32 = 0x5741;
    pub const TRACKS: u32 = 0x1654_AE6B;
    pub const TRACK_ENTRY: u32 = 0xAE;
    pub const TRACK_NUMBER: u32 = 0xD7;
    pub const TRACK_UID: u32 = 0x73C5;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const FLAG_LACING: u32 = 0x9C;
    pub const LANGUAGE: u32 = 0x22_B59C;
    pub const DEFAULT_DURATION: u32 = 0x23_E383;
    pub const CODEC_ID: u32 = 0x86;
    pub const CODEC_PRIVATE: u32 = 0x63A2;
    pub const CODEC_DELAY: u32 = 0x56AA;
    pub const SEEK_PRE_ROLL: u32 = 0x56BB;
    pub const VIDEO: u32 = 0xE0;
    pub const PIXEL_WIDTH: u32 = 0xB0;
    pub const PIXEL_HEIGHT: u32 = 0xBA;
    pub const AUDIO: u32 = 0xE1;
    pub const SAMPLING_FREQUENCY: u32 = 0xB5;
    pub const CHANNELS: u32 = 0x9F;
    pub const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub const CONTENT_ENCODING: u32 = 0x6240;
    pub const CONTENT_ENCODING_ORDER: u32 = 0x5031;
    pub const CONTENT_ENCODING_SCOPE: u32 = 0x5032;
    pub const CONTENT_ENCODING_TYPE: u32 = 0x5033;
    pub const CONTENT_COMPRESSION: u32 = 0x5034;
    pub const CONTENT_COMP_ALGO: u32 = 0x4254;
    pub const CONTENT_COMP_SETTINGS: u32 = 0x4255;
    pub const CLUSTER: u32 = 0x1F43_B675;
    pub const TIMESTAMP: u32 = 0xE7;
    pub const SIMPLE_BLOCK: u32 = 0xA3;
    pub const BLOCK_GROUP: u32 = 0xA0;
    pub const BLOCK: u32 = 0xA1;
    pub const REFERENCE_BLOCK: u32 = 0xFB;
    pub const CUES: u32 = 0x1C53_BB6B;
    pub const CUE_POINT: u32 = 0xBB;
    pub const CUE_TIME: u32 = 0xB3;
    pub const CUE_TRACK_POSITIONS: u32 = 0xB7;
    pub const CUE_TRACK: u32 = 0xF7;
    pub const CUE_CLUSTER_POSITION: u32 = 0xF1;
}

/// The size of an element that ends where something begins that cannot be in it, in eight bytes so that the real one fits.
pub const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// A number of variable length at the start of `bytes`: it, the bytes that it takes, and whether all its bits are set (an
/// unknown size). `None` when it is cut off, or longer than eight bytes.
pub fn number(bytes: &[u8]) -> Option<(u64, usize, bool)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    let rest = bytes.get(1..length).filter(|_| length <= 8)?;
    let mask = 0xFF_u64 >> length;
    let value = rest.iter().fold(u64::from(first) & mask, |value, byte| value << 8 | u64::from(*byte));
    Some((value, length, value == most(length)))
}

/// The number of variable length with all bits set.
fn most(length: usize) -> u64 {
    (1_u64 << (7 * length)) - 1
}

/// A difference of two lengths, as EBML lacing has it (RFC 9559, section 10.3.3).
pub fn difference(bytes: &[u8]) -> Option<(i64, usize)> {
    let (value, length, _) = number(bytes)?;
    let middle = most(length) >> 1;
    Some((value.cast_signed() - middle.cast_signed(), length))
}

/// The number of an element at the start of `bytes`, and the bytes that it takes.
pub fn identity(bytes: &[u8]) -> Option<(u32, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let bytes = bytes.get(..length).filter(|_| length <= 4)?;
    Some((bytes.iter().fold(0, |id, byte| id << 8 | u32::from(*byte)), length))
}

/// The elements within one that is in memory. What is broken ends them; an element that is cut off is not among them.
pub struct Children<'a>(pub &'a [u8]);

impl<'a> Iterator for Children<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (id, length) = identity(self.0)?;
        let (size, more, unknown) = number(self.0.get(length..)?)?;
        let body = self.0.get(length + more..)?;
        let size = if unknown { body.len() } else { usize::try_from(size).ok()? };
        let (body, rest) = body.split_at_checked(size)?;
        self.0 = rest;
        Some((id, body))
    }
}

/// The first of an element's children with this number.
pub fn child(body: &[u8], wanted: u32) -> Option<&[u8]> {
    Children(body).find(|(id, _)| *id == wanted).map(|(_, body)| body)
}

/// An unsigned integer; one that is too long is cut at the front.
pub fn unsigned(body: &[u8]) -> u64 {
    body.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// A float of four or eight bytes, or none.
pub fn float(body: &[u8]) -> f64 {
    match (<[u8; 4]>::try_from(body), <[u8; 8]>::try_from(body)) {
        (Ok(four), _) => f64::from(f32::from_be_bytes(four)),
        (_, Ok(eight)) => f64::from_be_bytes(eight),
        _ => 0.0,
    }
}

/// A text; zero bytes at its end are padding.
pub fn text(body: &[u8]) -> String {
    let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
    String::from_utf8_lossy(body.get(..end).unwrap_or(body)).into_owned()
}

/// Writes the number of an element.
pub fn put_id(out: &mut Vec<u8>, id: u32) {
    out.extend(id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0));
}

/// Writes a size in as few bytes as hold it; all bits set would be the unknown one.
pub fn put_size(out: &mut Vec<u8>, size: u64) {
    let length = (1..8).find(|length| size < most(*length)).unwrap_or(8);
    let marked = size | 1 << (7 * length);
    out.extend(marked.to_be_bytes().into_iter().skip(8 - length));
}

/// A size in eight bytes: what takes the place of [`UNKNOWN_SIZE`].
pub fn wide_size(size: u64) -> [u8; 8] {
    (size | 1 << 56).to_be_bytes()
}

/// Writes an element.
pub fn put(out: &mut Vec<u8>, id: u32, body: &[u8]) {
    put_id(out, id);
    put_size(out, body.len() as u64);
    out.extend_from_slice(body);
}

/// Writes an unsigned integer in as few bytes as hold it.
pub fn put_unsigned(out: &mut Vec<u8>, id: u32, value: u64) {
    let length = (8 - value.leading_zeros() as usize / 8).max(1);
    put(out, id, value.to_be_bytes().get(8 - length..).unwrap_or_default());
}

/// Writes a float.
pub fn put_float(out: &mut Vec<u8>, id: u32, value: f64) {
    put(out, id, &value.to_be_bytes());
}

/// Writes an element whose children `fill` writes.
pub fn put_master(out: &mut Vec<u8>, id: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    fill(&mut body);
    put(out, id, &body);
}

/// Writes an element of nothing that takes `room` bytes, from 9 on (fewer become none), with a size of eight bytes.
pub fn put_void(out: &mut Vec<u8>, room: usize) {
    let Some(inner) = room.checked_sub(9) else { return };
    put_id(out, id::VOID);
    out.extend_from_slice(&wide_size(inner as u64));
    out.resize(out.len() + inner, 0);
}
