//! Opus packets (RFC 6716 section 3) and the header that stands in files (RFC 7845 section 5.1).

/// Samples in a second, whatever the encoder was fed with.
pub const RATE: u32 = 48_000;
/// The longest packet: 120 ms.
pub const SAMPLES_MAX: u32 = 5_760;
/// The longest frame in a packet, in bytes.
const FRAME_MAX: usize = 1_275;

/// How long a packet is, in samples at 48 kHz; `None` if it breaks one of the rules R1 to R7 (RFC 6716, 3.4).
#[must_use]
pub fn samples(packet: &[u8]) -> Option<u32> {
    let (&toc, body) = packet.split_first()?;
    let configuration = toc >> 3;
    let frame: u32 = match configuration {
        // SILK: 10, 20, 40, 60 ms; hybrid: 10, 20 ms; CELT: 2.5, 5, 10, 20 ms.
        0..=11 => [480, 960, 1_920, 2_880].get(usize::from(configuration & 3)).copied()?,
        12..=15 => 480 << (configuration & 1),
        _ => 120 << (configuration & 3),
    };
    let count = match toc & 3 {
        0 => (body.len() <= FRAME_MAX).then_some(1)?,
        1 => (body.len() % 2 == 0 && body.len() / 2 <= FRAME_MAX).then_some(2)?,
        2 => {
            let (first, rest) = length(body)?;
            (rest.len().checked_sub(first)? <= FRAME_MAX).then_some(2)?
        }
        _ => several(body)?,
    };
    Some(frame * count).filter(|samples| *samples <= SAMPLES_MAX)
}

/// The frames of a packet of code 3: a byte of flags and count, the length of the padding, lengths, frames, padding.
fn several(body: &[u8]) -> Option<u32> {
    let (&flags, mut rest) = body.split_first()?;
    let count = usize::from(flags & 0x3f);
    if count == 0 {
        return None;
    }
    if flags & 0x40 != 0 {
        let mut padding = 0;
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            padding += usize::from(byte.min(254));
            if byte != 255 {
                break;
            }
        }
        rest = rest.get(..rest.len().checked_sub(padding)?)?;
    }
    let last = if flags & 0x80 == 0 {
        (rest.len() % count == 0).then_some(rest.len() / count)?
    } else {
        let mut sum = 0;
        for _ in 1..count {
            let (length, after) = length(rest)?;
            rest = after;
            sum += length;
        }
        rest.len().checked_sub(sum)?
    };
    (last <= FRAME_MAX).then(|| u32::from(flags & 0x3f))
}

/// A length of one or two bytes (RFC 6716, 3.2.1), and what is behind it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [short @ 0..252, rest @ ..] => Some((usize::from(*short), rest)),
        [low, high, rest @ ..] => Some((usize::from(*high) * 4 + usize::from(*low), rest)),
        _ => None,
    }
}

/// The channels that a packet was encoded with: one or two.
#[must_use]
pub fn channels(packet: &[u8]) -> Option<u8> {
    packet.first().map(|toc| 1 + (toc >> 2 & 1))
}

/// The identification header of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many channels come out.
    pub channels: u8,
    /// Samples at 48 kHz that a player leaves out at the start.
    pub pre_skip: u16,
    /// The rate that the encoder was fed with, in Hz, for information; 0 when it is not known.
    pub rate: u32,
    /// The gain that a player adds, in 1/256 dB.
    pub gain: i16,
    /// How the channels are mapped: 0 for mono and stereo.
    pub family: u8,
    /// What follows in other families: streams, coupled streams, the mapping.
    pub mapping: Box<[u8]>,
}

impl Header {
    /// One of mono or stereo.
    #[must_use]
    pub fn new(channels: u8, pre_skip: u16) -> Header {
        Header { channels, pre_skip, rate: RATE, gain: 0, family: 0, mapping: Box::default() }
    }

