#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Virtual hosts on one machine. Each has network, host name, IPC, process and mount namespaces of its own, and so its
# own boot id, /dev/shm and eth0; a bridge in one more namespace, "switch", joins them. The IPC namespace is what makes
# UCX take them for different machines, the boot id what makes farhold. Nothing touches the real network. Needs root.
#
#   hosts.sh up N            hosts h1 … hN, addresses 10.78.0.1 …
#   hosts.sh down            kills them and all that runs in them
#   hosts.sh on HOST COMMAND…    inside of a host; the bridge's namespace is the host "switch"
#   hosts.sh run COMMAND…    on the switch, with this machine's process view: for mpirun, which then calls
#   hosts.sh rsh HOST COMMAND…   in place of ssh
#   hosts.sh bytes HOST      received and sent on the host's eth0
#   hosts.sh cut HOST        pulls the host's cable out
#   hosts.sh mend HOST       and puts it in again
#
# FARHOLD_LAB_DIR holds the state.
set -euo pipefail

state=${FARHOLD_LAB_DIR:?set FARHOLD_LAB_DIR to a folder for the state of the hosts}
network=10.78.0

init_of() { cat "$state/$1.init"; }

# start NAME: runs until killed; the pid of the host's first process goes to NAME.init.
start() {
  local name=$1 root=$state/$1.files
  mkdir -p "$root/run" "$root/tmp"
  cat /proc/sys/kernel/random/uuid >"$root/boot_id"
  rm -f "$root/ready"
  # shellcheck disable=SC2016  # expanded by the shell inside
  setsid unshare --net --uts --ipc --pid --mount --fork --kill-child --mount-proc bash -euc '
    name=$1 root=$2 names=$3
    mount --make-rprivate /
    hostname "$name"
    mount -t tmpfs -o size=2g shm /dev/shm
    mount --bind "$root/run" /run
    mount --bind "$names" /etc/hosts
    mount --bind "$root/boot_id" /proc/sys/kernel/random/boot_id
    mount -t sysfs sysfs /sys
    ip link set lo up
    touch "$root/ready"
    exec sleep infinity' host "$name" "$root" "$state/names" </dev/null >"$root/log" 2>&1 &
  local outside=$! tries
  for ((tries = 0; tries < 1000; ++tries)); do
    [[ -e $root/ready ]] && break
    kill -0 "$outside" 2>/dev/null || break
    sleep 0.01
  done
  if [[ ! -e $root/ready ]]; then
    echo "hosts.sh: host $name did not start:" >&2
    cat "$root/log" >&2
    return 1
  fi
  pgrep -P "$outside" >"$state/$name.init"
}

# plug NAME NUMBER: a cable from the host's eth0 to the switch.
plug() {
  local host switch
  host=$(init_of "$1")
  switch=$(init_of switch)
  nsenter -t "$switch" -n ip link add "port$2" type veth peer name eth0 netns "$host"
  nsenter -t "$switch" -n ip link set "port$2" master br0 up
  nsenter -t "$host" -n ip addr add "$network.$2/24" dev eth0
  nsenter -t "$host" -n ip link set eth0 up
}

up() {
  local count=$1 i
  mkdir -p "$state"
  {
    echo "127.0.0.1 localhost"
    echo "$network.254 switch"
    for ((i = 1; i <= count; ++i)); do echo "$network.$i h$i"; done
  } >"$state/names"
  start switch
  nsenter -t "$(init_of switch)" -n ip link add br0 type bridge
  nsenter -t "$(init_of switch)" -n ip addr add "$network.254/24" dev br0
  nsenter -t "$(init_of switch)" -n ip link set br0 up
  for ((i = 1; i <= count; ++i)); do
    start "h$i"
    plug "h$i" "$i"
  done
}

down() {
  local file
  for file in "$state"/*.init; do
    [[ -e $file ]] || continue
    kill -9 "$(cat "$file")" 2>/dev/null || true
    rm -f "$file"
  done
}

case ${1-} in
  up) up "$2" ;;
  down) down ;;
  run)
    shift
    # shellcheck disable=SC2016
    exec nsenter -t "$(init_of switch)" -n -u unshare --mount --propagation private \
      sh -c 'mount --bind "$0" /etc/hosts && mount -t sysfs sysfs /sys && exec "$@"' "$state/names" "$@"
    ;;
  on)
    shift
    host=$1
    shift
    exec nsenter -t "$(init_of "$host")" -n -u -i -p -m --wd="$PWD" -- env HOSTNAME="$host" "$@"
    ;;
  rsh)
    shift
    while [[ $1 == -* ]]; do shift; done
    host=$1
    shift
    exec nsenter -t "$(init_of "$host")" -n -u -i -p -m --wd="$PWD" -- env HOSTNAME="$host" bash -c "$*"
    ;;
  cut) nsenter -t "$(init_of switch)" -n ip link set "port${2#h}" down ;;
  mend) nsenter -t "$(init_of switch)" -n ip link set "port${2#h}" up ;;
  bytes)
    nsenter -t "$(init_of "$2")" -n sh -c 'cat /proc/net/dev' | awk '$1 == "eth0:" { print $2, $10 }'
    ;;
  *)
    sed -n 's/^# \{0,1\}//p' "$0" | sed -n '4,21p' >&2
    exit 2
    ;;
esac
