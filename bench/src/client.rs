//! A keep-alive HTTP/1.1 connection as light as a load generator's has to be: requests are ready bytes, of an answer
//! only the status and the length are looked at.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One connection.
pub struct Connection {
    stream: TcpStream,
    /// The answer read last: head, then body.
    buffer: Vec<u8>,
}

/// An answer, borrowed from its connection.
pub struct Answer<'c> {
    pub status: u16,
    pub head: &'c str,
    pub body: &'c [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads its answer to the end.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            self.read_more().await?;
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..head_end])?;
        let status = head.get(9..12).and_then(|code| code.parse().ok()).context("not an HTTP answer")?;
        let length = match header(head, "content-length") {
            Some(length) => length.parse::<usize>()?,
            None if status == 204 => 0,
            None => bail!("an answer without content-length"),
        };
        let whole = head_end + length;
        while self.buffer.len() < whole {
            self.read_more().await?;
        }
        ensure!(self.buffer.len() == whole, "more than one answer to one request");
        let (head, body) = self.buffer.split_at(head_end);
        Ok(Answer { status, head: std::str::from_utf8(head)?, body })
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
        Ok(())
    }
}

impl Answer<'_> {
    /// The JSON of an answer that must have this status.
    pub fn json(&self, status: u16) -> anyhow::Result<Value> {
        if self.status != status {
            bail!("{} instead of {status}: {}", self.status, String::from_utf8_lossy(self.body));
        }
        Ok(serde_json::from_slice(self.body)?)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let pairs = head.lines().filter_map(|line| line.split_once(": "));
    pairs.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// A request as bytes; `headers` are whole lines.
pub fn request(method: &str, path: &str, headers: &[String], body: Option<&Value>) -> Vec<u8> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for line in headers {
        text.push_str(line);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(&body);
    text.into_bytes()
}
