import Foundation

/// The tables behind sentence counting, word tokens and language detection.
///
/// They belong to others and are not part of this package: a folder with `punkt_english/` (parameters of the English
/// Punkt model, Kiss and Strunk 2006) and `langdetect/` (`profiles.tar.gz`, `messages.properties`) is read at run time.
/// What is absent is nil, and the instructions that need it stay unscored.
public struct TextSupport: Sendable {
    let punkt: PunktModel?
    let languages: LanguageDetector?

    /// Without any table.
    public static let none = TextSupport(punkt: nil, languages: nil)

    private init(punkt: PunktModel?, languages: LanguageDetector?) {
        self.punkt = punkt
        self.languages = languages
    }

    /// - Parameter directory: the folder that holds `punkt_english` and `langdetect`.
    /// - Throws: ``EvaluationError`` when the folder holds neither, or a table is damaged.
    public init(directory: String) throws(EvaluationError) {
        let punktPath = directory + "/punkt_english"
        let languagesPath = directory + "/langdetect"
        let punktExists = FileManager.default.fileExists(atPath: punktPath)
        let languagesExist = FileManager.default.fileExists(atPath: languagesPath)
        guard punktExists || languagesExist else {
            throw EvaluationError(
                file: directory, problem: "holds neither punkt_english nor langdetect",
                remedy: "give the folder that holds both tables")
        }
        punkt = punktExists ? try PunktModel(directory: punktPath) : nil
        languages = languagesExist ? try LanguageDetector(directory: languagesPath) : nil
    }
}
