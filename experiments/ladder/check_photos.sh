#!/usr/bin/env bash
# Checks that a folder contains exactly the photos of a list written by sha256sum; names any that differ.
#
#   bash experiments/ladder/check_photos.sh FOLDER LIST
set -euo pipefail
export LC_ALL=C
folder=${1:?folder of the photos} list=$(realpath "${2:?list of names and SHA-256}")
cd "$folder"
sha256sum --check --quiet --strict "$list" >&2 || {
    echo "$folder: does not hold the photos of $list" >&2
    exit 1
}
photos=(find -L . -regextype posix-extended -iregex '.*\.(jpe?g|png|tiff?|webp)' -printf '%P\n')
more=$(comm -13 <(cut -c 67- "$list" | sort) <("${photos[@]}" | sort))
if [ -n "$more" ]; then
    echo "$more" >&2
    echo "$folder: holds photos that are not in $list" >&2
    exit 1
fi
