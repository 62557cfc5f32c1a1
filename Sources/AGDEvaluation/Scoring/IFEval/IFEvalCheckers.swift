/// Whether a reply follows an instruction; nil when that can't be said.
typealias IFEvalChecker = @Sendable (_ reply: PythonText) -> Bool?

/// The 25 checkers of IFEval (Zhou et al., *Instruction-Following Evaluation for Large Language Models*,
/// arXiv 2311.07911), by identifier. Each reads its arguments once and then judges any number of replies.
enum IFEvalCheckers {
    typealias Maker = @Sendable (IFEvalArguments) throws(EvaluationError) -> IFEvalChecker

    static let makers: [String: Maker] = [
        "keywords:existence": keywordsExist,
        "keywords:frequency": keywordFrequency,
        "keywords:forbidden_words": forbiddenWords,
        "keywords:letter_frequency": letterFrequency,
        "language:response_language": responseLanguage,
        "length_constraints:number_sentences": numberOfSentences,
        "length_constraints:number_paragraphs": numberOfParagraphs,
        "length_constraints:number_words": numberOfWords,
        "length_constraints:nth_paragraph_first_word": firstWordOfParagraph,
        "detectable_content:number_placeholders": numberOfPlaceholders,
        "detectable_content:postscript": postscript,
        "detectable_format:number_bullet_lists": numberOfBullets,
        "detectable_format:constrained_response": constrainedResponse,
        "detectable_format:number_highlighted_sections": numberOfHighlights,
        "detectable_format:multiple_sections": multipleSections,
        "detectable_format:json_format": jsonFormat,
        "detectable_format:title": title,
        "combination:two_responses": twoResponses,
        "combination:repeat_prompt": repeatPrompt,
        "startend:end_checker": endPhrase,
        "startend:quotation": quotation,
        "change_case:capital_word_frequency": capitalWordFrequency,
        "change_case:english_capital": englishCapital,
        "change_case:english_lowercase": englishLowercase,
        "punctuation:no_comma": noComma,
    ]

    /// - Throws: ``EvaluationError`` for an unknown identifier or a wrong argument.
    static func checker(for instruction: IFEvalInstruction, support: TextSupport) throws(EvaluationError)
        -> IFEvalChecker
    {
        guard let maker = makers[instruction.id] else {
            throw EvaluationError(
                field: "instruction_id", problem: "'\(instruction.id)' is none of the \(makers.count) IFEval checkers",
                remedy: "use one of " + makers.keys.sorted().joined(separator: ", "))
        }
        return try maker(IFEvalArguments(instruction.arguments, support: support))
    }
}
