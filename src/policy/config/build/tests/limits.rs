//! How many services, hostnames and problems nicup takes, and what it says about the rest.

use super::*;

/// A service with its own user and its own hostnames.
fn service(name: &str, hostnames: usize) -> String {
    let lines = (0..hostnames).map(|host| format!(" list hostname {name}-{host}.example\n"));
    let hostnames: String = lines.collect();
    format!("config service {name}\n option username {name}\n option password p\n{hostnames}")
}

/// A section `nicup` with options that do not exist.
fn unknown_options(count: usize) -> String {
    let lines = (0..count).map(|number| format!(" option colour{number} red\n"));
    format!("config nicup main\n{}", lines.collect::<String>())
}

#[test]
fn two_hundred_and_fifty_services_run_and_one_error_stands_for_the_rest() {
    let services = |count| (0..count).map(|number| service(&format!("s{number}"), 1)).collect::<String>();
    let config = read(&services(250));
    assert!(config.issues.is_empty(), "{:?}", config.issues);
    valid(&config, 249);
    let config = read(&services(253));
    let message = "more than 250 services: this one and those after it do not run, remove some";
    assert_eq!(problems_of(&config), [(Level::Error, 1001, message)]);
    assert_eq!(config.services.len(), 251);
    valid(&config, 249);
    let Entry::Invalid(surplus) = &config.services[250] else { panic!("it is valid") };
    assert_eq!((surplus.name.as_str(), &surplus.reason), ("s250", &format!("line 1001: {message}")));
}

#[test]
fn the_service_with_which_there_are_more_than_1000_hostnames_does_not_run() {
    let config = read(&format!("{}{}", service("one", 600), service("two", 400)));
    assert!(config.issues.is_empty(), "{:?}", config.issues);
    let config = read(&format!("{}{}{}", service("one", 600), service("two", 401), service("three", 400)));
    let message = "with this service there are more than 1000 hostnames: remove some";
    assert_eq!(problems_of(&config), [(Level::Error, 604, message)]);
    let Entry::Invalid(surplus) = &config.services[1] else { panic!("it is valid") };
    assert_eq!((surplus.hostnames.len(), &surplus.reason), (401, &format!("line 604: {message}")));
    valid(&config, 2);
}

#[test]
fn a_hundred_problems_are_shown_and_the_rest_is_counted() {
    let config = read(&format!("{}{HOME}", unknown_options(100)));
    assert!(config.issues.len() == 100 && config.issues.iter().all(|issue| issue.line.is_some()));
    for (count, more) in [(101, 1), (130, 30)] {
        let config = read(&format!("{}{HOME}", unknown_options(count)));
        let message = format!("{more} more problems not shown: correct these first");
        assert_eq!(problems_of(&config)[100..], [(Level::Warning, 0, message.as_str())]);
    }
}

#[test]
fn an_error_among_the_problems_that_are_not_shown_is_an_error_still() {
    let wrong = HOME.replace("'me'", "'m\te'");
    let config = read(&format!("{}{wrong}", unknown_options(230)));
    let message = "131 more problems not shown: correct these first";
    assert_eq!(problems_of(&config)[100..], [(Level::Error, 0, message)]);
    let Entry::Invalid(invalid) = &config.services[0] else { panic!("it is valid") };
    assert!(invalid.reason.starts_with("line 233: option username:"), "{}", invalid.reason);
}
