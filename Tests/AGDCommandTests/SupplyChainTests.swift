import Foundation
import Testing

@Suite("What the project is made of is pinned and listed")
struct SupplyChainTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func read(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test("the bill of materials has every Swift package, llama.cpp with its hash, and what builds and tests")
    func bill() async throws {
        let script = Self.root.appending(path: "Tools/supply-chain/sbom.py").path
        let result = try await Command.run([], shell: "python3 '\(script)'")
        #expect(result.status == 0, "\(result.standardError)")
        let bill = try #require(
            try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any])
        #expect(bill["bomFormat"] as? String == "CycloneDX")
        let components = try #require(bill["components"] as? [[String: Any]])
        let required = components.filter { $0["scope"] as? String == "required" }.compactMap { $0["name"] as? String }
        let packages = try Self.read("Package.swift").matches(of: #/url: "https://[^"]*/([^/"]+)"/#).map {
            String($0.1).replacing(".git", with: "")
        }
        #expect(packages.count >= 8 && Set(packages + ["llama.cpp"]).isSubset(of: required))
        let llama = components.first { $0["name"] as? String == "llama.cpp" }
        #expect((llama?["hashes"] as? [[String: String]])?.first?["content"]?.count == 64)
        #expect(Set(["cmake", "ninja", "openai"]).isSubset(of: components.compactMap { $0["name"] as? String }))
        #expect(components.allSatisfy { ($0["version"] as? String)?.isEmpty == false })
    }

    @Test("every Python package is taken by version and hash", arguments: ["build-tools", "clients"])
    func hashes(name: String) throws {
        let text = try Self.read("Tools/supply-chain/\(name).txt").replacing("\\\n", with: " ")
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(!lines.isEmpty)
        for line in lines { #expect(line.contains("==") && line.contains("--hash=sha256:"), "\(line.prefix(60))") }
        let wanted = try Self.read("Tools/supply-chain/\(name).in").split(separator: "\n").filter { !$0.hasPrefix("#") }
        for package in wanted {
            // Extras are written differently there.
            let pinned = package.replacing(#/\[[^\]]*\]/#, with: "").replacing("_", with: "-")
            let isPinned = lines.contains { $0.replacing(#/\[[^\]]*\]/#, with: "").hasPrefix(pinned) }
            #expect(isPinned, "\(package)")
        }
    }
}
