//! The way of a call: HTTP/2 from the wire, the log, the token, the faults, the generated service, and back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tonic::Status;
use tonic::codegen::Service;

use super::fault::Fault;
use super::journal::Record;
use super::{Context, Mesh, pb};
use crate::log::{Origin, lock};
use crate::state::State;
use crate::wire::Stream;

/// Where the answers' bodies come from.
type Answer = Response<tonic::body::Body>;
/// What a window may hold: one large message must not wait for the client's leave again and again.
const WINDOW_BYTES: u32 = 8 << 20;

/// What a fault does to a whole connection.
#[derive(Default)]
struct Ending {
    drop: Notify,
    goaway: Notify,
}

/// Serves one connection.
pub async fn serve(stream: Stream, state: &Arc<State>, origin: &Origin) {
    let ending = Arc::new(Ending::default());
    let service = {
        let (state, ending, origin) = (Arc::clone(state), Arc::clone(&ending), Arc::new(origin.clone()));
        service_fn(move |request: Request<Incoming>| {
            let (state, ending, origin) = (Arc::clone(&state), Arc::clone(&ending), Arc::clone(&origin));
            async move { answer(&state, &origin, &ending, request).await }
        })
    };
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(WINDOW_BYTES).initial_connection_window_size(WINDOW_BYTES);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            _ = &mut connection => return,
            () = ending.drop.notified() => return,
            () = ending.goaway.notified() => connection.as_mut().graceful_shutdown(),
        }
    }
}

/// A call whose stream is reset; what is in it is how.
#[derive(Debug)]
struct Cut(h2::Error);

impl Cut {
    fn new(code: u32) -> Self {
        Self(h2::Reason::from(code).into())
    }
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a fault was ordered")
    }
}

