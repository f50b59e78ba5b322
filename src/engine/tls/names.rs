//! The common name of a certificate, and whether it has other names (RFC 5280 4.1): as much of its structure as that takes.

/// The tags of DER that are looked at.
const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// `id-at-commonName` and `id-ce-subjectAltName`.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ALTERNATIVES: [u8; 3] = [0x55, 0x1d, 0x11];

/// The one common name of a certificate that names no host in any other way.
#[must_use]
pub fn sole_common_name(certificate: &[u8]) -> Option<&str> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // Serial number, algorithm, issuer, validity.
    for _ in 0..4 {
        rest = element(rest)?.2;
    }
    let (tag, subject, mut rest) = element(rest)?;
    if tag != SEQUENCE {
        return None;
    }
    while !rest.is_empty() {
        let (tag, inside, after) = element(rest)?;
        if tag == EXTENSIONS && has_alternatives(element(inside)?.1)? {
            return None;
        }
        rest = after;
    }
    common_name(subject)
}

/// The last one counts, as for everybody who still looks at it.
fn common_name(mut subject: &[u8]) -> Option<&str> {
    let mut found = None;
    while !subject.is_empty() {
        let (_, mut set, after) = element(subject)?;
        subject = after;
        while !set.is_empty() {
            let (_, attribute, after) = element(set)?;
            set = after;
            let (tag, kind, value) = element(attribute)?;
            if tag == OID && kind == COMMON_NAME {
                found = std::str::from_utf8(element(value)?.1).ok();
            }
        }
    }
    found
}

fn has_alternatives(mut extensions: &[u8]) -> Option<bool> {
    while !extensions.is_empty() {
        let (_, extension, after) = element(extensions)?;
        extensions = after;
        if element(extension)?.1 == ALTERNATIVES {
            return Some(true);
        }
    }
    Some(false)
}

/// The first element: its tag, what is in it, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (digits, after) =
            rest.split_at_checked(length - 0x80).filter(|(digits, _)| (1..=4).contains(&digits.len()))?;
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    let (inside, after) = rest.split_at_checked(length)?;
    Some((*tag, inside, after))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn certificate(name: Option<&str>, alternatives: &[&str]) -> Vec<u8> {
        let names: Vec<String> = alternatives.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "haft tests");
        if let Some(name) = name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_common_name_counts_when_it_is_alone() {
        assert_eq!(sole_common_name(&certificate(Some("mesh.example"), &[])), Some("mesh.example"));
        assert_eq!(sole_common_name(&certificate(Some("mesh.example"), &["other.example"])), None);
        assert_eq!(sole_common_name(&certificate(None, &[])), None);
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        let whole = certificate(Some("mesh.example"), &[]);
        for cut in 0..whole.len().min(400) {
            assert_eq!(sole_common_name(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(sole_common_name(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
