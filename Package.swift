// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "attribution-guided-decoding",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AttributionGuidedDecoding", targets: ["AttributionGuidedDecoding"]),
        .library(name: "AGDEvaluation", targets: ["AGDEvaluation"]),
        .executable(name: "agd", targets: ["agd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CLlama", pkgConfig: "llama"),
        .target(
            name: "CLaneKernels", dependencies: ["CLlama"], exclude: ["attention.inc", "elementwise.inc", "vector.inc"]),
        .target(name: "TensorGraph", dependencies: ["CLlama", "CLaneKernels"]),
        .target(
            name: "AttributionGuidedDecoding",
            dependencies: ["TensorGraph", "CLlama"],
            resources: ["html", "css", "js"].map { .embedInCode("Explanation/Resources/explain.\($0)") }
        ),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "AGDEvaluation",
            dependencies: ["AttributionGuidedDecoding", "CZlib"],
            resources: ["report.html", "report.css", "chart.svg", "quality-judge.txt", "criteria-judge.txt"].map {
                .embedInCode("Resources/\($0)")
            }
        ),
        .executableTarget(
            name: "agd",
            dependencies: [
                "AttributionGuidedDecoding", "AGDEvaluation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(name: "TensorGraphTests", dependencies: ["TensorGraph", "CLaneKernels"]),
        .testTarget(
            name: "AttributionGuidedDecodingTests",
            dependencies: ["AttributionGuidedDecoding", "CLlama"],
            resources: [.copy("Oracle")]
        ),
        .testTarget(name: "AGDEvaluationTests", dependencies: ["AGDEvaluation", "CZlib"]),
        .testTarget(name: "AGDCommandTests", dependencies: ["agd"]),
    ],
    swiftLanguageModes: [.v6]
)
