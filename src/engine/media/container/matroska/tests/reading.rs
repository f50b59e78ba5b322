//! Files of ffmpeg and mkvmerge.

use std::path::Path;

use super::kit::{Folder, Packet, frames, load, packets, probed, read, run, same};
use crate::engine::media::{Codec, Frame, Kind, codec};

const VP8: &str = "-c:v libvpx -g 25 -deadline realtime";
const VP9: &str = "-c:v libvpx-vp9 -g 25 -deadline realtime -cpu-used 8";
const AV1: &str = "-c:v libaom-av1 -g 25 -usage realtime -cpu-used 8 -lag-in-frames 0";
const H264: &str = "-c:v libx264 -g 25 -preset ultrafast -bf 0 -pix_fmt yuv420p";
const OPUS: &str = "-c:a libopus -b:a 32k";

/// Our packets as they stand in the file: the units of H.264 with lengths, the parameter sets left in the head.
fn as_stored(video: Codec, frames: &[Frame]) -> Vec<Packet> {
    let mut frames = frames.to_vec();
    for frame in frames.iter_mut().filter(|frame| frame.track == 0 && video == Codec::H264) {
        let (mut sample, mut sets) = (Vec::new(), 0);
        for unit in codec::h264::units(&frame.data) {
            if matches!(unit[0] & 31, 7 | 8) {
                sets += 1;
            } else {
                sample.extend((unit.len() as u32).to_be_bytes());
                sample.extend_from_slice(unit);
            }
        }
        assert_eq!(sets, if frame.keyframe { 2 } else { 0 });
        frame.data = sample.into();
    }
    packets(&frames)
}

fn film(folder: &Folder, name: &str, codec: Codec, arguments: &str) -> Vec<Frame> {
    let path = folder.film(name, arguments);
    let (tracks, ours) = read(&load(&path)).unwrap();
    assert_eq!((tracks[0].kind, tracks[0].codec, tracks[0].size), (Kind::Video, codec, (160, 120)), "{name}");
    assert_eq!(tracks[0].flaw, None, "{name}");
    if let Some(sound) = tracks.get(1) {
        assert_eq!(
            (sound.kind, sound.codec, sound.channels, sound.pre_skip),
            (Kind::Audio, Codec::Opus, 1, 312),
            "{name}"
        );
        assert_eq!(sound.flaw, None, "{name}");
    }
    same(&as_stored(codec, &ours), &probed(&path), name);
    // What the container says of keyframes is what the frames say.
    for frame in &ours {
        assert_eq!(codec::head(tracks[frame.track].codec, &frame.data).keyframe, frame.keyframe, "{name}");
    }
    ours
}

#[test]
fn every_pair_of_codecs() {
    let folder = Folder::new("pairs");
    for (codec, name, arguments) in [
        (Codec::Vp8, "vp8.webm", VP8),
        (Codec::Vp8, "vp8.mkv", VP8),
        (Codec::Vp9, "vp9.webm", VP9),
        (Codec::H264, "h264.mkv", H264),
        (Codec::Av1, "av1.webm", AV1),
    ] {
        film(&folder, name, codec, &format!("-map 0 -map 1 {arguments} {OPUS}"));
        film(&folder, name, codec, &format!("-map 0 {arguments}"));
    }
}

#[test]
fn live_files_and_small_clusters() {
    let folder = Folder::new("live");
    for arguments in [
        "-live 1",
        "-cluster_size_limit 2000",
        "-cluster_time_limit 100",
        "-cues_to_front 1",
        "-reserve_index_space 200",
    ] {
        let film = film(&folder, "film.webm", Codec::Vp8, &format!("-map 0 -map 1 {VP8} {OPUS} {arguments}"));
        assert_eq!(film.len(), 50 + 101, "{arguments}");
    }
}

#[test]
fn a_pipe_has_neither_sizes_nor_an_index() {
    let folder = Folder::new("pipe");
    let path = folder.path("film.webm");
    let inputs = "testsrc2=s=160x120:r=25:d=2";
    let script = format!("ffmpeg -v error -f lavfi -i {inputs} {VP8} -f webm - | cat > {}", path.display());
    run("sh", "-c", Path::new(&script));
    let (_, ours) = read(&load(&path)).unwrap();
    same(&packets(&ours), &probed(&path), "a pipe");
    assert_eq!(ours.len(), 50);
}

