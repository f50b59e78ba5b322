//! Section "Values" of the header: what the host reads.

use std::{
    ffi::{c_char, c_void},
    ptr,
};

use super::{
    CBool,
    arrow::{self, ArrowArray, ArrowSchema},
    errors::haft_error,
    handle,
    library::haft_status,
    text, value_pointer,
};
use crate::{
    error::Error,
    value::{Node, Tree, Type},
};

/// Structured data that can be read: null, truth values, numbers, text, bytes, arrays, objects, series.
///
/// Borrowed from the response, event, error or arguments that it came from, and valid as long as that lives; never
/// freed by itself. Calls never wait and may run concurrently.
///
/// Functions: haft_value_type, _at, _count, _item, _string, _bytes, _int, _double, _bool, _series, _arrow, _json.
pub struct haft_value {
    _opaque: [u8; 0],
}

/// The type of a value. New ones will appear: ignore unknown ones.
pub type haft_type = i32;
/// nothing: the explicit null
pub const HAFT_TYPE_NULL: haft_type = 0;
/// a truth value
pub const HAFT_TYPE_BOOL: haft_type = 1;
/// a whole number that fits into 64 bits
pub const HAFT_TYPE_INT: haft_type = 2;
/// any other number
pub const HAFT_TYPE_DOUBLE: haft_type = 3;
/// text
pub const HAFT_TYPE_STRING: haft_type = 4;
/// bytes
pub const HAFT_TYPE_BYTES: haft_type = 5;
/// values in order
pub const HAFT_TYPE_ARRAY: haft_type = 6;
/// named values in order
pub const HAFT_TYPE_OBJECT: haft_type = 7;
/// points of a time series, in columns
pub const HAFT_TYPE_SERIES: haft_type = 8;
/// a reader of the host, in arguments only
pub const HAFT_TYPE_READER: haft_type = 9;
/// an answerer of the host, in arguments only
pub const HAFT_TYPE_PROVIDER: haft_type = 10;

/// Gives the type.
///
/// @param value  the value; NULL is answered with HAFT_TYPE_NULL
/// @return one of HAFT_TYPE_...
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_type(value: *const haft_value) -> haft_type {
    entry!(otherwise: HAFT_TYPE_NULL, {
        value_pointer::look(value).map_or(HAFT_TYPE_NULL, |node| node.kind() as haft_type)
    })
}

/// Finds a value inside another.
///
/// @param value    where to look; NULL is answered with NULL
/// @param pointer  a JSON pointer ("/items/0/name"), one plain member name ("name"), or "" for the value itself
/// @return the value, of type HAFT_TYPE_NULL for an explicit null; NULL when there is nothing
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_at(value: *const haft_value, pointer: *const c_char) -> *const haft_value {
    entry!(otherwise: ptr::null(), {
        let Ok(pointer) = text::required(pointer, "pointer") else { return ptr::null() };
        value_pointer::look(value).and_then(|node| node.at(pointer)).map_or(ptr::null(), value_pointer::show)
    })
}

/// Counts the items of an array, the members of an object or the points of a series.
///
/// @param value  the value; NULL is answered with 0
/// @return how many; 0 for all other types
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_count(value: *const haft_value) -> usize {
    entry!(otherwise: 0, { value_pointer::look(value).map_or(0, Node::count) })
}

/// Gives an item of an array or a member of an object, by its place.
///
/// @param value  the array or the object; NULL is answered with NULL
/// @param index  from 0 to the count, less one
/// @param key    out: the member's name, living as long as the value; NULL in an array. May be NULL
/// @return the item; NULL behind the end
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_item(
    value: *const haft_value,
    index: usize,
    key: *mut *const c_char,
) -> *const haft_value {
    entry!(otherwise: ptr::null(), {
        let item = value_pointer::look(value).and_then(|node| node.item(index));
        let name = item.and_then(|(name, _)| name).map(|name| text::show(Some(name), ptr::null_mut()));
        handle::put(key, name.unwrap_or(ptr::null()));
        item.map_or(ptr::null(), |(_, item)| value_pointer::show(item))
    })
}

/// Gives the text of a string, or the source text of a number.
///
/// @param value  the value; NULL and other types are answered with ""
/// @param size   out: the length in bytes without the final NUL (there may be NULs inside). May be NULL
/// @return text that lives as long as the value, never NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_string(value: *const haft_value, size: *mut usize) -> *const c_char {
    entry!(otherwise: c"".as_ptr(), { text::show(value_pointer::look(value).and_then(Node::text), size) })
}

