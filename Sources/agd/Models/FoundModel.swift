import ArgumentParser
import AttributionGuidedDecoding

/// A model file that another program, or this one, keeps in its cache.
struct FoundModel: Encodable, Equatable {
    /// What `-m` takes for it, such as `qwen2.5:0.5b`.
    var name: String
    /// Whose cache it is in.
    var source: String
    var path: String
    var byteCount: Int

    /// Whether all words of `name` are words of this one's, in whatever order, case and punctuation.
    func answers(to name: String) -> Bool {
        let words = Self.words(name)
        return !words.isEmpty && Set(words).isSubset(of: Self.words(self.name))
    }

    /// Letters and digits that stand together; a point between digits belongs to the number.
    static func words(_ text: String) -> [String] {
        let characters = Array(text.lowercased())
        func isDigit(_ index: Int) -> Bool { characters.indices.contains(index) && characters[index].isNumber }
        var words = [""]
        for (index, character) in characters.enumerated() {
            let isPoint = character == "." && isDigit(index - 1) && isDigit(index + 1)
            if character.isLetter || character.isNumber || isPoint {
                words[words.count - 1].append(character)
            } else {
                words.append("")
            }
        }
        return words.filter { !$0.isEmpty }
    }
}

extension ModelCaches {
    /// The file that `-m` names: a path where there is one, else a model in a cache, by its name or by words of it.
    /// - Throws: `ValidationError` where no model or more than one answers to the name.
    func path(of name: String, option: String = "--model") throws -> String {
        // What is written as a path is one, and whoever opens it says what is wrong with it.
        if isFile(name) || name.hasSuffix(".gguf") || name.hasPrefix("/") || name.hasPrefix(".") { return name }
        let models = models
        let exact = models.filter { $0.name.lowercased() == name.lowercased() }
        let matches = exact.isEmpty ? models.filter { $0.answers(to: name) } : exact
        switch matches.count {
        case 1: return matches[0].path
        case 0:
            throw ValidationError(
                "\(option) \(name.prefix(200)): there is no such file, and no model of this name in the caches; agd models shows what is there."
            )
        default:
            let names = matches.prefix(8).map(\.name).joined(separator: ", ")
            throw ValidationError(
                "\(option) \(name.prefix(200)) is the name of \(matches.count) models: \(names). Name one of them, or its file."
            )
        }
    }

    /// What people call a model's file: its name in a cache that keeps files under other names, else the file's own.
    func name(ofFile path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        guard !file.hasSuffix(".gguf") else { return String(file.dropLast(".gguf".count)) }
        return models.first { $0.path == path }?.name ?? file
    }
}
