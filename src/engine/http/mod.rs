//! HTTP without a back end's meaning: preparing, policy, and the exchange of one request for one answer.

pub mod adapter;
pub mod auth;
pub mod body;
pub mod cassette;
pub mod charset;
pub mod client;
pub mod cookies;
pub mod decode;
pub mod environment;
pub mod exchange;
pub mod fields;
pub mod form;
pub mod headers;
pub mod json;
pub mod links;
pub mod multipart;
pub mod netrc;
pub mod place;
pub mod policy;
pub mod proxies;
pub mod query;
pub mod redirect;
pub mod request;
pub mod retry;
pub mod stream;
pub mod url;
