//! Frames in time: a file played at its own pace, and what arrives put into files.
