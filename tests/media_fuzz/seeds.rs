//! What is spoilt: small files of ffmpeg, and the frames in them.

use std::{fs, path::PathBuf, process::Command};

use haft::engine::media::{Codec, container::open};

const PICTURE: &str = "-f lavfi -i testsrc2=size=64x48:rate=25:duration=0.4";
const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=0.4";

/// Name, and how ffmpeg makes it.
const RECIPES: [(&str, &str); 20] = [
    ("vp8.ivf", "{P} -c:v libvpx -g 5 -b:v 50k"),
    ("vp9.ivf", "{P} -c:v libvpx-vp9 -g 5 -b:v 50k -cpu-used 8 -auto-alt-ref 1 -lag-in-frames 8"),
    ("av1.ivf", "{P} -c:v libaom-av1 -cpu-used 8 -usage realtime -g 5 -b:v 50k"),
    ("stereo.ogg", "{S} -ac 2 -c:a libopus"),
    ("mono60.ogg", "{S} -ac 1 -c:a libopus -frame_duration 60"),
    ("theora.ogg", "{P} {S} -c:v libtheora -c:a libopus"),
    ("plain.h264", "{P} -c:v libx264 -bf 0 -g 5"),
    ("slices.h264", "{P} -c:v libx264 -profile:v baseline -slices 3 -g 5 -x264-params aud=1"),
    ("b.h264", "{P} -c:v libx264 -bf 3 -g 5"),
    ("vp8.webm", "{P} {S} -c:v libvpx -b:v 50k -c:a libopus"),
    ("live.webm", "{P} {S} -c:v libvpx-vp9 -b:v 50k -cpu-used 8 -c:a libopus -live 1"),
    ("av1.webm", "-i {av1.ivf} -c copy"),
    ("h264.mkv", "{P} {S} -c:v libx264 -bf 0 -c:a libopus"),
    ("aac.mkv", "{P} {S} -c:v libx264 -bf 2 -c:a aac"),
    ("h264.mp4", "{P} {S} -c:v libx264 -bf 0 -g 5 -c:a libopus -strict -2"),
    ("fragments.mp4", "-i {h264.mp4} -c copy -strict -2 -movflags +frag_keyframe+empty_moov+default_base_moof"),
    ("fast.mp4", "-i {h264.mp4} -c copy -strict -2 -movflags +faststart"),
    ("av1.mp4", "-i {av1.ivf} -c copy -strict -2"),
    ("b.mp4", "{P} -c:v libx264 -bf 3 -g 5"),
    ("aac.mp4", "{P} {S} -c:v libx264 -c:a aac"),
];

/// Raised with every change of a recipe.
const VERSION: u32 = 1;

/// A file, made when it is first asked for.
fn made(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("target/media-fuzz-seeds-v{VERSION}"));
    let path = folder.join(name);
    if path.exists() {
        return path;
    }
    fs::create_dir_all(&folder).unwrap();
    let (_, recipe) = RECIPES.iter().find(|(of, _)| *of == name).unwrap();
    let mut recipe = recipe.replace("{P}", PICTURE).replace("{S}", SOUND);
    for other in ["av1.ivf", "h264.mp4"] {
        if recipe.contains(&format!("{{{other}}}")) {
            recipe = recipe.replace(&format!("{{{other}}}"), made(other).to_str().unwrap());
        }
    }
    // Several processes may make it at once; each moves a whole one into place.
    let own = folder.join(format!("{}-{name}", std::process::id()));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y"]).args(recipe.split_ascii_whitespace());
    let done = ffmpeg.args(["-pix_fmt", "yuv420p", "-fflags", "+bitexact", "-flags", "+bitexact"]).arg(&own).status();
    assert!(done.expect("ffmpeg is needed: scripts/test installs it").success(), "{name}");
    fs::rename(own, &path).unwrap();
    path
}

/// The bytes of those files.
pub fn of(names: &[&str]) -> Vec<Vec<u8>> {
    let bytes = |name: &&str| match *name {
        "chained.ogg" => [fs::read(made("stereo.ogg")).unwrap(), fs::read(made("mono60.ogg")).unwrap()].concat(),
        name => fs::read(made(name)).unwrap(),
    };
    names.iter().map(bytes).collect()
}

/// Frames of each codec, the codec's number in front.
pub fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for name in ["vp8.ivf", "vp9.ivf", "av1.ivf", "stereo.ogg", "mono60.ogg", "plain.h264", "slices.h264"] {
        let mut file = open(&made(name), None).unwrap();
        let codec = file.tracks()[0].codec;
        let number = CODECS.iter().position(|one| *one == codec).unwrap() as u8;
        while let Some(frame) = file.next().unwrap() {
            frames.push([&[number][..], &frame.data].concat());
        }
    }
    frames
}

/// What the first byte of such a frame means.
pub const CODECS: [Codec; 5] = [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::Opus];
