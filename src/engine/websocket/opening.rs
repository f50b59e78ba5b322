//! From a request to a connection that speaks frames.

use std::sync::Arc;

use crate::sys::lock::Mutex;

use super::handshake::{self, Agreement, Wish};
use crate::{
    engine::{
        errands::Errands,
        http::{
            client::{Delivered, Router},
            policy::{Finished, Hop, Rules},
            request::Request,
            stream::BodyStream,
            upgrade::{Upgrade, Upgraded},
            url::Url,
        },
        net::{cancel::Cancel, limits::Limits},
        reactor::wire::Wired,
    },
    error::{Error, Outcome, Result, code},
};

/// What is needed to open a connection, once. The fields of the handshake itself are added to each request.
pub struct Opening {
    /// A GET with everything else: its URL has the scheme `http` or `https`.
    pub request: Request,
    /// What policy may do: redirects, cookies, authentication, hooks.
    pub rules: Arc<Rules>,
    /// Where it goes. Through an HTTP proxy it must be a tunnel, also without TLS.
    pub router: Arc<dyn Router>,
    /// Time-outs of the whole opening.
    pub limits: Limits,
    /// What is asked for.
    pub wish: Wish,
    /// Undo content codings of a refusal.
    pub decode: bool,
}

/// A connection that speaks frames.
pub struct Opened {
    /// The connection; what came behind the head is in its buffer.
    pub wired: Box<Wired>,
    /// What was agreed on.
    pub agreement: Agreement,
    /// The head of the server's answer.
    pub head: Vec<u8>,
    /// Where it was found in the end.
    pub url: Url,
}

impl Opening {
    /// Shakes hands. A refusal is an error that carries the answer, as the errors of policy do.
    ///
    /// # Errors
    /// Those of connecting; `websocket_handshake`; what `policy` fails with.
    pub async fn run(self, cancel: &Arc<Cancel>, errands: Arc<dyn Errands>) -> Result<Opened> {
        let mut key = String::new();
        let wish = self.wish;
        let upgrade = Upgrade {
            rules: self.rules,
            request: self.request,
            router: self.router,
            limits: self.limits,
            cancel: Arc::clone(cancel),
            errands,
            decode: self.decode,
        };
        let dress = |request: &mut Request| {
            if let Some(url) = with_web_scheme(&request.url)? {
                request.url = url;
            }
            // Each connection has a key of its own.
            key = handshake::key()?;
            wish.write(&key, Arc::make_mut(&mut request.headers));
            Ok(())
        };
        match Box::pin(upgrade.run(dress)).await? {
            Upgraded::Done(wired, finished) => {
                let agreement = wish.check(&key, finished.hop.fields());
                let Finished { hop, request, history, retries, next } = *finished;
                match agreement {
                    Ok(agreement) => Ok(Opened { wired, agreement, head: hop.head, url: request.url }),
                    Err(error) => {
                        let now = crate::clock::now();
                        let hop = Hop { body: Some(Vec::new()), ..hop };
                        let url = request.url.redacted().into_owned();
                        let finished = Finished { hop, request, history, retries, next };
                        let body = BodyStream::empty();
                        let delivered = Delivered { finished, body, elapsed: std::time::Duration::ZERO, start: now };
                        Err(carrying(error.with("url", url).outcome(Outcome::NotSent), delivered))
                    }
                }
            }
            Upgraded::Refused(delivered) => Err(refused(*delivered)),
        }
    }
}

/// The refusal that an answer is. Whoever knows what statuses mean to the host may say it better.
fn refused(delivered: Delivered) -> Error {
    let status = delivered.finished.hop.status;
    let url = delivered.finished.request.url.redacted().into_owned();
    let message = format!("the server answered a WebSocket's handshake with {status}");
    let error = Error::new(&code::WEBSOCKET_HANDSHAKE, message)
        .transient(matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504))
        .with("http_status", i64::from(status))
        .with("url", url)
        .outcome(Outcome::NotSent);
    carrying(error, delivered)
}

fn carrying(error: Error, delivered: Delivered) -> Error {
    error.carrying(Arc::new(Mutex::new(Some(delivered))))
}

/// The same URL with the scheme of the request that is sent, when it has one of WebSocket: a redirect may.
///
/// # Errors
/// `invalid_url`.
pub fn with_web_scheme(url: &Url) -> Result<Option<Url>> {
    match url.as_str().split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => {
            Url::prepare(&format!("http:{rest}"), None).map(Some)
        }
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => {
            Url::prepare(&format!("https:{rest}"), None).map(Some)
        }
        _ => Ok(None),
    }
}
