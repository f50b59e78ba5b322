//! The table of transactions in flight (spec/janus.md 0 trap 1, 2.1), without IO. Each is a small state machine: held,
//! sent, accepted, done. An `ack` and the event that answers may come in any order: the event ends the transaction, and
//! an `ack` behind it finds nothing and is ignored.
//!
//! Transactions are a prefix that no other client has and a number: after a claim, answers to another client's requests
//! may come here.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::envelope::Kind;
use crate::error::{Error, Outcome, Result, code};

/// Which message ends a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wants {
    /// The `ack` already: keepalive, trickle.
    Ack,
    /// What comes behind it, if one comes.
    Answer,
}

/// How far one has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It waits for a connection.
    Held,
    /// A connection has taken it.
    Sent,
    /// The server has accepted it, and works on it.
    Acked,
}

/// One transaction with what its owner keeps there.
#[derive(Debug)]
pub struct Entry<T> {
    /// What ends it.
    pub wants: Wants,
    /// How far it is.
    pub stage: Stage,
    /// The name that the host gave it, instead of ours.
    pub name: Option<Box<str>>,
    /// The owner's.
    pub it: T,
}

/// What a message means for the table.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<T> {
    /// It answers nothing that is in flight: late, a second one, another client's, or an event.
    Stray,
    /// The server works on it.
    Acked,
    /// It is over.
    Done(T),
}

/// All that are in flight on one line.
#[derive(Debug)]
pub struct Transactions<T> {
    prefix: Box<str>,
    entries: HashMap<u64, Entry<T>, FxBuildHasher>,
    /// Those with a name of the host.
    named: HashMap<Box<str>, u64, FxBuildHasher>,
}

impl<T> Transactions<T> {
    /// None yet; `prefix` is what ours begin with.
    #[must_use]
    pub fn new(prefix: &str) -> Transactions<T> {
        Transactions { prefix: prefix.into(), entries: HashMap::default(), named: HashMap::default() }
    }

    /// Enters one under a number that was not used before.
    ///
    /// # Errors
    /// `argument` when the host's name for it is in flight already.
    pub fn enter(&mut self, number: u64, wants: Wants, name: Option<&str>, it: T) -> Result<()> {
        if let Some(name) = name {
            if self.named.contains_key(name) || self.own(name).is_some() {
                let message = format!("the transaction {name:?} was in flight already");
                return Err(Error::new(&code::ARGUMENT, message).with("key", "transaction").outcome(Outcome::NotSent));
            }
            self.named.insert(name.into(), number);
        }
        self.entries.insert(number, Entry { wants, stage: Stage::Held, name: name.map(Into::into), it });
        Ok(())
    }

    /// The number of a transaction that is in flight.
    #[must_use]
    pub fn number(&self, transaction: &str) -> Option<u64> {
        if !self.named.is_empty()
            && let Some(number) = self.named.get(transaction)
        {
            return Some(*number);
        }
        self.own(transaction).filter(|number| self.entries.contains_key(number))
    }

    fn own(&self, transaction: &str) -> Option<u64> {
        let digits = transaction.strip_prefix(&*self.prefix)?;
        if digits.starts_with(['+', '0']) { None } else { digits.parse().ok() }
    }

    /// A message with a transaction came.
    pub fn hear(&mut self, transaction: &str, kind: Kind) -> Heard<T> {
        let Some(number) = self.number(transaction) else { return Heard::Stray };
        let Some(entry) = self.entries.get_mut(&number) else { return Heard::Stray };
        if kind == Kind::Ack && entry.wants == Wants::Answer {
            entry.stage = Stage::Acked;
            return Heard::Acked;
        }
        match self.take(number) {
            Some(entry) => Heard::Done(entry.it),
            None => Heard::Stray,
        }
    }

