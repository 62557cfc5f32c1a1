import Foundation

/// The folders of a target, and whose types each of them uses, as its source text says.
///
/// Targets are kept in order by the compiler; their folders by nothing but this. It knows types alone: a function that a
/// higher folder adds to a lower one's type is not seen.
package struct SourceFolders {
    /// A file that names a type of another folder.
    struct Use {
        var file, type, from, to: String
    }

    private var uses: [Use] = []

    package init(target: String) throws {
        let root = Repository.root.appending(path: "Sources/\(target)")
        let files = try Self.swiftFiles(below: root)
        var homes: [String: Set<String>] = [:]
        for (folder, _, text) in files {
            for match in text.matches(of: Self.declaration) { homes[String(match.1), default: []].insert(folder) }
        }
        for (folder, file, text) in files {
            let names = Set(text.matches(of: /\b[A-Z]\w+/).map { String($0.0) })
            let own = Set(text.matches(of: Self.nestedDeclaration).map { String($0.1) })
            for name in names.subtracting(own) {
                guard let places = homes[name], places.count == 1, let home = places.first, home != folder else {
                    continue
                }
                uses.append(Use(file: file, type: name, from: folder, to: home))
            }
        }
    }

    /// Uses that close a circle, as sentences: none where the folders can be put one above the other.
    package var circles: [String] {
        uses.filter { reachable(from: $0.to).contains($0.from) }
            .map { "\($0.from)/\($0.file) uses \($0.type) of \($0.to), which uses \($0.from) in its turn" }.sorted()
    }

    package var isEmpty: Bool { uses.isEmpty }

    private func reachable(from folder: String) -> Set<String> {
        var (reached, open): (Set<String>, [String]) = ([folder], [folder])
        while let next = open.popLast() {
            for use in uses where use.from == next && reached.insert(use.to).inserted { open.append(use.to) }
        }
        return reached
    }

    /// Types that other files can see, declared at a file's top level.
    private static var declaration: Regex<(Substring, Substring)> {
        /(?m)^(?:(?:public|package|final|indirect) )*(?:struct|class|enum|actor|protocol|typealias) (\w+)/
    }

    private static var nestedDeclaration: Regex<(Substring, Substring)> {
        /(?m)^ .*\b(?:struct|class|enum|actor|protocol|typealias) (\w+)/
    }

    /// A file outside any folder stands for a folder of its own.
    private static func swiftFiles(below root: URL) throws -> [(folder: String, file: String, text: String)] {
        try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }.map { path in
            let parts = path.split(separator: "/")
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            return (String(parts[0]), parts.dropFirst().joined(separator: "/"), Self.withoutCommentsAndTexts(text))
        }
    }

    private static func withoutCommentsAndTexts(_ text: String) -> String {
        text.replacing(/"""[\s\S]*?"""/, with: "\"\"").replacing(/"(?:\\.|[^"\\\n])*"/, with: "\"\"")
            .replacing(/\/\/[^\n]*/, with: "")
    }
}
