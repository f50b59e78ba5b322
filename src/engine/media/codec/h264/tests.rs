//! Units are the first bytes of what x264 wrote (slices are cut off behind their heads); sizes, rates and the types of
//! pictures are those that ffprobe tells of the same streams.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// 176x144, 25 frames in a second, no B-frames; High, level 1.1.
const PLAIN: &str = "6764000bacb20589d808800000030080000019078a1524";
const PLAIN_PICTURE: &str = "68ebc3cb22c0";
/// The same with three B-frames between two others.
const WITH_B: &str = "6764000bacd942c4ec0440000003004000000c83c50a6580";
const WITH_B_PICTURE: &str = "68ebe3cb22c0";

#[test]
fn sequences_say_what_ffprobe_says() {
    let plain = Sequence::read(&bytes(PLAIN)).unwrap();
    assert_eq!((plain.profile, plain.level, plain.size), (100, 11, (176, 144)));
    assert_eq!((plain.timing, plain.reordered), (Some((1, 50)), Some(0)));
    assert_eq!(plain.format, (1, 0, 0));
    let with_b = Sequence::read(&bytes(WITH_B)).unwrap();
    assert_eq!(with_b.reordered, Some(2));
    let baseline = Sequence::read(&bytes("6742c00bd902c4ec0440000003004000000c83c50a92")).unwrap();
    assert_eq!((baseline.profile, baseline.constraints, baseline.size), (66, 0xc0, (176, 144)));
    let cropped = Sequence::read(&bytes("677a000cbcb2060af111f808800001f480007530078a1524")).unwrap();
    assert_eq!((cropped.size, cropped.timing), ((178, 146), Some((1001, 60000))), "4:2:2, 29.97 frames");
    assert_eq!((cropped.profile, cropped.format), (122, (2, 0, 0)));
    let fields = Sequence::read(&bytes("67640028ace401e0113f78088000000300800000190f8b1724")).unwrap();
    assert_eq!((fields.size, fields.frames_only), ((1920, 1080), false), "interlaced, cropped by eight lines");
}

#[test]
fn what_is_cut_off_is_read_as_far_as_it_matters() {
    let whole = bytes(PLAIN);
    for length in 0..whole.len() {
        if let Some(sequence) = Sequence::read(&whole[..length]) {
            assert_eq!(sequence.size, (176, 144), "{length}");
        }
    }
    assert_eq!(Sequence::read(&whole[..6]), None);
    // One macroblock: cropped by 14 columns on the left, and by all 16.
    assert_eq!(Sequence::read(&[0x67, 66, 0, 10, 0xdd, 0xf1, 0x1c, 0xf0]).unwrap().size, (2, 16));
    assert_eq!(Sequence::read(&[0x67, 66, 0, 10, 0xdd, 0xf1, 0x3c]), None);
}

#[test]
fn units_are_between_start_codes() {
    let stream = [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 0, 0, 0, 0, 1, 0, 0, 1, 0x65, 0, 1, 0, 0, 3, 1, 0];
    let found: Vec<&[u8]> = units(&stream).collect();
    assert_eq!(found, [&[0x67, 1, 2][..], &[0x68], &[0x65, 0, 1, 0, 0, 3, 1]]);
    assert_eq!(units(&[0x67, 1, 2]).count(), 0, "no start code");
    assert_eq!(units(&[]).count() + units(&[0, 0, 1]).count() + units(&[0, 0, 1, 0, 0]).count(), 0);
    assert_eq!(units(&[9, 9, 0, 0, 1, 5]).next(), Some(&[5][..]), "what is in front of the first is left out");
}

#[test]
fn a_head_is_that_of_the_first_slice() {
    let (sequence, picture) = (bytes(PLAIN), bytes(PLAIN_PICTURE));
    let idr = stream(&[&sequence, &picture, &bytes("65888427d9674d7dda78")]);
    assert_eq!(head(&idr), Head { keyframe: true, size: Some((176, 144)) });
    assert_eq!(head(&stream(&[&bytes("419a3b127fb7ee3d1a20")])), Head::default());
    assert_eq!(head(b"none"), Head::default());
}

fn stream(units: &[&[u8]]) -> Vec<u8> {
    let mut stream = Vec::new();
    units.iter().for_each(|unit| put(&mut stream, unit));
    stream
}

