#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# documents.sh FARHOLD FOLDER: manual page and completions, as generated into FOLDER, say what the command says.
# shellcheck source-path=SCRIPTDIR
folder=$(realpath "$2")
source "$(dirname "$(realpath "$0")")/lib.sh" "$(realpath "$1")"

commands=(put get inspect info bench)
readonly manual=$folder/farhold.1

# Every option that --help knows is in the page.
for command in "${commands[@]}"; do
  "$farhold" "$command" --help >help
  mapfile -t options < <(grep -oE '(^|,)--[a-z-]+|^ +-[a-zA-Z],--[a-z-]+' help | grep -oE -- '--[a-z-]+' | grep -v help)
  ((${#options[@]} > 0)) || fail "no options in the help of $command"
  for option in "${options[@]}"; do says "${option//-/\\-}" "$manual"; done
done
for kind in stale producer_lost unreachable timeout corrupt; do says " $kind" "$manual"; done

if command -v mandoc >/dev/null; then
  mandoc -T lint -W error "$manual" || fail "mandoc has complaints"
else
  echo "skipped: no mandoc"
fi

# bash: what follows `farhold WORD...` with the cursor on the last word.
complete_in_bash() {
  bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _farhold; printf "%s\n" "${COMPREPLY[@]}"' \
    bash "$folder/completions/bash/farhold" "$@" | sort | paste -sd' '
}
touch token.txt
[[ $(complete_in_bash farhold i) == "info inspect" ]] || fail "bash: commands"
[[ $(complete_in_bash farhold put --re) == --reads ]] || fail "bash: options"
[[ $(complete_in_bash farhold put tok) == token.txt ]] || fail "bash: files to put"
[[ $(complete_in_bash farhold get -o tok) == token.txt ]] || fail "bash: the file to write"
[[ $(complete_in_bash farhold get tok) == "" ]] || fail "bash: tokens are no files"
[[ $(complete_in_bash farhold put --for tok) == "" ]] || fail "bash: times are no files"

if command -v fish >/dev/null; then
  complete_in_fish() { HOME=$scratch fish --no-config -c "source $folder/completions/fish/farhold.fish; complete -C '$1'" | cut -f1 | paste -sd' '; }
  [[ $(complete_in_fish 'farhold ins') == inspect ]] || fail "fish: commands"
  [[ $(complete_in_fish 'farhold put --re') == --reads ]] || fail "fish: options"
  [[ $(complete_in_fish 'farhold get -o tok') == token.txt ]] || fail "fish: the file to write"
else
  echo "skipped: no fish"
fi
if command -v zsh >/dev/null; then
  zsh -n "$folder/completions/zsh/_farhold" || fail "zsh does not read its completion"
  HOME=$scratch zsh -fc "fpath=($folder/completions/zsh \$fpath); autoload -Uz compinit; compinit -D; (( \$+_comps[farhold] ))" ||
    fail "zsh does not take the completion for farhold's"
else
  echo "skipped: no zsh"
fi
echo "documents: ok"
