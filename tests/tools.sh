# The tools that the steps of tests/run need, and how to install them. To be sourced.
# shellcheck shell=bash

# The tools, how to find each one, and its Debian package.
tools=(ip unshare strace valgrind shellcheck curl inadyn ddclient ddclient-tls cc c++ cmake libclang json-c python3 knotd kdig openssl
    node npm chromium rustc-web cargo-web rust-web-src pip xz mksquashfs qemu-mips-static file strings qemu-system-mipsel cpio
    busybox ca-certificates readelf)
present() {
    case $1 in
    ddclient-tls) perl -MIO::Socket::SSL -e 1 ;;
    python3) python3 -c 'import ensurepip' ;;
    node) node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' ;;
    libclang) { compgen -G '/usr/lib/llvm-*/lib/libclang*.so*'; ldconfig -p; } | grep -E 'libclang(-[0-9]+)?\.so' ;; # and not libclang-cpp
    ca-certificates) [ -s /etc/ssl/certs/ca-certificates.crt ] ;;
    rustc-web) [ -x /usr/bin/rustc ] || has_source rustc +nightly ;;
    cargo-web) [ -x /usr/bin/cargo ] || has_source rustc +nightly ;;
    rust-web-src) has_source /usr/bin/rustc || has_source rustc +nightly ;;
    pip) python3 -m pip --version ;;
    json-c) printf '#include <json-c/json.h>\n' | cc -E - ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}
# Whether this compiler has the source of the standard library.
has_source() { [ -d "$("$@" --print sysroot)/lib/rustlib/src/rust/library/std" ]; }
package() {
    case $1 in
    ip) echo iproute2 ;;
    unshare) echo util-linux ;;
    cc | c++) echo build-essential ;;
    ddclient-tls) echo libio-socket-ssl-perl ;;
    libclang) echo libclang-dev ;;
    python3) echo python3-venv ;;
    node) echo nodejs ;;
    knotd) echo knot ;;
    kdig) echo knot-dnsutils ;;
    pip) echo python3-pip ;;
    xz) echo xz-utils ;;
    mksquashfs) echo squashfs-tools ;;
    qemu-mips-static) echo qemu-user-static ;;
    qemu-system-mipsel) echo qemu-system-mips ;;
    strings) echo binutils ;;
    json-c) echo libjson-c-dev ;;
    readelf) echo binutils ;;
    *) echo "$1" ;;
    esac
}

# needs TOOL...: skips the step if one is missing, and prints which
needs() {
    local tool missing=()
    for tool; do
        present "$tool" || missing+=("$(package "$tool")")
    done
    [ "${#missing[@]}" = 0 ] || skip "missing: ${missing[*]}"
}

installable() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_tools() {
    local tool packages=()
    for tool in "${tools[@]}"; do
        present "$tool" || packages+=("$(package "$tool")")
    done
    if [ "${#packages[@]}" = 0 ]; then
        echo 'all tools are there'
    elif installable; then
        echo "apt-get install ${packages[*]}"
        apt_install "${packages[@]}" >"$logs/apt.log" 2>&1 || {
            tail -n 5 "$logs/apt.log"
            echo 'apt-get failed: steps that need one of these are skipped'
        }
    else
        echo "missing: ${packages[*]}"
        echo "steps that need them are skipped; as root: apt-get install ${packages[*]}"
    fi
}

# A package that this release lacks must not prevent the installation of the others.
apt_install() {
    local policy=/usr/sbin/policy-rc.d package failed=0 own=
    # inadyn and ddclient are also services, which must not start.
    [ -e "$policy" ] || { own=1 && printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; }
    export DEBIAN_FRONTEND=noninteractive
    local install=(apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600)
    "${install[@]}" "$@" || {
        apt-get update
        for package; do "${install[@]}" "$package" || failed=1; done
    }
    [ -z "$own" ] || rm -f "$policy"
    return "$failed"
}

cross_tools() { needs ip unshare openssl rustc-web cargo-web rust-web-src pip xz mksquashfs qemu-mips-static file strings; }
