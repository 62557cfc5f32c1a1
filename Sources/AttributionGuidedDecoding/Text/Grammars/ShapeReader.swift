/// Reads a JSON schema. What a grammar can't hold a model to is an error, and not left out.
struct ShapeReader {
    private let root: JSONValue
    /// Pointers that were referred to and haven't been read.
    private var pending: [(pointer: String, path: String)] = []
    private var known: Set<String> = []
    private var depth = 0

    /// Schemas inside one another at most: whoever reads or writes shapes calls itself for each.
    private static let depthLimit = 64

    static func document(of schema: JSONValue) throws(SchemaError) -> ShapeDocument {
        var reader = ShapeReader(root: schema)
        var document = ShapeDocument(root: try reader.shape(schema, ""), definitions: [:])
        while let (pointer, path) = reader.pending.popLast() {
            document.definitions[pointer] = try reader.shape(try reader.target(of: pointer, path), pointer)
            guard document.definitions.count <= 256 else {
                throw SchemaError(path: path, problem: "refers to more than 256 definitions")
            }
        }
        return document
    }

    private init(root: JSONValue) { self.root = root }

    /// Without effect on what is accepted.
    private static let annotations: Set = [
        "title", "description", "default", "examples", "example", "$schema", "$id", "$comment", "$defs", "definitions",
        "deprecated", "readOnly", "writeOnly", "discriminator",
    ]

    private mutating func shape(_ schema: JSONValue, _ path: String) throws(SchemaError) -> JSONShape {
        if schema == .bool(true) { return .any }
        guard let members = schema.members else {
            throw SchemaError(path: path, problem: "is \(schema.kind); a schema is an object or true")
        }
        guard depth < Self.depthLimit else {
            throw SchemaError(path: path, problem: "is nested more than \(Self.depthLimit) deep; use '$ref'")
        }
        depth += 1
        defer { depth -= 1 }
        var keywords = Keywords(members.filter { !Self.annotations.contains($0.key) }, path)
        let shape = try shape(&keywords)
        try keywords.checkAllUsed()
        return shape
    }

    private mutating func shape(_ keywords: inout Keywords) throws(SchemaError) -> JSONShape {
        let path = keywords.path
        if let pointer = keywords.take("$ref") {
            guard let pointer = pointer.string, pointer == "#" || pointer.hasPrefix("#/") else {
                throw SchemaError(path: path, problem: "refers to another document; only '#/…' can be followed")
            }
            if known.insert(pointer).inserted { pending.append((pointer, path)) }
            return .reference(pointer)
        }
        if let value = keywords.take("const") {
            _ = keywords.take("type")
            return .literal(value.text)
        }
        if let values = try keywords.list("enum") {
            _ = keywords.take("type")
            return .alternatives(values.map { .literal($0.text) })
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            guard let schemas = try keywords.list(key) else { continue }
            guard key != "allOf" || schemas.count == 1 else {
                throw SchemaError(
                    path: path,
                    problem: "has 'allOf' with several schemas, which can't be put together; write them as one")
            }
            _ = keywords.take("type")
            var shapes: [JSONShape] = []
            for (index, schema) in schemas.enumerated() {
                shapes.append(try shape(schema, Keywords.joined(path, "\(key)[\(index)]")))
            }
            return .alternatives(shapes)
        }
        var shapes: [JSONShape] = []
        // Keywords of one type say nothing about values of another.
        for type in try keywords.types() { shapes.append(try shape(ofType: type, &keywords)) }
        return shapes.isEmpty ? .any : shapes.count == 1 ? shapes[0] : .alternatives(shapes)
    }

    private mutating func shape(ofType type: String, _ keywords: inout Keywords) throws(SchemaError) -> JSONShape {
        switch type {
        case "null": return .literal("null")
        case "boolean": return .boolean
        case "integer", "number":
            let minimum = keywords.take("minimum")
            guard minimum == nil || minimum == 0 else {
                throw SchemaError(path: keywords.path, problem: "has a 'minimum' other than 0, which can't be enforced")
            }
            return .number(isWhole: type == "integer", mayBeNegative: minimum == nil)
        case "string": return try string(&keywords)
        case "array": return try array(&keywords)
        case "object": return try object(&keywords)
        default:
            throw SchemaError(
                path: keywords.path,
                problem: "has a type that isn't object, array, string, number, integer, boolean or null")
        }
    }

    private func string(_ keywords: inout Keywords) throws(SchemaError) -> JSONShape {
        let (least, most) = try keywords.range("minLength", "maxLength")
        guard let format = keywords.take("format") else {
            return .string(length: least == 0 && most == JSONShape.endless ? nil : least...most)
        }
        guard let name = format.string, GrammarWriter.formats[name] != nil, least == 0, most == JSONShape.endless else {
            throw SchemaError(
                path: keywords.path,
                problem: "has a 'format' that can't be enforced; date, time, date-time and uuid can, without a length")
        }
        return .formatted(name)
    }

