#!/usr/bin/env bash
# Makes the ablation's table and the bundled network from scratch: `make reproduce SCALE=cpu DATA=folder`.
#
#   bash experiments/ladder/reproduce.sh smoke|cpu|gpu [DATA]
#
# DATA must contain train/photos (to train on: exactly the photos listed in experiments/photos.sha256),
# dev/sharp_cid22_val (photos never trained on) and real pairs (blur/ and sharp/) in dev/gopro_avg,
# dev/gopro_0477_avg11 and dev/reds_180p. smoke needs no DATA: it checks within minutes, on generated
# scenes, that every part works. cpu takes about five hours on two cores; gpu has not been run.
# Intermediate files are in reproduce/SCALE; rerun the command to resume. Results go to
# experiments/*/results, nas/shipped, docs and README, or with smoke to reproduce/smoke.
set -euo pipefail
scale=${1:?smoke, cpu or gpu}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${BIN:-$root/.venv/bin}
run=${RUN:-$root/reproduce/$scale}
mkdir -p "$run"
run=$(realpath "$run")
sets=(gopro_avg gopro_0477_avg11 reds_180p)
# photos are reduced so that patches are sharp; the kinds of blur differ in difficulty
task=(--reduce 2 --mix walk=1,linear=1,defocus=1,gaussian=1)
say() { echo "+ $*"; "$@"; }

case $scale in
smoke)
    data=$run/data results=$run/results/ladder shipped=$run/results/shipped package=$run/package
    blur=("${task[@]}" --patch 48 --kernel 9 --length 3 7)
    train=(--n 200) test=(--n 20)
    recipe=(--width 2 --cost macs --steps 20 --batch 2 --crop 32 --seeds 1 --searches 1 --randoms 3
        --kinds searched --random-searches 0 --brief 10
        --search "--epochs 4 --warmup 2 --steps 5 --batch 2 --crop 32")
    pairs=(--n 60 --takes 1)
    ship=(--width 4 --batch 2 --crop 48)
    first=(--steps 40) second=(--steps 20) third=(--steps 20)
    ;;
cpu)
    results=$here/results shipped=$root/experiments/shipped/results package=$root/nas/shipped
    blur=("${task[@]}" --patch 96 --kernel 11 --length 4 10 --preset naive)
    train=(--n 12000) test=(--n 300 --patch 128)
    recipe=(--width 8 --steps 5000 --batch 8 --crop 48 --lr 2e-3 --seeds 2 --searches 1
        --kinds searched --random-searches 0 --search "--epochs 60 --warmup 40 --cost-weight 0.1")
    pairs=(--n 12000 --takes 3)
    ship=(--width 16 --crop 96)
    first=(--batch 4 --steps 39000 --lr 1.5e-3) second=(--batch 8 --steps 16000 --lr 1.2e-3 --floor 1e-3)
    third=(--batch 8 --steps 42000 --lr 1.2e-3 --floor 1e-3)
    ;;
gpu)
    results=$here/results-gpu shipped=$root/experiments/shipped/results package=$root/nas/shipped
    blur=("${task[@]}" --patch 160 --kernel 27 --preset realistic)
    train=(--n 60000) test=(--n 300)
    recipe=(--width 32 --steps 30000 --seeds 3)
    pairs=(--n 60000 --takes 20)
    ship=(--width 32)
    first=(--steps 200000) second=(--steps 40000 --lr 3e-4) third=(--steps 100000 --lr 3e-4)
    ;;
*)
    echo "SCALE must be smoke, cpu or gpu, got '$scale'" >&2
    exit 2
    ;;
esac
if [ "$scale" = smoke ]; then
    [ -d "$data" ] || say "$bin/python" "$here/smoke_data.py" "$data"
else
    data=$(realpath "${2:?the folder of the photos: see the head of this file}")
fi
[ "$scale" = gpu ] || export OMP_NUM_THREADS=1
photos=$data/train/photos
[ "$scale" = smoke ] || bash "$here/check_photos.sh" "$photos" "$root/experiments/photos.sha256"
mkdir -p "$results"
cd "$run"

say "$bin/blurkit" synth "${blur[@]}" "${train[@]}" --images "$photos" --out train.h5
say "$bin/blurkit" synth "${blur[@]}" "${test[@]}" --images "$data/dev/sharp_cid22_val" --seed 1 --out test.h5
networks="unet unet-residual frame conv naf naf-half"
say "$bin/python" -m nas.compare train.h5 --test test.h5 "${sets[@]/#/--real=$data/dev/}" \
    --out ladder --networks "$networks" "${recipe[@]}"
cp ladder/{table.md,results.jsonl,latency.json,tau.json,real.json,settings.json} "$results"
for part in train test; do "$bin/blurkit" info $part.h5 > "$results/$part.txt"; done
cp ladder/{pareto,seeds,tau}.png "$results"
for folder in ladder/trials/searched-s*-search; do
    seed=${folder#*searched-}
    for file in search.png choices.png cells.png result.json log.jsonl; do
        cp "$folder/$file" "$results/${file%.*}-${seed%-search}.${file##*.}"
    done
done
say "$bin/python" "$here/ladder_page.py" "$results" "$scale"

say "$bin/python" "$root/experiments/shipped/shipped_data.py" "$photos" pairs "${pairs[@]}"
retrain() { say "$bin/python" -m nas.retrain "$@" "${ship[@]}"; }
every=(pairs/{naive,realistic,rolling,shallow,moving}.h5)
retrain "$results/winner.json" pairs/{naive,realistic,rolling}.h5 --out first "${first[@]}"
retrain "$results/winner.json" "${every[@]}" --init first --out second "${second[@]}"
say "$bin/python" "$root/experiments/shipped/shipped.py" grow "$results/winner.json" grown.json
retrain grown.json "${every[@]}" --init second --out shipped "${third[@]}"
at=(--package "$package" --results "$shipped")
say "$bin/python" "$root/experiments/shipped/shipped.py" "${at[@]}" pack shipped --before first --before second
say "$bin/python" "$root/experiments/shipped/shipped.py" "${at[@]}" card "$data" --run shipped
