//! How many bytes have moved over all parts of a transfer, for whoever wants to hear it. What a part loses with a failed
//! try is not taken back: the number that is told never falls.

use std::sync::Arc;

use crate::{backends::Progress, sys::lock::Mutex};

/// Who hears how many bytes moved.
pub type Heard = Arc<dyn Fn(Progress) + Send + Sync>;

/// The count of one transfer.
pub struct Tally {
    heard: Heard,
    to_send: Option<u64>,
    state: Mutex<State>,
}

struct State {
    parts: Vec<u64>,
    told: u64,
}

impl Tally {
    /// Of an upload of so many bytes; `None` when nobody wants to hear.
    pub fn of_upload(heard: Option<&Heard>, bytes: u64, parts: usize) -> Option<Arc<Tally>> {
        Tally::new(heard, Some(bytes), parts)
    }

    /// Of a download.
    pub fn of_download(heard: Option<&Heard>, parts: usize) -> Option<Arc<Tally>> {
        Tally::new(heard, None, parts)
    }

    fn new(heard: Option<&Heard>, to_send: Option<u64>, parts: usize) -> Option<Arc<Tally>> {
        let heard = Arc::clone(heard?);
        Some(Arc::new(Tally { heard, to_send, state: Mutex::new(State { parts: vec![0; parts], told: 0 }) }))
    }

    /// A part has moved so many bytes by now.
    pub fn moved(&self, part: usize, bytes: u64) {
        let mut state = self.state.lock();
        if let Some(known) = state.parts.get_mut(part) {
            *known = bytes;
        }
        let all = state.parts.iter().sum();
        if all <= state.told {
            return;
        }
        state.told = all;
        // Told with the lock held, so that what is told never falls; whoever hears it only notes it.
        (self.heard)(match self.to_send {
            Some(_) => Progress { sent: all, to_send: self.to_send, ..Progress::default() },
            None => Progress { received: all, ..Progress::default() },
        });
    }

    /// The ear of one request that sends a part.
    pub fn sender(tally: &Option<Arc<Tally>>, part: usize) -> Option<Heard> {
        let tally = Arc::clone(tally.as_ref()?);
        Some(Arc::new(move |progress: Progress| tally.moved(part, progress.sent)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_adds_up_and_never_falls() {
        let told: Arc<Mutex<Vec<u64>>> = Arc::default();
        let ear = Arc::clone(&told);
        let heard: Heard = Arc::new(move |progress: Progress| {
            assert_eq!(progress.to_send, Some(30));
            ear.lock().push(progress.sent);
        });
        let tally = Tally::of_upload(Some(&heard), 30, 2);
        let (one, two) = (Tally::sender(&tally, 0).unwrap(), Tally::sender(&tally, 1).unwrap());
        for (ear, sent) in [(&one, 5), (&two, 10), (&two, 0), (&two, 8), (&two, 15), (&one, 15)] {
            ear(Progress { sent, ..Progress::default() });
        }
        assert_eq!(*told.lock(), [5, 15, 20, 30]);
        assert!(Tally::of_download(None, 1).is_none());
    }
}
