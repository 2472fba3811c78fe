//! Valid chains, and every reason why nicup rejects a chain.

use super::*;
use nicup::sys::https::{CaProblem, inspect_ca};
use server::{ca_params, leaf_valid};

/// One exchange with a server that presents this chain, with this CA file.
fn shown(test: &str, identity: Identity, pem: &str) -> Result<Answer, Failed> {
    let ca_file = ca_file(test, pem);
    let server = Server::tls(identity, answer(GOOD), End::Hold);
    send(&Route { timeout: Duration::from_secs(2), ..route(server.port, &ca_file) })
}

#[test]
fn an_expired_certificate_is_refused() {
    let (ca, pem) = root("expired");
    assert_failed(
        shown("expired", leaf_valid(&ca, "localhost", 2020, 2025), &pem),
        Failure::Tls,
        false,
        "the certificate has expired, 365 days ago by this clock",
    );
}

#[test]
fn a_certificate_of_the_future_means_the_clock_is_not_set() {
    let (ca, pem) = root("future");
    assert_failed(
        shown("future", leaf_valid(&ca, "localhost", 2027, 2040), &pem),
        Failure::Clock,
        false,
        "the certificate is not valid yet: the clock is wrong by 365 days or more",
    );
}

#[test]
fn a_certificate_for_another_name_says_which() {
    let (ca, pem) = root("names");
    assert_failed(
        shown("names", leaf(&ca, "portal.example.net"), &pem),
        Failure::Tls,
        false,
        "the certificate is for another name than localhost (it names portal.example.net)",
    );
}

#[test]
fn an_unknown_issuer_is_rejected_with_any_name() {
    let detail = "the certificate's issuer is not in /etc/ssl/certs/ca-certificates.crt (option cacert can name another file)";
    let ((ca, _), (_, other)) = (root("stranger"), root("known"));
    assert_failed(shown("stranger", leaf(&ca, "localhost"), &other), Failure::Tls, false, detail);
    // Same name, different key: only the signature counts.
    let ((ca, _), (_, impostor)) = (root("twin"), root("twin"));
    let failed = shown("twin", leaf(&ca, "localhost"), &impostor).unwrap_err();
    assert_eq!((failed.failure, failed.sent), (Failure::Tls, false));
}

#[test]
fn of_two_roots_with_one_name_the_right_one_is_found() {
    let ((_, first), (ca, second), (_, third)) = (root("same"), root("same"), root("same"));
    let bundle = format!("{first}{second}{third}");
    assert_eq!(shown("same", leaf(&ca, "localhost"), &bundle), Ok(good()));
}

#[test]
fn a_chain_through_an_intermediate_holds() {
    let (ca, pem) = root("top");
    let key = rcgen::KeyPair::generate().unwrap();
    let params = ca_params("middle");
    let middle = params.signed_by(&key, &ca).unwrap();
    let mut identity = leaf(&rcgen::Issuer::new(params, key), "localhost");
    identity.chain.push(middle.into());
    assert_eq!(shown("middle", identity, &pem), Ok(good()));
}

#[test]
fn a_chain_of_p384_keys_holds() {
    let generate = || rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let (ca_key, key, params) = (generate(), generate(), ca_params("p384"));
    let pem = params.self_signed(&ca_key).unwrap().pem();
    let ca = rcgen::Issuer::new(params, ca_key);
    let certificate = rcgen::CertificateParams::new(["localhost".to_string()]).unwrap().signed_by(&key, &ca);
    let key = rustls_pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let identity = Identity { chain: vec![certificate.unwrap().into()], key };
    assert_eq!(shown("p384", identity, &pem), Ok(good()));
}

#[test]
fn one_root_is_found_in_a_whole_bundle() {
    let Ok(bundle) = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt") else { return };
    let (ca, pem) = root("bundled");
    assert_eq!(shown("bundled", leaf(&ca, "localhost"), &format!("{bundle}{pem}")), Ok(good()));
    let whole = inspect_ca(&ca_file("bundle-count", &bundle));
    assert_eq!(whole, Ok(bundle.matches("-----BEGIN CERTIFICATE-----").count()));
    assert_failed(
        shown("unbundled", leaf(&ca, "localhost"), &bundle),
        Failure::Tls,
        false,
        "the certificate's issuer is not in /etc/ssl/certs/ca-certificates.crt (option cacert can name another file)",
    );
}

#[test]
fn the_ca_file_may_be_untidy() {
    let (ca, pem) = root("untidy");
    let cut = &pem[..200];
    let files = [
        pem.replace('\n', "\r\n"),
        pem.trim_end().to_string(),
        format!("# comment\n\n{pem}trailing text\n"),
        pem.replace("-----\n", "-----  \n"),
        format!("{cut}\n{pem}"),
        format!("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n{pem}"),
        format!("{}{pem}", pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE")),
        format!("{}{pem}", "x".repeat(100_000)).replace("x-----", "x\n-----"),
        // A block without an end, longer than nicup reads at a time.
        format!("-----BEGIN CERTIFICATE-----\n{}\n{pem}", "x".repeat(70_000)),
        rewrapped(&pem, |_| usize::MAX),
        pem.replacen('\n', "\n\n", 1),
        // Lines of another length, and lines of different lengths.
        rewrapped(&pem, |_| 76),
        rewrapped(&pem, |line| 40 + line),
        format!("{}{pem}", pem.replace("-----BEGIN", "# -----BEGIN").replace("\nM", "\n# M")),
    ];
    for (index, file) in files.iter().enumerate() {
        assert_eq!(inspect_ca(&ca_file("untidy-count", file)), Ok(1), "{index}");
        assert_eq!(shown("untidy", leaf(&ca, "localhost"), file), Ok(good()), "{index}");
    }
}

fn rewrapped(pem: &str, width: impl Fn(usize) -> usize) -> String {
    let base64: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    let (mut rest, mut lines) = (base64.as_str(), Vec::new());
    while !rest.is_empty() {
        let (line, more) = rest.split_at(width(lines.len()).min(rest.len()));
        lines.push(line);
        rest = more;
    }
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn missing_unreadable_and_empty_ca_files_are_three_problems() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    assert_eq!(inspect_ca(&folder.join("missing")), Err(CaProblem::Missing));
    assert_eq!(inspect_ca(folder), Err(CaProblem::Unreadable("it is a directory".into())));
    let (ca, pem) = root("other labels");
    for text in ["", "no certificate here\n", &pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), &pem[..300]]
    {
        assert_eq!(inspect_ca(&ca_file("empty-count", text)), Err(CaProblem::Empty));
        assert_failed(
            shown("empty", leaf(&ca, "localhost"), text),
            Failure::Tls,
            false,
            "/etc/ssl/certs/ca-certificates.crt contains no certificate: install the package ca-bundle",
        );
    }
}

#[test]
fn without_a_ca_file_there_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_failed(
        send(&route(port, Path::new("/nowhere/ca.pem"))),
        Failure::Tls,
        false,
        "/etc/ssl/certs/ca-certificates.crt is missing: install the package ca-bundle",
    );
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
