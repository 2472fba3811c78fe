//! One sentence for each option of ddns-scripts that has no counterpart in nicup.

use crate::wire::uci::Opt;

/// Why `opt` is left out; None if nicup does the same anyway.
pub(super) fn fate(opt: &Opt) -> Option<&'static str> {
    let value = opt.value.texts().first().and_then(|text| text.as_str()).unwrap_or_default();
    let unless_off = |sentence| flag(value).then_some(sentence);
    match opt.name.as_str() {
        "retry_interval" | "retry_unit" | "retry_max_count" | "retry_count" => {
            Some("nicup's waits depend on what went wrong, and it never gives up on an outage")
        }
        "dns_server" => Some(NO_LOOKUP),
        "force_dnstcp" | "is_glue" | "use_api_check" => unless_off(NO_LOOKUP),
        "force_ipversion" => {
            unless_off("one request contains both addresses, over the connection that reaches No-IP's server")
        }
        // 2 is notice, nicup's default
        "use_syslog" => {
            (value != "2").then_some("log_level of section nicup applies to all services; it is notice")
        }
        "use_logfile" => unless_off(NO_LOGFILE),
        "ddns_logdir" | "ddns_loglines" | "log_dir" | "log_lines" => Some(NO_LOGFILE),
        "ddns_dateformat" | "date_format" => Some("nicup has no format for dates"),
        "ddns_rundir" | "run_dir" => Some("nicup keeps other files, in its own run_dir"),
        "use_curl" => unless_off("nicup speaks https itself"),
        "param_enc" | "param_opt" => Some("No-IP's request has no such parameter"),
        "user_agent" => Some("No-IP prescribes its form; set option contact of section nicup"),
        "check_interval" | "check_unit" | "check_interval_min" => {
            Some("the kernel reports each change of the address")
        }
        "ip_network" | "ip_interface" | "ip_url" | "ip_script" => {
            Some("ip_source names another source, so it had no effect")
        }
        "update_url" | "update_script" => Some("nicup speaks No-IP's protocol itself"),
        _ => Some("nicup does not know it"),
    }
}

const NO_LOOKUP: &str = "nicup does not look up what is registered, it remembers what No-IP confirmed";
const NO_LOGFILE: &str = "nicup writes no log file, only to syslog";

/// OpenWrt's values for true. ddns-scripts reads everything else as false.
pub(super) fn flag(text: &str) -> bool {
    matches!(text, "1" | "true" | "yes" | "enabled" | "on")
}
