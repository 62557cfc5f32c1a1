import ArgumentParser

/// What commands share that compare methods on a file of items: how long replies are, where they are kept, and how figures are told.
struct ComparisonOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")],
        help: ArgumentHelp("Tokens of a reply at most.", valueName: "n"))
    var maximumTokens = 32

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where results are kept, one a line.", valueName: "file.jsonl"),
        completion: .file())
    var output: String

    @Flag(help: "Prints the figures as a JSON object.")
    var json = false

    func validate() throws {
        try Terminal.checkOutput(output, option: "--output")
        try NumberOption.check(maximumTokens, "--n-predict", in: NumberOption.tokens)
    }

    /// Prints a report: as JSON, where that was asked for, or as text.
    func write<Report: Encodable>(_ report: Report, text: (Report) -> String) throws {
        json ? try Terminal.writeJSON(report) : Terminal.write(text(report))
    }
}

/// Names of methods that a command compares.
enum ComparedMethods {
    /// - Throws: `ValidationError` for a name that none of `all` has.
    static func named<Method>(
        _ list: String, of all: [Method], by name: KeyPath<Method, String>
    ) throws -> [Method] {
        try list.split(separator: ",").map { wanted in
            guard let method = all.first(where: { $0[keyPath: name] == wanted }) else {
                let names = all.map { $0[keyPath: name] }.joined(separator: ", ")
                throw ValidationError("--methods: there is no method '\(wanted)'. There are \(names).")
            }
            return method
        }
    }
}
