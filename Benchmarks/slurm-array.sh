#!/usr/bin/env bash
# One run of agd eval, shared among the tasks of a Slurm job array; a task that is requeued goes on where it stopped.
#
#     sbatch --array=0-3 Benchmarks/slurm-array.sh FOLDER BENCHMARK --data … -m … --strategy agd
#     agd report FOLDER/shard-*.jsonl
#
# AGD names the agd to use.
#SBATCH --requeue
#SBATCH --cpus-per-task=1
set -euo pipefail
folder=$1
shift
mkdir -p "$folder"
exec "${AGD:-agd}" eval "$@" --threads "${SLURM_CPUS_PER_TASK:-1}" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --output "$folder/shard-$SLURM_ARRAY_TASK_ID.jsonl"
