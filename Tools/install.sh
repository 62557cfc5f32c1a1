#!/usr/bin/env bash
# Puts agd under a prefix, with its manual and what shells complete, or takes all of that away again.
#
#   Tools/install.sh AGD PREFIX
#   Tools/install.sh --remove PREFIX
set -euo pipefail
tools=$(dirname "$0")
prefix=$2
bash=$prefix/share/bash-completion/completions/agd
zsh=$prefix/share/zsh/site-functions/_agd
fish=$prefix/share/fish/vendor_completions.d/agd.fish
manual=$prefix/share/man/man1

if [ "$1" = --remove ]; then
    rm -f "$prefix/bin/agd" "$manual/agd.1" "$manual"/agd-*.1 "$bash" "$zsh" "$fish"
    exit
fi
agd=$1
install -d "$prefix/bin" "$manual" "${bash%/*}" "${zsh%/*}" "${fish%/*}"
install -m 755 "$agd" "$prefix/bin/agd"
"$agd" --experimental-dump-help | python3 "$tools/manual.py" "$manual"
for shell in bash zsh fish; do
    "$agd" --generate-completion-script "$shell" > "${!shell}"
    chmod 644 "${!shell}"
done
