//! What ffmpeg writes.

use std::fs;

use haft::engine::media::{Codec, Kind, codec::h264};

use super::files::{FRAGMENTS, Folder, H264, OPUS, PICTURES, TONE, packets, read, read_file, same};

#[test]
fn packets_are_those_of_ffprobe() {
    let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 20 -b:v 300k";
    let av1 = "-c:v libaom-av1 -usage realtime -cpu-used 8 -g 20 -b:v 300k";
    let forms = [
        ("last", ""),
        ("first", "-movflags +faststart"),
        ("fragments", FRAGMENTS),
        ("fragments_after", "-movflags +frag_keyframe"),
        ("each", "-movflags +frag_every_frame+empty_moov+delay_moov"),
        ("short", "-movflags +empty_moov+omit_tfhd_offset+delay_moov -frag_duration 300000"),
        ("separate", "-movflags +frag_keyframe+separate_moof+empty_moov+default_base_moof+delay_moov"),
        ("dash", "-movflags +dash+frag_keyframe+delay_moov+global_sidx"),
        ("cmaf", "-movflags +cmaf+frag_keyframe+delay_moov+negative_cts_offsets"),
    ];
    let folder = Folder::new();
    for (codec, words) in [(Codec::H264, H264), (Codec::Vp9, vp9), (Codec::Av1, av1)] {
        let whole = folder.make("whole.mp4", &[PICTURES, TONE, words, OPUS]);
        for (form, flags) in forms {
            let name = format!("{}_{form}.mp4", codec.name());
            let file = folder.make(&name, &["-i", whole.to_str().unwrap(), "-c copy", flags]);
            let (tracks, duration, frames) = read_file(&file);
            let found: Vec<_> =
                tracks.iter().map(|track| (track.kind, track.codec, &*track.named, &track.flaw)).collect();
            let video = (Kind::Video, codec, codec.name(), &None);
            assert_eq!(found, [video, (Kind::Audio, Codec::Opus, "opus", &None)], "{name}");
            assert_eq!((tracks[0].size, tracks[1].channels, tracks[1].pre_skip), ((192, 108), 2, 312), "{name}");
            println!("{name}: {duration:?}");
            same(&tracks, &frames, &packets(&file));
            // In the order of decoding, over all tracks.
            assert!(frames.is_sorted_by_key(|frame| frame.pts), "{name}");
            if ["last", "first"].contains(&form) {
                assert!((duration.unwrap().as_secs_f64() - 2.0).abs() < 0.02, "{name}: {duration:?}");
            }
        }
    }
}

#[test]
fn a_byte_stream_is_what_ffmpegs_filter_makes() {
    let folder = Folder::new();
    let whole = folder.make("whole.mp4", &[PICTURES, H264, "-x264-params slices=3:aud=1"]);
    let stream = folder.make("stream.h264", &["-i", whole.to_str().unwrap(), "-c copy -bsf:v h264_mp4toannexb"]);
    let (_, _, frames) = read_file(&whole);
    let ours: Vec<u8> = frames.iter().flat_map(|frame| frame.data.to_vec()).collect();
    let theirs = fs::read(stream).unwrap();
    let pictures = |stream| h264::units(stream).filter(|unit| h264::kind_of(unit) < 6).collect::<Vec<_>>();
    assert_eq!(pictures(&ours).len(), 150);
    assert_eq!(pictures(&ours), pictures(&theirs));
    // The filter leaves a delimiter where it stood, which was not always in front.
    let sets = |stream| h264::units(stream).filter(|unit| [7, 8].contains(&h264::kind_of(unit))).collect::<Vec<_>>();
    assert_eq!(sets(&ours), sets(&theirs));
    for frame in &frames {
        let kinds: Vec<u8> = h264::units(&frame.data).map(h264::kind_of).collect();
        let begin: &[u8] = if frame.keyframe { &[9, 7, 8] } else { &[9, 1, 1, 1] };
        assert!(kinds.starts_with(begin), "{kinds:?}");
    }
}

