//! Where the nodes of a document live: pages of 1 KiB, so that the address of a node leads to its document.
//!
//! The host holds a node as one pointer. The boundary takes that address, clears its low bits to find the head of the
//! page, reads the address of the document there, and asks [`super::Document::node_at`]. Serves design section 3
//! "value".

use std::cell::Cell;

/// Size and alignment of a page in bytes: `address & !(PAGE - 1)` is the page of a node, and the first `usize` there is
/// the exposed address of the [`super::Document`] that owns it.
pub const PAGE: usize = 1024;

/// Nodes per page; the head takes the room of the sixty-fourth.
pub(super) const CELLS: usize = 63;

/// Bytes per node, and of the head of a page.
const CELL: usize = 16;

/// One node. The low four bits of `tag` are the [`Kind`], the rest is the number of the key if it is a member.
///
/// | kind | `len` | `value` |
/// |---|---|---|
/// | Int, Double | ordinal of the number in the document | the bits |
/// | Text | length | where it starts in the text |
/// | Own, Blob | length | where it starts in the own buffer |
/// | Array, Object | number of children | logical index of the first child |
/// | Extra | 0 | index into the extras |
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct NodeCell {
    tag: u32,
    pub len: u32,
    pub value: u64,
}

/// What a node is, as stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Null,
    False,
    True,
    Int,
    Double,
    Text,
    Own,
    Array,
    Object,
    Extra,
    Blob,
}

impl NodeCell {
    /// Null, and an unused cell.
    pub const NULL: NodeCell = NodeCell { tag: 0, len: 0, value: 0 };

    #[inline]
    pub fn new(kind: Kind, key: u32, len: u32, value: u64) -> NodeCell {
        NodeCell { tag: kind as u32 | key << 4, len, value }
    }

    #[inline]
    pub fn kind(&self) -> Kind {
        match self.tag & 15 {
            1 => Kind::False,
            2 => Kind::True,
            3 => Kind::Int,
            4 => Kind::Double,
            5 => Kind::Text,
            6 => Kind::Own,
            7 => Kind::Array,
            8 => Kind::Object,
            9 => Kind::Extra,
            10 => Kind::Blob,
            _ => Kind::Null,
        }
    }

    #[inline]
    pub fn key(&self) -> u32 {
        self.tag >> 4
    }

    /// The same value under another key.
    pub fn renamed(&self, key: u32) -> NodeCell {
        NodeCell { tag: self.tag & 15 | key << 4, ..*self }
    }
}

/// A page, as the boundary sees it.
#[derive(Debug)]
#[repr(C, align(1024))]
pub(super) struct Page {
    document: usize,
    reserved: u64,
    cells: [NodeCell; CELLS],
}

const _: () = assert!(size_of::<Page>() == PAGE && align_of::<Page>() == PAGE && size_of::<NodeCell>() == CELL);

impl Page {
    const EMPTY: Page = Page { document: 0, reserved: 0, cells: [NodeCell::NULL; CELLS] };
}

thread_local! {
    /// The page of a document of one node that was let go here: messages are looked at one after the other, and aligned
    /// memory is dear. Only the first of its cells was used.
    static SPARE: Cell<Vec<Page>> = const { Cell::new(Vec::new()) };
}

/// All nodes of a document. Children of one parent have neighbouring *logical* indexes; the pages lie side by side, so
/// that an address leads back to an index by arithmetic alone.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: Vec<Page>,
    count: usize,
    /// Unused cells of the last page.
    free: usize,
}

impl Pages {
    /// Room for so many nodes.
    pub fn with_room(nodes: usize) -> Pages {
        Pages { pages: Vec::with_capacity(nodes / CELLS + 1), count: 0, free: 0 }
    }