impl std::error::Error for Cut {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn answer(
    state: &Arc<State>,
    origin: &Origin,
    ending: &Arc<Ending>,
    request: Request<Incoming>,
) -> Result<Answer, Cut> {
    let Some(mesh) = state.mesh.clone() else { return Err(Cut::new(2)) };
    let (mut parts, body) = request.into_parts();
    let method = parts.uri.path().trim_start_matches('/').to_owned();
    let record = state.logging.then(|| mesh.journal.push(origin, &method, metadata(&parts.headers)));
    let fault = lock(&mesh.faults).take(&method);
    let struck = strike(&mesh, fault.as_ref(), ending, false).await?;
    let mut context = Context::default();
    let answered = if let Some(refusal) = struck {
        Err(refusal)
    } else {
        let limit = lock(&mesh.settings).receive_max;
        if method.ends_with("/AuthenticateKerberos") {
            // The only call whose messages are answered one by one.
            Ok(tonic::body::Body::new(Logged { body, record: record.clone() }))
        } else {
            take(body, limit, record.as_deref()).await.map(|bytes| tonic::body::Body::new(Full::new(bytes)))
        }
    };
    let answered = match answered {
        Ok(body) => mesh.admit(&parts.headers, &method).map(|user| {
            context.user = user;
            body
        }),
        Err(refusal) => Err(refusal),
    };
    let mut response = match answered {
        Ok(body) => {
            context.fault = fault.clone().filter(Fault::of_content);
            parts.extensions.insert(context);
            dispatch(&mesh, &method, Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal.into_http(),
    };
    if let Some(record) = &record {
        record.head(response.headers());
    }
    if let Some(refusal) = strike(&mesh, fault.as_ref(), ending, true).await? {
        return Ok(refusal.into_http());
    }
    if let Some(fault) = fault {
        response = change(response, &fault).await;
    }
    Ok(response)
}

/// Carries out what a fault does to the call itself, before its work (`done` false) or after it.
async fn strike(mesh: &Mesh, fault: Option<&Fault>, ending: &Arc<Ending>, done: bool) -> Result<Option<Status>, Cut> {
    let Some(fault) = fault.filter(|fault| fault.done == done || matches!(fault.how.as_str(), "kill")) else {
        return Ok(None);
    };
    match fault.how.as_str() {
        "delay" => tokio::time::sleep(Duration::from_secs_f64(fault.seconds.clamp(0.0, 86_400.0))).await,
        "status" => return Ok(Some(Status::new(tonic::Code::from_i32(fault.code), fault.text.as_str()))),
        "drop" => {
            ending.drop.notify_one();
            std::future::pending::<()>().await;
        }
        "stall" => std::future::pending::<()>().await,
        "reset" => return Err(Cut::new(u32::try_from(fault.number).unwrap_or(2))),
        "goaway" => ending.goaway.notify_one(),
        "kill" if !done => drop(lock(&mesh.sessions).kill(None)),
        _ => {}
    }
    Ok(None)
}

/// Changes the bytes of an answer.
async fn change(response: Answer, fault: &Fault) -> Answer {
    if !matches!(fault.how.as_str(), "large" | "garbage" | "cut" | "trailers" | "compressed" | "lie") {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(collected) = body.collect().await else { return Response::from_parts(parts, tonic::body::Body::empty()) };
    let trailers = collected.trailers().cloned();
    let whole = collected.to_bytes();
    let (bytes, trailers) = match fault.how.as_str() {
        // Unknown field 1000: a client that took it would ignore it.
        "large" => {
            let size = usize::try_from(fault.number).unwrap_or(0);
            let mut message = BytesMut::with_capacity(size + 16);
            message.put_slice(&[0xc2, 0x3e]);
            prost::encoding::encode_varint(size as u64, &mut message);
            message.put_bytes(0, size);
            (framed(&message), trailers)
        }
        "garbage" => (framed(&[0xff; 24]), trailers),
        // The answer is there, and ends without a word on how the call went.
        "trailers" => (whole, None),
        "compressed" => (changed(&whole, |head| head[0] = 1), trailers),
        // The first message says that it is longer, or shorter, than it is.
        "lie" => {
            let by = i32::try_from(fault.number).unwrap_or(i32::MAX);
            let lie = |head: &mut [u8; 5]| {
                let [_, length @ ..] = *head;
                head[1..].copy_from_slice(&u32::from_be_bytes(length).saturating_add_signed(by).to_be_bytes());
            };
            (changed(&whole, lie), trailers)
        }
        _ => (
            messages(&whole)
                .take(fault.sent)
                .fold(BytesMut::new(), |mut all, one| {
                    all.put_slice(one);
                    all
                })
                .freeze(),
            None,
        ),
    };
    Response::from_parts(
        parts,
        tonic::body::Body::new(Parcel { bytes: Some(bytes), trailers, fails: fault.how == "cut" }),
    )
}

/// A body whose first message has another flag or length before it.
fn changed(body: &[u8], change: impl FnOnce(&mut [u8; 5])) -> Bytes {
    let mut all = body.to_vec();
    if let Some(head) = all.first_chunk_mut::<5>() {
        change(head);
    }
    all.into()
}

fn framed(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(message.len() + 5);
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.put_slice(message);
    out.freeze()
}

/// The messages of a body, each with its five bytes before it.
fn messages(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(body.get(1..5)?.try_into().ok()?) as usize;
        let (one, rest) = body.split_at_checked(length + 5)?;
        body = rest;
        Some(one)
    })
}

/// The whole message of a call that has one. One that is too large is refused as soon as its size is known.
async fn take(mut body: Incoming, limit: usize, record: Option<&Record>) -> Result<Bytes, Status> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Status::cancelled(error.to_string()))?;
        if let Ok(data) = frame.into_data() {
            bytes.put_slice(&data);
        }
        if let Some(size) = bytes.get(1..5) {
            let size = u32::from_be_bytes(size.try_into().unwrap_or_default()) as usize;
            if size > limit {
                return Err(Status::resource_exhausted(format!(
                    "Received message larger than max ({size} vs. {limit})"
                )));
            }
        }
    }
    if let Some(record) = record {
        messages(&bytes).for_each(|message| record.message(&message[5..]));
    }
    Ok(bytes.freeze())
}

