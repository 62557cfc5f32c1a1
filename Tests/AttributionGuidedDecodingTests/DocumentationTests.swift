import Foundation
import Testing

@testable import TestFixtures

@Suite("Documentation tells the truth")
struct DocumentationTests {
    /// A file of text with examples in Swift.
    private static func pages() throws -> [String] {
        let articles = "Sources/AttributionGuidedDecoding/AttributionGuidedDecoding.docc"
        return try ["README.md", "CONTRIBUTING.md"]
            + FileManager.default.contentsOfDirectory(atPath: Repository.root.appending(path: articles).path)
            .filter { $0.hasSuffix(".md") }.map { "\(articles)/\($0)" }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
    }

    /// Lines without the white space around them, empty ones and access levels left out; the model's path is what a test says.
    private static func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces).replacing("private ", with: "")
                .replacing("\"../attribution-guided-decoding/Models/microcosm.gguf\"", with: "path")
        }
        .filter { !$0.isEmpty && !$0.hasPrefix("import ") }
    }

    private static func examples(_ page: String) throws -> [[String]] {
        try text(page).matches(of: /(?s)```swift\n(.*?)\n```/).map { lines($0.1) }
    }

    private static let compiled = [
        "Tests/AttributionGuidedDecodingTests/DocumentationCode.swift", "Examples/OwnStrategy/main.swift",
        "Examples/GuidedAnswer/main.swift", "Examples/AttributedAnswer/main.swift",
    ]

    @Test("Every example in Swift is compiled, in the tests or in Examples")
    func compiled() throws {
        let sources = try Self.compiled.map { Self.lines(try Self.text($0)).joined(separator: "\n") }
        var count = 0
        for page in try Self.pages() {
            for example in try Self.examples(page) where example.first?.hasPrefix("// swift-tools-version") == false {
                let code = example.joined(separator: "\n")
                #expect(sources.contains { $0.contains(code) }, "\(page): \(code)")
                count += 1
            }
        }
        #expect(count > 5)
    }

    @Test("The manifest is the same wherever it is shown, and names products and targets that there are")
    func manifests() throws {
        let manifests = try Self.pages().flatMap { try Self.examples($0) }
            .filter { $0.first?.hasPrefix("// swift-tools-version") == true }
        #expect(manifests.count > 1 && Set(manifests).count == 1)
        let own = try Self.text("Package.swift")
        #expect(own.contains(".library(name: \"AttributionGuidedDecoding\""))
        #expect(own.contains("name: \"attribution-guided-decoding\""))
        #expect(manifests.first?.first == Self.lines(own).first)
    }

    @Test("README's program answers on the model in the repository")
    func exampleRuns() async throws {
        let answer = try await readmeExample(path: Repository.root.appending(path: "Models/microcosm.gguf").path)
        #expect(!answer.isEmpty)
    }
}
