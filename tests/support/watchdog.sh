#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# watchdog.sh SECONDS COMMAND [ARGUMENT...]
#
# Runs COMMAND and passes its exit status on. If it takes longer than SECONDS, the stacks of all processes that came
# from it are printed, all of them are killed, and the exit status is 124. Nothing that COMMAND started outlives it.
set -u

if (($# < 2)); then
  echo "usage: ${0##*/} SECONDS COMMAND [ARGUMENT...]" >&2
  exit 2
fi
readonly limit=$1
shift

# Launchers of MPI give their ranks process groups of their own, and what loses its parent is init's; only the
# environment says reliably who came from here. The name is this watchdog's own, because watchdogs may be nested.
marker="FARHOLD_WATCHDOG_$$=$(date +%s%N)"
readonly marker

family() {
  local file
  grep -lzxF -e "$marker" /proc/[0-9]*/environ 2>/dev/null | while read -r file; do
    file=${file%/environ}
    echo "${file#/proc/}"
  done
}

# Waits until nobody of the family is left, at most $1 tenths of a second.
all_gone() {
  local tenths=$1
  while [[ -n $(family) ]]; do
    if ((tenths-- <= 0)); then return 1; fi
    sleep 0.1
  done
}

# First politely, so that launchers remove their sockets and shared memory.
end_family() {
  local pids
  mapfile -t pids < <(family)
  ((${#pids[@]})) && kill -TERM "${pids[@]}" 2>/dev/null
  kill -TERM -- "-$command_pid" 2>/dev/null
  all_gone 10 && return
  mapfile -t pids < <(family)
  ((${#pids[@]})) && kill -KILL "${pids[@]}" 2>/dev/null
  kill -KILL -- "-$command_pid" 2>/dev/null
  all_gone 20
}

print_stacks() {
  local pid count=0
  for pid in $(family); do
    echo "--- process $pid ($(ps -o stat= -p "$pid")): $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    if ! command -v gdb >/dev/null; then
      echo "    (no gdb here; in the kernel at: $(cat "/proc/$pid/wchan" 2>/dev/null))"
    elif ((++count > 12)); then
      echo "    (more than 12 processes: not printed)"
    else
      timeout -k 2 15 gdb -batch -nx -iex 'set debuginfod enabled off' -iex 'set auto-load off' \
        -p "$pid" -ex 'thread apply all bt' 2>&1 | grep -vE '^(\[New LWP|\[Thread debugging|Using host|warning:|$)'
    fi
  done
}

# shellcheck disable=SC2317  # called by the traps
stopped_by() {
  trap - TERM INT HUP
  end_family
  exit $((128 + $1))
}

# The command's pid and its exit status come through a pipe that is open at both ends here, so that `read` can wait for
# them with a limit. (`wait -n` for the command and a timer loses a command that ended before it.)
exec {results}<> <(:)
trap 'stopped_by 15' TERM
trap 'stopped_by 2' INT
trap 'stopped_by 1' HUP
(
  # A session of its own, so that a signal for the watchdog's process group does not reach it by accident.
  env "$marker" setsid -- "$@" {results}>&- &
  echo "$!" >&"$results"
  wait "$!"
  echo "$?" >&"$results"
) &
read -r command_pid <&"$results"

if read -r -t "$limit" status <&"$results"; then
  if ! all_gone 10; then
    echo "watchdog: the command ended, but left these processes behind; they are killed:" >&2
    family | while read -r pid; do echo "  $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2; done
    end_family
  fi
  exit "$status"
fi

{
  echo "watchdog: not done after $limit s: $*"
  print_stacks
  echo "watchdog: killing it"
} >&2
end_family
exit 124