async fn dispatch(mesh: &Arc<Mesh>, method: &str, request: Request<tonic::body::Body>) -> Answer {
    macro_rules! among {
        ($($name:literal => $server:path),* $(,)?) => {
            match method.split_once('/').map_or(method, |(service, _)| service) {
                $($name => <$server>::from_arc(Arc::clone(mesh)).max_decoding_message_size(usize::MAX).call(request).await,)*
                _ => Ok::<_, Infallible>(Status::unimplemented("").into_http()),
            }
        };
    }
    let answered = among! {
        "volue.mesh.grpc.session.v1alpha.SessionService" => pb::session::session_service_server::SessionServiceServer<Mesh>,
        "volue.mesh.grpc.config.v1alpha.ConfigurationService" => pb::config::configuration_service_server::ConfigurationServiceServer<Mesh>,
        "volue.mesh.grpc.auth.v1alpha.AuthenticationService" => pb::auth::authentication_service_server::AuthenticationServiceServer<Mesh>,
        "volue.mesh.grpc.time_series.v1alpha.TimeseriesService" => pb::time_series::timeseries_service_server::TimeseriesServiceServer<Mesh>,
        "volue.mesh.grpc.model.v1alpha.ModelService" => pb::model::model_service_server::ModelServiceServer<Mesh>,
        "volue.mesh.grpc.model_definition.v1alpha.ModelDefinitionService" => pb::definition::model_definition_service_server::ModelDefinitionServiceServer<Mesh>,
        "volue.mesh.grpc.calc.v1alpha.CalculationService" => pb::calc::calculation_service_server::CalculationServiceServer<Mesh>,
        "volue.mesh.grpc.hydsim.v1alpha.HydsimService" => pb::hydsim::hydsim_service_server::HydsimServiceServer<Mesh>,
        "volue.mesh.grpc.availability.v1alpha.AvailabilityService" => pb::availability::availability_service_server::AvailabilityServiceServer<Mesh>,
        "volue.mesh.grpc.resource.v1alpha.ResourceService" => pb::resource::resource_service_server::ResourceServiceServer<Mesh>,
    };
    match answered {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The metadata of a call; a token is shown as such only.
fn metadata(headers: &HeaderMap) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in headers {
        let value = if name == http::header::AUTHORIZATION {
            let text = value.to_str().unwrap_or_default();
            let scheme = text.split(' ').next().unwrap_or_default();
            format!("{scheme} <{} characters>", text.len().saturating_sub(scheme.len() + 1))
        } else {
            crate::request::latin1(value.as_bytes())
        };
        all.insert(name.as_str().to_owned(), value.into());
    }
    all
}

/// A body of one piece; with `fails` it ends in a reset stream.
struct Parcel {
    bytes: Option<Bytes>,
    trailers: Option<HeaderMap<HeaderValue>>,
    fails: bool,
}

impl Body for Parcel {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Status>>> {
        let next = match (self.bytes.take(), self.trailers.take()) {
            (Some(bytes), trailers) => {
                self.trailers = trailers;
                Some(Ok(Frame::data(bytes)))
            }
            (None, Some(trailers)) => Some(Ok(Frame::trailers(trailers))),
            (None, None) if self.fails => {
                self.fails = false;
                Some(Err(Status::unavailable("cut")))
            }
            (None, None) => None,
        };
        std::task::Poll::Ready(next)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// A body that is logged while it is read.
struct Logged {
    body: Incoming,
    record: Option<Arc<Record>>,
}

impl Body for Logged {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = std::task::ready!(std::pin::Pin::new(&mut self.body).poll_frame(cx));
        if let (Some(Ok(frame)), Some(record)) = (&frame, &self.record)
            && let Some(data) = frame.data_ref()
        {
            // Legs are small: each comes in one frame.
            messages(data).for_each(|message| record.message(&message[5..]));
        }
        std::task::Poll::Ready(frame)
    }
}
