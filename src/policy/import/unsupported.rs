//! One sentence for each option of ddns-scripts that has no counterpart in nicup.

use crate::wire::uci::Opt;

/// Why `opt` is left out; None if nicup does the same anyway.
pub(super) fn why_unsupported(opt: &Opt) -> Option<&'static str> {
    let value = opt.value.texts().first().and_then(|text| text.as_str()).unwrap_or_default();
    let unless_off = |sentence| flag(value).then_some(sentence);
    match opt.name.as_str() {
        "retry_interval" | "retry_unit" | "retry_max_count" | "retry_count" => {
            Some("nicup chooses each wait by the kind of failure, and retries without a limit")
        }
        "dns_server" => Some(NO_LOOKUP),
        "force_dnstcp" | "is_glue" | "use_api_check" => unless_off(NO_LOOKUP),
        "force_ipversion" => unless_off(
            "nicup sends both addresses in one request, and chooses the IP version of the connection itself",
        ),
        // 2 is notice, nicup's default
        "use_syslog" => (value != "2")
            .then_some("set log_level of section nicup instead, for all services (default notice)"),
        "use_logfile" => unless_off(NO_LOGFILE),
        "ddns_logdir" | "ddns_loglines" | "log_dir" | "log_lines" => Some(NO_LOGFILE),
        "ddns_dateformat" | "date_format" => Some("nicup has no option for the date format"),
        "ddns_rundir" | "run_dir" => Some("nicup has other files: set run_dir of section nicup instead"),
        "use_curl" => unless_off("nicup has its own HTTPS client"),
        "param_enc" | "param_opt" => Some("No-IP's request has no such parameter"),
        "user_agent" => Some("No-IP prescribes the User-Agent: set option contact of section nicup instead"),
        "check_interval" | "check_unit" | "check_interval_min" => {
            Some("the kernel reports each change of the address")
        }
        "ip_network" | "ip_interface" | "ip_url" | "ip_script" => {
            Some("ddns-scripts ignores it with this ip_source")
        }
        "update_url" | "update_script" => Some("nicup implements No-IP's protocol itself"),
        _ => Some("nicup has no such option"),
    }
}

const NO_LOOKUP: &str = "nicup does not look up the hostname, it remembers what No-IP confirmed";
const NO_LOGFILE: &str = "nicup writes no log file, only to syslog";

/// OpenWrt's values for true. ddns-scripts reads everything else as false.
pub(super) fn flag(text: &str) -> bool {
    matches!(text, "1" | "true" | "yes" | "enabled" | "on")
}
