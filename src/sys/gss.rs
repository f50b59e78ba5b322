//! The system's library for Kerberos (GSS-API, RFC 2744), loaded when it is wanted and only then: as much of it as makes the
//! client's side of an authentication.

use std::{
    ffi::{c_char, c_void},
    path::Path,
    ptr::{null, null_mut},
    sync::OnceLock,
};

use super::library::Library;

/// Where the library is found.
const NAMES: [&str; 3] = ["libgssapi_krb5.so.2", "libgssapi.so.3", "libgssapi_krb5.so"];
/// `GSS_KRB5_NT_PRINCIPAL_NAME` and `GSS_C_NT_HOSTBASED_SERVICE`.
const PRINCIPAL: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01];
const HOSTBASED: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x04];
/// The mechanism: Kerberos 5.
const KERBEROS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// The errors of a major status; the rest is information.
const ERRORS: u32 = 0xffff_0000;
const INITIATE: i32 = 1;
const CODE_OF_GSS: i32 = 1;
const CODE_OF_MECHANISM: i32 = 2;

#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

#[repr(C)]
struct Oid {
    length: u32,
    elements: *const c_void,
}

type Handle = *mut c_void;
type ImportName = unsafe extern "C" fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32;
type AcquireCred =
    unsafe extern "C" fn(*mut u32, Handle, u32, *const c_void, i32, *mut Handle, *mut c_void, *mut u32) -> u32;
type InitSecContext = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *mut Handle,
    Handle,
    *const Oid,
    u32,
    u32,
    *const c_void,
    *const Buffer,
    *mut *const c_void,
    *mut Buffer,
    *mut u32,
    *mut u32,
) -> u32;
type Release = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
type DisplayStatus = unsafe extern "C" fn(*mut u32, u32, i32, *const c_void, *mut u32, *mut Buffer) -> u32;

/// The functions.
#[derive(Clone, Copy)]
struct Calls {
    import_name: ImportName,
    acquire_cred: AcquireCred,
    init_sec_context: InitSecContext,
    release_name: Release,
    release_cred: Release,
    release_buffer: ReleaseBuffer,
    delete_context: DeleteContext,
    display_status: DisplayStatus,
}

/// Why there is no authentication.
pub enum Trouble {
    /// The system has no such library.
    Absent(String),
    /// The library says why.
    Refused(String),
}

/// The client's side of one authentication.
pub struct Context {
    calls: Calls,
    name: Handle,
    credentials: Handle,
    context: Handle,
}

// SAFETY: the handles are owned by this value alone, and the library keeps nothing by thread.
unsafe impl Send for Context {}

/// The functions of the library, which is loaded once.
fn calls() -> Result<Calls, Trouble> {
    static CALLS: OnceLock<Result<Calls, String>> = OnceLock::new();
    CALLS.get_or_init(find).clone().map_err(Trouble::Absent)
}

fn find() -> Result<Calls, String> {
    let mut why = String::new();
    let library = NAMES.iter().find_map(|name| Library::load(Path::new(name)).map_err(|error| why = error).ok());
    let library = library.ok_or(why)?;
    let missing = || "it lacks a function".to_owned();
    // SAFETY: the names are those of RFC 2744, whose C bindings the types are.
    unsafe {
        Ok(Calls {
            import_name: library.symbol::<ImportName>(c"gss_import_name").ok_or_else(missing)?,
            acquire_cred: library.symbol::<AcquireCred>(c"gss_acquire_cred").ok_or_else(missing)?,
            init_sec_context: library.symbol::<InitSecContext>(c"gss_init_sec_context").ok_or_else(missing)?,
            release_name: library.symbol::<Release>(c"gss_release_name").ok_or_else(missing)?,
            release_cred: library.symbol::<Release>(c"gss_release_cred").ok_or_else(missing)?,
            release_buffer: library.symbol::<ReleaseBuffer>(c"gss_release_buffer").ok_or_else(missing)?,
            delete_context: library.symbol::<DeleteContext>(c"gss_delete_sec_context").ok_or_else(missing)?,
            display_status: library.symbol::<DisplayStatus>(c"gss_display_status").ok_or_else(missing)?,
        })
    }
}

impl Context {
    /// The beginning of an authentication to a service (`HOST/fqdn`, `HOST/fqdn@REALM`, `service@host`, an account), as a
    /// user, or as whoever has tickets.
    ///
    /// # Errors
    /// No library, or what it says of the names.
    pub fn new(service: &str, user: Option<&str>) -> Result<Context, Trouble> {
        let calls = calls()?;
        let mut context = Context { calls, name: null_mut(), credentials: null_mut(), context: null_mut() };
        // `service@host` is no principal, but a service of a host.
        let hostbased = service.contains('@') && !service.contains(['/', '\\']);
        context.name =
            context.import(service, if hostbased { &HOSTBASED } else { &PRINCIPAL }).map_err(Trouble::Refused)?;
        if let Some(user) = user {
            let mut name = context.import(user, &PRINCIPAL).map_err(Trouble::Refused)?;
            let (mut minor, mut ignored) = (0, 0);
            let place: *mut Handle = &raw mut context.credentials;
            // SAFETY: the name is valid and ours; all pointers are to live variables.
            let major = unsafe {
                let major =
                    (calls.acquire_cred)(&raw mut minor, name, 0, null(), INITIATE, place, null_mut(), null_mut());
                (calls.release_name)(&raw mut ignored, &raw mut name);
                major
            };
            if major & ERRORS != 0 {
                return Err(Trouble::Refused(calls.describe(major, minor)));
            }
        }
        Ok(context)
    }

