//! The head of a file that is written in fragments: what tracks there are, and no samples (ISO/IEC 14496-12, 8.2 and 8.8).

use super::{
    super::super::{Codec, Kind},
    build::Build,
};

/// Ticks in a second of the file.
pub(super) const SCALE: u32 = 1000;
/// A sample that decoding cannot begin at: it depends on others (8.8.3.1).
pub(super) const DEPENDS: u32 = 0x0101_0000;
/// One that it can begin at.
pub(super) const STANDS_ALONE: u32 = 0x0200_0000;
/// No rotation, no scaling.
const MATRIX: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

/// What the head says of a track.
pub(super) struct Line<'a> {
    pub(super) id: u32,
    pub(super) kind: Kind,
    pub(super) codec: Codec,
    pub(super) scale: u32,
    pub(super) size: (u32, u32),
    /// What stands in `stsd`.
    pub(super) entry: &'a [u8],
    /// Ticks at the start that are decoded and not shown.
    pub(super) unshown: u16,
}

/// The head, and where in it the duration of the whole file is put in the end (64 bits).
pub(super) fn head(lines: &[Line<'_>]) -> (Vec<u8>, usize) {
    let mut build = Build::default();
    build.nest(b"ftyp", |build| {
        build.put(b"iso6");
        build.u32(0);
        build.put(b"iso6iso5mp41");
        if lines.iter().any(|line| line.codec == Codec::Av1) {
            build.put(b"av01");
        }
    });
    let mut duration = 0;
    build.nest(b"moov", |build| {
        build.full(b"mvhd", 0, 0, |build| {
            build.zeros(8);
            build.u32(SCALE);
            build.u32(0);
            build.u32(0x0001_0000);
            build.u16(0x0100);
            build.zeros(10);
            build.words(&MATRIX);
            build.zeros(24);
            build.u32(lines.iter().map(|line| line.id + 1).max().unwrap_or(1));
        });
        for line in lines {
            track(build, line);
        }
        build.nest(b"mvex", |build| {
            build.full(b"mehd", 1, 0, |build| {
                duration = build.len();
                build.u64(0);
            });
            for line in lines {
                build.full(b"trex", 0, 0, |build| {
                    build.u32(line.id);
                    build.u32(1);
                    build.zeros(8);
                    build.u32(if line.kind == Kind::Video { DEPENDS } else { STANDS_ALONE });
                });
            }
        });
    });
    (build.bytes(), duration)
}

fn track(build: &mut Build, line: &Line<'_>) {
    let video = line.kind == Kind::Video;
    build.nest(b"trak", |build| {
        // Enabled, in the movie.
        build.full(b"tkhd", 0, 3, |build| {
            build.zeros(8);
            build.u32(line.id);
            build.zeros(16);
            // Tracks of a kind are alternatives only when somebody says so.
            build.zeros(4);
            build.u16(if video { 0 } else { 0x0100 });
            build.u16(0);
            build.words(&MATRIX);
            build.u32(line.size.0.min(0xffff) << 16);
            build.u32(line.size.1.min(0xffff) << 16);
        });
        if line.unshown > 0 {
            build.nest(b"edts", |build| {
                build.full(b"elst", 0, 0, |build| {
                    build.u32(1);
                    // To the end.
                    build.u32(0);
                    build.u32(line.unshown.into());
                    build.u32(0x0001_0000);
                });
            });
        }
        build.nest(b"mdia", |build| {
            build.full(b"mdhd", 0, 0, |build| {
                build.zeros(8);
                build.u32(line.scale);
                build.u32(0);
                // No language: "und" in five bits each.
                build.u16(0x55c4);
                build.u16(0);
            });
            build.full(b"hdlr", 0, 0, |build| {
                build.u32(0);
                build.put(if video { b"vide" } else { b"soun" });
                build.zeros(12);
                build.put(if video { b"Video\0" } else { b"Sound\0" });
            });
            build.nest(b"minf", |build| {
                if video {
                    build.full(b"vmhd", 0, 1, |build| build.zeros(8));
                } else {
                    build.full(b"smhd", 0, 0, |build| build.zeros(4));
                }
                build.nest(b"dinf", |build| {
                    build.full(b"dref", 0, 0, |build| {
                        build.u32(1);
                        // In this file.
                        build.full(b"url ", 0, 1, |_| {});
                    });
                });
                build.nest(b"stbl", |build| {
                    build.full(b"stsd", 0, 0, |build| {
                        build.u32(1);
                        build.put(line.entry);
                    });
                    build.full(b"stts", 0, 0, |build| build.u32(0));
                    build.full(b"stsc", 0, 0, |build| build.u32(0));
                    build.full(b"stsz", 0, 0, |build| build.zeros(8));
                    build.full(b"stco", 0, 0, |build| build.u32(0));
                });
            });
        });
    });
}
