//! The Arrow C data interface of a series: three columns, shared with the document, not copied.
//!
//! The layout is that of the Arrow specification ("The Arrow C data interface"), whose structs must not change. A
//! consumer may move a struct, and may move a child out of its parent (it then sets the child's `release` to NULL in
//! the parent), so that each struct owns exactly what its own `private_data` names.

use std::{
    ffi::{c_char, c_void},
    ptr,
    sync::Arc,
};

use crate::{
    error::{Error, Result, code},
    value::Series,
};

/// `struct ArrowSchema`.
#[repr(C)]
pub struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

/// `struct ArrowArray`.
#[repr(C)]
pub struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

const COLUMNS: usize = 3;
const CHILDREN: i64 = 3;

/// What an array owns: its lists of pointers, and the columns they lead to.
struct Shared {
    buffers: [*const c_void; 2],
    children: [*mut ArrowArray; COLUMNS],
    _series: Arc<Series>,
}

/// Whether the columns have one length.
pub fn is_even(series: &Series) -> bool {
    series.values.len() == series.times.len() && series.flags.len() == series.times.len()
}

/// The schema and the array of a series.
///
/// # Errors
/// `internal` when its columns differ in length.
pub fn export(series: Arc<Series>) -> Result<(ArrowSchema, ArrowArray)> {
    let length = i64::try_from(series.times.len()).unwrap_or(i64::MAX);
    if !is_even(&series) {
        return Err(Error::new(&code::INTERNAL, "the columns of the series had different lengths"));
    }
    let columns: [*const c_void; COLUMNS] =
        [series.times.as_ptr().cast(), series.values.as_ptr().cast(), series.flags.as_ptr().cast()];
    let children = columns.map(|column| {
        // The first buffer would be the validity bitmap: every point is valid, a missing value is NaN.
        let child = array(length, [ptr::null(), column], 2, [ptr::null_mut(); COLUMNS], 0, series.clone());
        Box::into_raw(Box::new(child))
    });
    let array = array(length, [ptr::null(); 2], 1, children, CHILDREN, series);
    Ok((schema(), array))
}

fn array(
    length: i64,
    buffers: [*const c_void; 2],
    n_buffers: i64,
    children: [*mut ArrowArray; COLUMNS],
    n_children: i64,
    series: Arc<Series>,
) -> ArrowArray {
    let shared = Box::into_raw(Box::new(Shared { buffers, children, _series: series }));
    ArrowArray {
        length,
        null_count: 0,
        offset: 0,
        n_buffers,
        n_children,
        // SAFETY: made just now; the pointers stay good until the release, and only it frees them.
        buffers: unsafe { (&raw mut (*shared).buffers).cast() },
        // SAFETY: as above.
        children: unsafe { (&raw mut (*shared).children).cast() },
        dictionary: ptr::null_mut(),
        release: Some(release_array),
        private_data: shared.cast(),
    }
}

fn schema() -> ArrowSchema {
    let children = [(c"tsm:UTC", c"times"), (c"g", c"values"), (c"I", c"flags")]
        .map(|(format, name)| Box::into_raw(Box::new(field(format.as_ptr(), name.as_ptr(), ptr::null_mut(), 0))));
    let children: *mut [*mut ArrowSchema; COLUMNS] = Box::into_raw(Box::new(children));
    field(c"+s".as_ptr(), c"".as_ptr(), children, CHILDREN)
}

fn field(
    format: *const c_char,
    name: *const c_char,
    children: *mut [*mut ArrowSchema; COLUMNS],
    n_children: i64,
) -> ArrowSchema {
    ArrowSchema {
        format,
        name,
        metadata: ptr::null(),
        flags: 0,
        n_children,
        children: children.cast(),
        dictionary: ptr::null_mut(),
        release: Some(release_schema),
        private_data: children.cast(),
    }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: the consumer calls this once for a struct that `array` made, and has it to itself. What `private_data`
    // leads to is ours alone; a child that was moved out has no `release` here, and its box is freed all the same.
    unsafe {
        let Some(array) = array.as_mut() else { return };
        let shared = Box::from_raw(array.private_data.cast::<Shared>());
        for child in shared.children.into_iter().filter(|child| !child.is_null()) {
            if let Some(release) = (*child).release {
                release(child);
            }
            drop(Box::from_raw(child));
        }
        array.release = None;
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: as for arrays.
    unsafe {
        let Some(schema) = schema.as_mut() else { return };
        if !schema.private_data.is_null() {
            for child in *Box::from_raw(schema.private_data.cast::<[*mut ArrowSchema; COLUMNS]>()) {
                if let Some(release) = (*child).release {
                    release(child);
                }
                drop(Box::from_raw(child));
            }
        }
        schema.release = None;
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn series() -> Arc<Series> {
        Arc::new(Series { times: vec![1_000, 2_000], values: vec![0.5, f64::NAN], flags: vec![7, 9] })
    }

    #[test]
    fn columns_are_shared_and_released_once() {
        let series = series();
        let (mut schema, mut array) = export(series.clone()).unwrap();
        assert_eq!(Arc::strong_count(&series), 5);
        assert_eq!((array.length, array.n_buffers, array.n_children), (2, 1, 3));
        // SAFETY: the structs are read as the specification says, and released once.
        unsafe {
            let names: Vec<_> = (0..3).map(|k| CStr::from_ptr((**schema.children.add(k)).name)).collect();
            assert_eq!(names, [c"times", c"values", c"flags"]);
            let times = &**array.children;
            assert_eq!((*times.buffers, *times.buffers.add(1)), (ptr::null(), series.times.as_ptr().cast()));
            release_array(&raw mut array);
            release_schema(&raw mut schema);
        }
        assert!(array.release.is_none() && schema.release.is_none());
        assert_eq!(Arc::strong_count(&series), 1);
    }

    #[test]
    fn a_child_may_be_moved_out() {
        let series = series();
        let (mut schema, mut array) = export(series.clone()).unwrap();
        // SAFETY: moved as the specification says: copied bit by bit, then marked as released in its parent.
        unsafe {
            let mut child = ptr::read(*array.children.add(1));
            (**array.children.add(1)).release = None;
            release_array(&raw mut array);
            release_schema(&raw mut schema);
            assert_eq!((*(*child.buffers.add(1)).cast::<f64>()).to_bits(), 0.5_f64.to_bits());
            assert_eq!(Arc::strong_count(&series), 2);
            release_array(&raw mut child);
        }
        assert_eq!(Arc::strong_count(&series), 1);
    }

    #[test]
    fn uneven_columns_are_refused() {
        let uneven = Series { times: vec![1], ..Series::default() };
        assert!(export(Arc::new(uneven)).is_err());
    }
}