    /// One in flight.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Entry<T>> {
        self.entries.get_mut(&number)
    }

    /// Takes one out, however far it is.
    pub fn take(&mut self, number: u64) -> Option<Entry<T>> {
        let entry = self.entries.remove(&number)?;
        if let Some(name) = &entry.name {
            self.named.remove(name);
        }
        Some(entry)
    }

    /// Takes all out that `choose` wants, the oldest first.
    pub fn take_all(&mut self, mut choose: impl FnMut(&Entry<T>) -> bool) -> Vec<(u64, Entry<T>)> {
        let mut numbers: Vec<u64> =
            self.entries.iter().filter(|(_, entry)| choose(entry)).map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| Some((number, self.take(number)?))).collect()
    }

    /// The numbers of those that wait for a connection, the oldest first.
    #[must_use]
    pub fn held(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> =
            self.entries.iter().filter(|(_, entry)| entry.stage == Stage::Held).map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Whether there is one like this.
    pub fn any(&self, wanted: impl Fn(&Entry<T>) -> bool) -> bool {
        self.entries.values().any(wanted)
    }

    /// How many are in flight.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(count: u64, wants: Wants) -> Transactions<u64> {
        let mut table = Transactions::new("p-");
        for number in 1..=count {
            table.enter(number, wants, None, number).unwrap();
            table.get_mut(number).unwrap().stage = Stage::Sent;
        }
        table
    }

    #[test]
    fn the_answer_ends_it_before_or_behind_the_ack() {
        let mut table = table(2, Wants::Answer);
        assert_eq!(table.hear("p-1", Kind::Ack), Heard::Acked);
        assert_eq!(table.get_mut(1).unwrap().stage, Stage::Acked);
        assert_eq!(table.hear("p-1", Kind::Event), Heard::Done(1));
        assert_eq!(table.hear("p-2", Kind::Event), Heard::Done(2));
        assert_eq!(table.hear("p-2", Kind::Ack), Heard::Stray, "a late ack");
        assert_eq!(table.hear("p-2", Kind::Event), Heard::Stray, "a second event of that transaction");
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn an_ack_is_enough_where_nothing_follows() {
        let mut table = table(3, Wants::Ack);
        assert_eq!(table.hear("p-1", Kind::Ack), Heard::Done(1));
        // A refusal ends any of them, and so does an answer where only an ack was expected.
        assert_eq!(table.hear("p-2", Kind::Error), Heard::Done(2));
        assert_eq!(table.hear("p-3", Kind::Success), Heard::Done(3));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let mut table = table(1, Wants::Answer);
        for stray in ["", "1", "p-", "p-2", "p-+1", "p-01", "q-1", "P-1", "p-1 ", "p-99999999999999999999999"] {
            assert_eq!(table.hear(stray, Kind::Event), Heard::Stray, "{stray:?}");
        }
        assert_eq!(table.hear("p-1", Kind::Pong), Heard::Done(1));
    }

    #[test]
    fn names_of_the_host_count_while_they_are_in_flight() {
        let mut table = table(1, Wants::Answer);
        table.enter(2, Wants::Answer, Some("mine"), 2).unwrap();
        let error = table.enter(3, Wants::Answer, Some("mine"), 3).unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("argument", Some(Outcome::NotSent)));
        assert!(table.enter(3, Wants::Answer, Some("p-1"), 3).is_err(), "it would be taken for one of ours");
        assert_eq!(table.hear("mine", Kind::Success), Heard::Done(2));
        table.enter(4, Wants::Answer, Some("mine"), 4).unwrap();
        assert_eq!(table.take(4).unwrap().it, 4);
        assert_eq!(table.hear("mine", Kind::Success), Heard::Stray);
        // Ours are still there.
        assert_eq!(table.hear("p-1", Kind::Success), Heard::Done(1));
    }

    #[test]
    fn a_loss_tells_what_went_out_from_what_did_not() {
        let mut table = table(3, Wants::Answer);
        table.enter(4, Wants::Answer, None, 4).unwrap();
        table.enter(5, Wants::Answer, Some("five"), 5).unwrap();
        table.hear("p-2", Kind::Ack);
        let lost = table.take_all(|entry| entry.stage != Stage::Held);
        assert_eq!(
            lost.iter().map(|(number, entry)| (*number, entry.it, entry.stage)).collect::<Vec<_>>(),
            [(1, 1, Stage::Sent), (2, 2, Stage::Acked), (3, 3, Stage::Sent)]
        );
        assert_eq!(table.held(), [4, 5]);
        assert_eq!(table.hear("five", Kind::Event), Heard::Done(5));
    }
}
