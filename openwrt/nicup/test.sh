#!/bin/sh
# Run by the feed's CI on a system where the package is installed, with its name and version as arguments.

set -e
[ "$1" = nicup ] || exit 0
nicup --version | grep -F "nicup $2"
# The configuration that comes with it is right, and asks for nothing yet.
nicup check
# OpenWrt's busybox has no stat.
[ "$(find /etc/config/nicup -perm 600)" = /etc/config/nicup ]
