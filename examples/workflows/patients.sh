#!/usr/bin/env bash
# Trains classifiers on radiographs of patients with rheumatoid arthritis: downloads RAM-H1200 from Hugging
# Face (CC BY 4.0), imports it, trains by the paper's protocol, evaluates, and leaves a bundle with its card.
#
#   patients.sh          on one GPU: the paper's four models, each with trunks of its own
#   patients.sh --cpu    without a GPU, over night: mimo-local on the bundled trunk, which stays as it is
#
# Needs a network, and Sharp with the extra train. An interrupted step goes on where it stopped: repeat the
# same command, which changes nothing that is done. All files go to the folder patients, or that of WORK. Further
# options go to sharp train classifier.

set -euo pipefail
work=${WORK:-patients}
download=$work/RAM-H1200 tables=$work/tables run=$work/run

options=(--model siso --model mimo-local --model mimo-one-hand --model mimo-both-hands)
if [ "${1:-}" = --cpu ]; then
  shift
  run=$work/run-cpu
  options=(--model mimo-local --init bundle --frozen --trunk shared --samples 500 --device cpu)
fi
mkdir -p "$work"

if [ ! -e "$work/downloaded" ]; then
  hf download TokyoTechMagicYang/RAM-H1200-v1 --repo-type dataset --local-dir "$download"
  touch "$work/downloaded"
fi

# Its table of patients, as the import reads it.
if [ -e "$download/Metadata.xlsx" ] && [ ! -e "$download/Metadata.csv" ]; then
  python -c 'import sys, pandas; pandas.read_excel(sys.argv[1]).to_csv(sys.argv[2], index=False)' \
    "$download/Metadata.xlsx" "$work/Metadata.csv"
  mv "$work/Metadata.csv" "$download"
fi

if [ ! -e "$tables/labels.csv" ]; then
  sharp import ram-h1200 "$download" --out "$tables"
fi

# Without the ready-cut patches: Sharp cuts its own out of the radiographs, as it will when it scores.
cut -d, -f1-7 "$tables/labels.csv" > "$tables/radiographs.csv"
if [ -e "$tables/joints.csv" ]; then
  options+=(--annotations "$tables/joints.csv")
fi

sharp train classifier --labels "$tables/radiographs.csv" --images "$download" --out "$run" "${options[@]}" "$@"
sharp evaluate classification "$run/predictions.csv" "$tables/labels.csv" --out "$run/evaluation"
sharp models verify "$run/bundle"
echo "The bundle is $run/bundle, its card $run/bundle/MODEL_CARD.md, the evaluation is in $run/evaluation." >&2
echo "Use it: sharp score hand.dcm --models $run/bundle" >&2