#[test]
fn what_mkvmerge_makes() {
    let folder = Folder::new("merge");
    let source = folder.film("source.mkv", &format!("-map 0 -map 1 {H264} {OPUS} -frame_duration 10"));
    let path = folder.path("merged.mkv");
    // Laced sound, zlib, BlockGroups instead of SimpleBlocks, no index, other ticks.
    for arguments in [
        "",
        "--enable-durations",
        "--disable-lacing --no-cues",
        "--compression 0:zlib --compression 1:zlib",
        "--engage no_simpleblocks",
        "--timestamp-scale 100000",
        "--timestamp-scale -1",
        "--cluster-length 5",
    ] {
        run("mkvmerge", &format!("-q {arguments} {} -o", source.display()), &path);
        let (tracks, ours) = read(&load(&path)).unwrap();
        assert_eq!(tracks.iter().map(|track| track.flaw.clone()).collect::<Vec<_>>(), [None, None], "{arguments}");
        // ffprobe tells times in ticks: only what stands in milliseconds is compared with them.
        let (ours, mut theirs) = (as_stored(Codec::H264, &ours), probed(&path));
        if arguments.contains("scale") {
            theirs.iter_mut().zip(&ours).for_each(|(theirs, ours)| theirs.pts = ours.pts);
        }
        same(&ours, &theirs, arguments);
    }
}

#[test]
fn what_cannot_be_sent_says_why() {
    let folder = Folder::new("unfit");
    let flaw = |arguments: &str| {
        let path = folder.film("film.mkv", arguments);
        read(&load(&path)).unwrap().0.remove(0)
    };
    let track = flaw("-map 0 -c:v libx264 -bf 2 -pix_fmt yuv420p");
    assert!(track.flaw.unwrap().contains("B-frames"));
    for (arguments, named) in [
        ("-map 1 -c:a aac", "A_AAC"),
        ("-map 1 -c:a libvorbis", "A_VORBIS"),
        ("-map 1 -c:a flac", "A_FLAC"),
        ("-map 0 -c:v mpeg4", "V_MPEG4/ISO/ASP"),
        ("-map 0 -c:v mjpeg", "V_MJPEG"),
    ] {
        let track = flaw(arguments);
        assert_eq!((track.codec, &*track.named), (Codec::Other, named));
    }
    let track = flaw("-map 1 -af aformat=channel_layouts=5.1 -c:a libopus");
    assert!(track.flaw.unwrap().contains("6 channels"));
}

#[test]
fn the_duration_is_what_the_file_says() {
    let folder = Folder::new("duration");
    let path = folder.film("film.webm", &format!("-map 0 -map 1 {VP8} {OPUS}"));
    let told = run("ffprobe", "-v error -show_entries format=duration -of csv=p=0", &path);
    let file = super::super::open(Box::new(std::fs::File::open(&path).unwrap())).unwrap();
    let ours = file.duration().unwrap().as_secs_f64();
    assert!((ours - told.trim().parse::<f64>().unwrap()).abs() < 0.0005, "{ours} {told}");
}

#[test]
fn a_file_that_is_cut_gives_what_came_before() {
    let folder = Folder::new("cut");
    for arguments in ["", "-live 1"] {
        let path = folder.film("film.webm", &format!("-map 0 -map 1 {VP8} {OPUS} {arguments}"));
        let whole = load(&path);
        let all = read(&whole).unwrap().1;
        let mut last = 0;
        for cut in (0..whole.len()).step_by(1000).chain([whole.len() - 1]) {
            match read(&whole[..cut]) {
                Ok((_, some)) => {
                    assert!(some.len() >= last, "{cut}");
                    assert_eq!(packets(&some), packets(&all[..some.len()]), "{cut}");
                    last = some.len();
                }
                Err(error) => {
                    assert!(cut < 1000, "{cut}: {error}");
                    assert_eq!(error.code(), "media_file");
                }
            }
        }
        assert!(last + 1 >= all.len());
        // ffprobe reads as many.
        let part = folder.path("part.webm");
        for cut in [whole.len() / 3, whole.len() / 2] {
            std::fs::write(&part, &whole[..cut]).unwrap();
            let told = run("ffprobe", "-v error -show_entries packet=size -of csv=p=0", &part);
            let theirs = told.lines().filter(|line| line.trim_end_matches(',').parse::<usize>().is_ok()).count();
            let ours = read(&whole[..cut]).unwrap().1.len();
            // It gives the cut frame too.
            assert!(theirs == ours || theirs == ours + 1, "{cut}: {ours} {theirs}");
        }
    }
}

#[test]
fn a_stream_is_read_piece_by_piece() {
    let folder = Folder::new("pieces");
    let path = folder.film("film.webm", &format!("-map 0 -map 1 {VP8} {OPUS}"));
    let mut file = super::super::open(Box::new(std::fs::File::open(&path).unwrap())).unwrap();
    assert_eq!(packets(&frames(&mut *file).unwrap()), packets(&read(&load(&path)).unwrap().1));
    assert!(file.next().unwrap().is_none());
}
