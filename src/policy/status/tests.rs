//! What the file contains, and what it leaves out when it grows.

use super::*;

fn status(hosts: usize, message: &str) -> Status {
    let host = |i: usize| HostStatus {
        hostname: format!("h{i}.example.net"),
        state: State::Current,
        registered_ipv4: Some(Ipv4Addr::new(203, 0, 113, 7)),
        registered_ipv6: None,
        code: Some(Code::Good),
        message: Some(message.to_owned()),
        last_attempt: Some(1),
        next_attempt_uptime: Some(9),
        ..HostStatus::default()
    };
    let service = ServiceStatus {
        name: "home".to_owned(),
        enabled: true,
        server: "s".to_owned(),
        transport: "https:443".to_owned(),
        interface: None,
        device: Some("wan".to_owned()),
        hosts: (0..hosts).map(host).collect(),
        ..ServiceStatus::default()
    };
    Status {
        version: 1,
        program: "nicup 0".to_owned(),
        time: None,
        uptime: 5,
        mode: Mode::Watch,
        problems: Vec::new(),
        services: vec![service],
        events: Vec::new(),
    }
}

#[test]
fn the_file_is_one_line_without_blanks_and_read_back() {
    let text = write(&status(1, "x"));
    assert!(
        text.starts_with("{\"version\":1,\"program\":\"nicup 0\",\"time\":null,\"uptime\":5,\"mode\""),
        "{text}"
    );
    assert!(!text.contains('\n') && !text.contains(": "), "{text}");
    assert_eq!(read(&text), Some(status(1, "x")));
    assert_eq!(read(&text.replace("\"version\":1", "\"version\":2")), None);
}

#[test]
fn a_larger_file_says_what_it_leaves_out() {
    for (count, name, hosts_left) in [(700, 0, true), (1000, 0, true), (1000, 100, false), (1000, 240, false)]
    {
        let mut status = status(count, &"m".repeat(160));
        for (at, host) in status.services[0].hosts.iter_mut().enumerate() {
            host.hostname.insert_str(0, &"n".repeat(name));
            if at >= 10 {
                host.state = State::Stopped;
            }
        }
        let text = write(&status);
        assert!(text.len() <= SIZE_LIMIT, "{count}: {}", text.len());
        let read = read(&text).unwrap();
        let hosts = &read.services[0].hosts;
        assert_eq!(hosts.len() == count, hosts_left, "{}", hosts.len());
        let message = &read.problems[0].message;
        let left = if hosts_left { String::new() } else { format!("{} hosts and ", count - hosts.len()) };
        assert!(message.starts_with(&format!("{left}all messages")), "{message}");
        if !hosts_left {
            assert!(hosts.iter().all(|host| host.state == State::Stopped), "the current ones go first");
            assert!(text.len() > SIZE_LIMIT - 700, "and no more than needed: {}", text.len());
        }
    }
}

#[test]
fn services_alone_can_be_too_many() {
    let mut status = status(1, "x");
    status.services[0].name = "s".repeat(2000);
    status.services = vec![status.services[0].clone(); 250];
    let text = write(&status);
    assert!((SIZE_LIMIT - 5000..=SIZE_LIMIT).contains(&text.len()), "{}", text.len());
    assert!(read(&text).unwrap().services.len() > 100);
}

#[test]
fn a_large_file_leaves_out_the_messages_of_current_hosts() {
    let text = write(&status(700, &"m".repeat(160)));
    assert!(text.len() <= SIZE_LIMIT, "{}", text.len());
    assert!(read(&text).unwrap().services[0].hosts.iter().all(|host| host.message.is_none()));
}

#[test]
fn what_is_wrong_with_a_file_reads_the_same_in_the_status_as_in_the_log() {
    let file = "/etc/config/nicup".to_owned();
    let issue = Issue { level: Level::Warning, file, line: Some(7), message: "no username".to_owned() };
    let problem = Problem::from(issue.clone());
    assert_eq!(problem.to_string(), "/etc/config/nicup:7: warning: no username");
    assert_eq!(problem.to_string(), issue.to_string());
}

#[test]
fn each_sentence_has_the_identifier_of_its_template() {
    let mut status = status(3, "accepted");
    let service = &mut status.services[0];
    service.address_note = Some("wan is down".to_owned());
    service.hosts[2].message = Some("a sentence of another version".to_owned());
    service.hosts.push(HostStatus::default());
    status.problems.push(Problem {
        message: "option port: 'x' is not a port: 1 to 65535".to_owned(),
        ..Problem::default()
    });
    status.identify();
    let service = &status.services[0];
    let texts = |values: &[&str]| Sparse(values.iter().map(ToString::to_string).collect::<Vec<_>>());
    let id = |id: &str| Sparse(Some(id.to_owned()));
    let note = (&service.address_note_id, &service.address_note_values);
    assert_eq!(note, (&id("device-down"), &texts(&["wan"])));
    let problem = &status.problems[0];
    assert_eq!(
        (&problem.message_id, &problem.message_values),
        (&id("option-port"), &texts(&["port", " 'x'"]))
    );
    let ids: Vec<_> = service.hosts.iter().map(|host| host.message_id.clone()).collect();
    assert_eq!(ids, [id("accepted"), id("accepted"), Sparse(None), Sparse(None)]);
}

#[test]
fn events_go_before_the_messages_of_other_hosts_than_current_ones() {
    let events = |status: &mut Status, count| status.events = vec![EventStatus::default(); count];
    let mut current = status(700, &"m".repeat(160));
    events(&mut current, 5);
    assert_eq!(read(&write(&current)).unwrap().events.len(), 5, "the messages of current hosts are enough");
    let mut stopped = status(450, &"m".repeat(160));
    stopped.services[0].hosts.iter_mut().for_each(|host| host.state = State::Stopped);
    assert!(write(&stopped).len() < SIZE_LIMIT);
    events(&mut stopped, 1000);
    let read = read(&write(&stopped)).unwrap();
    assert_eq!((read.events.len(), read.problems.len()), (0, 0));
    assert!(read.services[0].hosts.iter().all(|host| host.message.is_some()));
}

#[test]
fn a_file_may_have_as_many_bytes_as_the_limit() {
    let mut status = status(1, "x");
    status.services[0].name = "s".repeat(SIZE_LIMIT - 2000);
    status.services[0].hosts[0].hostname = "h".repeat(4000);
    let left = SIZE_LIMIT - write(&status).len();
    for (more, services) in [(left, 1), (left + 1, 0)] {
        let mut status = status.clone();
        status.services[0].name.push_str(&"s".repeat(more));
        let text = write(&status);
        assert_eq!(text.len() == SIZE_LIMIT, services == 1);
        assert_eq!(read(&text).unwrap().services.len(), services);
    }
}