#[test]
fn times_before_the_start_move_the_whole_file() {
    let folder = Folder::new();
    let whole = folder.make(
        "whole.mp4",
        &["-f lavfi -i testsrc2=s=192x108:r=25:d=8", "-f lavfi -i sine=440:d=8:r=48000", H264, OPUS],
    );
    for (name, words) in [("cut", "-ss 3.12"), ("late_sound", "-itsoffset 0.5"), ("late_pictures", "-itsoffset -0.5")] {
        let whole = whole.to_str().unwrap();
        let maps = if name == "cut" { "" } else { "-map 0:v -map 1:a" };
        let other = if name == "cut" { String::new() } else { format!("-i {whole}") };
        let file = folder.make(&format!("{name}.mp4"), &[&other, words, "-i", whole, maps, "-c copy"]);
        let (tracks, _, frames) = read_file(&file);
        // Sound far before the start is given by ffprobe with the mark that it is not wanted; a decoder wants 80 ms of it.
        let mut packets = packets(&file);
        packets.retain(|packet| packet.stream == 0 || packet.pts + packet.duration > -0.08);
        same(&tracks, &frames, &packets);
        assert!(frames.iter().find(|frame| frame.track == 0).unwrap().keyframe);
    }
}

#[test]
fn what_cannot_be_sent_says_why() {
    let folder = Folder::new();
    let b_frames = "-c:v libx264 -preset ultrafast -bf 2 -b_strategy 0 -g 20 -pix_fmt yuv420p";
    for (name, flags) in [("plain.mp4", ""), ("fragments.mp4", FRAGMENTS), ("quicktime.mov", "")] {
        let file = folder.make(name, &[PICTURES, TONE, b_frames, "-c:a aac", flags]);
        let (tracks, _, frames) = read_file(&file);
        assert!(tracks[0].flaw.as_ref().unwrap().contains("B-frames"), "{name}: {:?}", tracks[0]);
        assert_eq!((tracks[1].codec, &*tracks[1].named), (Codec::Other, "aac"), "{name}");
        assert_eq!(frames, [], "{name}");
    }
    // The tables do not say so: the pictures themselves do.
    let raw = folder.make("raw.h264", &[PICTURES, b_frames]);
    let bent =
        folder.make("bent.mp4", &["-framerate 25 -i", raw.to_str().unwrap(), "-c copy -bsf:v setts=pts=N:dts=N"]);
    assert!(read_file(&bent).0[0].flaw.as_ref().unwrap().contains("B-frames"));

    for (name, words, named) in [
        ("hevc.mp4", "-c:v libx265 -x265-params log-level=none", "hevc"),
        ("mpeg4.mp4", "-c:v mpeg4", "mpeg4"),
        ("mpeg2.mp4", "-c:v mpeg2video", "mpeg2video"),
        ("prores.mov", "-c:v prores_ks", "prores"),
        ("mjpeg.mov", "-c:v mjpeg -pix_fmt yuvj420p", "mjpeg"),
    ] {
        let file = folder.make(name, &["-f lavfi -i testsrc2=s=192x108:r=25:d=0.2", words]);
        let (tracks, _, frames) = read_file(&file);
        assert_eq!((tracks[0].kind, tracks[0].codec, &*tracks[0].named), (Kind::Video, Codec::Other, named));
        assert_eq!(frames, []);
    }
    for (name, words, named) in [
        ("aac.mov", "-c:a aac", "aac"),
        ("mp3.mp4", "-c:a libmp3lame", "mp3"),
        ("ac3.mp4", "-c:a ac3", "ac3"),
        ("flac.mp4", "-c:a flac -strict -2", "flac"),
        ("alac.m4a", "-c:a alac", "alac"),
        ("pcm.mov", "-c:a pcm_s16le", "pcm_s16le"),
        ("pcm24.mov", "-c:a pcm_s24be", "pcm_s24be"),
        ("mulaw.mov", "-c:a pcm_mulaw", "pcm_mulaw"),
        ("vorbis.mp4", "-ac 2 -c:a vorbis -strict -2", "vorbis"),
    ] {
        let file = folder.make(name, &["-f lavfi -i sine=440:d=0.2:r=48000", words]);
        let (tracks, ..) = read_file(&file);
        assert_eq!((tracks[0].kind, tracks[0].codec, &*tracks[0].named), (Kind::Audio, Codec::Other, named));
    }
    let surround = folder.make("surround.mp4", &["-f lavfi -i aevalsrc=0|0|0|0|0|0:d=0.2:c=5.1:s=48000 -c:a libopus"]);
    assert!(read_file(&surround).0[0].flaw.as_ref().unwrap().contains("6 channels"));
    let key = "-encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8";
    let file = folder.make("encrypted.mp4", &[PICTURES, H264, key]);
    let (tracks, _, frames) = read_file(&file);
    assert_eq!((tracks[0].codec, tracks[0].flaw.as_deref()), (Codec::H264, Some("it was encrypted (cenc)")));
    assert_eq!(frames, []);
}

