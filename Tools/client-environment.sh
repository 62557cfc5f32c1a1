#!/usr/bin/env bash
# Makes the Python environment in which the tests run other people's clients against the server: .deps/clients; with "more"
# that of larger libraries instead (700 MB): .deps/more-clients.
# The page's test needs Chromium besides: apt-get install chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1-} in
'') name=clients ;;
more) name=more-clients ;;
*) echo "usage: $0 [more]" >&2; exit 2 ;;
esac
environment=.deps/$name
python3 -m venv "$environment"
# The list is complete, so that nothing is to be resolved: pip would ask for extras (typepy[datetime]) whose pin it doesn't see.
"$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "Tools/supply-chain/$name.txt"
"$environment/bin/pip" check --quiet --disable-pip-version-check
echo "$environment is ready"
