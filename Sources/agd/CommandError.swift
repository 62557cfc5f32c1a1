import AGDEvaluation
import AGDInsight
import AttributionGuidedDecoding

/// An error of the libraries, which say what is wrong and what mends it, with the options that do so on the command line.
struct CommandError: Error, CustomStringConvertible {
    let error: any Error
    let options: String

    /// Nil for an error that no option mends, or that names its option itself.
    init?(_ error: any Error) {
        guard let options = Self.options(for: error) else { return nil }
        self.error = error
        self.options = options
    }

    var description: String { "\(error) (\(options))" }

    private static func options(for error: any Error) -> String? {
        switch error {
        case PromptError.noVocabulary, PromptError.notInVocabulary: "--prompt-tokens"
        case PromptError.noTemplate, PromptError.template: "--chat-template-file or --prompt"
        case PromptError.empty: "--user, --prompt, --file, --messages or --prompt-tokens"
        case PromptError.noSystemMessage, PromptError.noHierarchy: "--system or --messages"
        case GenerationError.promptTooLong: "--ctx-size"
        case TensorGraphError.outOfMemory: "--ctx-size, --cache-type"
        case InferenceError.notFinite: "--cache-type f32"
        case InferenceError.headsDivideNoBlocks: "--cache-type"
        case ItemError.noRegion, DecodingOptionError.needsRegion: "--roi"
        case let error as EvaluationError: error.setting.map(option)
        default: nil
        }
    }

    private static func option(for setting: EvaluationError.Setting) -> String {
        switch setting {
        case .output: "--output"
        case .judgeModel: "--judge-model"
        }
    }
}
