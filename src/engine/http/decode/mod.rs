//! Undoing Content-Encoding (spec/http.md 1.13): gzip, deflate, br, zstd and lists of them, streamed.
//!
//! Output never outgrows the caller's buffer, whatever a body claims to hold. As with urllib3, a gzip, deflate or br
//! body that stops early ends there without an error (the framing of the message tells about that), zstd is strict,
//! and a body without a byte is an empty body.

mod brotli;
mod gzip;
mod inflate;
mod zstd;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result, code};

/// More codings in one list are refused, as urllib3 refuses them.
const CODINGS_MAX: usize = 5;
/// How much coded input each coding is given at once.
const INPUT: usize = 16 * 1024;

/// Why a body could not be decoded.
type Broken = &'static str;

/// One coding, undone step by step.
trait Coding: Send + Sync {
    /// Takes from `input`, fills the front of `out`; gives how much of each. With nothing left to give it takes all of
    /// `input`. `end` says that nothing follows `input`.
    fn step(&mut self, input: &[u8], out: &mut [u8], end: bool) -> std::result::Result<(usize, usize), Broken>;
}

/// A coding with its input.
struct Stage {
    coding: Box<dyn Coding>,
    name: &'static str,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    ended: bool,
}

/// What a source of bytes gave.
enum Got {
    Bytes(usize),
    /// Nothing now, perhaps later.
    Later,
    /// Nothing ever again.
    End,
}

/// Undoes the codings of one body.
pub struct Decoder {
    /// The coding that was applied last, and is undone first, comes first.
    stages: Vec<Stage>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.stages.iter().map(|stage| stage.name)).finish()
    }
}

impl Decoder {
    /// The decoder for a Content-Encoding field. None when there is nothing that we can undo: `identity`, an unknown
    /// coding, or a list whose last coding is unknown.
    ///
    /// # Errors
    /// `content_decoding` for more than five codings.
    pub fn new(content_encoding: &str) -> Result<Option<Decoder>> {
        let codings: Vec<&str> =
            content_encoding.split(',').map(str::trim).filter(|coding| !coding.is_empty()).collect();
        if codings.len() > CODINGS_MAX {
            let message = format!("the body had {} codings, more than {CODINGS_MAX}", codings.len());
            return Err(Error::new(&code::CONTENT_DECODING, message));
        }
        let mut stages = Vec::new();
        for coding in codings.iter().rev() {
            let (name, coding): (&'static str, Box<dyn Coding>) = match coding.to_ascii_lowercase().as_str() {
                "identity" => continue,
                "gzip" | "x-gzip" => ("gzip", Box::new(gzip::Gzip::default())),
                "deflate" => ("deflate", Box::new(inflate::Deflate::new())),
                "br" => ("br", Box::new(brotli::Brotli::new())),
                "zstd" => ("zstd", Box::new(zstd::Zstd::default())),
                // What lies under an unknown coding cannot be reached.
                _ => break,
            };
            stages.push(Stage { coding, name, buffer: Box::default(), from: 0, to: 0, ended: false });
        }
        Ok(if stages.is_empty() { None } else { Some(Decoder { stages }) })
    }

    /// Fills the front of `out` with decoded bytes; 0 is the end. `inner` gives the coded bytes the same way.
    ///
    /// # Errors
    /// `content_decoding` for a broken body; what `inner` fails with.
    pub fn read(&mut self, inner: &mut dyn FnMut(&mut [u8]) -> Result<usize>, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let mut source =
            |buffer: &mut [u8]| inner(buffer).map(|count| if count == 0 { Got::End } else { Got::Bytes(count) });
        match pull(&mut self.stages, &mut source, out)? {
            Got::Bytes(count) => Ok(count),
            Got::Later | Got::End => Ok(0),
        }
    }

    /// Decodes from `input` into the end of `out`, at most `limit` bytes of it; `end` says that nothing follows
    /// `input`. Gives how much input was taken, and whether more output waits (call again with the rest of the input
    /// then, even if there is none).
    ///
    /// # Errors
    /// `content_decoding` for a broken body.
    pub fn feed(&mut self, input: &[u8], end: bool, out: &mut Vec<u8>, limit: usize) -> Result<(usize, bool)> {
        let mut taken = 0;
        let mut source = |buffer: &mut [u8]| {
            let rest = input.get(taken..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                to.copy_from_slice(from);
            }
            taken += count;
            Ok(match count {
                0 if end => Got::End,
                0 => Got::Later,
                count => Got::Bytes(count),
            })
        };
        let begin = out.len();
        let mut more = false;
        loop {
            let room = limit.saturating_sub(out.len() - begin).min(INPUT);
            if room == 0 {
                more = true;
                break;
            }
            let filled = out.len();
            out.resize(filled + room, 0);
            let got = pull(&mut self.stages, &mut source, out.get_mut(filled..).unwrap_or_default());
            let count = if let Ok(Got::Bytes(count)) = &got { *count } else { 0 };
            out.truncate(filled + count);
            if !matches!(got?, Got::Bytes(_)) {
                break;
            }
        }
        Ok((taken, more))
    }
}

/// Fills the front of `out` from the last stage, which pulls from those before it.
fn pull(stages: &mut [Stage], source: &mut dyn FnMut(&mut [u8]) -> Result<Got>, out: &mut [u8]) -> Result<Got> {
    let Some((stage, before)) = stages.split_last_mut() else { return source(out) };
    loop {
        let input = stage.buffer.get(stage.from..stage.to).unwrap_or_default();
        if !input.is_empty() || stage.ended || !stage.buffer.is_empty() {
            let (taken, given) = match stage.coding.step(input, out, stage.ended) {
                Ok(step) => step,
                Err(reason) => {
                    let message = format!("the {} body could not be decoded: {reason}", stage.name);
                    return Err(Error::new(&code::CONTENT_DECODING, message));
                }
            };
            stage.from += taken;
            if given > 0 {
                return Ok(Got::Bytes(given));
            }
            if stage.from < stage.to {
                if taken == 0 {
                    let message = format!("the {} body could not be decoded: no progress", stage.name);
                    return Err(Error::new(&code::CONTENT_DECODING, message));
                }
                continue;
            }
            if stage.ended {
                return Ok(Got::End);
            }
        }
        if stage.buffer.is_empty() {
            stage.buffer = vec![0; INPUT].into_boxed_slice();
        }
        (stage.from, stage.to) = (0, 0);
        match pull(before, source, &mut stage.buffer)? {
            Got::Bytes(count) => stage.to = count,
            Got::Later => return Ok(Got::Later),
            Got::End => stage.ended = true,
        }
    }
}
