import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding

/// Whether and how an answer's sources are told.
struct SourceOptions: ParsableArguments {
    @Flag(
        help:
            "Tells what each sentence of the answer rests on: footnotes in the text, and below it documents (or messages) with their shares and passages. The answer comes when it is complete."
    )
    var sources = false

    @Option(
        help: ArgumentHelp(
            "With --sources: what they are told for: \(StatementUnit.allCases.map(\.rawValue).joined(separator: ", ")). By default sentence.",
            valueName: "unit"))
    var sourcesPer: StatementUnit?

    @Option(
        help: ArgumentHelp(
            "With --sources: how relevance propagates: \(PropagationRule.all.map(\.name).joined(separator: ", ")). By default \(AnswerSources.Options().rule.name).",
            valueName: "rule"))
    var sourcesRule: PropagationRule?

    @Flag(
        name: .customLong("no-hops"),
        help:
            "With --sources: what a sentence owes to one before stays with the answer, in place of going to what that one rests on."
    )
    var withoutHops = false

    @Option(
        help: ArgumentHelp(
            "With --sources: the share of a sentence that may rest on untrusted text (see --untrusted); what exceeds it is told.",
            valueName: "share"))
    var untrustedLimit: Double?

    @Flag(help: "With --untrusted-limit: an answer that exceeds it isn't shown, and the exit status is 1.")
    var refuse = false

    var areWanted: Bool { sources }

    func validate() throws {
        let given = [
            ("--sources-per", sourcesPer != nil), ("--sources-rule", sourcesRule != nil), ("--no-hops", withoutHops),
            ("--untrusted-limit", untrustedLimit != nil),
        ].filter(\.1)
        if let option = given.first, !sources { throw ValidationError("\(option.0) has no effect without --sources.") }
        if refuse, untrustedLimit == nil { throw ValidationError("--refuse needs a limit: give --untrusted-limit.") }
        if let untrustedLimit, !(0...1).contains(untrustedLimit) {
            throw ValidationError("--untrusted-limit must be 0 to 1.")
        }
    }

    /// - Throws: `ValidationError` for a limit of what isn't there.
    func check(_ prompt: Prompt) throws {
        guard untrustedLimit != nil, prompt.untrustedSpans.isEmpty else { return }
        throw ValidationError(
            "--untrusted-limit: nothing in the prompt is untrusted; say what is with --untrusted tools, --untrusted documents, or agd_trust in --messages."
        )
    }

    /// Tells what exceeds the limit.
    /// - Throws: `ExitCode` where the answer is withheld.
    func tell(_ sources: AnswerSources?) throws {
        guard let sources, let trust = sources.trust, !trust.exceeding.isEmpty else { return }
        let text = trust.text(of: sources.statements.count)
        guard trust.isRefused else { return Terminal.note(text) }
        Terminal.writeError("Error: the answer is withheld: \(text)\n")
        throw ExitCode.failure
    }

    /// What an answer rests on; nil where that isn't wanted.
    func sources(
        of answer: [AnswerToken], after prompt: Prompt, model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> AnswerSources? {
        guard sources else { return nil }
        var options = AnswerSources.Options()
        options.unit = sourcesPer ?? options.unit
        options.rule = sourcesRule ?? options.rule
        options.hops = !withoutHops
        options.trust = untrustedLimit.map { TrustLimit(share: $0, action: refuse ? .refuse : .flag) }
        options.reverse = reverse
        let bar = ProgressBar("looking for sources")
        defer { bar.finish() }
        return try AnswerSources(of: answer, after: prompt, model: model, options: options) { bar.update($0) }
    }
}

extension StatementUnit: ExpressibleByArgument {}
