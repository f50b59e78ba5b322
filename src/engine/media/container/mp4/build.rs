//! Boxes as they are written.

use super::boxes::Name;

/// Bytes of boxes.
#[derive(Debug, Default)]
pub(super) struct Build(Vec<u8>);

impl Build {
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A box, whose length is known when its content is there.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "a byte string is a reference")]
    pub(super) fn nest(&mut self, name: &Name, content: impl FnOnce(&mut Build)) {
        let at = self.0.len();
        self.u32(0);
        self.put(name);
        content(self);
        self.set_u32(at, self.0.len() - at);
    }

    /// A box with a version and flags.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "a byte string is a reference")]
    pub(super) fn full(&mut self, name: &Name, version: u8, flags: u32, content: impl FnOnce(&mut Build)) {
        self.nest(name, |build| {
            build.u32(u32::from(version) << 24 | flags);
            content(build);
        });
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn zeros(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, 0);
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(super) fn u16(&mut self, number: u16) {
        self.put(&number.to_be_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.put(&number.to_be_bytes());
    }

    pub(super) fn words(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.u32(*number);
        }
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.put(&number.to_be_bytes());
    }

    /// Puts a length or an offset where room was left for it.
    pub(super) fn set_u32(&mut self, at: usize, number: usize) {
        // Nothing that is written comes near four gibibytes.
        let number = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
        if let Some(place) = self.0.get_mut(at..at + 4) {
            place.copy_from_slice(&number);
        }
    }
}
