//! How a file is cut into parts (spec/ftrack.md 9.5).

use crate::error::{Error, Result};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The most parts that the server takes.
pub const MOST: u64 = 10_000;

/// A stretch of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// Its first byte.
    pub from: u64,
    /// The byte behind its last one.
    pub to: u64,
}

impl Stretch {
    /// How many bytes it has.
    pub fn len(self) -> u64 {
        self.to - self.from
    }
}

/// The size of a part by that of the file, as the official JavaScript client has it.
fn chunk(size: u64) -> u64 {
    match size {
        _ if size > 64 * GIB => 128 * MIB,
        _ if size > 8 * GIB => 64 * MIB,
        _ if size > GIB => 32 * MIB,
        _ if size > 128 * MIB => 16 * MIB,
        _ => 8 * MIB,
    }
}

/// The parts of an upload; a single one goes up whole, without the ceremony of several. `wanted` is the host's word; no
/// part is empty, so a small file may have fewer.
///
/// # Errors
/// `argument` for more than [`MOST`].
pub fn parts(size: u64, wanted: Option<u64>) -> Result<Vec<Stretch>> {
    match wanted {
        Some(wanted) => Ok(evenly(size, wanted)),
        None => {
            let chunk = chunk(size);
            match size.div_ceil(chunk) {
                0..=2 => Ok(evenly(size, 1)),
                count if count > MOST => Err(too_many(count)),
                count => {
                    Ok((0..count).map(|at| Stretch { from: at * chunk, to: ((at + 1) * chunk).min(size) }).collect())
                }
            }
        }
    }
}

/// A file in so many stretches of about the same length.
pub fn evenly(size: u64, count: u64) -> Vec<Stretch> {
    let count = count.clamp(1, size.max(1));
    let at = |number: u64| u64::try_from(u128::from(size) * u128::from(number) / u128::from(count)).unwrap_or(size);
    (0..count).map(|number| Stretch { from: at(number), to: at(number + 1) }).collect()
}

fn too_many(count: u64) -> Error {
    Error::option("parts", format!("{count} parts were more than the {MOST} that there may be"))
}

/// What the host said of `parts`.
///
/// # Errors
/// `argument`, also for more than [`MOST`].
pub fn wanted(args: &crate::args::Args) -> Result<Option<u64>> {
    let wrong = || Error::option("parts", "parts was not a positive number");
    let parts = args
        .int("parts")?
        .map(|parts| u64::try_from(parts).ok().filter(|parts| *parts > 0).ok_or_else(wrong))
        .transpose()?;
    match parts {
        Some(parts) if parts > MOST => Err(too_many(parts)),
        parts => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(size: u64, wanted: Option<u64>) -> (usize, u64, u64) {
        let parts = parts(size, wanted).unwrap();
        assert_eq!((parts[0].from, parts.last().unwrap().to), (0, size));
        assert!(parts.windows(2).all(|pair| pair[0].to == pair[1].from));
        (parts.len(), parts[0].len(), parts.last().unwrap().len())
    }

    /// The table of the specification.
    #[test]
    fn the_size_of_a_file_decides() {
        for (size, shaped) in [
            (0, (1, 0, 0)),
            (16 * MIB, (1, 16 * MIB, 16 * MIB)),
            (16 * MIB + 1, (3, 8 * MIB, 1)),
            (128 * MIB, (16, 8 * MIB, 8 * MIB)),
            (128 * MIB + 1, (9, 16 * MIB, 1)),
            (GIB + 1, (33, 32 * MIB, 1)),
            (8 * GIB + 1, (129, 64 * MIB, 1)),
            (64 * GIB + 1, (513, 128 * MIB, 1)),
            (10_000 * 128 * MIB, (10_000, 128 * MIB, 128 * MIB)),
        ] {
            assert_eq!(shape(size, None), shaped, "{size}");
        }
        assert!(parts(10_000 * 128 * MIB + 1, None).is_err());
    }

    #[test]
    fn the_host_may_decide() {
        for (size, wanted, shaped) in [
            (10, 3, (3, 3, 4)),
            (10, 1, (1, 10, 10)),
            (3, 7, (3, 1, 1)),
            (0, 4, (1, 0, 0)),
            (GIB, 10_000, (10_000, 107_374, 107_375)),
        ] {
            assert_eq!(shape(size, Some(wanted)), shaped, "{size} in {wanted}");
        }
        let told = |parts: u64| {
            let mut args = crate::args::Args::new();
            args.set("parts", parts);
            wanted(&args)
        };
        assert_eq!(told(10_000).unwrap(), Some(10_000));
        assert!(told(10_001).is_err() && told(0).is_err());
    }
}