/// Gives bytes, or the bytes of a string.
///
/// @param value  the value; NULL and other types are answered with NULL
/// @param size   out: how many. May be NULL
/// @return bytes that live as long as the value, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_bytes(value: *const haft_value, size: *mut usize) -> *const c_void {
    entry!(otherwise: ptr::null(), {
        let bytes = value_pointer::look(value).and_then(Node::bytes);
        handle::put(size, bytes.map_or(0, <[u8]>::len));
        bytes.map_or(ptr::null(), |bytes| bytes.as_ptr().cast())
    })
}

/// Gives a number that is exactly a 64-bit integer (3, also when written 3.0).
///
/// @param value      the value
/// @param otherwise  the answer for everything else
/// @return the number, or `otherwise`
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_int(value: *const haft_value, otherwise: i64) -> i64 {
    entry!(otherwise: otherwise, { value_pointer::look(value).and_then(Node::int).unwrap_or(otherwise) })
}

/// Gives a number that is exactly a double.
///
/// @param value      the value
/// @param otherwise  the answer for everything else
/// @return the number, or `otherwise`
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_double(value: *const haft_value, otherwise: f64) -> f64 {
    entry!(otherwise: otherwise, { value_pointer::look(value).and_then(Node::double).unwrap_or(otherwise) })
}

/// Gives a truth value.
///
/// @param value      the value
/// @param otherwise  the answer for everything else
/// @return the truth value, or `otherwise`
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_bool(value: *const haft_value, otherwise: CBool) -> bool {
    entry!(otherwise: otherwise.get(), {
        value_pointer::look(value).and_then(Node::truth).unwrap_or_else(|| otherwise.get())
    })
}

/// Gives the columns of a series, without copying. They live as long as the value.
///
/// @param value   the series; NULL and other types are answered with 0
/// @param times   out: UTC milliseconds. May be NULL
/// @param values  out: the values, NaN where there is none. May be NULL
/// @param flags   out: the flags. May be NULL
/// @return how many points
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_series(
    value: *const haft_value,
    times: *mut *const i64,
    values: *mut *const f64,
    flags: *mut *const u32,
) -> usize {
    entry!(otherwise: 0, {
        // A series whose columns differ in length was made by a bug of ours: better none than one read past its end.
        let series = value_pointer::look(value).and_then(Node::series).filter(|series| arrow::is_even(series));
        handle::put(times, series.map_or(ptr::null(), |series| series.times.as_ptr()));
        handle::put(values, series.map_or(ptr::null(), |series| series.values.as_ptr()));
        handle::put(flags, series.map_or(ptr::null(), |series| series.flags.as_ptr()));
        series.map_or(0, |series| series.times.len())
    })
}

/// Gives a series through the Arrow C data interface, without copying: a struct of `times` (timestamp in UTC
/// milliseconds), `values` (float64) and `flags` (uint32). Both structs outlive the value.
///
/// @param value   the series
/// @param schema  out: to be released through its own callback
/// @param array   out: to be released through its own callback
/// @param error   out: why it failed; free it. May be NULL
/// @return HAFT_OK, or HAFT_E_ARGUMENT when the value is no series or a parameter is NULL; the structs are then marked
///         as released
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_arrow(
    value: *const haft_value,
    schema: *mut ArrowSchema,
    array: *mut ArrowArray,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [schema, array], {
        let node = value_pointer::look(value).ok_or_else(|| handle::null("value"))?;
        handle::needed(schema, "schema")?;
        handle::needed(array, "array")?;
        let Tree::Series(series) = (if node.kind() == Type::Series { node.to_tree() } else { Tree::Null }) else {
            return Err(Error::option("value", "`value` was not a series"));
        };
        let exported = arrow::export(series)?;
        schema.write(exported.0);
        array.write(exported.1);
        Ok(())
    })
}

/// Writes a value as JSON text. Bytes become base64 text, a series becomes an object of its columns.
///
/// @param value  the value; NULL is answered with ""
/// @return text to free with haft_string_free
/// @since 0.1.0
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_value_json(value: *const haft_value) -> *mut c_char {
    entry!(otherwise: ptr::null_mut(), { text::give(value_pointer::look(value).map_or_else(String::new, Node::to_json)) })
}
