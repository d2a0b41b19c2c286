#!/usr/bin/env bash
# The small ladder: what each step from a plain UNet to a searched network adds, on two cores.
#
#   bash benchmarks/ladder.sh DATA RUN
#
# DATA holds train/sharp_pack (photos to train on) and dev/sharp_cid22_val (photos never trained
# on). RUN is filled, and filled on when the command is given again; about two hours on two cores.
# Table, pictures and JSON lines land in benchmarks/results/ladder.
set -euo pipefail
data=$(realpath "$1")
run=$2
here=$(cd "$(dirname "$0")" && pwd)
results=$here/results/ladder
bin=${BIN:-$here/../.venv/bin}
blur=(--kernel 9 --length 3 7 --preset naive)
mkdir -p "$run" "$results"
cd "$run"

say() { echo "+ $*"; "$@"; }
say "$bin/blurkit" synth --n 12000 --patch 96 "${blur[@]}" --images "$data/train/sharp_pack" --out train.h5
say "$bin/blurkit" synth --n 300 --patch 128 "${blur[@]}" --images "$data/dev/sharp_cid22_val" --seed 1 --out test.h5
say "$bin/python" -m nas.compare train.h5 --test test.h5 --out ladder \
    --width 8 --steps 3000 --batch 8 --crop 48 --lr 2e-3 --brief 1000 \
    --search "--epochs 20 --warmup 12 --discretise perturb" "${@:3}"

cp ladder/{table.md,results.jsonl,latency.json,tau.json,settings.json,pareto.png,seeds.png,tau.png} "$results"
for seed in 0 1 2; do
    for picture in search choices cells; do
        cp "ladder/trials/searched-s$seed-search/$picture.png" "$results/$picture-s$seed.png"
    done
    cp "ladder/trials/searched-s$seed-search/log.jsonl" "$results/search-s$seed.jsonl"
    cp "ladder/trials/searched-s$seed-search/result.json" "$results/search-s$seed.json"
done
"$bin/python" "$here/ladder_page.py"