#[test]
fn other_tracks_do_not_stand_in_the_way() {
    let folder = Folder::new();
    let titles = folder.put("t.srt", b"1\n00:00:00,000 --> 00:00:01,000\nWords\n\n");
    let inputs = format!("{PICTURES} {PICTURES} {TONE} -i {}", titles.display());
    let maps = "-map 0 -map 1 -map 2 -map 3 -c:s mov_text -timecode 01:00:00:00 -disposition:v default";
    let file = folder.make("several.mp4", &[&inputs, maps, H264, OPUS]);
    let (tracks, _, frames) = read_file(&file);
    let kinds: Vec<_> = tracks.iter().map(|track| track.codec).collect();
    assert_eq!(kinds, [Codec::H264, Codec::H264, Codec::Opus]);
    same(&tracks, &frames, &packets(&file));
    // Without that ffmpeg switches the second track of a kind off.
    let file = folder.make("off.mp4", &[&inputs, "-map 0 -map 1 -map 2", H264, OPUS]);
    assert_eq!(read_file(&file).0.len(), 2);
}

#[test]
fn a_file_that_was_cut_plays_to_the_cut() {
    let folder = Folder::new();
    let mut whole_files = Vec::new();
    for (name, flags) in [("first", "-movflags +faststart"), ("fragments", FRAGMENTS), ("last", "")] {
        let file = folder.make(&format!("{name}.mp4"), &[PICTURES, TONE, H264, OPUS, flags]);
        whole_files.push((name, fs::read(file).unwrap()));
    }
    for (name, whole) in whole_files {
        let (tracks, _, all) = read(whole.clone()).unwrap();
        let mut most = 0;
        for length in (0..whole.len()).step_by(1000) {
            match read(whole[..length].to_vec()) {
                Ok((some, _, frames)) => {
                    assert_eq!(some, tracks);
                    for place in 0..tracks.len() {
                        let of = |frames: &[haft::engine::media::Frame]| {
                            frames
                                .iter()
                                .filter(|frame| frame.track == place)
                                .map(|frame| frame.data.clone())
                                .collect::<Vec<_>>()
                        };
                        assert!(of(&all).starts_with(&of(&frames)), "{name} cut at {length}");
                    }
                    // More of the file is more of the frames.
                    assert!(frames.len() >= most, "{name} cut at {length}");
                    most = frames.len();
                }
                Err(error) => {
                    assert_eq!((error.code(), most), ("media_file", 0), "{name} cut at {length}: {error:?}");
                    let head = whole.windows(4).position(|name| name == b"moov").unwrap();
                    let why = match length {
                        0 => "empty",
                        _ if length > head => "cut in its head",
                        _ => "not completed",
                    };
                    assert!(error.message().contains(why), "{name} cut at {length}: {}", error.message());
                }
            }
        }
        assert!(name == "last" || most > all.len() * 8 / 10, "{name}: {most} of {}", all.len());
    }
}
