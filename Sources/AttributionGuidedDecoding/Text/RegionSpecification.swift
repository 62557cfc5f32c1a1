import Foundation

/// A region as people name it: `system`, `user`, `message:2`, `text:"in French"=-0.5`, `regex:"\d+"`, `tokens:0..<12,15`,
/// `heads:3.5,7.0`, `heads:@file.json`. The weight after `=` is 1 where it is left out.
public struct RegionSpecification: Sendable, Hashable, CustomStringConvertible {
    public enum Target: Sendable, Hashable {
        /// The contents of all messages of a role.
        case role(String)
        /// The content of one message, counted from 0.
        case message(Int)
        /// Every occurrence of a text.
        case text(String)
        /// Every match of a regular expression.
        case regex(String)
        /// Positions of the prompt.
        case tokens([Range<Int>])
        case heads([RegionOfInterest.Head: Double])
    }

    public var target: Target
    public var weight: Double
    public let description: String

    /// Parses a specification.
    /// - Throws: ``RegionError/malformed(specification:problem:)``.
    public init(_ specification: String) throws {
        description = specification
        var body = Substring(specification)
        weight = 1
        // Signs are looked for as Unicode scalars: as characters they unite with a combining mark behind them.
        if let equals = body.unicodeScalars.lastIndex(of: "="), body.unicodeScalars.last != "\"",
            let weight = Double(body[body.unicodeScalars.index(after: equals)...])
        {
            guard weight.isFinite else {
                throw RegionError.malformed(specification, "the weight is not a finite number")
            }
            self.weight = weight
            body = body[..<equals]
        }
        guard let colon = body.unicodeScalars.firstIndex(of: ":") else {
            guard ["system", "user", "assistant", "tool"].contains(body) else {
                throw RegionError.malformed(specification, "unknown region '\(body)'")
            }
            target = .role(String(body))
            return
        }
        let value = body[body.unicodeScalars.index(after: colon)...]
        switch body[..<colon] {
        case "message":
            guard let index = Int(value), index >= 0 else {
                throw RegionError.malformed(specification, "message: takes a number from 0")
            }
            target = .message(index)
        case "text": target = .text(try Self.unescaped(value) ?? Self.unquoted(value, in: specification))
        case "regex": target = .regex(try Self.unquoted(value, in: specification))
        case "tokens":
            target = .tokens(
                try value.split(separator: ",", omittingEmptySubsequences: false).map {
                    try Self.range($0, in: specification)
                })
        case "heads": target = .heads(try Self.heads(value, in: specification))
        case let kind: throw RegionError.malformed(specification, "unknown kind of region '\(kind):'")
        }
    }

    /// The text of a JSON string, whose escapes (`\"`, `\n`) let any text be named; nil for anything else.
    private static func unescaped(_ value: Substring) -> String? {
        guard value.hasPrefix("\""), value.count > 2 else { return nil }
        do { return try JSONDecoder().decode(String.self, from: Data(value.utf8)) } catch { return nil }
    }

    private static func unquoted(_ value: Substring, in specification: String) throws -> String {
        var value = value.unicodeScalars
        if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
        guard !value.isEmpty else { throw RegionError.malformed(specification, "there is no text to look for") }
        return String(value)
    }

    /// `12`, `0..<12` or `0...11`.
    private static func range(_ text: Substring, in specification: String) throws -> Range<Int> {
        let malformed = RegionError.malformed(specification, "tokens: takes positions and ranges, such as 0..<12,15")
        for (separator, isClosed) in [("..<", false), ("...", true)] {
            guard let found = text.firstRange(of: separator) else { continue }
            guard let lower = Int(text[..<found.lowerBound]), let upper = Int(text[found.upperBound...]), lower >= 0,
                upper < .max, lower < upper || (isClosed && lower == upper)
            else { throw malformed }
            return lower..<(isClosed ? upper + 1 : upper)
        }
        guard let position = Int(text), position >= 0, position < .max else { throw malformed }
        return position..<position + 1
    }

