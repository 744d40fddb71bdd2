#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# readme.sh FARHOLD README.md: what the README tells to type to move a file moves a file.
# shellcheck source-path=SCRIPTDIR
readme=$(realpath "$2")
source "$(dirname "$(realpath "$0")")/lib.sh" "$(realpath "$1")"

# The console block with "farhold put": lines that begin with one$ are typed in the one shell, with two$ in the other.
block=$(awk '/^```console/ { inside = 1; block = ""; next } /^```/ { if (inside && block ~ /farhold put/) print block; inside = 0 }
  inside { block = block $0 "\n" }' "$readme")
put=$(sed -n 's/^one\$ //p' <<<"$block")
get=$(sed -n 's/^two\$ //p' <<<"$block")
[[ $put == "farhold put "* && $get == "farhold get "* && $(wc -l <<<"$put$get") == 1 ]] ||
  fail "the README's block is not as expected: $block"
mkdir one two bin
ln -s "$farhold" bin/farhold
export PATH=$scratch/bin:$PATH
head -c 3000000 /dev/urandom >"one/${put##* }"

(cd one && exec bash -c "exec $put") >put.out 2>put.err &
putter=$!
started+=("$putter")
eventually 20 lines_are put.out 1
# In place of the token that is printed there.
shown=$(grep -oE 'fhol[^ ]*' <<<"$get")
typed=${get/"$shown"/"$(<put.out)"}
(cd two && bash -c "$typed") || fail "$get"
cmp one/* two/* || fail "the file arrived changed"
[[ $(ls one) == "$(ls two)" ]] || fail "the README gives it another name"
stop
# What the README shows on the screen of the one shell is what is there.
echo "$block" >block
for words in put.err block; do says "read where it lies" "$words"; done
echo "readme: ok"
