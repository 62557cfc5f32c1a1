// swift-tools-version: 6.1
import PackageDescription

let evaluation = TargetDependencyCondition.when(traits: ["Evaluation"])
let commandLine = TargetDependencyCondition.when(traits: ["CommandLine"])
let examples = ["GuidedAnswer", "OwnStrategy", "AttributedAnswer"]

let package = Package(
    name: "attribution-guided-decoding",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AttributionGuidedDecoding", targets: ["AttributionGuidedDecoding"]),
        .library(name: "AGDInsight", targets: ["AGDInsight"]),
        .library(name: "AGDEvaluation", targets: ["AGDEvaluation"]),
        .executable(name: "agd", targets: ["agd"]),
    ],
    traits: [
        .trait(name: "Evaluation", description: "AGDEvaluation, whose judges are asked over HTTP."),
        .trait(name: "CommandLine", description: "The program agd and its server.", enabledTraits: ["Evaluation"]),
        .default(enabledTraits: ["CommandLine"]),
    ],
    // All of them serve the traits: whoever imports the library alone, with `traits: []`, fetches none.
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms.git", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLlama", pkgConfig: "llama"),
        .systemLibrary(name: "CJinja", pkgConfig: "llama-jinja"),
        .target(name: "CChatTemplate", dependencies: ["CJinja", "CLlama"]),
        .target(
            name: "CLaneKernels", dependencies: ["CLlama"],
            exclude: [
                "attention/attention.inc", "attention/attention_wide.inc", "elementwise/elementwise.inc",
                "panels/columns.inc",
                "panels/panel_loops.inc",
                "products/product_loops.inc", "recurrence/recurrence.inc", "reverse/reverse.inc", "shared/vector.inc",
            ],
            cSettings: ["attention", "elementwise", "panels", "products", "recurrence", "reverse", "shared", "team"].map
            {
                .headerSearchPath($0)
            }),
        .target(name: "TensorGraph", dependencies: ["CLlama", "CLaneKernels"]),
        .target(name: "CLineEditor"),
        .target(name: "LaneEngine", dependencies: ["TensorGraph", "CLlama"]),
        .target(
            name: "AttributionGuidedDecoding",
            dependencies: ["LaneEngine", "TensorGraph", "CLlama", "CChatTemplate"]),
        .target(
            name: "AGDInsight",
            dependencies: ["AttributionGuidedDecoding", "TensorGraph"],
            resources: ["html", "css", "js"].map { .embedInCode("Explanation/Resources/explain.\($0)") }
        ),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "AGDEvaluation",
            dependencies: [
                "AGDInsight", "AttributionGuidedDecoding", "CZlib",
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: evaluation),
                .product(name: "NIOCore", package: "swift-nio", condition: evaluation),
                .product(name: "NIOPosix", package: "swift-nio", condition: evaluation),
            ],
            resources: [
                "report.html", "report.css", "quality-judge.txt", "criteria-judge.txt",
                "Settings/qwen-coder-instructions.json",
                "Settings/smollm2-instructions.json",
            ].map { .embedInCode("Resources/\($0)") }
        ),
        .target(
            name: "AGDServer",
            dependencies: [
                "AGDInsight", "AttributionGuidedDecoding",
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms", condition: commandLine),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: commandLine),
                .product(name: "Hummingbird", package: "hummingbird", condition: commandLine),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: commandLine),
                .product(name: "Logging", package: "swift-log", condition: commandLine),
                .product(name: "Metrics", package: "swift-metrics", condition: commandLine),
                .product(name: "NIOCore", package: "swift-nio", condition: commandLine),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: commandLine),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: commandLine),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: commandLine),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: commandLine),
            ],
            resources: [.embedInCode("Resources")]
        ),
        .executableTarget(
            name: "agd",
            dependencies: [
                "AttributionGuidedDecoding", "AGDInsight", "AGDEvaluation", "AGDServer", "CLineEditor", "TensorGraph",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: commandLine),
            ]
        ),
        .testTarget(name: "TensorGraphTests", dependencies: ["TensorGraph", "CLaneKernels", "TestFixtures"]),
        .target(
            name: "TestFixtures",
            dependencies: ["LaneEngine", "CLlama"],
            path: "Tests/TestFixtures",
            resources: [.copy("Oracle"), .copy("Architectures")]
        ),
        .testTarget(name: "LaneEngineTests", dependencies: ["LaneEngine", "TestFixtures", "CLlama"]),
        .testTarget(
            name: "AttributionGuidedDecodingTests",
            dependencies: ["AttributionGuidedDecoding", "LaneEngine", "TestFixtures", "CLlama"]
        ),
        .testTarget(name: "AGDInsightTests", dependencies: ["AGDInsight", "TestFixtures"]),
        .testTarget(
            name: "AGDServerTests",
            dependencies: [
                "AGDServer", "TestFixtures", "CLlama",
                .product(name: "NIOEmbedded", package: "swift-nio", condition: commandLine),
                .product(name: "NIOPosix", package: "swift-nio", condition: commandLine),
            ],
            exclude: ["Clients"]
        ),
        .testTarget(
            name: "AGDEvaluationTests", dependencies: ["AGDEvaluation", "AGDInsight", "TestFixtures", "CZlib"]),
        .testTarget(
            name: "AGDCommandTests",
            dependencies: ["agd", "TestFixtures", "CLlama"] + examples.map { .byName(name: $0) }),
    ]
        + examples.map {
            .executableTarget(name: $0, dependencies: ["AttributionGuidedDecoding"], path: "Examples/\($0)")
        },
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
