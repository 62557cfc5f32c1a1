#!/usr/bin/env bash
# Provides HuggingFace transformers and LXT in .deps/oracle, once; prints the Python that has them.
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=.deps/oracle
stamp=$environment/recipe
recipe=$(cat Tools/oracle/requirements.txt "$0" | cksum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$recipe" ]; then
    echo "oracle: installing HuggingFace transformers and LXT in $environment (once)" >&2
    rm -rf "$environment"
    python3 -m venv "$environment" >&2
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r Tools/oracle/requirements.txt >&2
    # LXT's other dependencies are for vision models.
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps lxt==2.1 >&2
    echo "$recipe" > "$stamp"
fi
echo "$environment/bin/python"
