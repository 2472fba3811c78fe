//! Sets the process's allocator and returns its exit code.

/// The C library's own heap (zig's, in the static builds) takes a mapping of 64 KiB for each size of block, 30 system calls
/// in a pass. This one takes memory as it is needed.
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    nicup::app::main()
}
