#!/usr/bin/env bash
# The first proof on real input: 20,000 pairs from photos, search, three networks under one recipe,
# scored on synthetic pairs from other photos and on real pairs.
#
#   bash benchmarks/first_proof.sh DATA RUN
#
# DATA holds train/sharp_pack (photos to train on), dev/sharp_cid22_val (photos never trained on)
# and dev/{gopro_avg,gopro_0477_avg11,reds_180p} (folders of real pairs). RUN is filled, and filled
# on when the command is given again; tables and pictures land in benchmarks/results/first_proof.
set -euo pipefail
data=$(realpath "$1")
run=$2
here=$(cd "$(dirname "$0")" && pwd)
results=$here/results/first_proof
bin=${BIN:-$here/../.venv/bin}
blur=(--kernel 11 --length 4 10)
train=(--width 16 --steps "${STEPS:-4000}" --every 250)
mkdir -p "$run" "$results"
cd "$run"

say() { echo "+ $*"; "$@"; }
say "$bin/blurkit" synth --n 20000 --patch 96 "${blur[@]}" --images "$data/train/sharp_pack" --out train.h5
say "$bin/blurkit" synth --n 200 --patch 128 "${blur[@]}" --images "$data/dev/sharp_cid22_val" --seed 1 --out test.h5
say "$bin/python" -m nas.search train.h5 --out search
say "$bin/python" -m nas.retrain search/genotype.json train.h5 --out searched "${train[@]}"
say "$bin/python" -m nas.retrain unet train.h5 --out unet "${train[@]}"
say "$bin/python" -m nas.retrain unet-residual train.h5 --out unet-residual "${train[@]}"

networks=(unet unet-residual searched)
evaluate() { say "$bin/python" -m nas.evaluate "${networks[@]}" --json "$results/$1.json" --out "$1" "${@:2}"; }
evaluate cid22_val --data test.h5
for set in gopro_avg gopro_0477_avg11 reds_180p; do
    evaluate "$set" --pairs "$data/dev/$set"
done

for set in cid22_val gopro_avg gopro_0477_avg11 reds_180p; do
    cp "$set/table.md" "$results/$set.md"
    "$bin/python" -c 'import sys; from blurkit.images.files import read_image, write_image
write_image(sys.argv[2], read_image(sys.argv[1]))' "$set/compare.png" "$results/$set.jpg"
done
cp search/genotype.json search/search.png search/alphas.png search/cells.png "$results"
cp search/log.jsonl "$results/search.jsonl"
for network in "${networks[@]}"; do
    cp "$network/log.jsonl" "$results/$network.jsonl"
    cp "$network/training.png" "$results/$network.png"
done
# of the test pairs: CID22 may be shown (CC BY-SA 4.0), some of the training photos may not
"$bin/blurkit" preview test.h5 --n 6 --out "$results/test_pairs.png"
"$bin/python" "$here/first_proof_page.py"
echo "results are in $results"
