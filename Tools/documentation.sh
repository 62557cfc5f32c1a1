#!/usr/bin/env bash
# Makes the library's documentation in .build/documentation with the docc that comes with Swift, so that the package depends on
# no plugin for it. A link that leads nowhere, a public declaration of any product without a sentence, and one that throws and
# doesn't say what, are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
graphs=.build/symbol-graphs
others=$graphs-of-other-products
output=.build/documentation
swift build --target AGDEvaluation >&2
build=$(swift build --show-bin-path)
rm -rf "$graphs" "$others" "$output"
mkdir -p "$graphs"
triple=$(swift -print-target-info | sed -n 's/^ *"unversionedTriple": "\(.*\)",*$/\1/p')
clang=()
for flag in $(pkg-config --cflags llama llama-jinja); do clang+=(-Xcc "$flag"); done
for map in "$PWD"/Sources/*/module.modulemap "$build"/*.build/module.modulemap \
    "$PWD"/.build/checkouts/*/Sources/*/include/module.modulemap; do
    clang+=(-Xcc "-fmodule-map-file=$map")
done
extract() { # extract MODULE FOLDER [OPTION...]
    mkdir -p "$2"
    swift symbolgraph-extract -module-name "$1" -target "$triple" -I "$build/Modules" "${clang[@]}" \
        -minimum-access-level public -skip-synthesized-members -output-dir "$2" "${@:3}"
}
# What the library exports of the engine appears as its own, as it does to a program that imports it.
extract AttributionGuidedDecoding "$graphs" -experimental-allowed-reexported-modules=LaneEngine,TensorGraph
for module in AGDInsight AGDEvaluation; do extract "$module" "$others"; done
docc=$(dirname "$(readlink -f "$(command -v swift)")")/docc
[ -x "$docc" ] || docc="xcrun docc"
$docc convert Sources/AttributionGuidedDecoding/AttributionGuidedDecoding.docc --additional-symbol-graph-dir "$graphs" \
    --fallback-display-name AttributionGuidedDecoding --fallback-bundle-identifier AttributionGuidedDecoding \
    --diagnostics-file "$graphs/diagnostics.json" --output-path "$output"
python3 Tools/documentation/check.py "$graphs" "$others"
echo "documentation: $output (to read it: python3 -m http.server -d $output, then /documentation/attributionguideddecoding)"
