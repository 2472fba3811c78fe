//! Updates through TLS servers of every kind that public authorities and servers use, and no update if nicup must
//! reject the server or cannot find it. The server is OpenSSL's, with keys made for the test.
//!
//! NICUP_PROGRAM names another program to test, such as `/usr/bin/qemu-mips-static FILE`, to test a binary for a
//! router's processor. No test waits for the network: a test takes as long as the generation of its keys.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;
mod names;
mod openssl;

use common::{CA, HOME, NICUP, Ran, Router, skip, tool};
use openssl::{Chain, Seen, Server};
use std::process::{Child, Stdio};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\ngood 203.0.113.7\n";
/// RSA root, RSA intermediate, ECDSA server.
const USUAL: [&str; 3] = ["rsa:4096", "rsa:2048", "P-256"];
const TLS_1_2: &str = "-tls1_2";
const TLS_1_3: &str = "-tls1_3";

/// A router, if OpenSSL is installed.
fn router(story: &str) -> Option<Router> {
    if tool("openssl").is_none() {
        skip(story, "openssl is not installed");
        return None;
    }
    Router::new(story)
}

/// A chain with these kinds of keys.
fn chain(r: &Router, kinds: &[&str]) -> Chain {
    let name = kinds.join("-").replace([':', ' '], ".");
    Chain::new(&r.root.with_file_name("chains").join(name), kinds)
}

/// A run of a router that has not registered anything.
fn fresh_run(r: &Router) -> Child {
    for folder in ["etc/nicup", "var/run/nicup"] {
        let _ = std::fs::remove_dir_all(r.root.join(folder));
    }
    let program = std::env::var("NICUP_PROGRAM").unwrap_or_else(|_| NICUP.into());
    let mut words = program.split_whitespace().chain(["--root", r.root.to_str().unwrap(), "run"]);
    let mut command = r.command(words.next().unwrap(), &words.collect::<Vec<_>>());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs one update, and returns what the server saw and its port.
fn update(r: &Router, chain: &Chain, options: &[&str]) -> (Ran, Seen, u16) {
    r.write(CA, chain.root());
    let server = Server::start(chain, options);
    let port = server.port;
    let service = format!(
        "option server 'localhost'\noption port '{port}'\noption timeout '60'\n\
         option device '{}'\nlist hostname '{HOME}'\n",
        r.device
    );
    r.config(
        &("config nicup 'main'\n\toption contact 'me@example.com'\n".to_owned()
            + &r.service("home", &service)),
    );
    let running = fresh_run(r);
    let seen = server.serve(GOOD);
    (common::finish(running), seen, port)
}

/// The server receives the exact request in a session with all of these properties, and the hostname becomes current.
#[track_caller]
fn accepted(r: &Router, chain: &Chain, options: &[&str], session: &[&str]) {
    let (ran, seen, port) = update(r, chain, options);
    assert_eq!(ran.exit, 0, "{options:?}: {ran:?} {}", seen.session);
    let request = format!(
        "GET /nic/update?hostname={HOME}&myip=203.0.113.7 HTTP/1.1\r\nHost: localhost:{port}\r\n\
         Authorization: Basic dGVzdC1rZXk6dGVzdC1wYXNzd29yZA==\r\n\
         User-Agent: nicup Test_Router/24.10.0-{} me@example.com\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(seen.request, request, "{options:?}");
    r.shows(HOME, "current", "good");
    for property in session {
        let has = seen.session.lines().any(|line| line == *property);
        assert!(has, "{options:?}: no `{property}` in\n{}", seen.session);
    }
}

/// nicup sends nothing, and the status says why.
#[track_caller]
fn refused(r: &Router, chain: &Chain, options: &[&str], message: &str) {
    let (ran, seen, _) = update(r, chain, options);
    assert_eq!((ran.exit, seen.request.as_str()), (1, ""), "{options:?}: {ran:?} {}", seen.session);
    let shown = r.shows(HOME, "waiting", "tls").message.unwrap();
    assert!(shown.contains(message), "{options:?}: {shown}");
}

/// Both TLS versions accept a chain with these kinds of keys.
#[track_caller]
fn holds(r: &Router, kinds: &[&str]) {
    let chain = chain(r, kinds);
    accepted(r, &chain, &[TLS_1_3], &["Protocol version: TLSv1.3"]);
    accepted(r, &chain, &[TLS_1_2], &["Protocol version: TLSv1.2"]);
}

#[test]
fn servers_with_rsa_keys_of_2048_to_4096_bits() {
    let Some(r) = router("servers_with_rsa_keys_of_2048_to_4096_bits") else { return };
    for bits in ["rsa:2048", "rsa:3072", "rsa:4096"] {
        holds(&r, &["rsa:2048", bits]);
    }
}

#[test]
fn servers_with_ecdsa_keys() {
    let Some(r) = router("servers_with_ecdsa_keys") else { return };
    for (curve, digest) in [("P-256", "sha256"), ("P-384", "sha384")] {
        holds(&r, &[curve, &format!("{curve} {digest}")]);
        // Some authorities sign with the other digest.
        let other = if digest == "sha256" { "sha384" } else { "sha256" };
        holds(&r, &[curve, &format!("{curve} {other}")]);
    }
}

/// Let's Encrypt's chains: ISRG Root X1 over R10 and over E5, ISRG Root X2 over E5, and X2 signed by X1.
#[test]
fn chains_of_the_shapes_that_lets_encrypt_has() {
    let Some(r) = router("chains_of_the_shapes_that_lets_encrypt_has") else { return };
    holds(&r, &USUAL);
    holds(&r, &["rsa:4096", "rsa:2048", "rsa:2048"]);
    holds(&r, &["rsa:4096", "P-384", "P-256 sha384"]);
    holds(&r, &["P-384", "P-384 sha384", "P-256 sha384"]);
    holds(&r, &["rsa:4096", "P-384", "P-384 sha384", "P-256 sha384"]);
}

#[test]
fn rsa_chains_signed_with_each_digest() {
    let Some(r) = router("rsa_chains_signed_with_each_digest") else { return };
    for digest in ["sha384", "sha512"] {
        holds(&r, &["rsa:4096", &format!("rsa:2048 {digest}"), &format!("rsa:2048 {digest}")]);
    }
}

#[test]
fn the_six_suites_of_tls_1_2() {
    let Some(r) = router("the_six_suites_of_tls_1_2") else { return };
    for (leaf, kind) in [("rsa:2048", "RSA"), ("P-256", "ECDSA")] {
        let chain = chain(&r, &["rsa:2048", leaf]);
        for cipher in ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"] {
            let suite = format!("ECDHE-{kind}-{cipher}");
            let is = format!("Ciphersuite: {suite}");
            accepted(&r, &chain, &[TLS_1_2, "-cipher", &suite], &["Protocol version: TLSv1.2", &is]);
        }
    }
}

#[test]
fn the_three_suites_of_tls_1_3() {
    let Some(r) = router("the_three_suites_of_tls_1_3") else { return };
    let chain = chain(&r, &USUAL);
    for suite in ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"] {
        let is = format!("Ciphersuite: {suite}");
        accepted(&r, &chain, &[TLS_1_3, "-ciphersuites", suite], &["Protocol version: TLSv1.3", &is]);
    }
}

