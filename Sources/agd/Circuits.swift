import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Circuits: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks for the parts inside a model that carry a behaviour.",
        subcommands: [FindCircuit.self, MakeDirection.self])
}

struct FindCircuit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Finds the neurons that carry what makes the difference between pairs of prompts.",
        discussion: """
              agd circuits find -m model.gguf --data contrast.jsonl -o circuit.json
              agd generate -m model.gguf --user 'Where does Ann live?' --roi neurons:@circuit.json

            Pairs are one JSON object a line: {"prompt", "answer", "other_prompt", "other_answer"}, and perhaps "system" \
            and "other_system". Every second pair is held out: on it the set's ablation is compared with that of random sets.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(
        help: ArgumentHelp(
            "Pairs of prompts that differ in one thing, with the answers that should differ.", valueName: "file"),
        completion: .file())
    var data: String

    @Option(help: ArgumentHelp("Pairs to use at most.", valueName: "n"))
    var limit: Int?

    @Option(help: "How relevance propagates: \(PropagationRule.all.map(\.name).joined(separator: ", ")).")
    var rule: PropagationRule = .attnLRP

    @Option(
        help: ArgumentHelp(
            "The share of the effect that the set is to keep with all other neurons at their means.", valueName: "0…1"))
    var share = 0.5

    @Option(help: ArgumentHelp("The set's size, instead of the smallest that keeps the share.", valueName: "n"))
    var size: Int?

    @Option(help: ArgumentHelp("Random sets that the found one is compared with.", valueName: "n"))
    var randomSets = 100

    @Flag(help: "Prompts are messages of a user, even without a system message.")
    var chat = false

    @Option(help: "Seed of the random sets.")
    var seed: UInt64 = 0

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where the set goes, as a file of regions; stdout without it. A search that was stopped goes on from the file beside it, FILE.journal.",
            valueName: "file"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Draws what is left of the effect by the size of the set.", valueName: "file.svg"),
        completion: .file())
    var plot: String?

    @Flag(help: "Prints the set as JSON even where it is written to a file; without it a summary.")
    var json = false

    func validate() throws {
        try Terminal.checkOutput(plot, option: "--plot")
        try Terminal.checkOutput(output, option: "--output")
        try NumberOption.check(limit, "--limit", in: NumberOption.counts)
        try NumberOption.check(size, "--size", in: NumberOption.counts)
        try NumberOption.check(randomSets, "--random-sets", in: NumberOption.counts)
        guard share > 0, share < 1 else { throw ValidationError("--share must be between 0 and 1.") }
    }

    func run() throws {
        let pairs = try ContrastPair.read(path: data, limit: limit)
        let model = try modelOptions.load()
        var options = CircuitSearch.Options()
        (options.rule, options.share, options.size, options.randomSets) = (rule, share, size, randomSets)
        (options.isChat, options.seed, options.attribution) = (chat, seed, modelOptions.reverseOptions)
        let journal = try journal()
        if journal.count > 0 { Terminal.note("\(journal.count) results of an earlier run are used") }
        // A bar for each kind of work.
        var (bar, title) = (ProgressBar("relevance"), "relevance")
        let search = try CircuitSearch(model, pairs, options: options, journal: journal) { work, fraction in
            if work != title {
                bar.finish()
                (bar, title) = (ProgressBar(work), work)
            }
            bar.update(fraction)
        }
        let circuit = try search.circuit()
        bar.finish()
        if circuit.skippedCount > 0 {
            Terminal.note("\(circuit.skippedCount) pairs left out: their two answers begin with the same token")
        }
        if size == nil, circuit.neurons.count > circuit.neuronCount / 10 {
            Terminal.note(
                "it takes \(circuit.neurons.count) of \(circuit.neuronCount) neurons to keep that share, so many that random sets do the same: the behaviour hangs on attention or is spread out. --size 64 takes the strongest ones"
            )
        }
        if output == nil || json { try Terminal.writeJSON(circuit) }
        if let output { try Terminal.write(Terminal.json(circuit), to: output, option: "--output") }
        if let plot { try Terminal.write(circuit.plot, to: plot, option: "--plot") }
        if output != nil, !json { Terminal.write(summary(circuit)) }
    }

    /// What tells this search from others: all that a result depends on.
    private func journal() throws -> CircuitJournal {
        guard let output else { return CircuitJournal() }
        let identity = [
            "model": modelOptions.model, "data": data,
            "pairs": "\(try Data(contentsOf: URL(fileURLWithPath: data)).hashed)",
            "limit": limit.map(String.init) ?? "", "rule": rule.name, "chat": "\(chat)", "seed": "\(seed)",
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try CircuitJournal(
            path: output + ".journal", search: String(decoding: try encoder.encode(identity), as: UTF8.self))
    }

    private func summary(_ circuit: Circuit) -> String {
        func text(_ estimate: Estimate) -> String {
            "\(estimate.mean.formatted(decimals: 3)) (\(estimate.low.formatted(decimals: 3)) to \(estimate.high.formatted(decimals: 3)))"
        }
        let strongest = circuit.neurons.prefix(10).map { neuron in
            "\(neuron.layer).\(neuron.index ?? 0) \(neuron.contrast.mean.formatted(decimals: 3))"
        }
        let heads = circuit.heads.prefix(5).map { head in
            "\(head.layer).\(head.head ?? 0) \(head.contrast.mean.formatted(decimals: 3))"
        }
        return """
            \(circuit.neurons.count) of \(circuit.neuronCount) neurons, chosen on \(circuit.pairCount) pairs whose effect is \(text(circuit.effect)) logits
            on \(circuit.testPairCount) pairs held out:
              the whole model            \(text(circuit.test.effect))
              all other neurons ablated  \(text(circuit.test.kept))
              the set ablated            \(text(circuit.test.without))
              p = \(circuit.test.pValue.formatted(decimals: 4)) against \(circuit.test.randomWithout.count) random sets with as many neurons in each layer
            strongest neurons: \(strongest.joined(separator: ", "))
            strongest heads: \(heads.joined(separator: ", "))

            """
    }
}

struct MakeDirection: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "direction",
        abstract: "Makes the direction in which pairs of prompts differ, behind every layer.",
        discussion: """
              agd circuits direction -m model.gguf --data contrast.jsonl -o french.npy
              agd generate -m model.gguf --user 'What is snow?' --roi direction:12@french.npy

            Pairs are those of agd circuits find. The direction is the mean difference of the residual stream where the \
            answers would begin, as a NumPy array with a row for each layer.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("Pairs of prompts that differ in one thing.", valueName: "file"), completion: .file())
    var data: String

    @Option(help: ArgumentHelp("Pairs to use at most.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Prompts are messages of a user, even without a system message.")
    var chat = false

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where the array goes.", valueName: "file.npy"), completion: .file())
    var output: String

    func validate() throws {
        try Terminal.checkOutput(output, option: "--output")
        try NumberOption.check(limit, "--limit", in: NumberOption.counts)
        guard output.hasSuffix(".npy") else { throw ValidationError("--output must end in .npy, as NumPy arrays do.") }
    }

    func run() throws {
        let pairs = try ContrastPair.read(path: data, limit: limit)
        let model = try modelOptions.load()
        let bar = ProgressBar("reading pairs")
        defer { bar.finish() }
        let direction = try ContrastDirection(model, pairs, isChat: chat, options: modelOptions.reverseOptions) {
            bar.update($0)
        }
        do { try direction.numPyFile.write(to: URL(fileURLWithPath: output)) } catch {
            throw ValidationError("--output \(output): can't be written: \(error.localizedDescription)")
        }
    }
}

extension Data {
    /// FNV-1a, 64 bits (Fowler, Noll and Vo): tells contents apart.
    fileprivate var hashed: UInt64 {
        reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
