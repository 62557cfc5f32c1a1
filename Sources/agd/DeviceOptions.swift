import ArgumentParser
import AttributionGuidedDecoding

/// What holds a model's layers besides this machine's memory.
struct DeviceOptions: ParsableArguments {
    @Option(
        name: [.customLong("ngl", withSingleDash: true), .customLong("gpu-layers")], parsing: .unconditional,
        help: ArgumentHelp(
            "Layers to keep on graphics processors and servers, counted from the last. By default none, or with --rpc all.",
            valueName: "n"))
    var gpuLayers: Int?

    @Option(
        name: .customLong("rpc"),
        help: ArgumentHelp(
            "Machines that run rpc-server, to hold layers. What goes there is neither encrypted nor authenticated.",
            valueName: "host:port,..."))
    var servers: String?

    @Option(
        name: .customLong("rpc-timeout"), parsing: .unconditional,
        help: ArgumentHelp("Seconds that such a machine may do nothing before it is given up.", valueName: "s"))
    var serverPatience = 8

    func validate() throws {
        try NumberOption.check(gpuLayers, "--gpu-layers", in: 0...NumberOption.counts.upperBound)
        try NumberOption.check(serverPatience, "--rpc-timeout", in: 1...86_400)
        guard let servers else { return }
        for address in addresses where !LanguageModel.Options.isServerAddress(address) {
            throw ValidationError(
                "--rpc \(servers): '\(address)' is not of the form HOST:PORT, with commas between several.")
        }
        guard LanguageModel.supportsServers else {
            throw ValidationError("--rpc: this build can't use servers. GGML_RPC=1 make builds one that can.")
        }
    }

    private var addresses: [String] {
        servers?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    }

    var loadOptions: LanguageModel.Options {
        var options = LanguageModel.Options()
        options.gpuLayers = gpuLayers
        options.servers = addresses
        options.serverPatience = .seconds(serverPatience)
        return options
    }

    /// Loads the model in `file`, telling of progress.
    func load(_ file: String) throws -> LanguageModel {
        if gpuLayers ?? 0 > 0, servers == nil, !LanguageModel.hasGPU {
            Terminal.note("there is no graphics processor that this build can use; all layers run on the CPU")
        }
        let bar = ProgressBar("loading")
        defer { bar.finish() }
        return try LanguageModel(path: file, options: loadOptions) { bar.update($0) }
    }
}
