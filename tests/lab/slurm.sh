#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# A real Slurm on virtual hosts (hosts.sh): slurmctld on the switch, and munged and slurmd on each host.
#
#   slurm.sh up N         N nodes h1 … hN, all idle when it returns
#   slurm.sh run COMMAND…     sbatch, srun, sinfo …, on the switch
#   slurm.sh down         ends all of it
#
# FARHOLD_LAB_DIR holds the state. Needs Debian's slurm-wlm and munge; nothing in /etc is read or written.
set -euo pipefail

hosts=$(dirname "$(realpath "$0")")/hosts.sh
state=${FARHOLD_LAB_DIR:?set FARHOLD_LAB_DIR to a folder for the state of the cluster}
slurm=$state/slurm
export SLURM_CONF=$slurm/slurm.conf

write_configuration() { # NODES
  mkdir -p "$slurm/state" "$slurm/log" "$slurm/spool" "$slurm/tmp"
  (umask 077 && head -c 1024 /dev/urandom >"$slurm/munge.key")
  # Without a plugin's name slurmd 22.05 looks for a mounted cgroup file system, finds none, and ends.
  echo CgroupPlugin=cgroup/v1 >"$slurm/cgroup.conf"
  cat >"$SLURM_CONF" <<END
ClusterName=lab
SlurmctldHost=switch(10.78.0.254)
NodeName=h[1-$1] NodeAddr=10.78.0.[1-$1] CPUs=4 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=/run/munge.sock
CredType=cred/munge
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool/%n
# The plug-in of PMIx keeps a folder there that no other node may have made.
TmpFS=$slurm/tmp/%n
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=$slurm/log/slurmctld.log
SlurmdLogFile=$slurm/log/slurmd.%n.log
# No control groups, and more tasks than this machine has processors.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
MpiDefault=none
# A rank that was killed ends its job.
KillOnBadExit=1
ReturnToService=2
SlurmdTimeout=10
MessageTimeout=10
TCPTimeout=2
KillWait=2
SchedulerParameters=sched_interval=1,bf_interval=1
PropagateResourceLimits=NONE
END
}

start_munged() { # HOST
  "$hosts" on "$1" munged --force --key-file="$slurm/munge.key" --socket=/run/munge.sock --pid-file=/run/munged.pid \
    --log-file="$slurm/log/munged.$1.log" --seed-file=/run/munge.seed
}

up() { # NODES
  local i tries
  mkdir -p "$state"
  write_configuration "$1"
  "$hosts" up "$1"
  start_munged switch
  "$hosts" on switch slurmctld
  for ((i = 1; i <= $1; ++i)); do
    mkdir -p "$slurm/spool/h$i" "$slurm/tmp/h$i"
    start_munged "h$i"
    "$hosts" on "h$i" slurmd
  done
  for ((tries = 0; tries < 300; ++tries)); do
    [[ $("$hosts" on switch sinfo -h -t idle -o %D 2>/dev/null) == "$1" ]] && return
    sleep 0.1
  done
  echo "slurm.sh: the nodes are not idle:" >&2
  tail -n 20 "$slurm"/log/*.log >&2
  return 1
}

case ${1-} in
  up) up "$2" ;;
  run)
    shift
    exec "$hosts" on switch "$@"
    ;;
  down) "$hosts" down ;;
  *)
    sed -n 's/^# \{0,1\}//p' "$0" | sed -n '4,10p' >&2
    exit 2
    ;;
esac
