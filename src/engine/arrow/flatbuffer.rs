//! Reading flatbuffers, the format of the head of every Arrow message: tables whose fields are found through a list of
//! distances (the "vtable"), all numbers little-endian. Nothing is trusted: a distance that leads outside of the bytes is
//! `None`, and memory may be aligned as it likes.

/// A table within the bytes of a message.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For each slot the distance of its field from `at`; 0 for a field that is absent.
    slots: &'a [u8],
}

impl<'a> Table<'a> {
    /// The outermost table.
    pub fn root(bytes: &'a [u8]) -> Option<Table<'a>> {
        Table::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Option<Table<'a>> {
        let back = i64::from(i32::from_le_bytes(array(bytes, at)?));
        let list = usize::try_from(i64::try_from(at).ok()?.checked_sub(back)?).ok()?;
        let size = usize::from(u16::from_le_bytes(array(bytes, list)?));
        // The list begins with its own size and that of the table.
        let slots = bytes.get(list..list.checked_add(size)?)?.get(4..)?;
        Some(Table { bytes, at, slots })
    }

    /// Where the field is, unless it is absent. Older writers know fewer fields: beyond the list is absent.
    fn place(&self, slot: usize) -> Option<usize> {
        let distance = u16::from_le_bytes(array(self.slots, slot.checked_mul(2)?)?);
        (distance != 0).then(|| self.at.checked_add(distance.into()))?
    }

    /// The bytes of a number; `absent` when it is not there, which is how default values are written.
    pub fn number<const N: usize>(&self, slot: usize, absent: [u8; N]) -> Option<[u8; N]> {
        match self.place(slot) {
            Some(at) => array(self.bytes, at),
            None => Some(absent),
        }
    }

    /// A table within the table; `Some(None)` when it is absent.
    #[allow(clippy::option_option, reason = "damaged, absent, present")]
    pub fn table(&self, slot: usize) -> Option<Option<Table<'a>>> {
        match self.place(slot) {
            Some(at) => Table::at(self.bytes, follow(self.bytes, at)?).map(Some),
            None => Some(None),
        }
    }

    /// The items of a list, each of `N` bytes, and where the first one is.
    fn list<const N: usize>(&self, slot: usize) -> Option<(usize, &'a [[u8; N]])> {
        let Some(at) = self.place(slot) else { return Some((0, &[])) };
        let count_at = follow(self.bytes, at)?;
        let count = usize::try_from(u32::from_le_bytes(array(self.bytes, count_at)?)).ok()?;
        let first = count_at.checked_add(4)?;
        let bytes = self.bytes.get(first..first.checked_add(count.checked_mul(N)?)?)?;
        Some((first, bytes.as_chunks().0))
    }

    /// A list of structs of `N` bytes; an absent one is empty.
    pub fn structs<const N: usize>(&self, slot: usize) -> Option<&'a [[u8; N]]> {
        self.list(slot).map(|(_, items)| items)
    }

    /// A list of tables; an absent one is empty. An item that leads outside is `None`.
    pub fn tables(&self, slot: usize) -> Option<impl Iterator<Item = Option<Table<'a>>> + use<'a>> {
        let (first, items) = self.list::<4>(slot)?;
        let bytes = self.bytes;
        Some((0..items.len()).map(move |number| Table::at(bytes, follow(bytes, first.checked_add(number * 4)?)?)))
    }

    /// A text, unchecked; an absent one is empty.
    pub fn text(&self, slot: usize) -> Option<&'a [u8]> {
        self.list::<1>(slot).map(|(_, bytes)| bytes.as_flattened())
    }
}

/// Where the unsigned distance at `at` leads.
fn follow(bytes: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(u32::from_le_bytes(array(bytes, at)?)).ok()?)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
