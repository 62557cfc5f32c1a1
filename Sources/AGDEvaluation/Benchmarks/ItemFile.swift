/// How a file is laid out: one JSON object a line, or all of them in one array.
enum ItemFile {
    enum Layout {
        case lines, array
        /// The array is a member of one object.
        case member(String)
    }

    /// Told by the first line that isn't blank: a line of items is a whole object, without `Data`.
    static func layout(of path: String) throws(EvaluationError) -> Layout {
        let file = try InputFile(path: path)
        var number = 0
        while let line = try file.nextLine() {
            number += 1
            guard let first = line.first(where: { !InputFile.isBlank($0) }),
                let last = line.last(where: { !InputFile.isBlank($0) })
            else { continue }
            if first == UInt8(ascii: "[") { return .array }
            try InputFile.refuseOtherKinds(line, path)
            if "{[,".utf8.contains(last) { return .member("Data") }
            do throws(EvaluationError) {
                return try JSONParser.parse(line)["Data"] != nil ? .member("Data") : .lines
            } catch {
                throw error.located(file: path, line: number)
            }
        }
        return .lines
    }

    /// Reads each object as items, however the file is laid out.
    static func objects<Item>(
        of path: String, _ read: (JSONField, Int) throws(EvaluationError) -> [Item]
    ) throws(EvaluationError) -> [Item] {
        switch try layout(of: path) {
        case .array: try array(in: path, read)
        case .member(let key): try array(in: path, at: key, read)
        case .lines: try lines(of: path, read)
        }
    }

    /// Reads each line as items.
    private static func lines<Item>(
        of path: String, _ read: (JSONField, Int) throws(EvaluationError) -> [Item]
    ) throws(EvaluationError) -> [Item] {
        var items: [Item] = []
        try InputFile.forEachLine(of: path) { (line, number) throws(EvaluationError) in
            _ = try line.members()
            items += try read(line, number)
        }
        return items
    }

    /// Reads each element of the array at `key` (or of the whole file) as items.
    static func array<Item>(
        in path: String, at key: String? = nil, _ read: (JSONField, Int) throws(EvaluationError) -> [Item]
    ) throws(EvaluationError) -> [Item] {
        let root = JSONField(try InputFile.json(at: path))
        var items: [Item] = []
        do throws(EvaluationError) {
            for (index, element) in try (key.map { root[$0] } ?? root).array().enumerated() {
                _ = try element.members()
                items += try read(element, index + 1)
            }
        } catch {
            throw error.located(file: path)
        }
        return items
    }
}
