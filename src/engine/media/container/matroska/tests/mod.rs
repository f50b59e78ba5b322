//! What ffmpeg and mkvmerge make is read as ffprobe reads it, and what is written is read by both.

mod bytes;
mod kit;
mod mutate;
mod reading;
mod writing;
