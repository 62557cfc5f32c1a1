#!/usr/bin/env bash
# Makes the Python environment in which the tests run other people's clients against the server: .deps/clients.
# The page's test needs Chromium besides: apt-get install chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.deps/clients
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet \
    openai==3.54.0 'lm_eval[api]==0.4.13' transformers==5.23.0 gguf==0.19.0 tokenizers==0.23.3 websockets==17.4 \
    torch==2.13.0 accelerate==1.15.0
echo "$environment is ready"
