#!/usr/bin/env bash
# Makes the Python environment in which the tests run other people's clients against the server: .deps/clients.
# The page's test needs Chromium besides: apt-get install chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.deps/clients
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r Tools/supply-chain/clients.txt
echo "$environment is ready"
