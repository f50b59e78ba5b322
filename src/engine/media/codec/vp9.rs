//! The head of a VP9 frame: the uncompressed header (VP9 bitstream specification 6.2, 7.2) of each frame of a superframe
//! (annex B there).

use super::{Head, bits::Bits};

/// A superframe has this many frames at most.
const FRAMES_MAX: usize = 8;

/// Reads the uncompressed headers. A superframe is a keyframe if its first frame is one; of several sizes (layers), the
/// largest counts.
#[must_use]
pub fn head(frame: &[u8]) -> Head {
    let (frames, count) = frames(frame);
    let mut whole = Head::default();
    for (place, frame) in frames.iter().take(count).enumerate() {
        let one = header(frame).unwrap_or_default();
        if place == 0 {
            whole = one;
        } else if whole.keyframe {
            whole.size = whole.size.max(one.size);
        }
    }
    whole
}

/// The frames of a superframe; one frame alone when its index is missing or wrong.
fn frames(data: &[u8]) -> ([&[u8]; FRAMES_MAX], usize) {
    let mut frames = [data; FRAMES_MAX];
    let count = index(data, &mut frames).unwrap_or_else(|| {
        frames = [data; FRAMES_MAX];
        1
    });
    (frames, count)
}

fn index<'a>(data: &'a [u8], frames: &mut [&'a [u8]; FRAMES_MAX]) -> Option<usize> {
    let marker = *data.last()?;
    if marker >> 5 != 0b110 {
        return None;
    }
    let count = usize::from(marker & 7) + 1;
    let width = usize::from(marker >> 3 & 3) + 1;
    let (mut rest, index) = data.split_at_checked(data.len().checked_sub(2 + count * width)?)?;
    let (first, sizes) = index.split_first()?;
    if *first != marker {
        return None;
    }
    for (place, size) in frames.iter_mut().take(count).zip(sizes.chunks_exact(width)) {
        let size = size.iter().rev().fold(0, |size, byte| size << 8 | usize::from(*byte));
        (*place, rest) = rest.split_at_checked(size)?;
    }
    Some(count)
}

fn header(frame: &[u8]) -> Option<Head> {
    let mut bits = Bits::new(frame);
    if bits.bits(2)? != 2 {
        return None;
    }
    let profile = bits.bits(1)? | bits.bits(1)? << 1;
    if profile == 3 && bits.flag()? {
        return None;
    }
    let shown_again = bits.flag()?;
    let inter = shown_again || bits.flag()?;
    if inter {
        return Some(Head::default());
    }
    bits.skip(2)?; // show_frame, error_resilient_mode
    if bits.bits(24)? != 0x49_83_42 {
        return None;
    }
    let subsampled = profile == 1 || profile == 3;
    if profile >= 2 {
        bits.skip(1)?; // ten_or_twelve_bit
    }
    let rgb = bits.bits(3)? == 7;
    match (rgb, subsampled) {
        (false, true) => bits.skip(4)?, // color_range, subsampling_x, subsampling_y, reserved
        (false, false) | (true, true) => bits.skip(1)?,
        (true, false) => return None,
    }
    let width = bits.bits(16)? + 1;
    Some(Head { keyframe: true, size: Some((width, bits.bits(16)? + 1)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes that libvpx writes for a keyframe of profile 0, 176x144, as the specification lays them out: marker
    /// 10, profile 00, not shown again 0, key 0, shown 1, resilient 0; sync code; colour 001, range 0; 175 and 143 in 16 bits.
    const KEY: [u8; 9] = [0x82, 0x49, 0x83, 0x42, 0x20, 0x0a, 0xf0, 0x08, 0xf0];
    const INTER: [u8; 4] = [0x86, 0x00, 0x40, 0x92];

    #[test]
    fn a_keyframe_says_its_size() {
        assert_eq!(head(&KEY), Head { keyframe: true, size: Some((176, 144)) });
        assert_eq!(head(&INTER), Head::default());
        assert_eq!(head(&[0x88]), Head::default(), "one that is shown again");
        for length in 0..KEY.len() {
            assert_eq!(head(&KEY[..length]), Head::default());
        }
    }

    #[test]
    fn a_superframe_is_what_its_first_frame_is() {
        let join = |frames: &[&[u8]]| {
            let marker = 0xc0 | u8::try_from(frames.len() - 1).unwrap();
            let mut whole = frames.concat();
            whole.push(marker);
            whole.extend(frames.iter().map(|frame| u8::try_from(frame.len()).unwrap()));
            whole.push(marker);
            whole
        };
        assert_eq!(head(&join(&[&KEY, &INTER])).size, Some((176, 144)));
        assert_eq!(head(&join(&[&INTER, &KEY])), Head::default());
        let mut large = KEY;
        large[5] = 0x1a; // 431 and 143
        assert_eq!(head(&join(&[&KEY, &large])).size, Some((432, 144)));
        let mut lying = join(&[&KEY, &INTER]);
        let place = lying.len() - 3;
        lying[place] = 200;
        assert!(head(&lying).keyframe, "an index that lies is none");
    }
}