    fn import(&self, text: &str, kind: &[u8]) -> Result<Handle, String> {
        let kind = oid(kind);
        let buffer = Buffer { length: text.len(), value: text.as_ptr().cast_mut().cast() };
        let (mut minor, mut name) = (0, null_mut());
        // SAFETY: the library reads the buffer and the kind, which live longer than the call.
        let major =
            unsafe { (self.calls.import_name)(&raw mut minor, &raw const buffer, &raw const kind, &raw mut name) };
        if major & ERRORS != 0 { Err(self.calls.describe(major, minor)) } else { Ok(name) }
    }

    /// Our next token, on the other side's; an empty one begins, and an empty answer is none.
    ///
    /// # Errors
    /// What the library says: no ticket, a wrong answer.
    pub fn step(&mut self, theirs: &[u8]) -> Result<Vec<u8>, String> {
        let input = Buffer { length: theirs.len(), value: theirs.as_ptr().cast_mut().cast() };
        let mechanism = oid(&KERBEROS);
        let mut output = Buffer { length: 0, value: null_mut() };
        let mut minor = 0;
        let handle: *mut Handle = &raw mut self.context;
        // SAFETY: handles are ours or null, which stands for the default; the library reads the input and writes the output,
        // all of which live longer than the call.
        let major = unsafe {
            (self.calls.init_sec_context)(
                &raw mut minor,
                self.credentials,
                handle,
                self.name,
                &raw const mechanism,
                0,
                0,
                null(),
                &raw const input,
                null_mut(),
                &raw mut output,
                null_mut(),
                null_mut(),
            )
        };
        let ours = self.calls.take(output);
        if major & ERRORS != 0 { Err(self.calls.describe(major, minor)) } else { Ok(ours) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: each handle is ours and is released once; null is nothing to release.
        unsafe {
            if !self.context.is_null() {
                (self.calls.delete_context)(&raw mut minor, &raw mut self.context, null_mut());
            }
            if !self.credentials.is_null() {
                (self.calls.release_cred)(&raw mut minor, &raw mut self.credentials);
            }
            if !self.name.is_null() {
                (self.calls.release_name)(&raw mut minor, &raw mut self.name);
            }
        }
    }
}

impl Calls {
    /// Copies what the library gave, and gives it back.
    fn take(&self, mut buffer: Buffer) -> Vec<u8> {
        if buffer.value.is_null() {
            return Vec::new();
        }
        let mut minor = 0;
        // SAFETY: the library filled so many bytes there, and takes them back with its own call.
        unsafe {
            let bytes = std::slice::from_raw_parts(buffer.value.cast::<u8>(), buffer.length).to_vec();
            (self.release_buffer)(&raw mut minor, &raw mut buffer);
            bytes
        }
    }

    /// What a status says, in the library's words: the general one and the mechanism's.
    fn describe(&self, major: u32, minor: u32) -> String {
        let mut words: Vec<String> = Vec::new();
        for (status, kind) in [(major, CODE_OF_GSS), (minor, CODE_OF_MECHANISM)] {
            let (mut ignored, mut more) = (0, 0);
            let mut text = Buffer { length: 0, value: null_mut() };
            // SAFETY: all pointers are to live variables; no mechanism stands for the default one.
            let told =
                unsafe { (self.display_status)(&raw mut ignored, status, kind, null(), &raw mut more, &raw mut text) };
            let text = String::from_utf8_lossy(&self.take(text)).trim().to_owned();
            if told & ERRORS == 0 && !text.is_empty() && status != 0 {
                words.push(text);
            }
        }
        if words.is_empty() { format!("status {major:#x}, {minor:#x}") } else { words.join(": ") }
    }
}

fn oid(bytes: &[u8]) -> Oid {
    Oid { length: u32::try_from(bytes.len()).unwrap_or_default(), elements: bytes.as_ptr().cast::<c_char>().cast() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tickets_the_library_says_so() {
        // Where there is no library there is nothing to see.
        match Context::new("HOST/mesh.invalid@INVALID.EXAMPLE", None) {
            Ok(mut context) => {
                let why = context.step(&[]).unwrap_err();
                assert!(why.len() > 10 && !why.contains('\0'), "{why}");
            }
            Err(Trouble::Absent(why)) => assert!(!why.is_empty()),
            Err(Trouble::Refused(why)) => panic!("{why}"),
        }
    }
}