    /// Reads `OpusHead …`; `None` if it is not one that RFC 7845 knows.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Header> {
        let bytes = bytes.strip_prefix(b"OpusHead")?;
        let (&[version, channels, skip_0, skip_1, rate_0, rate_1, rate_2, rate_3, gain_0, gain_1, family], mapping) =
            bytes.split_first_chunk()?;
        // The upper half of the version is the incompatible part.
        let fits = match family {
            0 => channels == 1 || channels == 2,
            _ => channels > 0 && mapping.len() >= 2 + usize::from(channels),
        };
        (version & 0xf0 == 0 && fits).then(|| Header {
            channels,
            pre_skip: u16::from_le_bytes([skip_0, skip_1]),
            rate: u32::from_le_bytes([rate_0, rate_1, rate_2, rate_3]),
            gain: i16::from_le_bytes([gain_0, gain_1]),
            family,
            mapping: if family == 0 { Box::default() } else { mapping.into() },
        })
    }

    /// Writes it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(19 + self.mapping.len());
        bytes.extend_from_slice(b"OpusHead");
        bytes.extend_from_slice(&[1, self.channels]);
        bytes.extend_from_slice(&self.pre_skip.to_le_bytes());
        bytes.extend_from_slice(&self.rate.to_le_bytes());
        bytes.extend_from_slice(&self.gain.to_le_bytes());
        bytes.push(self.family);
        bytes.extend_from_slice(&self.mapping);
        bytes
    }

    /// Why WebRTC cannot carry it: RFC 7587 has one stream of one or two channels.
    #[must_use]
    pub fn flaw(&self) -> Option<Box<str>> {
        let fine = self.channels <= 2 && (self.family == 0 || self.mapping.first() == Some(&1));
        (!fine).then(|| {
            let (channels, family) = (self.channels, self.family);
            format!("it had {channels} channels of Opus in mapping family {family}, and WebRTC carries one or two")
                .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_the_table() {
        // RFC 6716, table 2: configurations 0 to 31 in tenths of a millisecond.
        let tenths = [100, 200, 400, 600];
        let celt = [25, 50, 100, 200];
        for configuration in 0..32u8 {
            let expected = match configuration {
                0..=11 => tenths[usize::from(configuration % 4)],
                12..=15 => tenths[usize::from(configuration % 2)],
                _ => celt[usize::from(configuration % 4)],
            };
            assert_eq!(samples(&[configuration << 3, 1, 2]), Some(expected * 48 / 10), "{configuration}");
        }
        assert_eq!((channels(&[0x04]), channels(&[0x00]), channels(&[])), (Some(2), Some(1), None));
    }

    #[test]
    fn malformed_packets_are_refused() {
        let celt = 19 << 3; // 20 ms
        assert_eq!(samples(&[]), None, "R1");
        assert_eq!(samples(&[celt]), Some(960), "a frame of no bytes is lost or silent, and allowed");
        let mut long = vec![celt; 1_276];
        assert_eq!(samples(&long), Some(960));
        long.push(0);
        assert_eq!(samples(&long), None, "R2");
        assert_eq!(samples(&[celt | 1, 1, 2]), Some(1_920));
        assert_eq!(samples(&[celt | 1, 1, 2, 3]), None, "R3");
        assert_eq!(samples(&[celt | 2, 1, 2, 3]), Some(1_920));
        assert_eq!(samples(&[celt | 2, 3, 2, 3]), None, "R4");
        assert_eq!(samples(&[celt | 2]), None, "R4");
        assert_eq!(samples(&[celt | 2, 252]), None, "R4");
        assert_eq!(samples(&[celt | 3]), None, "R5");
        assert_eq!(samples(&[celt | 3, 0]), None, "R5");
        assert_eq!(samples(&[celt | 3, 6, 1, 2, 3, 4, 5, 6]), Some(5_760));
        assert_eq!(samples(&[celt | 3, 7, 1, 2, 3, 4, 5, 6, 7]), None, "R5: 140 ms");
        assert_eq!(samples(&[celt | 3, 2, 1, 2, 3]), None, "R6");
        assert_eq!(samples(&[celt | 3, 0x42, 1, 1, 2, 0]), Some(1_920), "padding");
        assert_eq!(samples(&[celt | 3, 0x42, 9, 1, 2, 0]), None, "R6: more padding than there is");
        assert_eq!(samples(&[celt | 3, 0x42, 255, 1, 2, 0]), None);
        assert_eq!(samples(&[celt | 3, 0x82, 1, 9, 8, 8]), Some(1_920));
        assert_eq!(samples(&[celt | 3, 0x82, 4, 9, 8, 8]), None, "R7");
    }

    #[test]
    fn the_header_is_that_of_the_rfc() {
        // What libopus' encoder in ffmpeg writes for stereo at 48 kHz.
        let bytes = *b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00";
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(header, Header::new(2, 312));
        assert_eq!(header.bytes(), bytes);
        assert_eq!(header.flaw(), None);
        for length in 0..bytes.len() {
            assert_eq!(Header::parse(&bytes[..length]), None);
        }
        let surround = *b"OpusHead\x01\x06\x38\x01\x80\xbb\x00\x00\x00\x00\x01\x04\x02\x00\x04\x01\x02\x03\x05";
        let header = Header::parse(&surround).unwrap();
        assert_eq!(header.bytes(), surround);
        assert!(header.flaw().unwrap().contains("6 channels"));
        assert_eq!(Header::parse(&surround[..24]), None);
        let mut other = bytes;
        other[8] = 0x10;
        assert_eq!(Header::parse(&other), None, "an incompatible version");
    }
}
