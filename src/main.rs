//! The process: an exit code, nothing else.

fn main() -> std::process::ExitCode {
    nicup::app::main()
}
