import ArgumentParser
import AttributionGuidedDecoding

/// A file of prompts, and the region that is asked about in them.
struct PromptListOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The prompts, one JSON object a line.", valueName: "file"), completion: .file())
    var prompts: String

    @Option(help: ArgumentHelp("Prompts to use at most.", valueName: "n"))
    var limit: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A region for all prompts, instead of their own; may be repeated.", valueName: "spec"))
    var roi: [String] = []

    func validate() throws {
        try NumberOption.check(limit, "--limit", in: NumberOption.counts)
        _ = try regions
    }

    /// Of all prompts; empty where each has its own.
    var regions: [RegionSpecification] {
        get throws { try PromptOptions.regions(roi) }
    }
}