    /// One node, and no others will come.
    pub fn of_one(cell: NodeCell) -> Pages {
        let mut pages = SPARE.try_with(Cell::take).unwrap_or_default();
        if pages.is_empty() {
            pages.reserve_exact(1);
            pages.push(Page::EMPTY);
        }
        if let Some(first) = pages.first_mut().and_then(|page| page.cells.first_mut()) {
            *first = cell;
        }
        Pages { pages, count: 1, free: CELLS - 1 }
    }

    /// Adds nodes; gives the logical index of the first.
    pub fn append(&mut self, mut cells: &[NodeCell]) -> u64 {
        let start = self.count;
        self.count += cells.len();
        while !cells.is_empty() {
            if self.free == 0 {
                self.pages.push(Page::EMPTY);
                self.free = CELLS;
            }
            let Some(room) = self.pages.last_mut().and_then(|page| page.cells.get_mut(CELLS - self.free..)) else {
                break;
            };
            let (now, later) = cells.split_at(cells.len().min(room.len()));
            if let Some(room) = room.get_mut(..now.len()) {
                room.copy_from_slice(now);
            }
            self.free -= now.len();
            cells = later;
        }
        start as u64
    }

    /// Ends the building: gives back room that was reserved in vain and writes the owner into every page.
    pub fn seal(&mut self, document: usize) {
        // Shrinking copies (the alignment rules out growing and shrinking in place), so it must be worth it.
        if self.pages.capacity() > 2 * self.pages.len() + 16 {
            self.pages.shrink_to_fit();
        }
        for page in &mut self.pages {
            page.document = document;
        }
    }

    /// A node by its logical index.
    #[inline]
    pub fn get(&self, index: u64) -> Option<&NodeCell> {
        let index = usize::try_from(index).ok()?;
        if index >= self.count {
            return None;
        }
        self.pages.get(index / CELLS)?.cells.get(index % CELLS)
    }

    /// The nodes from a logical index on, in pieces that are contiguous.
    pub fn run(&self, start: u64, count: u32) -> impl DoubleEndedIterator<Item = &NodeCell> {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(self.count);
        let end = start.saturating_add(count as usize).min(self.count);
        let first = start / CELLS;
        let last = end.div_ceil(CELLS).max(first);
        let pages = self.pages.get(first..last).unwrap_or_default();
        pages.iter().enumerate().flat_map(move |(at, page)| {
            let base = (first + at) * CELLS;
            page.cells.get(start.saturating_sub(base)..CELLS.min(end - base)).unwrap_or_default()
        })
    }

    /// Every string that lies in the text: where it starts, and its length.
    pub fn for_each_text(&self, mut each: impl FnMut(u64, u32)) {
        // Unused cells of the last page are null.
        for page in &self.pages {
            for cell in &page.cells {
                if cell.tag & 15 == Kind::Text as u32 {
                    each(cell.value, cell.len);
                }
            }
        }
    }

    /// Every node.
    pub fn all(&self) -> impl Iterator<Item = &NodeCell> {
        self.pages.iter().flat_map(|page| &page.cells).take(self.count)
    }

    /// Logical index of the last node.
    pub fn last(&self) -> Option<&NodeCell> {
        self.get((self.count as u64).checked_sub(1)?)
    }

    /// Makes the pages reachable by address. Costs nothing at run time.
    #[inline]
    pub fn expose(&self) {
        let _ = self.pages.as_ptr().expose_provenance();
    }

    /// The node that lies at an address.
    #[inline]
    pub fn at(&self, address: usize) -> Option<&NodeCell> {
        let offset = address.checked_sub(self.pages.as_ptr().addr())?;
        let (page, inside) = (offset / PAGE, offset % PAGE);
        if !inside.is_multiple_of(CELL) {
            return None;
        }
        self.get((page * CELLS + (inside / CELL).checked_sub(1)?) as u64)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if self.count == 1 && self.pages.capacity() == 1 {
            let page = std::mem::take(&mut self.pages);
            // At the very end of a thread nobody keeps it.
            let _ = SPARE.try_with(|spare| spare.set(page));
        }
    }
}
