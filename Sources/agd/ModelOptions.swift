import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// Where the model is and what it runs on.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The model, a GGUF file, or the name of one that agd models lists.", valueName: "file"),
        completion: .file(extensions: ["gguf"]))
    var model: String

    @Option(
        name: [.customShort("c"), .customLong("ctx-size")], parsing: .unconditional,
        help: ArgumentHelp(
            "Positions that fit, prompt and completion together. By default as many as the request needs.",
            valueName: "n"))
    var contextSize: Int?

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("CPU threads. By default one for each processor, which is also the most.", valueName: "n"))
    var threads: Int?

    @OptionGroup(title: "Model") var devices: DeviceOptions

    @Option(
        name: .customLong("cache-type"),
        help: ArgumentHelp(
            "How keys, values and their tangents are stored: \(Session.CacheType.Format.allNames).", valueName: "type"))
    var cacheFormat: Session.CacheType.Format = .float16

    @Option(
        name: [.customLong("ctk", withSingleDash: true), .customLong("cache-type-k")],
        help: ArgumentHelp("The same for keys and their tangents alone.", valueName: "type"))
    var keyFormat: Session.CacheType.Format?

    @Option(
        name: [.customLong("ctv", withSingleDash: true), .customLong("cache-type-v")],
        help: ArgumentHelp("The same for values and their tangents alone.", valueName: "type"))
    var valueFormat: Session.CacheType.Format?

    @Flag(
        name: .customLong("swa-full"),
        help: "Keeps all positions of sliding-window layers, so that prompts can be taken up again anywhere.")
    var keepsWholeWindows = false

    mutating func validate() throws {
        model = try ModelCaches().path(of: model)
        try NumberOption.check(contextSize, "--ctx-size", in: NumberOption.tokens)
        try NumberOption.check(threads, "--threads", in: NumberOption.threads)
    }

    var loadOptions: LanguageModel.Options { devices.loadOptions }

    var cacheType: Session.CacheType {
        var type = Session.CacheType(keys: keyFormat ?? cacheFormat, values: valueFormat ?? cacheFormat)
        if keepsWholeWindows { type.windowMargin = nil }
        return type
    }

    /// CPU threads: those asked for, but never more than there are processors.
    var threadCount: Int { Self.threadCount(threads) }

    static func threadCount(_ threads: Int?) -> Int {
        min(threads ?? .max, Session.Options.defaultThreadCount)
    }

    /// More threads than processors would wait for one another at every operation: minutes in place of seconds.
    static func noteCappedThreads(_ threads: Int?) {
        guard let threads, threads > threadCount(threads) else { return }
        let count = threadCount(threads)
        Terminal.note(
            "--threads \(threads): this process may use \(count) processor\(count == 1 ? "" : "s"), so "
                + "\(count == 1 ? "1 thread runs" : "\(count) threads run")")
    }

    func load() throws -> LanguageModel {
        Self.noteCappedThreads(threads)
        let loaded = try devices.load(model)
        noteLongContext(of: loaded.configuration.contextLength)
        return loaded
    }

    /// Beyond what it was trained on a model's answers mean little.
    func noteLongContext(of trained: Int) {
        guard let contextSize, contextSize > trained else { return }
        Terminal.note("--ctx-size \(contextSize): the model was trained on contexts of \(trained) positions")
    }

    /// - Parameter needed: positions that the request needs, where no size was given.
    func sessionOptions(for model: LanguageModel, needed: Int) -> Session.Options {
        Session.Options(
            contextLength: contextSize ?? min(model.configuration.contextLength, needed),
            threadCount: threadCount, cacheType: cacheType)
    }
}

extension ModelOptions {
    var reverseOptions: ReverseAttribution.Options {
        ReverseAttribution.Options(threadCount: threadCount)
    }
}

extension Session.CacheType.Format: ExpressibleByArgument {
    static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
extension PropagationRule: ExpressibleByArgument {
    public static var allValueStrings: [String] { all.map(\.name) }
    public static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
extension AttributionGuided.Score: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument) }
}
