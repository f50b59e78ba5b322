//! deflate: the zlib format, or what some servers send under this name, raw DEFLATE without its frame.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Broken, Coding};

/// Undoes `deflate`.
pub(super) struct Deflate {
    inflate: Decompress,
    /// Input so far, kept until the first output proves that it is zlib: it may have to be read again as raw.
    proof: Option<Vec<u8>>,
    /// Input to be read again, and how far that has come.
    again: (Vec<u8>, usize),
    finished: bool,
}

impl Deflate {
    pub(super) fn new() -> Deflate {
        Deflate { inflate: Decompress::new(true), proof: Some(Vec::new()), again: (Vec::new(), 0), finished: false }
    }

    fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Result<(usize, usize), Broken> {
        let step = inflate(&mut self.inflate, input, out)?;
        self.finished = step.2;
        Ok((step.0, step.1))
    }
}

impl Coding for Deflate {
    fn step(&mut self, input: &[u8], out: &mut [u8], _end: bool) -> Result<(usize, usize), Broken> {
        loop {
            if self.finished {
                return Ok((input.len(), 0));
            }
            if self.again.1 < self.again.0.len() {
                let held = std::mem::take(&mut self.again.0);
                let step = self.inflate(held.get(self.again.1..).unwrap_or_default(), out);
                self.again.0 = held;
                let (taken, given) = step?;
                self.again.1 += taken;
                if given > 0 {
                    return Ok((0, given));
                }
                if taken == 0 && !self.finished {
                    return Err("it made no progress");
                }
                continue;
            }
            let step = self.inflate(input, out);
            if self.finished && matches!(step, Ok((0, 0))) {
                continue;
            }
            let Some(proof) = &mut self.proof else { return step };
            match step {
                Ok((taken, 0)) => {
                    proof.extend_from_slice(input.get(..taken).unwrap_or_default());
                    return Ok((taken, 0));
                }
                Ok(step) => {
                    self.proof = None;
                    return Ok(step);
                }
                Err(_) => {
                    self.again = (std::mem::take(proof), 0);
                    self.proof = None;
                    self.inflate = Decompress::new(false);
                }
            }
        }
    }
}

/// One step of a decompressor: taken, given, finished.
pub(super) fn inflate(state: &mut Decompress, input: &[u8], out: &mut [u8]) -> Result<(usize, usize, bool), Broken> {
    let (taken, given) = (state.total_in(), state.total_out());
    let status = state.decompress(input, out, FlushDecompress::None).map_err(|_| "it was not valid DEFLATE data")?;
    let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
    Ok((count(state.total_in(), taken), count(state.total_out(), given), status == Status::StreamEnd))
}
