//! The steps of the demo. Independent of how the namespace was created.

use crate::place::Place;
use crate::{Outcome, say};
use noip_simulator::{Listen, Options, Received, Simulator, TEST_HOSTS, TEST_PASSWORD, TEST_USERNAME};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

const FIRST: &str = "203.0.113.7";
const SECOND: &str = "203.0.113.99";
const MISTYPED: &str = "tset-password";
/// Exit statuses of nicup: every host is current, or something is stopped until the user acts.
const CURRENT: i32 = 0;
const STOPPED: i32 = 4;

/// Runs all steps.
pub(crate) fn play(place: &Place) -> Outcome {
    let [home, office] = TEST_HOSTS;
    if place.own {
        say("A router and a No-IP server in a network namespace: nothing leaves this machine.");
        say("nicup runs with --root, so its files are in a temporary folder.");
        let address = format!("addr add {FIRST}/24 dev wan");
        place.ip(&["link set lo up", "link add wan type veth peer name isp", &address])?;
        place.ip(&["link set isp up", "link set wan up"])?;
    } else {
        say("No network namespace with a veth pair is allowed here (that takes root, or user namespaces).");
        say(&format!("So the device {} plays the WAN, with option allow_private '1'.", place.device));
        say("The No-IP server is on the loopback device: nothing leaves this machine.");
    }
    let stage = Stage::new(place)?;
    let sim = &stage.sim;

    step("nicup run detects the address of the WAN device and updates the server, in one request.");
    stage.configure(&[home], TEST_PASSWORD)?;
    stage.show_config()?;
    stage.run(CURRENT)?;
    stage.requests(1)?;
    let address = registered(sim, home)?;
    ensure(!place.own || address == FIRST, &format!("the server has {address}, not {FIRST}"))?;
    let status = stage.nicup(&["status"], CURRENT)?;
    ensure(status.contains(home) && status.contains(&address), "the table names the host and its address")?;

    step("This is all that the server got. Its log never has the password: [ok] says that it was right.");
    for request in sim.requests() {
        show_request(&request)?;
    }

    step("The address is registered, so another run sends nothing.");
    stage.run(CURRENT)?;
    stage.requests(1)?;

    let mut sent = 1;
    if place.own {
        step(&format!("The provider gives the router another address, {SECOND}: one more request."));
        let (add, del) = (format!("addr add {SECOND}/24 dev wan"), format!("addr del {FIRST}/24 dev wan"));
        place.ip(&[&del, &add])?;
        stage.run(CURRENT)?;
        sent += 1;
        stage.requests(sent)?;
        ensure(registered(sim, home)? == SECOND, &format!("the server has {SECOND}"))?;
    } else {
        step("Another address is not shown: changing the address of this device is not allowed here.");
    }

    step("A second hostname is added, and the password is mistyped: one request, badauth, and nicup stops.");
    stage.configure(&[home, office], MISTYPED)?;
    let text = stage.run(STOPPED)?;
    ensure(text.contains("username or password rejected"), "the run says what No-IP rejected")?;
    sent += 1;
    stage.requests(sent)?;
    let status = stage.nicup(&["status"], STOPPED)?;
    ensure(status.contains("badauth"), "the table has the word badauth")?;

    step("While the password is wrong nothing is sent, however often nicup runs.");
    for _ in 0..3 {
        stage.run_quietly(STOPPED)?;
    }
    stage.requests(sent)?;

    step("The password is corrected. That alone ends the stop, and the new hostname is sent.");
    stage.configure(&[home, office], TEST_PASSWORD)?;
    stage.run(CURRENT)?;
    sent += 1;
    stage.requests(sent)?;
    ensure(registered(sim, office)? == registered(sim, home)?, "both hostnames have the same address")?;
    let status = stage.nicup(&["status"], CURRENT)?;
    ensure(status.contains(office) && !status.contains("badauth"), "the table has both, and no badauth")?;

    ensure(sim.faults().is_empty(), &format!("the server found fault with a request: {:?}", sim.faults()))?;
    stage.no_secret_on_disk()?;
    say(&format!(
        "\nAll of it was checked: {sent} requests, each in No-IP's form, and no password in any file that"
    ));
    say("nicup wrote. The README says how to point nicup at No-IP.");
    Ok(())
}

fn step(sentence: &str) {
    say(&format!("\n# {sentence}"));
}

fn ensure(claim: bool, what: &str) -> Outcome {
    if claim { Ok(()) } else { Err(format!("this is not so: {what}")) }
}

fn registered(sim: &Simulator, host: &str) -> Outcome<String> {
    let address = sim.registered(host).0;
    address.map(|ip| ip.to_string()).ok_or_else(|| format!("the server has no address of {host}"))
}

