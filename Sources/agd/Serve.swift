import AGDEvaluation
import AGDServer
import ArgumentParser
import AttributionGuidedDecoding
import Foundation
import Logging

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves a model by HTTP: OpenAI's API with regions of interest, and a page.",
        discussion: """
              agd serve -m model.gguf --port 8080

            The page is at http://127.0.0.1:8080/, the API's description at /openapi.json.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Address to listen on.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("Port to listen on; 0 for a free one.", valueName: "n"))
    var port = 8080

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The model's name in the API. By default the file's name.", valueName: "name"))
    var alias: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "A key that requests must send. Other users of the machine can see it; prefer --api-key-file.",
            valueName: "key"))
    var apiKey: Secret?

    @Option(help: ArgumentHelp("A file with the key that requests must send.", valueName: "file"), completion: .file())
    var apiKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "An origin, such as https://chat.example, whose web pages may use the API; may be repeated.",
            valueName: "origin"))
    var corsOrigin: [String] = []

    @Option(
        help: ArgumentHelp(
            "Requests decoded at once, in one batch that reads the weights once for all; each has caches of its own.",
            valueName: "n"))
    var parallel = 2

    @OptionGroup var draftOptions: DraftOptions

    @Option(
        help: ArgumentHelp("Requests that wait while all are busy; more are refused with status 429.", valueName: "n"))
    var queue = 32

    @Option(
        help: ArgumentHelp(
            """
            A strategy, its options and regions, for requests that name no strategy: a file as agd tune writes it, or the name \
            of settings that come with agd (agd info tells which fit a model).
            """,
            valueName: "file|name"), completion: .file())
    var settings: String?

    @Option(
        help: ArgumentHelp("A chat template in Jinja, in place of the model's own.", valueName: "file"),
        completion: .file())
    var chatTemplateFile: String?

    @Flag(help: "Accepts regex: in regions. The work of a request's patterns is bounded.")
    var allowRegex = false

    @Option(
        help: "Least severity of messages in the log: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var logLevel: Logger.Level = .notice

    func validate() throws {
        try NumberOption.check(port, "--port", in: 0...65_535)
        try NumberOption.check(parallel, "--parallel", in: 1...64)
        try NumberOption.check(queue, "--queue", in: 0...65_536)
        if apiKey != nil, apiKeyFile != nil { throw ValidationError("Give --api-key or --api-key-file, not both.") }
        if let apiKey, apiKey.isEmpty { throw ValidationError("--api-key must not be empty.") }
        if let alias, alias.isEmpty { throw ValidationError("--alias must not be empty.") }
        for origin in corsOrigin where !Self.isOrigin(origin) {
            throw ValidationError(
                "--cors-origin '\(origin)' is no origin: give a scheme, a host and, where it has one, a port, such as https://chat.example."
            )
        }
    }

    func run() async throws {
        CrashReports.leaveOutMemory()
        MemoryAllocator.returnLargeBlocks()
        var configuration = ServerConfiguration(modelName: alias ?? ModelCaches().name(ofFile: modelOptions.model))
        configuration.host = host
        configuration.port = port
        configuration.apiKey = try apiKey ?? apiKeyFile.map(Self.key(inFile:))
        configuration.allowedOrigins = corsOrigin
        configuration.allowsRegularExpressions = allowRegex
        configuration.inference.sessionCount = parallel
        configuration.inference.queueLength = queue
        configuration.inference.contextLength = modelOptions.contextSize
        configuration.inference.threadCount = modelOptions.threads.map(ModelOptions.threadCount)
        configuration.inference.cacheType = modelOptions.cacheType
        configuration.inference.standard = try settings.map { name in
            let file = try SettingsFile(named: name)
            return StandardDecoding(method: file.method, regions: file.regions)
        }
        configuration.inference.draft = draftOptions.draft
        configuration.inference.chatTemplate = try chatTemplateFile.map { path in
            let source = try PromptOptions.text(ofFile: path)
            do { _ = try ChatTemplate(source: source) } catch let error as PromptError {
                throw ValidationError("\(path): \(error)")
            }
            return source
        }
        let summary = try ModelSummary(path: modelOptions.model)  // A bad file is told before anybody connects.
        modelOptions.noteLongContext(of: summary.contextLength)
        ModelOptions.noteCappedThreads(modelOptions.threads)

        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "agd")
        logger.logLevel = logLevel
        let options = modelOptions
        try await Server(configuration, logger: logger) { progress in
            try LanguageModel(path: options.model, options: options.loadOptions, progress: progress)
        }.run()
    }

    /// Whether a browser can name it so: `https://chat.example:8443`, without a path.
    private static func isOrigin(_ text: String) -> Bool {
        guard let url = URL(string: text), let scheme = url.scheme, let host = url.host(percentEncoded: true) else {
            return false
        }
        let name = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return text == "\(scheme)://\(name)" + (url.port.map { ":\($0)" } ?? "") && text == text.lowercased()
    }

    private static func key(inFile path: String) throws -> Secret {
        let text: String
        do { text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) } catch {
            throw ValidationError("\(path): can't be read as text. Check --api-key-file.")
        }
        let key = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !key.isEmpty else { throw ValidationError("\(path): there is no key in the file.") }
        guard Secret(key).isHeaderValue else {
            throw ValidationError(
                "\(path): the key contains a line end or another control character, which no request can send.")
        }
        return Secret(key)
    }
}

extension Secret: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
