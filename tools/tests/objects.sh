#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# objects.sh FARHOLD PRODUCER: tokens that programs made, and those that somebody hostile did.
# shellcheck source-path=SCRIPTDIR
producer=$(realpath "$2")
source "$(dirname "$(realpath "$0")")/lib.sh" "$(realpath "$1")"
readonly corrupt=18 unsupported=23

# produce WHAT: sets `token`. The producer ends with the descriptor 9.
produce() {
  rm -f stdin
  mkfifo stdin
  : >producer.out
  "$producer" "$1" <stdin >producer.out &
  started+=($!)
  exec 9>stdin
  eventually 20 lines_are producer.out 1
  token=$(<producer.out)
}

numbers() { od -An -tu4 -v | tr -s ' \n' ' '; }

produce numbers
"$farhold" inspect "$token" >text
says "a range of u32" text
says "3.9 KiB" text
says "'objects'" text
[[ $("$farhold" get "$token" | numbers | tr ' ' '\n' | grep -cx 7) == 1000 ]] || fail "numbers"
mkdir folder
"$farhold" get "$token" -o folder
[[ $(stat -c %s folder/object-*) == 4000 ]] || fail "an object in a folder"

produce inlined
exec 9>&-
"$farhold" inspect "$token" >text
says "in the token itself" text
[[ $("$farhold" get "$token" | numbers) == " 1 2 3 16909060 " ]] || fail "an inlined object"

produce factory
"$farhold" inspect "$token" >text
says "'answer/1'" text
exits $unsupported "$farhold" get "$token"

produce good
"$farhold" get "$token" -o good
[[ $(tr -d x <good | wc -c) == 0 && $(stat -c %s good) == 4096 ]] || fail "a good one"
mkdir inside
for bad in outside nameless short long chunkless hollow; do
  produce "$bad"
  "$farhold" inspect "$token" >text
  says "a file that farhold put offers" text
  exits $corrupt "$farhold" get "$token" -o inside
  exits $corrupt "$farhold" get "$token" -o result
  [[ -z $(ls inside) && ! -e outside && ! -e result ]] || fail "$bad: something was written"
done
exec 9>&-
nothing_left
echo "objects: ok"