    private static func heads(_ value: Substring, in specification: String) throws -> [RegionOfInterest.Head: Double] {
        if value.hasPrefix("@") { return try HeadFile.read(path: String(value.dropFirst())) }
        var heads: [RegionOfInterest.Head: Double] = [:]
        for part in value.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = part.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
            guard numbers.count == 2, let layer = numbers[0], let head = numbers[1], layer >= 0, head >= 0 else {
                throw RegionError.malformed(
                    specification, "heads: takes layer.head pairs, such as 3.5,7.0, or @file.json")
            }
            heads[.init(layer: layer, head: head)] = 1
        }
        return heads
    }
}

/// A list of attention heads in a JSON file: `{"heads": [{"layer": 3, "head": 5, "weight": 1}, ...]}`, or the array alone.
enum HeadFile {
    private struct Entry: Decodable {
        var layer: Int
        var head: Int
        var weight: Double?
    }
    private struct Document: Decodable { var heads: [Entry] }

    static func read(path: String) throws -> [RegionOfInterest.Head: Double] {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw RegionError.headFile(path: path, problem: "can't be read: \(error.localizedDescription)")
        }
        let entries: [Entry]
        do {
            let decoder = JSONDecoder()
            let isArray = data.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "[")
            entries =
                isArray
                ? try decoder.decode([Entry].self, from: data) : try decoder.decode(Document.self, from: data).heads
        } catch {
            throw RegionError.headFile(path: path, problem: "expected {\"heads\": [{\"layer\": 3, \"head\": 5}, ...]}")
        }
        guard !entries.isEmpty else { throw RegionError.headFile(path: path, problem: "names no heads") }
        return Dictionary(entries.map { (.init(layer: $0.layer, head: $0.head), $0.weight ?? 1) }, uniquingKeysWith: +)
    }
}

/// What can be wrong with a region.
public enum RegionError: Error, Equatable, CustomStringConvertible {
    case malformed(_ specification: String, _ problem: String)
    case noSuchMessage(specification: String, roles: [String])
    case noMessages(specification: String)
    case noText(specification: String)
    case notFound(specification: String, nearest: String)
    case coversNoToken(specification: String)
    case tokenOutOfRange(position: Int, promptLength: Int)
    case headOutOfRange(layer: Int, head: Int, layerCount: Int, headCount: Int)
    case headFile(path: String, problem: String)
    case weightNotFinite

    public var description: String {
        switch self {
        case .malformed(let specification, let problem):
            "region '\(specification)': \(problem). Regions are system, user, assistant, tool, message:N, text:\"…\", "
                + "regex:\"…\", tokens:0..<12,15, heads:3.5,7.0 and heads:@file.json, each with an optional weight such as =-0.5"
        case .noSuchMessage(let specification, let roles):
            "region '\(specification)': there is no such message; the conversation has "
                + roles.enumerated().map { "message:\($0.offset) (\($0.element))" }.joined(separator: ", ")
        case .noMessages(let specification):
            "region '\(specification)': the prompt is not a conversation; mark the region with text: or tokens:"
        case .noText(let specification):
            "region '\(specification)': the prompt was given as tokens; mark the region with tokens:"
        case .notFound(let specification, let nearest):
            "region '\(specification)' matches nothing; the likeliest place in the prompt is: …\(nearest)…"
        case .coversNoToken(let specification): "region '\(specification)' covers no token: the text there is empty"
        case .tokenOutOfRange(let position, let length):
            "region position \(position) is outside the prompt, whose positions are 0 to \(length - 1)"
        case .headOutOfRange(let layer, let head, let layers, let heads):
            "region head \(layer).\(head) does not exist: the model has layers 0 to \(layers - 1) and heads 0 to \(heads - 1)"
        case .headFile(let path, let problem): "\(path): \(problem)"
        case .weightNotFinite: "a region's weight is not a finite 32-bit number; give a smaller one"
        }
    }
}
