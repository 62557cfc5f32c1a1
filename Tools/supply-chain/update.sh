#!/usr/bin/env bash
# Makes the files of versions and hashes again: build-tools.txt, clients.txt and more-clients.txt from their .in, and swift-packages.txt from
# the newest versions that Package.swift allows. Review what has changed (git diff), run make test, and commit.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=Tools/supply-chain

python3 -m venv .deps/uv
.deps/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
for name in build-tools clients more-clients; do
    { grep '^#' "$here/$name.in"
      echo "# Versions and hashes, made from $name.in by $here/update.sh."
      .deps/uv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate "$here/$name.in"
    } > "$here/$name.txt.new"
    mv "$here/$name.txt.new" "$here/$name.txt"
done
found=$(Tools/dependencies.sh)
PKG_CONFIG_PATH="$found${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" swift package update
python3 "$here/swift_packages.py" record
