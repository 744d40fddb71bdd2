#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# rxe_guest.sh OUT SCRIPT [SECONDS]: runs SCRIPT as root on a machine with a real verbs device, rxe0 (soft-RoCE, 10.99.0.1).
#
# The machine is a qemu guest without KVM, with Debian's kernel, which is downloaded and unpacked but not installed. Its
# root is this machine's, read-only under an overlay in memory, so that all that is installed or built here is there too;
# OUT is /out in both, and writable. What SCRIPT prints goes to OUT/log and its exit status is this script's.
#
# Everything is slow there, 10 times and more: time limits have to be generous. FARHOLD_RXE_DIR keeps kernel and initrd.
set -euo pipefail

out=$(realpath -m "$1") script=$(realpath "$2") limit=${3:-300}
kept=${FARHOLD_RXE_DIR:-${TMPDIR:-/tmp}/farhold-rxe}
mkdir -p "$out" "$kept"

readonly folders=(drivers/infiniband drivers/virtio drivers/net drivers/char net fs crypto lib arch/x86/crypto)
# crc32_generic: without it `rdma link add` says ENOENT.
readonly modules=(virtio_pci 9pnet_virtio 9p overlay virtio-rng dummy crc32_generic rdma_rxe ib_umad rdma_ucm)

unpack_kernel() {
  local package wanted=(--wildcards './boot/vmlinuz*' './lib/modules/*/modules.*') folder
  package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  (cd "$kept" && apt-get download -o APT::Sandbox::User=root -qq "$package")
  for folder in "${folders[@]}"; do wanted+=("./lib/modules/*/kernel/$folder/*"); done
  mkdir -p "$kept/kernel"
  dpkg-deb --fsys-tarfile "$kept/$package"*.deb | tar -x -C "$kept/kernel" "${wanted[@]}"
  depmod -b "$kept/kernel" "$(ls "$kept/kernel/lib/modules")" 2>/dev/null
}

make_initrd() {
  local root version module file
  root=$(mktemp -d)
  version=$(ls "$kept/kernel/lib/modules")
  mkdir -p "$root"/{bin,proc,sys,dev,modules,host,memory,new}
  cp /bin/busybox "$root/bin/"
  for file in sh mount insmod switch_root mkdir echo poweroff; do ln -s busybox "$root/bin/$file"; done
  for module in "${modules[@]}"; do
    modprobe -d "$kept/kernel" -S "$version" --show-depends "$module" 2>/dev/null | awk '/^insmod/ { print $2 }'
  done | awk '!seen[$0]++' | while read -r file; do
    cp "$file" "$root/modules/"
    basename "$file" >>"$root/modules/order"
  done
  cat >"$root/init" <<'INIT'
#!/bin/sh
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" || echo "insmod $module failed"; done </modules/order
share=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "$share,cache=loose,ro" host /host || poweroff -f
mount -t tmpfs tmpfs /memory && mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work root /new || poweroff -f
mkdir -p /new/proc /new/sys /new/dev /new/run /new/out
mount -t proc proc /new/proc && mount -t sysfs sys /new/sys && mount -t devtmpfs dev /new/dev
mkdir -p /new/dev/shm && mount -t tmpfs shm /new/dev/shm && mount -t tmpfs run /new/run
mount -t 9p -o "$share" out /new/out
exec switch_root /new /bin/bash /out/begin
INIT
  chmod +x "$root/init"
  (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$kept/initrd.gz"
  rm -rf "$root"
}

[[ -d $kept/kernel/lib/modules ]] || unpack_kernel
[[ -e $kept/initrd.gz ]] || make_initrd

rm -f "$out/status" "$out/log"
cp "$script" "$out/script"
# An MTU of 4200 makes room for the device's own of 4096.
cat >"$out/begin" <<'BEGIN'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C
ulimit -l unlimited
ip link set lo up
ip link set dummy0 mtu 4200 up && ip addr add 10.99.0.1/24 dev dummy0
rdma link add rxe0 type rxe netdev dummy0
cp /out/script /run/script
(bash /run/script; echo $? >/out/status) >/out/log 2>&1 </dev/null
sync
echo o >/proc/sysrq-trigger
sleep 60
BEGIN
timeout -k 5 "$limit" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults \
  -no-user-config -display none -serial "file:$out/console" -no-reboot \
  -kernel "$kept/kernel/boot/vmlinuz-$(ls "$kept/kernel/lib/modules")" -initrd "$kept/initrd.gz" \
  -append "console=ttyS0 quiet mitigations=off panic=-1 random.trust_cpu=on" \
  -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
  -device virtio-9p-pci,fsdev=host,mount_tag=host \
  -fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-pci,fsdev=out,mount_tag=out -device virtio-rng-pci ||
  echo "rxe_guest: the guest did not end by itself within $limit s" >&2
exit "$(cat "$out/status" 2>/dev/null || echo 1)"