fn show_request(request: &Received) -> Outcome {
    let raw = String::from_utf8_lossy(&request.raw);
    ensure(!raw.contains(TEST_PASSWORD), "the password is not in what is shown")?;
    ensure(request.authorization_is(TEST_USERNAME, TEST_PASSWORD), "the credentials were right")?;
    for line in raw.lines().filter(|line| !line.is_empty()) {
        say(&format!("  > {line}"));
    }
    say(&format!("  < {}", request.answer));
    Ok(())
}

/// The server, and the folder that nicup uses as its root.
struct Stage {
    root: PathBuf,
    device: String,
    allow_private: bool,
    sim: Simulator,
}

impl Stage {
    fn new(place: &Place) -> Outcome<Stage> {
        let listen = vec![Listen::tls()];
        let options = Options { listen, strict_agent: true, ..Options::default() };
        let sim = Simulator::start(options).map_err(|error| format!("the simulator: {error}"))?;
        let (root, device) = (place.folder.clone(), place.device.clone());
        let stage = Stage { root, device, allow_private: !place.own, sim };
        stage.write("etc/ssl/certs/ca-certificates.crt", stage.sim.ca_pem())?;
        stage.write("etc/openwrt_release", "DISTRIB_RELEASE='24.10.0'\n")?;
        stage.write("tmp/sysinfo/model", "Example Router X1\n")?;
        Ok(stage)
    }

    fn write(&self, name: &str, text: &str) -> Outcome {
        let path = self.root.join(name);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| fs::write(&path, text));
        written.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn configure(&self, hostnames: &[&str], password: &str) -> Outcome {
        let mut text = format!(
            "config service 'home'\n\toption username '{TEST_USERNAME}'\n\toption password '{password}'\n"
        );
        for hostname in hostnames {
            text += &format!("\tlist hostname '{hostname}'\n");
        }
        // There is no netifd here to find the device of `interface 'wan'`.
        text += &format!("\toption device '{}'\n", self.device);
        if self.allow_private {
            text += "\toption allow_private '1'\n";
        }
        text += &format!("\toption server '127.0.0.1'\n\toption port '{}'\n", self.sim.port());
        self.write("etc/config/nicup", &text)?;
        let path = self.root.join("etc/config/nicup");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(|error| error.to_string())
    }

    fn show_config(&self) -> Outcome {
        let text =
            fs::read_to_string(self.root.join("etc/config/nicup")).map_err(|error| error.to_string())?;
        say("$ cat /etc/config/nicup");
        for line in text.lines() {
            say(&format!("  {}", line.replace('\t', "    ")));
        }
        Ok(())
    }

    fn run(&self, exit: i32) -> Outcome<String> {
        self.nicup(&["run"], exit)
    }

    fn run_quietly(&self, exit: i32) -> Outcome {
        self.start(&["run"], exit).map(drop)
    }

    /// Runs nicup and prints its output.
    fn nicup(&self, words: &[&str], exit: i32) -> Outcome<String> {
        say(&format!("$ nicup {}", words.join(" ")));
        let text = self.start(words, exit)?;
        for line in text.lines() {
            say(&format!("  {line}"));
        }
        Ok(text)
    }

    fn start(&self, words: &[&str], exit: i32) -> Outcome<String> {
        let program = env!("CARGO_BIN_EXE_nicup");
        let output = Command::new(program).arg("--root").arg(&self.root).args(words).output();
        let output = output.map_err(|error| format!("{program}: {error}"))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let command = words.join(" ");
        ensure(!text.contains(TEST_PASSWORD) && !text.contains(MISTYPED), "nicup prints no password")?;
        if output.status.code() != Some(exit) {
            return Err(format!("nicup {command} ended with {}, not with {exit}:\n{text}", output.status));
        }
        Ok(text)
    }

    /// Checks and prints the total number of requests.
    fn requests(&self, count: usize) -> Outcome {
        let seen = self.sim.requests().len();
        ensure(seen == count, &format!("{count} requests in all; the server has seen {seen}"))?;
        say(&format!("  (the server has seen {count} request{} in all)", if count == 1 { "" } else { "s" }));
        Ok(())
    }

    /// Searches every file that nicup wrote for passwords.
    fn no_secret_on_disk(&self) -> Outcome {
        let mut written = 0;
        for folder in ["etc/nicup", "var/run/nicup"] {
            let entries =
                fs::read_dir(self.root.join(folder)).map_err(|error| format!("{folder}: {error}"))?;
            for entry in entries {
                let path = entry.map_err(|error| error.to_string())?.path();
                let text =
                    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let name = path.display();
                ensure(!text.contains(TEST_PASSWORD), &format!("no password in {name}"))?;
                ensure(!text.contains(MISTYPED), &format!("no mistyped password in {name}"))?;
                written += 1;
            }
        }
        ensure(written >= 3, "records.json, state.json and status.json were written")
    }
}
