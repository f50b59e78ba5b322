//! Sentences for what goes wrong with TLS.

use std::io;

use rustls::{AlertDescription, CertificateError};
use rustls_pki_types::UnixTime;

use crate::clock::calendar::date_after;
use crate::error::{Error, code};

/// The TLS error inside an I/O error, if that is what it is.
#[must_use]
pub fn inside(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// What went wrong with `host`, in words.
#[must_use]
pub fn explain(error: &rustls::Error, host: &str) -> Error {
    match error {
        rustls::Error::InvalidCertificate(error) => {
            let why = certificate(error);
            Error::new(&code::CERTIFICATE, format!("the certificate of {host} was not accepted: {why}"))
        }
        rustls::Error::NoCertificatesPresented => {
            Error::new(&code::CERTIFICATE, format!("{host} presented no certificate"))
        }
        rustls::Error::AlertReceived(alert) => refused(*alert, host),
        rustls::Error::InvalidMessage(_) => Error::new(&code::TLS, format!("{host} did not answer in TLS")),
        rustls::Error::PeerIncompatible(_) => {
            Error::new(&code::TLS, format!("{host} and this library had no version or cipher of TLS in common"))
        }
        error => Error::new(&code::TLS, format!("TLS with {host} failed: {error}")),
    }
}

fn refused(alert: AlertDescription, host: &str) -> Error {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            Error::new(&code::CERTIFICATE, format!("{host} asked for a client certificate"))
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => {
            Error::new(&code::CERTIFICATE, format!("{host} did not accept the client certificate ({alert:?})"))
        }
        // Told by servers that speak none of what was offered, which is HTTP/2 alone or nothing.
        AlertDescription::NoApplicationProtocol => {
            Error::new(&code::HTTP_VERSION, format!("HTTP/2 was asked for and {host} does not speak it"))
        }
        alert => Error::new(&code::TLS, format!("{host} refused the TLS handshake ({alert:?})")),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired => "it has expired".into(),
        CertificateError::ExpiredContext { not_after, .. } => format!("it expired on {}", day(*not_after)),
        CertificateError::NotValidYet => "it is not valid yet".into(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}", day(*not_before))
        }
        CertificateError::UnknownIssuer => "its issuer is not trusted".into(),
        CertificateError::NotValidForName => "it is for another host".into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            let expected = expected.to_str();
            if names.is_empty() {
                format!("it names no host at all and {expected} was wanted")
            } else {
                format!("it is for {} and {expected} was wanted", names.join(", "))
            }
        }
        CertificateError::Revoked => "it was revoked".into(),
        CertificateError::BadSignature => "its signature is wrong".into(),
        CertificateError::BadEncoding => "it is malformed".into(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not meant for servers".into()
        }
        CertificateError::ApplicationVerificationFailure => "its public key is none of the pinned ones".into(),
        CertificateError::Other(other) if other.0.to_string().contains("CaUsedAsEndEntity") => {
            "it is an authority's certificate and not a server's".into()
        }
        error => format!("{error}"),
    }
}

/// `DnsName("a.example")` and `IpAddress(127.0.0.1)` without the wrapping.
fn bare_name(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

/// The date of a moment, as `1994-11-06`.
fn day(time: UnixTime) -> String {
    let (year, month, date) = date_after(i64::try_from(time.as_secs() / 86_400).unwrap_or(0));
    format!("{year:04}-{month:02}-{date:02}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, text) in [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (784_111_777, "1994-11-06")] {
            assert_eq!(day(UnixTime::since_unix_epoch(Duration::from_secs(seconds))), text);
        }
    }

    #[test]
    fn a_wrong_host_is_told_with_the_names_that_would_do() {
        let error = CertificateError::NotValidForNameContext {
            expected: "b.example".try_into().unwrap(),
            presented: vec!["DnsName(\"a.example\")".into(), "IpAddress(127.0.0.1)".into()],
        };
        let error = explain(&rustls::Error::InvalidCertificate(error), "b.example");
        assert_eq!(error.code(), "certificate");
        assert!(error.message().ends_with("it is for a.example, 127.0.0.1 and b.example was wanted"), "{error}");
    }
}
