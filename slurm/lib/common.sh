# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# What the jobs share: strict mode, the site, a folder for results with what is needed to know later how they came
# about, and the ways to start things. Sourced by the jobs, which Slurm runs from a copy elsewhere; so slurm/submit, or
# the folder of submission, says where farhold is.
# shellcheck shell=bash
set -euo pipefail

root=${FARHOLD_ROOT:-${SLURM_SUBMIT_DIR:?not in a job of Slurm}}
# shellcheck source-path=SCRIPTDIR source=site.sh
source "$root/slurm/lib/site.sh"
FARHOLD_SITE=$(find_site "$root" "${FARHOLD_SITE:-plain}")
read_site "$FARHOLD_SITE"

job=$SLURM_JOB_NAME
nodes=$SLURM_JOB_NUM_NODES
mapfile -t node_names < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
preset=${FARHOLD_PRESET:?the site names no preset to build}
build=$root/build/$preset
results=${FARHOLD_RESULTS:-$SLURM_SUBMIT_DIR/results}/$job-$SLURM_JOB_ID
# shellcheck disable=SC2034  # for the jobs
farhold=$build/tools/farhold

say() { printf '[%(%H:%M:%S)T] %s\n' -1 "$*"; }

fail() {
  say "$job: FAILED: $*"
  exit 1
}

# fail_with FILE WHAT: shows the end of a log first.
fail_with() {
  tail -n 40 "$1" | sed 's/^/| /'
  fail "$2: $1"
}

# need FILE...: what another job has to build first.
need() {
  local file
  for file in "$@"; do
    [[ -e $file ]] || fail "there is no $file; submit build first"
  done
}

load_modules() {
  [[ -z ${FARHOLD_MODULES-} ]] && return
  local names
  read -ra names <<<"$FARHOLD_MODULES"
  module load "${names[@]}"
}

# Each is one step of the job.

# on_each_node COMMAND...: once on every node.
on_each_node() { srun --nodes="$nodes" --ntasks="$nodes" --ntasks-per-node=1 --overlap "$@"; }

# step NODE COMMAND...: a single process there, beside others.
step() {
  local node=$1
  shift
  srun --nodes=1 --ntasks=1 --nodelist="$node" --overlap --unbuffered "$@"
}

# mpi NODES TASKS PROGRAM...: one MPI job. FARHOLD_TEST_WORLD_SIZE lets programs see that it is one, and not many of one
# rank, which is what the wrong plug-in of srun gives.
mpi() {
  local on=$1 tasks=$2 more
  shift 2
  read -ra more <<<"${FARHOLD_SRUN_OPTIONS-}"
  FARHOLD_TEST_WORLD_SIZE=$tasks srun --mpi="${FARHOLD_SRUN_MPI:?the site names no plug-in for MPI}" --nodes="$on" \
    --ntasks="$tasks" --overlap --kill-on-bad-exit=1 "${more[@]}" "$@"
}

write_provenance() {
  {
    echo "job=$job"
    echo "id=$SLURM_JOB_ID"
    echo "begun=$(date --iso-8601=seconds)"
    echo "nodes=${node_names[*]}"
    echo "site=$FARHOLD_SITE"
    echo "preset=$preset"
    echo "commit=$(git -C "$root" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)"
    echo "slurm=$(srun --version)"
    echo "modules=${FARHOLD_MODULES-}"
  } >"$results/provenance.txt"
  cp "$FARHOLD_SITE" "$results/site.env"
  # Version, compiler, transports, memory, limits and devices, as farhold sees them.
  if [[ -x $farhold ]]; then
    # shellcheck disable=SC2016  # expanded on the nodes
    on_each_node bash -c '"$1" info --json >"$2/node.$SLURMD_NODENAME.json"' bash "$farhold" "$results"
  fi
}

# The steps of a job know each other by it, on all nodes: without one, nobody from another host is served. Taken away with the job.
share_a_secret() {
  [[ -n ${FARHOLD_SECRET-}${FARHOLD_SECRET_FILE-}${FARHOLD_ADMIT-} ]] && return
  export FARHOLD_SECRET_FILE=$results/secret
  (umask 077 && head -c 32 /dev/urandom | base64 >"$FARHOLD_SECRET_FILE")
  trap 'rm -f "$results/secret"' EXIT
}

# finish: the last line of every job.
finish() { say "$job: ok, results are in $results"; }

mkdir -p "$results"
load_modules
share_a_secret
write_provenance
say "$job: $nodes nodes (${node_names[*]}), preset $preset"
