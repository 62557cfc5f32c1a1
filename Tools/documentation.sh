#!/usr/bin/env bash
# Makes the library's documentation in .build/documentation with the docc that comes with Swift, so that the package depends on
# no plugin for it. A link that leads nowhere, a public declaration without a sentence, and one that throws and doesn't say
# what, are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
graphs=.build/symbol-graphs
output=.build/documentation
swift build --target AttributionGuidedDecoding >&2
build=$(swift build --show-bin-path)
rm -rf "$graphs" "$output"
mkdir -p "$graphs"
triple=$(swift -print-target-info | sed -n 's/^ *"unversionedTriple": "\(.*\)",*$/\1/p')
clang=()
for flag in $(pkg-config --cflags llama llama-jinja); do clang+=(-Xcc "$flag"); done
for map in "$PWD"/Sources/*/module.modulemap "$build"/C{LaneKernels,ChatTemplate}.build/module.modulemap; do
    clang+=(-Xcc "-fmodule-map-file=$map")
done
# What the library exports of the engine appears as its own, as it does to a program that imports it.
swift symbolgraph-extract -module-name AttributionGuidedDecoding -target "$triple" -I "$build/Modules" \
    "${clang[@]}" -minimum-access-level public -skip-synthesized-members \
    -experimental-allowed-reexported-modules=LaneEngine,TensorGraph -output-dir "$graphs"
docc=$(dirname "$(readlink -f "$(command -v swift)")")/docc
[ -x "$docc" ] || docc="xcrun docc"
$docc convert Sources/AttributionGuidedDecoding/AttributionGuidedDecoding.docc --additional-symbol-graph-dir "$graphs" \
    --fallback-display-name AttributionGuidedDecoding --fallback-bundle-identifier AttributionGuidedDecoding \
    --diagnostics-file "$graphs/diagnostics.json" --output-path "$output"
python3 Tools/documentation/check.py "$graphs"
echo "documentation: $output (to read it: python3 -m http.server -d $output, then /documentation/attributionguideddecoding)"
