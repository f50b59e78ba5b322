//! Texts of answers, of which many come again and again (names of states, identifiers of related entities): those that
//! came lately are shared.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use rustc_hash::FxHasher;

/// Longer texts seldom come twice.
const LONGEST: usize = 64;

/// How many are remembered, each in the place that its hash gives it.
const PLACES: usize = 1024;

/// Those that came lately.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<Option<Arc<str>>>);

impl Texts {
    /// A text, shared with one that came lately when it is the same.
    pub(super) fn share(&mut self, text: &str) -> Arc<str> {
        if text.len() > LONGEST {
            return text.into();
        }
        if self.0.is_empty() {
            self.0.resize(PLACES, None);
        }
        let mut hasher = FxHasher::default();
        text.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() >> 20).unwrap_or_default() % PLACES;
        match self.0.get_mut(place) {
            Some(Some(known)) if **known == *text => Arc::clone(known),
            Some(place) => Arc::clone(place.insert(text.into())),
            None => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_come_again_are_one() {
        let mut texts = Texts::default();
        let (one, other) = (texts.share("In progress"), texts.share("In progress"));
        assert!(Arc::ptr_eq(&one, &other));
        for at in 0..5000 {
            let text = format!("text {at}");
            assert_eq!(*texts.share(&text), *text);
        }
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(*texts.share(&long), *long);
        assert_eq!(*texts.share(""), *"");
    }
}
