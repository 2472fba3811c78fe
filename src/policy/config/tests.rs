//! How the configuration's types look to a person.

use super::*;

#[test]
fn an_empty_contact_of_the_packager_counts_as_none() {
    assert_eq!(packager(Some("router@example.org")), Some("router@example.org"));
    assert_eq!(packager(Some("")), None);
    assert_eq!(packager(None), None);
}

#[test]
fn a_problem_is_one_line_with_the_file_the_line_and_how_much_it_matters() {
    let at = |number| Issue {
        level: Level::Error,
        file: "/etc/config/nicup".to_owned(),
        line: number,
        message: "option port: 'x' is not a port: 1 to 65535".to_owned(),
    };
    let line = "/etc/config/nicup:5: error: option port: 'x' is not a port: 1 to 65535";
    assert_eq!(at(Some(5)).to_string(), line);
    assert_eq!(at(None).to_string(), line.replace(":5", ""), "the file as a whole");
}

#[test]
fn a_family_wants_one_address_or_both() {
    let wanted = |family: Family| (family.v4(), family.v6());
    assert_eq!(wanted(Family::Ipv4), (true, false));
    assert_eq!(wanted(Family::Ipv6), (false, true));
    assert_eq!(wanted(Family::Both), (true, true));
}

#[test]
fn a_secret_shows_that_it_is_one_and_nothing_else() {
    let secret = Secret::new("geheim".to_owned());
    assert_eq!((format!("{secret:?}").as_str(), secret.reveal()), ("(secret)", "geheim"));
}
