#!/bin/bash
# One data set made by 100 Slurm tasks:
#
#     sbatch slurm.sh                     # nothing else is needed: the last task to finish writes the manifest
#     ipmix merge "$OUT"                  # what is still missing, and whose it is; finishes the folder if nothing is
#     sbatch slurm.sh                     # again, after a crash or a time limit: only what is missing is made
#
# Each task makes its share of the shards (shards 7, 107, 207, ... for task 7 of 100). Tasks share nothing but the
# output folder and take no locks: /shared may be NFS or Lustre, tasks may start in any order, days apart, or twice.
# The number of tasks may be another one at the next try. Tasks with nothing to make end at once.
# The bytes are those of one plain run on one core.

#SBATCH --job-name=ipmix
#SBATCH --array=0-99             # any first id and any step; "%20" at the end would run 20 at a time
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8        # ipmix starts as many workers as it is given CPUs
#SBATCH --mem-per-cpu=1500M      # a worker holds one shard: 64 MiB of pictures by default, and some copies of it
#SBATCH --time=02:00:00
#SBATCH --signal=B:USR1@120      # ask ipmix to stop cleanly two minutes before the limit ...
#SBATCH --requeue                # ... and start it again if its node fails
#SBATCH --output=ipmix-%A_%a.log

set -euo pipefail

SOURCE=${SOURCE:-/shared/imagenet/train}   # class folders, tars, a list: see ipmix augment --help
OUT=${OUT:-/shared/imagenet-ipmix}         # or s3://bucket/imagenet-ipmix

# Compiled kernels, the built-in bank and its resized pictures are kept here; each node makes what it lacks.
# A local disk is quicker than a shared home.
export IPMIX_CACHE_DIR=${IPMIX_CACHE_DIR:-${SLURM_TMPDIR:-/tmp}/ipmix-$USER}

# Which task of how many this is comes from SLURM_ARRAY_TASK_ID and its sisters, the workers from SLURM_CPUS_PER_TASK.
ipmix augment --in "$SOURCE" --size 224 --crop random-resized --copies 10 --seed 0 \
    --format webdataset --encoding jpeg --max-errors 0.1% --out "$OUT" &

# In the background and waited for, so that bash hears Slurm's signal at once and hands it on.
program=$! status=0
trap 'kill -USR1 "$program"' USR1
wait "$program" || status=$?
while kill -0 "$program" 2> /dev/null; do    # the signal ended the wait, not yet the program
    status=0
    wait "$program" || status=$?
done
exit "$status"

# Without arrays: the same on three machines over ssh.
#
#     for i in 0 1 2; do
#         ssh "node$i" ipmix augment ... --out /shared/out --task-index $i --task-count 3 &
#     done; wait
#
# PBS:   #PBS -J 0-99     and give --task-count 100; the index comes from PBS_ARRAY_INDEX.
