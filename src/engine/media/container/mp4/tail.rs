//! How long a file in fragments is, when its head does not say so: the index at the end (`mfra`, ISO/IEC 14496-12, 8.8.9) tells
//! where the last fragments are. Without one nobody knows before the end, and nothing is read for it.

use super::{
    boxes::{Fields, Store, children},
    fragment,
    lane::Lane,
    read::MOOF_MAX,
};

/// The largest index that is looked through: some hours of fragments of a second.
const INDEX_MAX: u64 = 4 << 20;
/// So many boxes are looked at behind the last fragment of the index.
const BOXES_MAX: usize = 64;

/// When the last frame ends, in the time of the file; `None` if that cannot be told.
pub(super) fn end(store: &mut Store, lanes: &[Lane]) -> Option<i128> {
    let length = store.length();
    let footer = store.read(length.checked_sub(16)?, 16).ok()??;
    let mut fields = Fields::at(&footer, 4..16);
    if &fields.name()? != b"mfro" {
        return None;
    }
    fields.full()?;
    let size = u64::from(fields.u32()?);
    if size > INDEX_MAX {
        return None;
    }
    let index = store.read(length.checked_sub(size)?, usize::try_from(size).ok()?).ok()??;
    if Fields::at(&index, 4..8).name()? != *b"mfra" {
        return None;
    }
    let mut at = children(&index, 8..index.len())
        .filter(|(name, _)| name == b"tfra")
        .filter_map(|(_, body)| last(Fields::at(&index, body)))
        .max()?;
    let mut end: Option<i128> = None;
    for _ in 0..BOXES_MAX {
        let Some(outer) = store.outer(at).ok()? else { break };
        let size = outer.end - outer.body;
        if &outer.name == b"moof" && size <= MOOF_MAX {
            let moof = store.read(outer.body, usize::try_from(size).ok()?).ok()??;
            let known = |id| lanes.iter().find(|lane| lane.id == id).map(|lane| (lane.defaults, 0));
            for (id, _, dts) in fragment::read(&moof.into(), at, &known) {
                let time = lanes.iter().find(|lane| lane.id == id).map(|lane| lane.time(dts));
                end = end.max(time);
            }
        }
        at = outer.end;
    }
    end
}

/// Where the last fragment of an index of one track is.
fn last(mut fields: Fields<'_>) -> Option<u64> {
    let (version, _) = fields.full()?;
    fields.u32()?;
    let widths = fields.u32()?;
    let count = fields.u32()? as usize;
    let numbers = [widths >> 4 & 3, widths >> 2 & 3, widths & 3].iter().sum::<u32>() as usize + 3;
    let wide = if version == 1 { 8 } else { 4 };
    fields.take(count.checked_sub(1)?.checked_mul(2 * wide + numbers)?)?;
    fields.wide(version)?;
    fields.wide(version)
}
