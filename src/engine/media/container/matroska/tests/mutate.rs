//! Files with chance errors: whatever stands in them, reading ends, and takes no more memory than it may.

use super::kit::{Folder, load, read};

/// A row of numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Changes a few bytes, lengths, or whole pieces.
fn spoil(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..1 + chance.below(6) {
        // Heads are where it hurts.
        let reach = if chance.below(2) == 0 { bytes.len().min(700) } else { bytes.len() };
        let at = chance.below(reach);
        match chance.below(7) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[at] = chance.next() as u8,
            2 => bytes[at] = [0x00, 0x01, 0x7F, 0x80, 0xFF][chance.below(5)],
            3 => bytes.truncate(at.max(8)),
            4 => {
                let end = (at + chance.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let from = chance.below(bytes.len());
                let piece = bytes[from..(from + chance.below(200)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let length = chance.below(9);
                for byte in bytes.iter_mut().skip(at).take(length) {
                    *byte = 0xFF;
                }
            }
        }
        if bytes.len() < 8 {
            return;
        }
    }
}

#[test]
fn spoilt_files_are_read_to_an_end() {
    let folder = Folder::new("mutate");
    let opus = "-c:a libopus -b:a 32k";
    let seeds = [
        ("a.webm", format!("-map 0 -map 1 -c:v libvpx -g 25 -deadline realtime -s 32x32 {opus}")),
        ("b.mkv", format!("-map 0 -map 1 -c:v libx264 -g 25 -preset ultrafast -bf 0 -pix_fmt yuv420p -s 32x32 {opus}")),
        ("c.webm", format!("-map 0 -c:v libvpx -deadline realtime -s 32x32 -live 1")),
    ];
    let rounds = 1500;
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut good = 0;
    for (name, arguments) in seeds {
        let seed = load(&folder.film(name, &arguments));
        for _ in 0..rounds {
            let mut bytes = seed.clone();
            spoil(&mut bytes, &mut chance);
            if let Ok((_, frames)) = read(&bytes) {
                good += usize::from(!frames.is_empty());
                let held: usize = frames.iter().map(|frame| frame.data.len()).sum();
                assert!(held <= bytes.len() * 4 + 100_000, "{held} of {}", bytes.len());
            }
        }
    }
    // Most of them still give something, else nothing was tried.
    assert!(good > rounds, "{good}");
}
