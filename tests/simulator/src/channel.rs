//! A connection's bytes, with or without TLS around them. Nothing is held back: one write to the socket for each send.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::behaviour::Cut;
use crate::received::TlsFacts;

/// After the server has ended its side, the client gets so long to end its own.
const LINGER: Duration = Duration::from_secs(5);

pub(crate) struct Channel {
    socket: TcpStream,
    tls: Option<ServerConnection>,
}

impl Channel {
    pub(crate) fn plain(socket: TcpStream) -> Self {
        Self { socket, tls: None }
    }

    /// Does the whole handshake.
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

    /// Reads once from the socket into TLS, and sends what TLS has to say to that.
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

    /// 0 is the end, whether or not the client said so in TLS.
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

    /// Sends these last bytes and the end of TLS in one write.
    pub(crate) fn send_last(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return self.socket.write_all(bytes) };
        tls.writer().write_all(bytes)?;
        tls.send_close_notify();
        self.flush()
    }

    pub(crate) fn set_timeout(&self, timeout: Duration) {
        // Only a zero duration is refused.
        let _ = self.socket.set_read_timeout(Some(timeout));
    }

    pub(crate) fn end(self, cut: Cut) {
        end(&self.socket, cut);
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }
}

/// Ends a TCP connection. What the client still sends is read: closing with unread bytes would be a reset, and a
/// reset could overtake the answer.
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

/// Reads and forgets until the client ends the connection, the simulator stops, or nothing came for so long.
pub(crate) fn drain(mut socket: &TcpStream, timeout: Option<Duration>) {
    let _ = socket.set_read_timeout(timeout);
    let mut sink = [0; 4096];
    while socket.read(&mut sink).is_ok_and(|count| count > 0) {}
}
