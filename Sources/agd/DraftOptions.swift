import ArgumentParser
import AttributionGuidedDecoding

/// How far ahead of the model tokens are drafted.
struct DraftOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tokens copied from what came before and checked in one pass, which changes no text: off, auto, or 1 to \(DraftLength.longest).",
            valueName: "n"))
    var draft: DraftLength = .auto
}

extension DraftLength: ExpressibleByArgument {}
