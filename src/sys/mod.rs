//! System calls.

#![allow(unsafe_code, reason = "system calls are what this folder is for")]

pub mod fork;
pub mod panic;
