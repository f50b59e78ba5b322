//! Cookies as `requests` keeps them (spec/http.md 1.6), with the safety of RFC 6265bis where that takes nothing away.
//!
//! [`Jar`] holds what a session knows, [`RequestCookies`] what one call adds to it, and [`netscape`] the file form that
//! curl and Python share. Nothing here locks, reads a clock or opens a connection.

mod cookie;
pub mod date;
mod jar;
pub mod netscape;
mod set_cookie;
mod suffix;
mod tree;

pub use cookie::{Cookie, Edit, RequestCookies};
pub use jar::{Jar, Rules};

#[cfg(test)]
mod tests;
