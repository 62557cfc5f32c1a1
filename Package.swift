// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "attribution-guided-decoding",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AttributionGuidedDecoding", targets: ["AttributionGuidedDecoding"]),
        .executable(name: "agd", targets: ["agd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CLlama", pkgConfig: "llama"),
        .target(name: "CLaneKernels", dependencies: ["CLlama"], exclude: ["attention.inc", "elementwise.inc", "vector.inc"]),
        .target(name: "TensorGraph", dependencies: ["CLlama", "CLaneKernels"]),
        .target(name: "AttributionGuidedDecoding", dependencies: ["TensorGraph", "CLlama"]),
        .executableTarget(
            name: "agd",
            dependencies: [
                "AttributionGuidedDecoding",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(name: "TensorGraphTests", dependencies: ["TensorGraph", "CLaneKernels"]),
        .testTarget(
            name: "AttributionGuidedDecodingTests",
            dependencies: ["AttributionGuidedDecoding"],
            resources: [.copy("Oracle")]
        ),
    ],
    swiftLanguageModes: [.v6]
)
