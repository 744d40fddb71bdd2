#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# sheltered.sh PROGRAM [ARGUMENT...]
#
# Runs one rank as a child, so that its launcher does not hear of its death: hydra kills the whole job when one of its
# processes dies of a signal, even with -disable-auto-cleanup, and nothing could be seen of what the survivors do. Ends
# when the job is over (killed.sh makes that file), and well, because the verdicts are elsewhere.
set -u

"$@" &
wait $!
# The job's end is a file, since its processes have no parent in common that could tell.
for ((tenths = 0; tenths < 600; ++tenths)); do
  [[ -e $FARHOLD_FAULTS_DIR/over ]] && break
  sleep 0.1
done
exit 0
