//! Domains under which strangers register names: a cookie for one of them would reach them all.

/// Whether nobody in particular owns this domain: it is on the public-suffix list, or a single label.
pub fn is_public(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_none_or(|suffix| suffix.as_bytes().len() == domain.len())
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn suffixes() {
        for (domain, public) in [
            ("com", true),
            ("co.uk", true),
            ("ex.co.uk", false),
            ("github.io", true),
            ("ex.com", false),
            ("intern", true),
        ] {
            assert_eq!(is_public(domain), public, "{domain}");
        }
    }
}
