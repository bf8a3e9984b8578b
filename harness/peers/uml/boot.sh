#!/bin/sh
# boot.sh PEER-FOLDER SIDE-FOLDER ROOT CARD... - first process of a machine's PID namespace: puts
# the guest's root file system together and runs the user-mode Linux kernel.
#
# The root is the host's /usr and /etc with the peer's packages laid over them and a tmpfs on top:
# nothing the guest writes reaches the host, and everything vanishes with this mount namespace.
# Descriptor 3 is the bell, see machine.sh.
set -eu

peer=$1
side=$2
root=$3
shift 3
machine=$side/machine
guest=$machine/guest
MEMORY=256M

mount -t tmpfs -o size=768m,mode=700 tmpfs "$machine"
mkdir -p "$guest/ikelab" "$machine/memory" "$machine/control"
cd "$guest"
mkdir -m 755 dev etc proc root run sys tmp usr var var/lib var/log var/cache
ln -s /run var/run
for link in /bin /sbin /lib /lib32 /lib64 /libx32; do
    [ ! -L "$link" ] || cp -P "$link" "$guest/"
done
for part in usr etc; do
    mkdir "$machine/$part" "$machine/$part.work"
    lower=/$part
    [ ! -d "$root/$part" ] || lower=$root/$part:/$part
    mount -t overlay \
        -o "lowerdir=$lower,upperdir=$machine/$part,workdir=$machine/$part.work" overlay "$part"
done
# The guest looks for its modules here; the host's own are not wanted.
mkdir -p usr/lib/modules
mount --bind "$root/usr/lib/uml/modules" usr/lib/modules
cp "$peer"/../uml/* ikelab/
cp -R "$peer" ikelab/peer
# Files of other peers that this one says it shares.
# shellcheck disable=SC2046 # one word per folder
[ ! -r "$peer/shared" ] || (cd "$peer/.." && cp -R $(cat "$peer/shared") "$guest/ikelab/")
mkdir -p ".$side"
cd /

export TMPDIR="$machine/memory"
code=0
"$root/usr/bin/linux.uml" mem=$MEMORY rootfstype=hostfs rootflags="$guest" rw \
    init=/ikelab/init.sh uml_dir="$machine/control" umid=guest \
    con=null con0=null,fd:1 ssl=null ssl0=fd:3,null printk.time=1 initcall_blacklist=raid6_select_algo,calibrate_xor_blocks \
    "IKELAB_DIR=$side" "IKELAB_SIDE=${IKELAB_SIDE-}" \
    "IKELAB_CONNECTION=${IKELAB_CONNECTION-}" "IKELAB_CHILD=${IKELAB_CHILD-}" \
    "$@" </dev/null || code=$?
# The guest says how its daemon ended when nobody had asked for it.
if [ -r "$side/mail/ended" ]; then
    read -r code <"$side/mail/ended"
fi
exit "$code"
