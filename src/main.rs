//! Sets the process's allocator and returns its exit code.

/// The C library's own heap (zig's, in the static builds) maps 64 KiB for each block size, which costs 30 system calls
/// per pass. This one takes memory as needed.
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    nicup::app::main()
}
