//! Spoils a file: bits, numbers at the lengths of its boxes, elements and pages, ends, pieces of other files.

/// Numbers out of one number (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Words around which formats keep their lengths and counts.
const WORDS: &[&[u8]] = &[
    b"DKIF",
    b"OggS",
    b"OpusHead",
    b"OpusTags",
    b"ftyp",
    b"moov",
    b"trak",
    b"mdia",
    b"minf",
    b"stbl",
    b"stsd",
    b"stts",
    b"ctts",
    b"stsc",
    b"stsz",
    b"stco",
    b"stss",
    b"elst",
    b"mdhd",
    b"hdlr",
    b"avc1",
    b"avcC",
    b"av01",
    b"av1C",
    b"Opus",
    b"dOps",
    b"mp4a",
    b"mvex",
    b"trex",
    b"moof",
    b"traf",
    b"tfhd",
    b"tfdt",
    b"trun",
    b"mdat",
    b"sidx",
    b"mfra",
    b"\0\0\0\x01",
    b"\0\0\x01",
    b"\x1a\x45\xdf\xa3",
    b"\x18\x53\x80\x67",
    b"\x11\x4d\x9b\x74",
    b"\x15\x49\xa9\x66",
    b"\x16\x54\xae\x6b",
    b"\x1f\x43\xb6\x75",
    b"\x1c\x53\xbb\x6b",
    b"\xae",
    b"\xa3",
    b"\xa0",
    b"\xa1",
    b"\xe7",
    b"\x63\xa2",
    b"\x6d\x80",
];

const BYTES: [u8; 10] = [0x00, 0x01, 0x03, 0x7f, 0x80, 0xff, 0x40, 0x08, 0xfe, 0x20];

/// The seed of that number, spoilt.
pub fn spoilt(number: u64, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut random = Random(number);
    let mut bytes = seeds[random.below(seeds.len())].clone();
    let most = 1 << random.below(5);
    let times = 1 + random.below(most);
    for _ in 0..times {
        if bytes.is_empty() {
            break;
        }
        once(&mut random, &mut bytes, seeds);
    }
    // Few spoilt pages would be looked into otherwise.
    if bytes.starts_with(b"OggS") && !random.one_in(8) {
        summed_up(&mut bytes);
    }
    bytes
}

fn once(random: &mut Random, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = place(random, bytes);
    match random.below(12) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = BYTES[random.below(BYTES.len())],
        2 => bytes[at] = random.next() as u8,
        3 | 4 | 5 => number(random, bytes, at),
        6 => bytes.truncate(at),
        7 => {
            let end = (at + 1 + random.below(64)).min(bytes.len());
            bytes.drain(at..end);
        }
        8 => {
            let more: Vec<u8> = (0..1 + random.below(16)).map(|_| BYTES[random.below(BYTES.len())]).collect();
            bytes.splice(at..at, more);
        }
        9 => {
            let other = &seeds[random.below(seeds.len())];
            let from = place(random, other);
            let most = 1 << random.below(13);
            let end = (from + 1 + random.below(most)).min(other.len());
            let over = if random.one_in(2) { (at + end - from).min(bytes.len()) } else { at };
            bytes.splice(at..over, other[from..end].iter().copied());
        }
        10 => {
            let end = (at + 1 + random.below(512)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = place(random, bytes);
            for _ in 0..1 + random.below(4) {
                bytes.splice(to..to, piece.iter().copied());
            }
        }
        _ => {
            let end = (at + 1 + random.below(32)).min(bytes.len());
            let byte = BYTES[random.below(BYTES.len())];
            bytes[at..end].fill(byte);
        }
    }
    bytes.truncate(1 << 20);
}

/// Somewhere: at its start, around one of the words, or anywhere.
fn place(random: &mut Random, bytes: &[u8]) -> usize {
    let length = bytes.len();
    match random.below(4) {
        0 => random.below(length.min(512)),
        1 | 2 => {
            let word = WORDS[random.below(WORDS.len())];
            let from = random.below(length);
            let found = |range: &[u8]| range.windows(word.len()).position(|window| window == word);
            let Some(at) = found(&bytes[from..]).map(|at| from + at).or_else(|| found(bytes)) else { return from };
            (at + random.below(word.len() + 28)).saturating_sub(4).min(length - 1)
        }
        _ => random.below(length),
    }
}

/// Writes a number as lengths and counts are written.
fn number(random: &mut Random, bytes: &mut [u8], at: usize) {
    let left = (bytes.len() - at) as u64;
    let value = match random.below(9) {
        0 => 0,
        1 => 1,
        2 => left,
        3 => left.wrapping_add(random.below(16) as u64).wrapping_sub(8),
        4 => u64::MAX,
        5 => 0x7fff_ffff,
        6 => 0x8000_0000,
        7 => 1 << random.below(64),
        _ => random.next() >> random.below(64),
    };
    let width = [1, 2, 3, 4, 4, 8][random.below(6)];
    let mut coded = value.to_be_bytes()[8 - width..].to_vec();
    match random.below(3) {
        0 => coded.reverse(),
        // A length of EBML.
        1 => coded[0] = coded[0] & (0xff >> width.min(7)) | 0x80 >> (width - 1),
        _ => {}
    }
    for (to, from) in bytes[at..].iter_mut().zip(coded) {
        *to = from;
    }
}

/// Gives pages of Ogg the checksums that they have now: RFC 3533, written down a second time, bit by bit.
fn summed_up(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(4).position(|window| window == b"OggS") {
        at += found;
        let count = bytes.get(at + 26).copied().unwrap_or(0) as usize;
        let body: usize = bytes.iter().skip(at + 27).take(count).map(|length| *length as usize).sum();
        let end = at + 27 + count + body;
        if end > bytes.len() {
            at += 4;
            continue;
        }
        bytes[at + 22..at + 26].fill(0);
        let mut sum = 0u32;
        for byte in &bytes[at..end] {
            sum ^= u32::from(*byte) << 24;
            for _ in 0..8 {
                sum = if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 };
            }
        }
        bytes[at + 22..at + 26].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
}
