//! Drops the privileges that a process with network access does not need: starting programs, listening, and root's
//! power over the kernel.
//!
//! Does not hide files: the kernels of OpenWrt have no Landlock. Applies to this thread and those that it starts later.

use super::posix::filter_system_calls;
use libc::{c_long, sock_filter};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};
use std::io;

/// Keeps access to root's files, and binding to a device on kernels before 5.7. Drops everything else.
const KEPT: CapabilitySet =
    CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::FOWNER).union(CapabilitySet::NET_RAW);

/// System calls that no exchange needs; the kernel rejects them with EPERM. musl's resolver binds its sockets, so bind(2)
/// is not among them.
const REJECTED: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_listen,
    #[cfg(not(target_arch = "x86"))] // has accept4 alone
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup, // its requests are no system calls
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    #[cfg(target_arch = "mips")]
    libc::SYS_socketcall, // sockets, and anything at all, by another number
    #[cfg(target_arch = "mips")]
    libc::SYS_syscall,
];

/// The remaining socket families: local (the log), IP, netlink.
const FAMILIES: [u32; 4] =
    [libc::AF_UNIX as u32, libc::AF_INET as u32, libc::AF_INET6 as u32, libc::AF_NETLINK as u32];

/// The architecture's number in linux/audit.h, because system call numbers depend on it. None: unknown here.
const ARCH: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(all(target_arch = "arm", target_endian = "little")) {
    Some(0x4000_0028)
} else if cfg!(all(target_arch = "mips", target_endian = "big")) {
    Some(0x0000_0008)
} else if cfg!(all(target_arch = "mips", target_endian = "little")) {
    Some(0x4000_0008)
} else {
    None
};

/// Offsets in the kernel's `struct seccomp_data`: number 4, architecture 4, address 8, arguments 8 each.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "little") { 16 } else { 20 };

/// x86_64 has a second set of numbers above this one (x32).
const X32: u32 = 0x4000_0000;

/// Drops the privileges.
///
/// # Errors
/// The first part that the kernel rejected; the others are still done. Old kernels and qemu-user have no seccomp.
pub fn lock_down() -> io::Result<()> {
    let unprivileged = set_no_new_privs(true);
    let without_power = drop_capabilities();
    let filtered = ARCH.map_or(Ok(()), |arch| filter_system_calls(&filter(arch)));
    unprivileged.and(without_power).and(filtered).map_err(io::Error::from)
}

fn drop_capabilities() -> rustix::io::Result<()> {
    let keep = |effective, permitted| {
        set_capabilities(None, CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() })
    };
    // Root has all of them; other users may have fewer, and the kernel rejects an increase.
    keep(KEPT, KEPT).or_else(|_| {
        let now = capabilities(None)?;
        keep(now.effective & KEPT, now.permitted & KEPT)
    })
}

/// Load the architecture, jump to the end if it is another one; load the number, compare it; load a socket's family.
fn filter(arch: u32) -> Vec<sock_filter> {
    // The last two instructions: reject, then allow.
    let rejected = 3 + REJECTED.len() + usize::from(cfg!(target_arch = "x86_64")) + 2 + FAMILIES.len();
    let mut program = Vec::with_capacity(rejected + 2);
    let to = |program: &Vec<sock_filter>, target: usize| (target - program.len() - 1) as u8;
    program.push(load(ARCHITECTURE));
    program.push(jump(libc::BPF_JEQ, arch, 0, to(&program, rejected)));
    program.push(load(NUMBER));
    for number in REJECTED {
        program.push(jump(libc::BPF_JEQ, *number as u32, to(&program, rejected), 0));
    }
    if cfg!(target_arch = "x86_64") {
        program.push(jump(libc::BPF_JGE, X32, to(&program, rejected), 0));
    }
    program.push(jump(libc::BPF_JEQ, libc::SYS_socket as u32, 0, to(&program, rejected + 1)));
    program.push(load(FIRST_ARGUMENT));
    for family in FAMILIES {
        program.push(jump(libc::BPF_JEQ, family, to(&program, rejected + 1), 0));
    }
    program.push(verdict(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32));
    program.push(verdict(libc::SECCOMP_RET_ALLOW));
    program
}

fn load(offset: u32) -> sock_filter {
    sock_filter { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

fn jump(how: u32, value: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: (libc::BPF_JMP | how | libc::BPF_K) as u16, jt, jf, k: value }
}

fn verdict(value: u32) -> sock_filter {
    sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketType, socket};
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    #[test]
    fn a_thread_that_is_locked_down_starts_nothing_and_still_speaks() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let locked = std::thread::spawn(move || {
            lock_down().unwrap();
            let rejected = Command::new("/bin/true").status().unwrap_err();
            assert_eq!(rejected.raw_os_error(), Some(libc::EPERM), "{rejected}");
            assert_eq!(TcpListener::bind("127.0.0.1:0").unwrap_err().raw_os_error(), Some(libc::EPERM));
            for family in [AddressFamily::PACKET, AddressFamily::BLUETOOTH] {
                let rejected = socket(family, SocketType::RAW, None).unwrap_err();
                assert_eq!(rejected, rustix::io::Errno::PERM, "{family:?}");
            }
            for family in [AddressFamily::UNIX, AddressFamily::INET6] {
                socket(family, SocketType::DGRAM, None).unwrap();
            }
            socket(AddressFamily::NETLINK, SocketType::RAW, None).unwrap();
            TcpStream::connect(address).unwrap();
            let left = capabilities(None).unwrap();
            assert!(KEPT.contains(left.permitted) && KEPT.contains(left.effective), "{left:?}");
            // Its children inherit this.
            std::thread::spawn(|| assert!(Command::new("/bin/true").status().is_err())).join().unwrap();
            lock_down().unwrap();
        });
        locked.join().unwrap();
        assert!(Command::new("/bin/true").status().unwrap().success(), "no other thread is restricted");
    }

    #[test]
    fn a_thread_with_fewer_capabilities_gets_no_more() {
        let locked = std::thread::spawn(|| {
            let few = capabilities(None).unwrap().permitted & CapabilitySet::FOWNER;
            let none = CapabilitySet::empty();
            set_capabilities(None, CapabilitySets { effective: few, permitted: few, inheritable: none })
                .unwrap();
            lock_down().unwrap();
            let left = capabilities(None).unwrap();
            assert_eq!((left.permitted, left.effective), (few, few));
        });
        locked.join().unwrap();
    }

    #[test]
    fn every_jump_lands_on_a_verdict_or_goes_on() {
        let program = filter(ARCH.unwrap_or(1));
        let end = program.len();
        for (at, instruction) in
            program.iter().enumerate().filter(|(_, i)| i.code & 7 == libc::BPF_JMP as u16)
        {
            for jump_by in [instruction.jt, instruction.jf] {
                let lands = at + 1 + usize::from(jump_by);
                assert!(jump_by == 0 || (end - 2..end).contains(&lands), "{at} to {lands} of {end}");
            }
        }
        assert_eq!(program[end - 1].k, libc::SECCOMP_RET_ALLOW);
    }
}
