#!/usr/bin/env bash
# Joins the tables of the parts that score.sbatch wrote, once all are done:
#
#   sbatch --dependency=afterok:JOB join.sh results

#SBATCH --job-name=sharp-join

set -euo pipefail
out=$1
for table in results.csv failures.csv; do
  awk 'NR == 1 || FNR > 1' "$out"/part-*/"$table" > "$out/$table"
done
