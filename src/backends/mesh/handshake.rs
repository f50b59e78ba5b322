//! Who the server is, and whether it is new enough (spec/mesh.md 2.2).

use super::{form::decode, schema, terms::Terms, wire::Wire};
use crate::{
    error::{Error, Result, code},
    value::Tree,
};

/// The call that asks.
const GET_VERSION: &str = "volue.mesh.grpc.config.v1alpha.ConfigurationService/GetVersion";
/// What the server is told of us: the official client that ours is compatible with.
const CLIENT: &str = "1.17.0";
/// The oldest server that is spoken to.
const OLDEST: [u32; 3] = [2, 21, 0];

/// Asks for name and version.
///
/// # Errors
/// `version_too_old`, and what goes wrong on the way.
pub fn greet(wire: &Wire, terms: &Terms) -> Result<Tree> {
    let terms = terms.bare().with_header("x-volue-mesh-client-version", CLIENT);
    let answer = wire.unary(&format!("/{GET_VERSION}"), &[], &terms)?;
    let Some((_, method)) = schema::method(GET_VERSION) else {
        return Err(Error::new(&code::INTERNAL, "the tables lack GetVersion"));
    };
    let told = decode(method.output, &answer)?;
    let version = told.get("version").and_then(Tree::as_str).unwrap_or_default();
    match parse(version) {
        Some(found) if found < OLDEST => {
            let [major, minor, patch] = OLDEST;
            let message =
                format!("the server has version {version:?}; {major}.{minor}.{patch} is the oldest that is spoken to");
            Err(Error::new(&code::VERSION_TOO_OLD, message).with("server_text", version))
        }
        // What cannot be read is accepted, as the official client accepts it.
        _ => Ok(told),
    }
}

/// `N.N.N`, perhaps with `+N` behind it.
fn parse(version: &str) -> Option<[u32; 3]> {
    let plain = match version.split_once('+') {
        Some((plain, build)) if !build.is_empty() && build.bytes().all(|byte| byte.is_ascii_digit()) => plain,
        Some(_) => return None,
        None => version,
    };
    let mut parts = plain.split('.').map(|part| part.parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_official_client_reads_them() {
        assert_eq!(parse("2.21.0"), Some([2, 21, 0]));
        assert_eq!(parse("2.21.0+123"), Some([2, 21, 0]));
        for odd in ["", "2.20", "2.20.1.0", "2.20.1+", "2.20.1+x", "dev", "2..1"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
        assert!(parse("2.9.9").is_some_and(|found| found < OLDEST));
    }
}
