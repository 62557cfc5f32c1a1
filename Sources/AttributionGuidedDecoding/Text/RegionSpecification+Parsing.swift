import Foundation

extension RegionSpecification {
    /// Parses a region as it is written on the command line: `system`, `user`, `template`, `trusted`, `untrusted`, `message:2`, `text:"in French"=-0.5`,
    /// `regex:"\d+"`, `tokens:0..<12,15`, `heads:3.5,7.0`, `heads:@file.json`, `neurons:3.70,7.0`, `neurons:@file.json`,
    /// `neurons:@file.json#group`, `direction:@file.gguf`, `direction:12@file.npy`, `sae:@folder#7,12`. The weight after `=` is 1 where it is left out.
    ///
    /// A text in quotes is read as a JSON string where it is one and occurs, so that `\n` and `\"` can be written; otherwise, as
    /// `"\beta"`, it stands for itself.
    /// - Throws: ``RegionError/malformed(_:_:)``.
    public init(_ specification: String) throws(RegionError) {
        var body = Substring(specification)
        var weight = 1.0
        // Signs are looked for as Unicode scalars: as characters they unite with a combining mark behind them.
        if let equals = body.unicodeScalars.lastIndex(of: "="), body.unicodeScalars.last != "\"",
            let number = Double(body[body.unicodeScalars.index(after: equals)...])
        {
            weight = number
            body = body[..<equals]
        }
        try self.init(Self.target(body, in: specification), weight: weight, description: specification)
    }

    private static func target(_ body: Substring, in specification: String) throws(RegionError) -> Target {
        guard let colon = body.unicodeScalars.firstIndex(of: ":") else {
            if body == "template" { return .template }
            if let trust = Trust(rawValue: String(body)) { return .trust(trust) }
            guard ["system", "user", "assistant", "tool"].contains(body) else {
                throw RegionError.malformed(specification, "unknown region '\(body)'")
            }
            return .messages(.all(role: String(body)))
        }
        let value = body[body.unicodeScalars.index(after: colon)...]
        switch body[..<colon] {
        case "message":
            guard let index = Int(value), index >= 0 else {
                throw RegionError.malformed(specification, "message: takes a number from 0")
            }
            return .messages(.number(index))
        case "text":
            let literal = unquoted(value)
            guard let text = unescaped(value), text.utf8.elementsEqual(literal.utf8) == false else {
                return .text(literal)
            }
            return .firstText([text, literal])
        case "regex":
            do { return .pattern(try Pattern(unquoted(value))) } catch {
                throw RegionError.malformed(specification, "not a regular expression: \(error)")
            }
        case "tokens": return .tokens(try tokenRanges(value, in: specification))
        case "heads":
            if value.unicodeScalars.first == "@" {
                return .headFile(path: String(value.unicodeScalars.dropFirst()))
            }
            return .heads(try heads(value, in: specification))
        case "neurons":
            guard value.unicodeScalars.first == "@" else { return .neurons(try neurons(value, in: specification)) }
            let file = value.unicodeScalars.dropFirst()
            guard let hash = file.lastIndex(of: "#") else { return .neuronFile(path: String(file), group: nil) }
            return .neuronFile(path: String(file[..<hash]), group: String(file[file.index(after: hash)...]))
        case "direction":
            let parts = value.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            let layer = Int(parts[0])
            guard parts.count == 2, !parts[1].isEmpty, parts[0].isEmpty || layer.map({ $0 >= 0 }) == true else {
                throw RegionError.malformed(
                    specification, "direction: takes @file, or a layer and a file such as 12@file.npy")
            }
            return .directionFile(path: String(parts[1]), layer: layer)
        case "sae": return try dictionary(value, in: specification)
        case let kind: throw RegionError.malformed(specification, "unknown kind of region '\(kind):'")
        }
    }

