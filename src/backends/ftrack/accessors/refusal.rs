//! The errors of accessors (spec/ftrack.md 10), each with the operation and the resource in its detail.

use std::io;

use crate::error::{Code, Error, code};

/// What kind of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Something that has no kind of its own.
    Failed,
    /// The accessor has no such operation.
    Unsupported,
    /// The system does not allow it.
    Denied,
    /// The identifier leads to no place that can be reached.
    Path,
    /// Nothing is there.
    NotFound,
    /// The container that it would be in is not there.
    ParentNotFound,
    /// It is a container where a file was needed, or the reverse.
    Invalid,
    /// The container to be removed holds something.
    NotEmpty,
}

impl Refusal {
    /// Every kind.
    pub const ALL: [Refusal; 8] = [
        Refusal::Failed,
        Refusal::Unsupported,
        Refusal::Denied,
        Refusal::Path,
        Refusal::NotFound,
        Refusal::ParentNotFound,
        Refusal::Invalid,
        Refusal::NotEmpty,
    ];

    /// The code in the detail.
    pub fn code(self) -> &'static Code {
        match self {
            Refusal::Failed => &code::ACCESSOR_OPERATION_FAILED,
            Refusal::Unsupported => &code::ACCESSOR_UNSUPPORTED_OPERATION,
            Refusal::Denied => &code::ACCESSOR_PERMISSION_DENIED,
            Refusal::Path => &code::ACCESSOR_FILESYSTEM_PATH,
            Refusal::NotFound => &code::ACCESSOR_RESOURCE_NOT_FOUND,
            Refusal::ParentNotFound => &code::ACCESSOR_PARENT_RESOURCE_NOT_FOUND,
            Refusal::Invalid => &code::ACCESSOR_RESOURCE_INVALID,
            Refusal::NotEmpty => &code::ACCESSOR_CONTAINER_NOT_EMPTY,
        }
    }

    /// What a failure of the system is.
    pub fn of(error: &io::Error) -> Refusal {
        match error.kind() {
            io::ErrorKind::NotFound => Refusal::NotFound,
            io::ErrorKind::PermissionDenied => Refusal::Denied,
            io::ErrorKind::DirectoryNotEmpty => Refusal::NotEmpty,
            io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidFilename => Refusal::Invalid,
            _ => Refusal::Failed,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Refusal::Failed => "failed",
            Refusal::Unsupported => "is not supported by the accessor",
            Refusal::Denied => "was not permitted",
            Refusal::Path => "led outside of what the accessor reaches",
            Refusal::NotFound => "found nothing there",
            Refusal::ParentNotFound => "found no container for it",
            Refusal::Invalid => "found a resource of the wrong kind",
            Refusal::NotEmpty => "found the container not empty",
        }
    }
}

/// The error of an operation on a resource. `why` is what the system said, or empty.
pub fn refused(kind: Refusal, operation: &str, identifier: &str, why: &str) -> Error {
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    Error::new(kind.code(), format!("{operation} of {identifier:?} {}{why}", kind.words()))
        .with("operation", operation)
        .with("resource_identifier", identifier)
}

/// The error for what the system said.
pub(super) fn system(operation: &str, identifier: &str, error: &io::Error) -> Error {
    refused(Refusal::of(error), operation, identifier, &error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    /// The numbers of Linux, and what the official client makes of them, but for EACCES, which it does not know.
    #[test]
    fn what_the_system_says_has_a_name() {
        for (number, kind) in [
            (libc::ENOENT, Refusal::NotFound),
            (libc::EPERM, Refusal::Denied),
            (libc::EACCES, Refusal::Denied),
            (libc::ENOTEMPTY, Refusal::NotEmpty),
            (libc::ENOTDIR, Refusal::Invalid),
            (libc::EISDIR, Refusal::Invalid),
            (libc::EINVAL, Refusal::Invalid),
            (libc::ENAMETOOLONG, Refusal::Invalid),
            (libc::ENOSPC, Refusal::Failed),
            (libc::EIO, Refusal::Failed),
        ] {
            let error = system("open", "a/b", &io::Error::from_raw_os_error(number));
            assert_eq!(error.code(), kind.code().word, "{number}");
        }
        let error = system("write", "a/b", &io::Error::from_raw_os_error(libc::ENOSPC));
        assert_eq!(error.status(), Status::Io);
        assert!(error.message().contains("\"a/b\"") && error.message().contains("No space left"), "{error}");
    }

    #[test]
    fn each_kind_has_a_code_of_its_own() {
        for (at, kind) in Refusal::ALL.iter().enumerate() {
            assert!(kind.code().word.starts_with("accessor_"));
            assert!(Refusal::ALL.iter().skip(at + 1).all(|other| other.code().word != kind.code().word));
        }
    }
}
