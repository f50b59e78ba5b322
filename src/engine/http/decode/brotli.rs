//! br (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, HuffmanCode, StandardAlloc};

use super::{Broken, Coding};

/// Undoes `br`.
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    total: usize,
    finished: bool,
}

// The allocator hands out code tables by their own type too.
const _: fn() = || {
    fn allocates<T: brotli_decompressor::Allocator<HuffmanCode>>() {}
    allocates::<StandardAlloc>();
};

impl Brotli {
    pub(super) fn new() -> Brotli {
        let alloc = StandardAlloc::default;
        Brotli { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())), total: 0, finished: false }
    }
}

impl Coding for Brotli {
    fn step(&mut self, input: &[u8], out: &mut [u8], _end: bool) -> Result<(usize, usize), Broken> {
        if self.finished {
            return if input.is_empty() { Ok((0, 0)) } else { Err("data followed its end") };
        }
        let (mut available_in, mut taken) = (input.len(), 0);
        let (mut available_out, mut given) = (out.len(), 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut taken,
            input,
            &mut available_out,
            &mut given,
            out,
            &mut self.total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => Err("it was not valid brotli data"),
            BrotliResult::ResultSuccess => {
                self.finished = true;
                if taken < input.len() && given == 0 { Err("data followed its end") } else { Ok((taken, given)) }
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok((taken, given)),
        }
    }
}