#[test]
fn pictures_shown_before_earlier_ones_are_noticed() {
    let order = |units: &[&str]| {
        let mut order = Order::default();
        units.iter().for_each(|unit| order.unit(&bytes(unit)));
        order.broken()
    };
    // Decoded I P B B B P: ffprobe numbers the pictures as they are shown I B B B P.
    let with_b = [
        WITH_B,
        WITH_B_PICTURE,
        "658884009fd9674d7dda",
        "419a246c49ffb7ee3d1a",
        "419e4278843ffc108f2c",
        "019e617442dff0220ab0",
    ];
    assert!(order(&with_b));
    assert!(!order(&with_b[..4]), "so far they are in order");
    let again = [with_b[..4].to_vec(), with_b[2..4].to_vec()].concat();
    assert!(!order(&again), "an IDR picture begins anew");
    let plain = [PLAIN, PLAIN_PICTURE, "65888427d9674d7dda78", "419a3b127fb7ee3d1a20", "419a4f0864ca6127b2fd"];
    assert!(!order(&plain));
    assert!(!order(&plain[2..]), "without parameter sets nothing is known");
}

#[test]
fn access_units_are_split_where_they_begin() {
    // Delimiter, sets, supplement, four slices of an IDR picture; delimiter, three of the next.
    let sliced = [
        "0910",
        PLAIN,
        PLAIN_PICTURE,
        "0605ffff74dc45e9bde6",
        "65888427d9674d7dda78",
        "650b888437e6084da797",
        "65070221033ffedf32f8",
        "6502708840cffedf32f8",
        "0930",
        "419a3b127fb7ee3d1a20",
        "410b9a3b111f4fde3382",
        "4107068ec433fffe958e",
    ];
    let begins = |units: &[&str]| {
        let mut splitter = Splitter::default();
        let places = units.iter().enumerate().filter(|(_, unit)| splitter.begins(&bytes(unit))).map(|(place, _)| place);
        places.collect::<Vec<_>>()
    };
    assert_eq!(begins(&sliced), [8]);
    // Without delimiters, the first slice of the next picture begins it; also without parameter sets.
    let bare = [&sliced[1..8], &sliced[9..]].concat();
    assert_eq!(begins(&bare), [7]);
    assert_eq!(begins(&bare[2..]), [5]);
    // A lost first slice: the number of the frame tells.
    let lost = [&sliced[1..8], &sliced[10..]].concat();
    assert_eq!(begins(&lost), [7]);
    // What stands in front of slices belongs to them.
    assert_eq!(begins(&[&sliced[1..5], &sliced[1..5]].concat()), [4]);
}

#[test]
fn configurations_are_those_of_ffmpeg() {
    // The avcC of ffmpeg's MP4 of the plain stream.
    let written = bytes(
        "0164000bffe100176764000bacb20589d808800000030080000019078a1524010006\
         68ebc3cb22c0fdf8f800",
    );
    let configuration = Configuration::parse(&written).unwrap();
    assert_eq!(configuration.length_size, 4);
    assert_eq!((&*configuration.sequences[0], &*configuration.pictures[0]), (&*bytes(PLAIN), &*bytes(PLAIN_PICTURE)));
    assert_eq!(configuration.bytes().unwrap(), written);
    let frame = stream(&[&[9, 0x10], &bytes(PLAIN), &bytes(PLAIN_PICTURE), &[0x65, 1, 2]]);
    assert_eq!(Configuration::of(&frame), Some(configuration));
    assert_eq!(Configuration::of(&frame[..36]), None);
    for length in 0..written.len() - 4 {
        assert_eq!(Configuration::parse(&written[..length]), None, "{length}");
    }
    assert_eq!(Configuration::parse(&[1, 100, 0, 11, 0xfe, 0xe0, 0]), None, "lengths of three bytes do not exist");
}

#[test]
fn samples_become_streams_with_the_sets_that_they_lack() {
    let (sequence, picture) = (bytes(PLAIN), bytes(PLAIN_PICTURE));
    let configuration = Configuration {
        length_size: 2,
        sequences: vec![sequence.clone().into()],
        pictures: vec![picture.clone().into()],
    };
    let idr = [0, 2, 9, 0x10, 0, 3, 0x65, 1, 2];
    let whole = stream(&[&[9, 0x10], &sequence, &picture, &[0x65, 1, 2]]);
    assert_eq!(configuration.stream(&idr).unwrap(), whole);
    assert_eq!(configuration.stream(&[0, 3, 0x41, 1, 2]).unwrap(), stream(&[&[0x41, 1, 2]]));
    assert_eq!(configuration.stream(&[0, 3, 0x41, 1]), None, "a length that lies");
    assert_eq!(configuration.stream(&[0]), None);
    assert_eq!(configuration.stream(&[]).unwrap(), b"");
    // And back: lengths of four bytes, no delimiter.
    assert_eq!(prefixed(&whole, false), [0, 0, 0, 3, 0x65, 1, 2]);
    let kept = prefixed(&whole, true);
    let wide = Configuration { length_size: 4, ..configuration };
    assert_eq!(wide.stream(&kept).unwrap(), stream(&[&sequence, &picture, &[0x65, 1, 2]]));
}
