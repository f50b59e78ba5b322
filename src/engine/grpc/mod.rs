//! gRPC as far as it is not HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md): messages in frames, statuses in trailers. Connections,
//! TLS, proxies, time-outs and streams are those of an HTTP session; docs/decisions/grpc.md says why.

pub mod frame;
pub mod protobuf;
pub mod status;
