#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# slurm_jobs.sh: every job of slurm/ on a real Slurm of three virtual nodes, with srun --mpi=pmix and Open MPI, and with
# srun --mpi=pmi2 and MPICH; and that nothing is left afterwards. Both presets are built already.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
root=$(realpath "$here/../..")
work=$(mktemp -d)
export FARHOLD_LAB_DIR=$work/lab
# A folder of its own: jobs put results where they are submitted.
cd "$work"

tidy_up() {
  "$here/slurm.sh" down
  cd / && rm -rf "$work"
}
trap tidy_up EXIT

fail() {
  echo "slurm_jobs: FAILED: $*"
  exit 1
}

# Pids of what was started for this lab: the path of its state is on the command line, or in the environment. (Those who
# look have it in neither.)
echo "$FARHOLD_LAB_DIR" >"$work/looked_for"
left_over() (
  unset FARHOLD_LAB_DIR
  grep -lzF -f "$work/looked_for" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 | sort -u || true
)

write_sites() {
  # What is so with four ranks of a node on two processors, as root, on ethernet.
  cat >openmpi.env <<END
FARHOLD_PRESET=openmpi
FARHOLD_PARTITION=main
FARHOLD_SRUN_MPI=pmix
FARHOLD_MPI_PATHS=service
OMPI_MCA_btl_tcp_if_include=eth0
OMPI_MCA_osc=^ucx,pt2pt
OMPI_MCA_mpi_yield_when_idle=1
OMPI_MCA_hwloc_base_binding_policy=none
FARHOLD_TARGETS=farhold_command conformance_mpi gray_scott rma_paths applications
FARHOLD_BENCH_OPTIONS=--quick --rounds 3 --filter mapped
FARHOLD_APP_COLUMNS=48
FARHOLD_APP_STEPS=100
FARHOLD_APP_OPTIONS=--quick --rounds 3 --filter relay/64
END
  cat >mpich.env <<END
FARHOLD_PRESET=mpich
FARHOLD_PARTITION=main
FARHOLD_SRUN_MPI=pmi2
FARHOLD_MPI_PATHS=window
FARHOLD_SRUN_OPTIONS=--export=ALL,LD_PRELOAD=$root/build/mpich/tests/support/libfarhold_test_mpich_yield.so:$root/build/mpich/tests/support/libfarhold_test_mpich_finalize.so
FARHOLD_TARGETS=farhold_command conformance_mpi gray_scott rma_paths applications
FARHOLD_BENCH_OPTIONS=--quick --rounds 3 --filter mapped
FARHOLD_APP_COLUMNS=48
FARHOLD_APP_STEPS=100
FARHOLD_APP_OPTIONS=--quick --rounds 3 --filter relay/64
END
}

in_lab() { "$here/slurm.sh" run "$@"; }

# ended ID: the state of a job, once it is over. (sbatch --wait looks every 32 s.)
ended() {
  local end=$((SECONDS + 420)) state
  while ((SECONDS < end)); do
    # A controller that is busy does not answer now and then.
    state=$(in_lab scontrol --oneliner show job "$1" | grep -oE 'JobState=[A-Z_]+') || state=JobState=UNKNOWN
    case $state in
      JobState=UNKNOWN | JobState=PENDING | JobState=CONFIGURING | JobState=RUNNING | JobState=COMPLETING) sleep 0.2 ;;
      *)
        echo "${state#*=}"
        return
        ;;
    esac
  done
  in_lab scancel "$1"
  echo "still $state after 420 s"
}

# submitted SITE JOB [OPTION OF SBATCH...]: waits for it; `results` is its folder and `out` what it wrote.
submitted() {
  local site=$1 job=$2 id begin=$SECONDS state
  shift 2
  id=$(in_lab "$root/slurm/submit" --site "$work/$site.env" "$job" "$@")
  results=$work/results/$job-$id
  out=$results.out
  state=$(ended "$id")
  if [[ $state != COMPLETED ]]; then
    sed 's/^/    /' "$out" || true
    in_lab sinfo
    fail "$site $job: $state"
  fi
  says "$job: ok, results are in" "$out"
  [[ -s $results/provenance.txt && -s $results/site.env ]] || fail "$site $job: no provenance"
  echo "slurm_jobs: $site $job $* ok after $((SECONDS - begin)) s"
}

says() { grep -qF -- "$1" "$2" || fail "'$1' is not in $2: $(cat "$2")"; }

# Each node told about itself.
knows_nodes() { # COUNT
  local node
  for node in $(seq -f h%g "$1"); do says '"transports"' "$results/node.$node.json"; done
}

"$here/slurm.sh" up 3
write_sites
[[ -n $(left_over) ]] || fail "its own daemons are not seen, so what is left would not be"

for site in openmpi mpich; do
  submitted "$site" build
  says "farhold 0" "$out"
  submitted "$site" test_multinode --nodes 3
  knows_nodes 3
  says "PASSED" "$results"/conformance.*.txt
  submitted "$site" bench_rma
  says mapped "$results/rma_paths.json"
  submitted "$site" bench_app --nodes 2
  says dispatcher "$results/window.48.txt"
  says "by proxy" "$results/applications.txt"
  says '"comparison":"relay/64 KiB"' "$results/applications.json"
done
submitted openmpi separate_steps
says "memory: put on h1, get on h2" "$out"
[[ ! -e $results/secret ]] || fail "the job's secret is left"
says "memory: 50000000 bytes arrived" "$out"
says "files: 50000000 bytes arrived" "$out"

# A site that is none, and a job that fails, are told.
echo 'touch made_by_a_site' >bad.env
if in_lab "$root/slurm/submit" --site "$work/bad.env" build 2>err; then fail "a bad site is taken"; fi
says "not NAME=value" err
[[ ! -e made_by_a_site ]] || fail "a site was run as code"
sed 's/^FARHOLD_PRESET=.*/FARHOLD_PRESET=nowhere/' openmpi.env >unbuilt.env
id=$(in_lab "$root/slurm/submit" --site "$work/unbuilt.env" bench_rma)
[[ $(ended "$id") == FAILED ]] || fail "a job without its program does not fail"
says "submit build first" "results/bench_rma-$id.out"

"$here/slurm.sh" down
for ((tries = 0; tries < 100; ++tries)); do
  [[ -z $(left_over) ]] && break
  sleep 0.05
done
[[ -z $(left_over) ]] || fail "these processes are left: $(left_over)"
echo "slurm_jobs: ok"
