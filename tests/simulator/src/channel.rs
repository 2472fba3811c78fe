//! A connection's bytes, with or without TLS. Not buffered: one write to the socket for each send.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::behaviour::Cut;
use crate::received::TlsFacts;

/// How long the client may take to end its side after the server has ended its own.
const LINGER: Duration = Duration::from_secs(5);

pub(crate) struct Channel {
    socket: TcpStream,
    tls: Option<ServerConnection>,
}

impl Channel {
    pub(crate) fn plain(socket: TcpStream) -> Self {
        Self { socket, tls: None }
    }

    /// Completes the handshake.
    pub(crate) fn secure(socket: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        tls.set_buffer_limit(None);
        let mut channel = Self { socket, tls: Some(tls) };
        while channel.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
            if channel.pump()? == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the client left during the handshake",
                ));
            }
        }
        Ok(channel)
    }

    pub(crate) fn facts(&self) -> Option<TlsFacts> {
        let tls = self.tls.as_ref()?;
        Some(TlsFacts {
            version: if tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) { "1.3" } else { "1.2" },
            cipher: tls
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown")
                .to_owned(),
            sni: tls.server_name().map(str::to_owned),
        })
    }

    /// Reads once from the socket into TLS, and sends TLS's response.
    fn pump(&mut self) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return Ok(0) };
        let count = tls.read_tls(&mut self.socket)?;
        let processed = tls.process_new_packets();
        let flushed = self.flush();
        processed.map_err(io::Error::other)?;
        flushed?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        let mut records = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut records)?;
        }
        self.socket.write_all(&records)
    }

    /// 0 is the end, with or without a TLS close_notify.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(tls) = &mut self.tls else { return self.socket.read(buffer) };
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.pump()? == 0 {
                        return Ok(0);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return self.socket.write_all(bytes) };
        tls.writer().write_all(bytes)?;
        self.flush()
    }

    /// Sends these last bytes and the close_notify in one write.
    pub(crate) fn send_last(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return self.socket.write_all(bytes) };
        tls.writer().write_all(bytes)?;
        tls.send_close_notify();
        self.flush()
    }

    pub(crate) fn set_timeout(&self, timeout: Duration) {
        // It fails only for a zero duration.
        let _ = self.socket.set_read_timeout(Some(timeout));
    }

    pub(crate) fn end(self, cut: Cut) {
        end(&self.socket, cut);
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }
}

/// Ends a TCP connection. Reads what the client still sends: closing with unread bytes would cause a reset, which could
/// overtake the response.
pub(crate) fn end(socket: &TcpStream, cut: Cut) {
    match cut {
        Cut::Rst => {
            // The reset goes out when the last copy of the socket is closed.
            let _ = rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO));
        }
        Cut::Fin => {
            let _ = socket.shutdown(Shutdown::Write);
            drain(socket, Some(LINGER));
        }
    }
}

/// Reads and discards until the client ends the connection, the simulator stops, or the timeout expires.
pub(crate) fn drain(mut socket: &TcpStream, timeout: Option<Duration>) {
    let _ = socket.set_read_timeout(timeout);
    let mut sink = [0; 4096];
    while socket.read(&mut sink).is_ok_and(|count| count > 0) {}
}
