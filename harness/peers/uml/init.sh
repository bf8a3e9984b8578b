#!/bin/sh
# init.sh - first program in the guest: file systems, modules, the network that the namespace
# had, then the agent, which stays.
set -u

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
# What ESP and its algorithms need. Nothing is loaded later: a daemon that looks for every algorithm
# there is would wait seconds for modprobe to fail.
MODULES="ipv6 esp4 esp6 xfrm_user af_key authenc authencesn seqiv echainiv gcm ccm cbc ctr cmac
xcbc hmac sha512_generic ghash-generic chacha20poly1305 chacha_generic poly1305_generic drbg"

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 tmpfs /run
mount -t hostfs -o "$IKELAB_DIR" none "$IKELAB_DIR"
# shellcheck disable=SC2086 # one word per module
modprobe -a $MODULES
echo >/proc/sys/kernel/modprobe

set_kernel() { # NAME VALUE
    [ ! -e "/proc/sys/$1" ] || echo "$2" >"/proc/sys/$1"
}
# As in the lab's namespaces (docs/LAB.md): a router that learns nothing from the network.
set_kernel net/ipv4/ip_forward 1
set_kernel net/ipv6/conf/all/forwarding 1
for which in all default; do
    set_kernel net/ipv4/conf/$which/rp_filter 0
    set_kernel net/ipv4/conf/$which/accept_redirects 0
    set_kernel net/ipv4/conf/$which/send_redirects 0
    # Neighbours may know the namespace's own hardware address.
    set_kernel net/ipv4/conf/$which/arp_notify 1
    set_kernel net/ipv6/conf/$which/ndisc_notify 1
    set_kernel net/ipv6/conf/$which/accept_dad 0
    set_kernel net/ipv6/conf/$which/accept_ra 0
    set_kernel net/ipv6/conf/$which/accept_redirects 0
    set_kernel net/ipv6/conf/$which/router_solicitations 0
    grep -q nodad "$IKELAB_DIR/guest.network" || set_kernel net/ipv6/conf/$which/disable_ipv6 1
done
# Logs reach the host soon, also when nobody asks for them.
set_kernel vm/dirty_expire_centisecs 20
set_kernel vm/dirty_writeback_centisecs 20

ip link set dev lo up
ip -batch "$IKELAB_DIR/guest.network"
echo "guest: booted after $(cut -d ' ' -f 1 /proc/uptime) s"
exec perl /ikelab/agent.pl
