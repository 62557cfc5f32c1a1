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
        .target(name: "TensorGraph", dependencies: ["CLlama"]),
        .target(name: "AttributionGuidedDecoding", dependencies: ["TensorGraph", "CLlama"]),
        .executableTarget(
            name: "agd",
            dependencies: [
                "AttributionGuidedDecoding",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(name: "TensorGraphTests", dependencies: ["TensorGraph"]),
        .testTarget(
            name: "AttributionGuidedDecodingTests",
            dependencies: ["AttributionGuidedDecoding"],
            resources: [.copy("Oracle")]
        ),
        .testTarget(name: "AGDCommandTests", dependencies: ["agd"]),
    ],
    swiftLanguageModes: [.v6]
)
