import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding

struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Describes a model file, or what there is to compute on.",
        discussion: """
              agd info model.gguf
              agd info --devices
              agd info --devices model.gguf -ngl 99

            The last of these loads the model and tells which layers lie on which device, how many operations of a step run there, \
            and which of them it lacks, so that the CPU does them.
            """)

    @Argument(
        help: "The model, a GGUF file, or the name of one that agd models lists.",
        completion: .file(extensions: ["gguf"]))
    var model: String?

    @Flag(help: "Lists graphics processors and servers, and with a model what of it they hold and do.")
    var devices = false

    @OptionGroup(title: "Devices") var deviceOptions: DeviceOptions

    @Flag(help: "Prints a JSON object.")
    var json = false

    @Flag(help: "Prints the file's chat template.")
    var chatTemplate = false

    mutating func validate() throws {
        model = try model.map { try ModelCaches().path(of: $0, option: "MODEL") }
        if model == nil, !devices { throw ValidationError("Name a model, or give --devices.") }
        if chatTemplate, devices { throw ValidationError("--chat-template and --devices can't be told together.") }
    }

    func run() throws {
        guard !devices, let model else {
            let report = try deviceReport()
            return json ? try Terminal.writeJSON(report) : Terminal.write(report.table.rendered)
        }
        if chatTemplate { return Terminal.write(try ChatTemplate.source(inFile: model)) }
        let summary = try ModelSummary(path: model)
        let settings = try ShippedSettings.fitting(summary).map(\.evidence)
        if json { return try Terminal.writeJSON(Description(summary: summary, settings: settings)) }
        Terminal.write(TextTable(["", ""], summary.rows + settings.map(\.row)).rendered)
    }

    /// What the file says, and the settings that come with the program for its family.
    private struct Description: Encodable {
        let summary: ModelSummary
        let settings: [ShippedSettings.Evidence]

        private enum CodingKeys: CodingKey { case settings }

        func encode(to encoder: any Encoder) throws {
            try summary.encode(to: encoder)
            var own = encoder.container(keyedBy: CodingKeys.self)
            try own.encode(settings, forKey: .settings)
        }
    }
}

extension ShippedSettings.Evidence {
    fileprivate var row: [String] {
        ["--settings \(name)", "for \(task): \(finding); \(model) on \(data): \(command)"]
    }
}

extension ModelSummary {
    fileprivate var rows: [[String]] {
        [
            ["architecture", architecture], ["name", name ?? "–"],
            ["parameters", "\((Double(parameterCount) / 1e6).formatted(decimals: 2)) M"],
            [
                "file size",
                "\((Double(byteCount) / 1_048_576).formatted(decimals: 1)) MiB"
                    + (fileCount > 1 ? " in \(fileCount) files" : ""),
            ],
            [
                "tensor types",
                tensorTypes.sorted { $0.value > $1.value }.map { "\($0.key) × \($0.value)" }.joined(separator: ", "),
            ],
            ["layers", "\(layerCount)"], ["embedding length", "\(embeddingLength)"],
            ["feed-forward length", "\(feedForwardLength)"],
            ["heads", "\(headCount), \(keyValueHeadCount) for keys and values, \(headWidth) wide"],
            ["context length", "\(contextLength)"],
            ["vocabulary", "\(vocabularySize) tokens\(hasTokenizer ? "" : " (no tokenizer in the file)")"],
            ["sliding window", slidingWindow.map { "\($0) positions on \(slidingWindowLayerCount) layers" } ?? "none"],
        ] + caches.map { ["cache of \($0.contextLength) positions", $0.text] } + experts + remarks.map { ["", $0] }
            + samplingRows + (chatTemplate?.rows ?? [["chat template", "none"]])
    }
}

extension ModelSummary {
    fileprivate var samplingRows: [[String]] {
        guard !recommendedSampling.isEmpty else { return [] }
        let parts = recommendedSampling.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return [["recommended sampling", parts.joined(separator: ", ")]]
    }

    private var experts: [[String]] {
        guard expertCount > 0 else { return [] }
        return [
            [
                "experts",
                "\(chosenExpertCount) of \(expertCount) for each token, on \(expertLayerCount) of \(layerCount) layers",
            ]
        ]
    }
}

extension ModelSummary.CacheSize {
    fileprivate var text: String {
        func size(_ byteCount: Int) -> String { "\((Double(byteCount) / 1_048_576).formatted(decimals: 1)) MiB" }
        let whole = wholeByteCount > byteCount ? ", \(size(wholeByteCount)) with --swa-full" : ""
        return "\(size(byteCount)) in f16\(whole); each region takes as much again"
    }
}

extension ChatTemplate.Summary {
    fileprivate var rows: [[String]] {
        if let problem { return [["chat template", problem]] }
        let takes = [("system messages", takesSystemMessage), ("tools", takesTools), ("thoughts", !thoughts.isEmpty)]
        let places = takes.filter(\.1).map(\.0)
        return [
            ["chat template", places.isEmpty ? "messages" : "messages, " + places.joined(separator: ", ")],
            ["its own text", ownText.isEmpty ? "none" : ownText.replacing("\n", with: "\\n")],
        ]
    }
}
