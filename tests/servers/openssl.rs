//! Certificate chains and a server for one connection, both made with the program `openssl`: an implementation that
//! shares no code with nicup's.
//!
//! Knows no protocol above TLS: it returns the bytes that it received, and sends the given response.

use crate::common::patience;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// The usage of a certificate, and little else.
const EXTENSIONS: &str = "[req]\ndistinguished_name=dn\n[dn]\n\
    [authority]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
    subjectKeyIdentifier=hash\n\
    [server]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n\
    extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost\n";

/// Runs it to completion.
fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {}: {printed}", arguments.join(" "));
}

/// Certificates from a root to a server, as files.
pub(crate) struct Chain {
    dir: PathBuf,
    keys: Vec<String>,
}

impl Chain {
    /// From the root to the server: the kind of the key (`rsa:2048`, `P-256`, `ed25519`), then the digest of its
    /// signature, by default sha256.
    pub(crate) fn new(dir: &Path, kinds: &[&str]) -> Chain {
        let mut chain = Chain { dir: dir.to_owned(), keys: Vec::new() };
        std::fs::create_dir_all(dir).unwrap();
        std::fs::write(dir.join("extensions"), EXTENSIONS).unwrap();
        for (level, kind) in kinds.iter().enumerate() {
            let (kind, digest) = kind.split_once(' ').unwrap_or((kind, "sha256"));
            let key = key(kind, level);
            let (config, subject) = (chain.file("extensions"), format!("/CN=level {level}"));
            let use_of = if level + 1 == kinds.len() { "server" } else { "authority" };
            let mut arguments =
                vec!["req", "-x509", "-days", "90", "-config", &config, "-extensions", use_of];
            let (certificate, sign) = (chain.certificate(level), format!("-{digest}"));
            arguments.extend(["-key", &key, "-subj", &subject, "-out", &certificate]);
            // Ed25519 includes its own digest.
            let above = level.checked_sub(1).map(|above| (above, kinds[above]));
            if above.is_none_or(|(_, kind)| kind != "ed25519") {
                arguments.push(&sign);
            }
            let issuer = above.map(|(above, _)| (chain.certificate(above), chain.keys[above].clone()));
            if let Some((certificate, key)) = &issuer {
                arguments.extend(["-CA", certificate, "-CAkey", key]);
            }
            openssl(&arguments);
            chain.keys.push(key);
        }
        let between: String = (1..kinds.len() - 1).rev().map(|level| chain.pem(level)).collect();
        std::fs::write(dir.join("between"), between).unwrap();
        chain
    }

    fn file(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().to_owned()
    }

    fn certificate(&self, level: usize) -> String {
        self.file(&format!("certificate{level}"))
    }

    fn pem(&self, level: usize) -> String {
        std::fs::read_to_string(self.certificate(level)).unwrap()
    }

    /// The root's certificate.
    pub(crate) fn root(&self) -> String {
        self.pem(0)
    }
}

/// A key of this kind, generated once for each level and kept for later runs: 4096 bits take seconds.
fn key(kind: &str, level: usize) -> String {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let _turn = ONE_BY_ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let name = format!("{}/key-{}-{level}", env!("CARGO_TARGET_TMPDIR"), kind.replace(':', "-"));
    if !Path::new(&name).exists() {
        let new = format!("{name}.{}", std::process::id());
        let (curve, bits) = (format!("ec_paramgen_curve:{kind}"), kind.replace("rsa:", "rsa_keygen_bits:"));
        let how = match kind {
            "ed25519" => vec!["-algorithm", "ed25519"],
            kind if kind.starts_with("rsa:") => vec!["-algorithm", "RSA", "-pkeyopt", &bits],
            _ => vec!["-algorithm", "EC", "-pkeyopt", &curve],
        };
        openssl(&[&["genpkey", "-quiet", "-out", &new], &*how].concat());
        std::fs::rename(new, &name).unwrap();
    }
    name
}

/// `openssl s_server`, for one connection.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

/// What the server saw.
pub(crate) struct Seen {
    /// The bytes of the request.
    pub(crate) request: String,
    /// Lines such as `Protocol version: TLSv1.3` and `Ciphersuite: TLS_AES_128_GCM_SHA256`.
    pub(crate) session: String,
}

impl Server {
    pub(crate) fn start(chain: &Chain, options: &[&str]) -> Server {
        // This program has its own network namespace: no other program uses ports below the ephemeral ones.
        static PORT: AtomicU16 = AtomicU16::new(20_001);
        let port = PORT.fetch_add(1, Ordering::Relaxed);
        let leaf = chain.keys.len() - 1;
        let mut command = Command::new("openssl");
        command.args(["s_server", "-brief", "-naccept", "1", "-4", "-accept", &format!("127.0.0.1:{port}")]);
        command.args(["-cert", &chain.certificate(leaf), "-key", &chain.keys[leaf]]);
        if leaf > 1 {
            command.args(["-cert_chain", &chain.file("between")]);
        }
        command.args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut server = Server { child: command.spawn().unwrap(), port };
        let (listening, end) = (format!(":{port:04X} 00000000:0000 0A"), Instant::now() + patience());
        while !std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&listening) {
            if server.child.try_wait().unwrap().is_some() || Instant::now() > end {
                panic!("openssl s_server {}: {}", options.join(" "), server.rest());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// Reads the request if there is one, responds, and waits until the client closes the connection.
    pub(crate) fn serve(mut self, answer: &str) -> Seen {
        let (mut request, mut byte) = (Vec::new(), [0]);
        let stdout = self.child.stdout.as_mut().unwrap();
        while !request.ends_with(b"\r\n\r\n") && stdout.read(&mut byte).unwrap() == 1 {
            request.push(byte[0]);
        }
        if !request.is_empty() {
            self.child.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
            stdout.read_to_end(&mut request).unwrap();
        }
        Seen { request: String::from_utf8(request).unwrap(), session: self.rest() }
    }

    fn rest(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
