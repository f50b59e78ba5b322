//! Real frames: made by ffmpeg, read by readers of the tests' own.

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use haft::engine::media::Codec;

/// Two seconds of a moving picture or of a tone, as frames.
pub fn of(codec: Codec) -> Vec<Arc<[u8]>> {
    let (arguments, ending): (&[&str], _) = match codec {
        Codec::Vp8 => (&["-c:v", "libvpx", "-b:v", "1M", "-g", "25", "-deadline", "realtime"], "ivf"),
        Codec::Vp9 => {
            (&["-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "25", "-deadline", "realtime", "-lag-in-frames", "0"], "ivf")
        }
        Codec::Av1 => {
            (&["-c:v", "libaom-av1", "-b:v", "1M", "-g", "25", "-usage", "realtime", "-cpu-used", "8"], "ivf")
        }
        Codec::H264 => (
            &[
                "-c:v",
                "libx264",
                "-b:v",
                "1M",
                "-g",
                "25",
                "-profile:v",
                "baseline",
                "-tune",
                "zerolatency",
                "-x264-params",
                "sliced-threads=0:aud=1",
            ],
            "h264",
        ),
        _ => (&["-c:a", "libopus", "-b:a", "64k"], "ogg"),
    };
    let input =
        if codec == Codec::Opus { "sine=frequency=440:duration=2" } else { "testsrc2=size=320x240:rate=25:duration=2" };
    let file = folder().join(format!("{}-{}.{ending}", codec.name(), std::process::id()));
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", input])
        .args(arguments)
        .arg(&file)
        .output()
        .expect("there is no ffmpeg on this machine: scripts/test installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    match ending {
        "ivf" => ivf(codec, &bytes),
        "ogg" => opus(&bytes),
        _ => annex_b(&bytes),
    }
}

fn folder() -> PathBuf {
    std::env::temp_dir()
}

/// Frames have a head of 12 bytes, of which the first four are the length.
fn ivf(codec: Codec, bytes: &[u8]) -> Vec<Arc<[u8]>> {
    let (mut rest, mut frames) = (&bytes[32..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let mut frame = &rest[12..12 + length];
        // Temporal delimiters do not go over RTP (the RTP specification of AV1, 5).
        if codec == Codec::Av1 {
            frame = frame.strip_prefix(&[0x12, 0x00]).unwrap_or(frame);
        }
        frames.push(frame.into());
        rest = &rest[12 + length..];
    }
    frames
}

/// Every access unit begins with a delimiter, which is left out. RTP carries NAL units without their start codes (RFC 6184
/// 1.3): here all are of four bytes, as those of what arrives.
fn annex_b(bytes: &[u8]) -> Vec<Arc<[u8]>> {
    let delimiter = [0, 0, 0, 1, 9];
    let starts: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&delimiter)).collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let unit = |unit: &[u8]| {
        let mut whole = Vec::new();
        for at in 0..unit.len() {
            if unit[at..].starts_with(&[0, 0, 1]) && (at == 0 || unit[at - 1] != 0) {
                whole.push(0);
            }
            whole.push(unit[at]);
        }
        Arc::from(whole)
    };
    starts.iter().zip(ends).map(|(start, end)| unit(&bytes[start + 6..end])).collect()
}

/// Behind two packets of headers.
fn opus(bytes: &[u8]) -> Vec<Arc<[u8]>> {
    let mut reader = ogg::PacketReader::new(std::io::Cursor::new(bytes));
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet().unwrap() {
        packets.push(packet.data.into());
    }
    packets.split_off(2)
}
