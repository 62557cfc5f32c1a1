/// Language and letter case.
extension IFEvalCheckers {
    static func responseLanguage(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let language = try arguments.text("language").description
        return { [languages = arguments.support.languages] reply in languages?.accepts(reply, as: language) }
    }

    static func englishCapital(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        { [languages = arguments.support.languages] reply in
            languages.map { reply.isUpper && $0.accepts(reply, as: "en") }
        }
    }

    static func englishLowercase(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        { [languages = arguments.support.languages] reply in
            languages.map { reply.isLower && $0.accepts(reply, as: "en") }
        }
    }

    static func capitalWordFrequency(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let relation = try arguments.relation("capital_relation", threshold: "capital_frequency")
        return { [punkt = arguments.support.punkt] reply in
            punkt.map { relation.holds(for: WordTokens.tokens(of: reply, punkt: $0).count(where: \.isUpper)) }
        }
    }
}

extension LanguageDetector {
    /// Also true when the text holds nothing to tell a language by: the official checker lets that pass.
    fileprivate func accepts(_ text: PythonText, as language: String) -> Bool {
        switch detect(text) {
        case .noFeatures: true
        case .language(let found): found == language
        }
    }
}
