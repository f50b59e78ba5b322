//! Answers that take their time.

use std::io;
use std::time::Duration;

use super::{bad_request, not_found};
use crate::exchange::{Exchange, Next, Reply};

/// The longest wait that can be asked for.
const LONGEST_SECONDS: f64 = 3600.0;

/// A wait from an argument; `None` if it is no number of seconds.
pub fn seconds(text: &str) -> Option<Duration> {
    let value: f64 = text.parse().ok()?;
    value.is_finite().then(|| Duration::from_secs_f64(value.clamp(0.0, LONGEST_SECONDS)))
}

/// `/delay/SECONDS`, `/drip`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    match words {
        ["delay", wait] => {
            let Some(wait) = seconds(wait) else { return bad_request(ex, "the delay was not a number").await };
            let body = b"delayed\n";
            let reply = Reply::new(200).header("Content-Type", "text/plain");
            if args.get("phase") == Some("body") {
                ex.send_head(&reply, body.len() as u64).await?;
                tokio::time::sleep(wait).await;
                if !ex.is_head() {
                    ex.write(body).await?;
                }
                return Ok(ex.next());
            }
            tokio::time::sleep(wait).await;
            ex.send(reply.body(body)).await
        }
        ["drip"] => {
            let count: u64 = args.number("numbytes", 10);
            let pause = |name, default| args.get(name).map_or(Some(Duration::from_secs(default)), seconds);
            let (Some(duration), Some(delay)) = (pause("duration", 2), pause("delay", 0)) else {
                return bad_request(ex, "a time was not a number").await;
            };
            tokio::time::sleep(delay).await;
            let reply = Reply::new(args.number("code", 200)).header("Content-Type", "application/octet-stream");
            ex.send_head(&reply, count).await?;
            if ex.is_head() {
                return Ok(ex.next());
            }
            let step = duration.div_f64(count.max(1) as f64);
            for _ in 0..count {
                ex.write(b"*").await?;
                tokio::time::sleep(step).await;
            }
            Ok(ex.next())
        }
        _ => not_found(ex).await,
    }
}