    private mutating func array(_ keywords: inout Keywords) throws(SchemaError) -> JSONShape {
        let path = keywords.path
        var first: [JSONShape] = []
        for (index, item) in (try keywords.list("prefixItems") ?? []).enumerated() {
            first.append(try shape(item, Keywords.joined(path, "prefixItems[\(index)]")))
        }
        let items = keywords.take("items")
        var rest: JSONShape?
        if items != .bool(false) {
            rest = try items.map { item throws(SchemaError) in try shape(item, Keywords.joined(path, "items")) } ?? .any
        }
        let (least, most) = try keywords.range("minItems", "maxItems")
        let count = max(least, first.count)...max(most, max(least, first.count))
        guard first.count <= most, rest != nil || least <= first.count else {
            throw SchemaError(path: path, problem: "accepts no number of items")
        }
        return .array(first, rest: rest, count: rest == nil ? first.count...first.count : count)
    }

    private mutating func object(_ keywords: inout Keywords) throws(SchemaError) -> JSONShape {
        let path = keywords.path
        let others = keywords.take("additionalProperties")
        let required = (try keywords.list("required") ?? []).compactMap(\.string)
        guard let properties = keywords.take("properties"), properties != .object([]) else {
            guard required.isEmpty else {
                throw SchemaError(path: path, problem: "requires '\(required[0].prefix(64))', which 'properties' lacks")
            }
            if others == .bool(false) { return .object([]) }
            return .map(
                try others.map { other throws(SchemaError) in
                    try shape(other, Keywords.joined(path, "additionalProperties"))
                } ?? .any)
        }
        guard let members = properties.members else {
            throw SchemaError(
                path: Keywords.joined(path, "properties"), problem: "is \(properties.kind), expected an object")
        }
        if let missing = required.first(where: { properties[$0] == nil }) {
            throw SchemaError(path: path, problem: "requires '\(missing.prefix(64))', which 'properties' lacks")
        }
        var result: [JSONShape.Property] = []
        for member in members {
            result.append(
                .init(
                    name: member.key,
                    shape: try shape(member.value, Keywords.joined(path, "properties.\(member.key.prefix(64))")),
                    isRequired: required.contains(member.key)))
        }
        return .object(result)
    }

    /// What `#/$defs/name` points to.
    private func target(of pointer: String, _ path: String) throws(SchemaError) -> JSONValue {
        var value = root
        for step in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = String(step).replacing("~1", with: "/").replacing("~0", with: "~")
            let items = value.array
            guard
                let next = items.flatMap({ items in Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil } })
                    ?? value[key]
            else {
                throw SchemaError(path: path, problem: "refers to '\(pointer.prefix(64))', which isn't there")
            }
            value = next
        }
        return value
    }
}

/// The keywords of one schema, taken one by one.
struct Keywords {
    let path: String
    private var members: [String: JSONValue]

    init(_ members: [JSONValue.Member], _ path: String) {
        self.path = path
        self.members = Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    }

    static func joined(_ path: String, _ step: String) -> String { path.isEmpty ? step : path + "." + step }

    mutating func take(_ key: String) -> JSONValue? { members.removeValue(forKey: key) }

    mutating func list(_ key: String) throws(SchemaError) -> [JSONValue]? {
        guard let value = take(key) else { return nil }
        guard let list = value.array, !list.isEmpty || key == "required" || key == "prefixItems" else {
            throw SchemaError(path: path, problem: "has '\(key)' that is no list, or an empty one")
        }
        return list
    }

    /// The types that are named, or that other keywords speak of; none where anything goes.
    mutating func types() throws(SchemaError) -> [String] {
        if let type = take("type") {
            let names = type.string.map { [$0] } ?? (type.array ?? []).compactMap(\.string)
            guard !names.isEmpty else { throw SchemaError(path: path, problem: "has a 'type' that is no name") }
            return names
        }
        if members["properties"] != nil || members["additionalProperties"] != nil { return ["object"] }
        if members["items"] != nil || members["prefixItems"] != nil { return ["array"] }
        if members["minLength"] != nil || members["maxLength"] != nil || members["format"] != nil { return ["string"] }
        return []
    }

    /// How many there may be.
    mutating func range(_ least: String, _ most: String) throws(SchemaError) -> (Int, Int) {
        func number(_ key: String, _ standard: Int) throws(SchemaError) -> Int {
            guard let value = members.removeValue(forKey: key) else { return standard }
            guard let number = value.integer, (0...1000).contains(number) else {
                throw SchemaError(path: path, problem: "has '\(key)' that is not a whole number from 0 to 1000")
            }
            return number
        }
        let range = (try number(least, 0), try number(most, JSONShape.endless))
        guard range.0 <= range.1 else { throw SchemaError(path: path, problem: "has '\(least)' above '\(most)'") }
        return range
    }

    func checkAllUsed() throws(SchemaError) {
        guard let key = members.keys.min() else { return }
        throw SchemaError(path: path, problem: "has '\(key.prefix(64))', which can't be enforced; leave it out")
    }
}
