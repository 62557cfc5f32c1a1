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

    var areWanted: Bool { sources }

    func validate() throws {
        let given = [
            ("--sources-per", sourcesPer != nil), ("--sources-rule", sourcesRule != nil), ("--no-hops", withoutHops),
        ].filter(\.1)
        if let option = given.first, !sources { throw ValidationError("\(option.0) has no effect without --sources.") }
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
        options.reverse = reverse
        let bar = ProgressBar("looking for sources")
        defer { bar.finish() }
        return try AnswerSources(of: answer, after: prompt, model: model, options: options) { bar.update($0) }
    }
}

extension StatementUnit: ExpressibleByArgument {}