/// In TLS 1.2 an RSA server may sign its part of the handshake with PKCS #1 v1.5 or PSS, with each digest.
#[test]
fn an_rsa_server_may_sign_in_either_way() {
    let Some(r) = router("an_rsa_server_may_sign_in_either_way") else { return };
    let chain = chain(&r, &["rsa:2048", "rsa:2048"]);
    for digest in ["SHA256", "SHA384", "SHA512"] {
        for way in ["RSA", "RSA-PSS"] {
            accepted(&r, &chain, &[TLS_1_2, "-sigalgs", &format!("{way}+{digest}")], &[]);
        }
    }
}

#[test]
fn old_tls_is_refused() {
    let Some(r) = router("old_tls_is_refused") else { return };
    let chain = chain(&r, &["rsa:2048", "rsa:2048"]);
    for version in ["-tls1_1", "-tls1"] {
        refused(&r, &chain, &[version, "-cipher", "ALL:@SECLEVEL=0"], "no TLS version in common");
    }
}

#[test]
fn a_server_without_a_modern_cipher_is_refused() {
    let Some(r) = router("a_server_without_a_modern_cipher_is_refused") else { return };
    let chain = chain(&r, &["rsa:2048", "rsa:2048"]);
    // CBC ciphers, and RSA key transport without forward secrecy.
    for cipher in ["ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA", "AES128-GCM-SHA256"] {
        refused(&r, &chain, &[TLS_1_2, "-cipher", cipher], "no cipher");
    }
}

#[test]
fn a_server_that_has_no_key_exchange_of_ours_is_refused() {
    let Some(r) = router("a_server_that_has_no_key_exchange_of_ours_is_refused") else { return };
    let chain = chain(&r, &USUAL);
    for version in [TLS_1_3, TLS_1_2] {
        refused(&r, &chain, &[version, "-groups", "P-521"], "key exchange");
        // The ClientHello has a key share for the first group only, so the server requests another one.
        for groups in ["X25519", "P-256", "P-384", "P-521:P-256"] {
            accepted(&r, &chain, &[version, "-groups", groups], &[]);
        }
    }
}

#[test]
fn weak_keys_and_weak_digests_are_refused() {
    let Some(r) = router("weak_keys_and_weak_digests_are_refused") else { return };
    let (key, digest) = ("or its RSA key is shorter than 2048 bits", "signature algorithm is not supported");
    let weak: [(&[&str], &str); 5] = [
        (&["rsa:2048", "rsa:1024"], key),
        (&["rsa:2048", "rsa:1024", "rsa:2048"], key),
        (&["rsa:1024", "rsa:2048"], key),
        (&["rsa:2048", "rsa:2048 sha1"], digest),
        (&["rsa:2048", "rsa:2048 sha1", "rsa:2048"], digest),
    ];
    for (kinds, why) in weak {
        for version in [TLS_1_3, TLS_1_2] {
            refused(&r, &chain(&r, kinds), &[version, "-cipher", "DEFAULT:@SECLEVEL=0"], why);
        }
    }
}

/// Public authorities do not issue them.
#[test]
fn certificates_of_unusual_kinds_are_refused() {
    let Some(r) = router("certificates_of_unusual_kinds_are_refused") else { return };
    let why = "the certificate's signature algorithm is not supported";
    refused(&r, &chain(&r, &["rsa:2048", "P-521", "P-256"]), &[], why);
    refused(&r, &chain(&r, &["ed25519", "P-256"]), &[], why);
    refused(&r, &chain(&r, &["rsa:2048", "ed25519"]), &[], "with TLS alert 40");
    refused(&r, &chain(&r, &["rsa:2048", "P-521"]), &[], "with TLS alert 40");
}
