//! A sample that is fed to a mountpoint of Streaming: ffmpeg sends it as RTP, over and over, at its own pace.

use std::process::{Child, Command, Stdio};

use super::samples::sample;

/// An ffmpeg that sends until this is dropped.
pub struct Feed {
    child: Child,
}

impl Feed {
    /// Sends a sample of one track, `vp8.ivf` or `opus.ogg`, to a UDP port of this machine as this payload type.
    pub fn start(name: &str, port: u16, payload: u8) -> Feed {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i"]).arg(sample(name));
        ffmpeg.args(["-c", "copy", "-payload_type", &payload.to_string(), "-f", "rtp"]);
        ffmpeg.arg(format!("rtp://127.0.0.1:{port}?pkt_size=1200"));
        ffmpeg.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Feed { child: ffmpeg.spawn().expect("ffmpeg is needed: scripts/test installs it") }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
