//! Checks the server that gives each connection 8 MB/s: a bench of many connections is worth what this server keeps.

use crate::Problem;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The slowest and the fastest of `connections` at once, in bytes a second, each with `bytes` from the start of an
/// object; `link` is called for each connection's link for the `Range` it is given.
pub fn speeds(connections: usize, bytes: u64, link: impl Fn(&str) -> String) -> Result<(f64, f64), Problem> {
    let range = format!("bytes=0-{}", bytes - 1);
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let (link, range) = (link(&range), range.clone());
            std::thread::spawn(move || fetch(&link, &range, bytes))
        })
        .collect();
    let mut all = (f64::MAX, 0.0_f64);
    for thread in threads {
        let seconds = thread.join().map_err(|_| "the probe panicked")??.as_secs_f64();
        let speed = crate::measure::float(bytes) / seconds;
        all = (all.0.min(speed), all.1.max(speed));
    }
    Ok(all)
}

fn fetch(link: &str, range: &str, bytes: u64) -> Result<Duration, Problem> {
    let (host, path) = link.trim_start_matches("http://").split_once('/').ok_or("a link without a path")?;
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let begin = Instant::now();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nrange: {range}\r\nconnection: close\r\n\r\n")?;
    let mut received = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        received += count as u64;
    }
    if received < bytes {
        return Err(format!("the bench's own server sent {received} of {bytes} bytes").into());
    }
    Ok(begin.elapsed())
}
