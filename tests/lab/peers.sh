# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Test programs (tests/support/peer_commands.hpp) on virtual hosts, one each, which are told what to do. Sourced, with
# the program as first argument: the hosts are brought up by who sources it, and are gone when it ends.
# shellcheck shell=bash
set -euo pipefail

peer=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
export FARHOLD_LAB_DIR=$work/hosts
trap '"$here/hosts.sh" down; rm -rf "$work"' EXIT
declare -a to from

# start HOST SETTING: a peer on that host, which `ask` talks to.
start() {
  local fd
  rm -f "$work/$1.in" "$work/$1.out"
  mkfifo "$work/$1.in" "$work/$1.out"
  "$here/hosts.sh" rsh "$1" "env UCX_HANDLE_ERRORS=none $2 '$peer'" <"$work/$1.in" >"$work/$1.out" 2>"$work/$1.err" &
  disown
  exec {fd}>"$work/$1.in"
  to[${1#h}]=$fd
  exec {fd}<"$work/$1.out"
  from[${1#h}]=$fd
}
# stop HOST: ends it.
stop() {
  local fd=${to[${1#h}]}
  exec {fd}>&-
  fd=${from[${1#h}]}
  exec {fd}<&-
}

# say HOST COMMAND
say() { echo "$2" >&"${to[${1#h}]}"; }
# hear HOST: sets `answer` to the next line that it prints.
hear() {
  if ! read -r -t 60 answer <&"${from[${1#h}]}"; then
    echo "$1 does not answer"
    cat "$work/$1.err"
    exit 1
  fi
}
ask() {
  say "$1" "$2"
  hear "$1"
}
# expect HOST COMMAND ANSWER: one that begins with a word of it.
expect() {
  ask "$1" "$2"
  [[ $answer =~ ^($3) ]] && return
  echo "'${2:0:40}…' on $1 gave '$answer' and not '$3'"
  exit 1
}
