# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Files of slurm/sites: lines NAME=value, comments and empty lines. They are data: nothing in them is run, and quotes mean
# nothing. Sourced.
# shellcheck shell=bash

# find_site ROOT NAME|FILE: prints the path.
find_site() {
  local file=$1/slurm/sites/$2.env
  [[ -f $file ]] || file=$2
  if [[ ! -f $file ]]; then
    echo "there is no site '$2': neither slurm/sites/$2.env nor a file of that name" >&2
    return 1
  fi
  realpath "$file"
}

# read_site FILE: exports what stands there.
read_site() {
  local line number=0
  while IFS= read -r line || [[ -n $line ]]; do
    ((number += 1))
    [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
    if [[ ! $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then
      echo "$1:$number: not NAME=value: $line" >&2
      return 1
    fi
    export "${line?}"
  done <"$1"
}
