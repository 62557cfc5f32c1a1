import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// Where the model is and what it runs on.
struct ModelOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("The model, a GGUF file.", valueName: "file"))
    var model: String

    @Option(
        name: [.customShort("c"), .customLong("ctx-size")], parsing: .unconditional,
        help: ArgumentHelp(
            "Positions that fit, prompt and completion together. By default as many as the request needs.",
            valueName: "n"))
    var contextSize: Int?

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("CPU threads. By default one for each core.", valueName: "n"))
    var threads: Int?

    @Option(
        name: [.customLong("ngl", withSingleDash: true), .customLong("gpu-layers")], parsing: .unconditional,
        help: ArgumentHelp("Layers to keep on graphics processors, counted from the last.", valueName: "n"))
    var gpuLayers = 0

    @Option(help: "How keys, values and their tangents are stored: \(Session.CacheType.allNames).")
    var cacheType: Session.CacheType = .float16

    func validate() throws {
        if let contextSize, contextSize < 1 { throw ValidationError("--ctx-size must be at least 1.") }
        if let threads, !(1...512).contains(threads) { throw ValidationError("--threads must be 1 to 512.") }
        if gpuLayers < 0 { throw ValidationError("--gpu-layers must be 0 or more.") }
    }

    var loadOptions: LanguageModel.Options {
        var options = LanguageModel.Options()
        options.gpuLayers = gpuLayers
        return options
    }

    func load() throws -> LanguageModel {
        if gpuLayers > 0, !LanguageModel.hasGPU {
            Terminal.note("this build has no graphics backend; all layers run on the CPU")
        }
        let bar = ProgressBar("loading")
        defer { bar.finish() }
        return try LanguageModel(path: model, options: loadOptions) { bar.update($0) }
    }

    /// - Parameter needed: positions that the request needs, where no size was given.
    func sessionOptions(for model: LanguageModel, needed: Int) -> Session.Options {
        Session.Options(
            contextLength: contextSize ?? min(model.configuration.contextLength, needed),
            threadCount: threads ?? Session.Options.defaultThreadCount, cacheType: cacheType)
    }
}

extension ModelOptions {
    var reverseOptions: ReverseAttribution.Options {
        ReverseAttribution.Options(threadCount: threads ?? Session.Options.defaultThreadCount)
    }
}

extension Session.CacheType: ExpressibleByArgument {
    static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
extension PropagationRule: ExpressibleByArgument {
    public static var allValueStrings: [String] { all.map(\.name) }
}
extension AttributionGuided.Score: ExpressibleByArgument {}
extension TangentSchedule: ExpressibleByArgument {}