    /// `@folder#7,12`, or with the layer before it.
    private static func dictionary(_ value: Substring, in specification: String) throws(RegionError) -> Target {
        let parts = value.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let layer = Int(parts[0])
        guard parts.count == 2, parts[0].isEmpty || layer.map({ $0 >= 0 }) == true,
            let hash = parts[1].unicodeScalars.lastIndex(of: "#"), hash > parts[1].startIndex
        else {
            throw RegionError.malformed(
                specification, "sae: takes a dictionary and the numbers of features, such as @folder#7,12")
        }
        let numbers = parts[1].unicodeScalars[hash...].dropFirst().split(
            separator: ",", omittingEmptySubsequences: false
        ).map { Int(String($0)) }
        let features = numbers.compactMap { $0 }.filter { $0 >= 0 }
        guard features.count == numbers.count else {
            throw RegionError.malformed(
                specification, "sae: takes numbers of features, counted from 0, behind #, such as @folder#7,12")
        }
        return .dictionaryFile(path: String(parts[1].unicodeScalars[..<hash]), layer: layer, features: features)
    }

    /// The text of a JSON string, whose escapes (`\"`, `\n`) let any text be named; nil for anything else.
    private static func unescaped(_ value: Substring) -> String? {
        guard value.unicodeScalars.first == "\"", value.unicodeScalars.count > 2 else { return nil }
        do { return try JSONDecoder().decode(String.self, from: Data(value.utf8)) } catch { return nil }
    }

    private static func unquoted(_ value: Substring) -> String {
        var value = value.unicodeScalars
        if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
        return String(value)
    }

    /// `0..<12,15,20...22`.
    package static func tokenRanges(_ list: some StringProtocol, in specification: String) throws(RegionError)
        -> [Range<Int>]
    {
        var ranges: [Range<Int>] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let range = range(part) else {
                throw RegionError.malformed(specification, "tokens: takes positions and ranges, such as 0..<12,15")
            }
            ranges.append(range)
        }
        return ranges
    }

    /// `12`, `0..<12` or `0...11`.
    private static func range(_ text: some StringProtocol) -> Range<Int>? {
        for (separator, isClosed) in [("..<", false), ("...", true)] {
            guard let found = text.firstRange(of: separator) else { continue }
            guard let lower = Int(text[..<found.lowerBound]), let upper = Int(text[found.upperBound...]), lower >= 0,
                upper < .max, lower < upper || (isClosed && lower == upper)
            else { return nil }
            return lower..<(isClosed ? upper + 1 : upper)
        }
        guard let position = Int(text), position >= 0, position < .max else { return nil }
        return position..<position + 1
    }

    /// `3.5,7.0`: layer and head, counted from 0.
    package static func heads(
        _ list: some StringProtocol, in specification: String
    ) throws(RegionError) -> [RegionOfInterest.Head: Double] {
        let pairs = try pairs(list, "heads: takes layer.head pairs, such as 3.5,7.0, or @file.json", in: specification)
        return Dictionary(pairs.map { (.init(layer: $0, head: $1), 1) }, uniquingKeysWith: { first, _ in first })
    }

    /// `3.70,7.0`: layer and neuron, counted from 0.
    package static func neurons(
        _ list: some StringProtocol, in specification: String
    ) throws(RegionError) -> [RegionOfInterest.Neuron: Double] {
        let pairs = try pairs(
            list, "neurons: takes layer.neuron pairs, such as 3.70,7.0, or @file.json", in: specification)
        return Dictionary(pairs.map { (.init(layer: $0, index: $1), 1) }, uniquingKeysWith: { first, _ in first })
    }

    private static func pairs(
        _ list: some StringProtocol, _ expected: String, in specification: String
    ) throws(RegionError) -> [(Int, Int)] {
        var pairs: [(Int, Int)] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = part.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
            guard numbers.count == 2, let first = numbers[0], let second = numbers[1], first >= 0, second >= 0 else {
                throw RegionError.malformed(specification, expected)
            }
            pairs.append((first, second))
        }
        return pairs
    }
}
