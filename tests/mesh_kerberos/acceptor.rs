//! The server's side of an authentication, by the system's library (RFC 2744): what a ticket proves.

#![allow(unsafe_code, reason = "the library is one of C")]

use std::{
    ffi::c_void,
    ptr::{null, null_mut},
};

use libloading::os::unix::Library;

#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

type Handle = *mut c_void;
type Accept = unsafe extern "C" fn(
    *mut u32,
    *mut Handle,
    Handle,
    *const Buffer,
    *const c_void,
    *mut Handle,
    *mut c_void,
    *mut Buffer,
    *mut u32,
    *mut u32,
    *mut Handle,
) -> u32;
type Display = unsafe extern "C" fn(*mut u32, Handle, *mut Buffer, *mut c_void) -> u32;
type Say = unsafe extern "C" fn(*mut u32, u32, i32, *const c_void, *mut u32, *mut Buffer) -> u32;
type Release = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type Delete = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;

fn taken(buffer: &mut Buffer, release: ReleaseBuffer) -> String {
    if buffer.value.is_null() {
        return String::new();
    }
    let mut minor = 0;
    // SAFETY: the library filled so many bytes there, and takes them back.
    unsafe {
        let bytes = std::slice::from_raw_parts(buffer.value.cast::<u8>(), buffer.length).to_vec();
        release(&raw mut minor, buffer);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Whom the first leg of a client proves to be there, by the keys of `KRB5_KTNAME`.
pub fn accept(leg: &[u8]) -> Result<String, String> {
    // SAFETY: the names are those of RFC 2744, whose C bindings the types are; all pointers are to live variables.
    unsafe {
        let library = Library::new("libgssapi_krb5.so.2").map_err(|error| error.to_string())?;
        let accept = *library.get::<Accept>(b"gss_accept_sec_context\0").unwrap();
        let display = *library.get::<Display>(b"gss_display_name\0").unwrap();
        let say = *library.get::<Say>(b"gss_display_status\0").unwrap();
        let release_name = *library.get::<Release>(b"gss_release_name\0").unwrap();
        let release_buffer = *library.get::<ReleaseBuffer>(b"gss_release_buffer\0").unwrap();
        let delete = *library.get::<Delete>(b"gss_delete_sec_context\0").unwrap();
        let input = Buffer { length: leg.len(), value: leg.as_ptr().cast_mut().cast() };
        let mut output = Buffer { length: 0, value: null_mut() };
        let (mut minor, mut ignored, mut context, mut name) = (0, 0, null_mut(), null_mut());
        let major = accept(
            &raw mut minor,
            &raw mut context,
            null_mut(),
            &raw const input,
            null(),
            &raw mut name,
            null_mut(),
            &raw mut output,
            null_mut(),
            null_mut(),
            null_mut(),
        );
        let answer = taken(&mut output, release_buffer);
        let told = if major == 0 {
            let mut text = Buffer { length: 0, value: null_mut() };
            display(&raw mut ignored, name, &raw mut text, null_mut());
            // Nobody asked that the server prove itself too.
            if answer.is_empty() {
                Ok(taken(&mut text, release_buffer))
            } else {
                Err("an answer that nobody asked for".into())
            }
        } else {
            let mut more = 0;
            let mut text = Buffer { length: 0, value: null_mut() };
            say(&raw mut ignored, minor, 2, null(), &raw mut more, &raw mut text);
            Err(format!("{major:#x}: {}", taken(&mut text, release_buffer)))
        };
        if !name.is_null() {
            release_name(&raw mut ignored, &raw mut name);
        }
        if !context.is_null() {
            delete(&raw mut ignored, &raw mut context, null_mut());
        }
        // What it has set up for its threads is not to go with it.
        std::mem::forget(library);
        told
    }
}
