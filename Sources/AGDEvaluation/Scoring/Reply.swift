import Foundation

/// A reply that was made elsewhere, by a model that may think aloud before it answers: whose template is not known, nor
/// what it was asked.
///
///     Reply("<think>Oslo?</think>\n\nOslo").answer         // Oslo
///     Reply("<think>Oslo? Or").endsInThought               // true
public struct Reply: Hashable, Sendable {
    /// The whole, as the model wrote it.
    public let text: String
    /// What it thought; empty where it didn't.
    public let thinking: String
    /// What is left, without the white space behind a thought.
    public let answer: String
    /// Whether the reply ended before the thought did.
    public let endsInThought: Bool

    /// The marks between which models think.
    struct Marks {
        let opening, closing: String

        static let known = [
            Marks(opening: "<think>", closing: "</think>"),  // DeepSeek R1, Qwen 3 and most others
            Marks(opening: "<thinking>", closing: "</thinking>"),
            Marks(opening: "[THINK]", closing: "[/THINK]"),  // Magistral
            Marks(opening: "<seed:think>", closing: "</seed:think>"),  // Seed-OSS
            Marks(opening: "<|START_THINKING|>", closing: "<|END_THINKING|>"),  // Command R7B, Command A
            Marks(opening: "<|channel|>analysis<|message|>", closing: "<|channel|>final<|message|>"),  // gpt-oss
        ]
    }

    /// A template may have opened the thought itself, and then the reply only ends it: that is read into a closing mark
    /// that no opening one precedes.
    public init(_ text: String) {
        var (rest, thinking, answer) = (text[...], "", "")
        var open: Marks?
        var sawThought = false
        while true {
            if let marks = open {
                guard let end = rest.range(of: marks.closing, options: .literal) else { break }
                thinking += rest[..<end.lowerBound]
                rest = rest[end.upperBound...]
                open = nil
            } else if let (marks, place) = Self.first(\.opening, in: rest) {
                if !sawThought, let (_, end) = Self.first(\.closing, in: rest[..<place.lowerBound]) {
                    thinking += rest[..<end.lowerBound]
                    rest = rest[end.upperBound...]
                } else {
                    answer += rest[..<place.lowerBound]
                    rest = rest[place.upperBound...]
                    open = marks
                }
            } else if !sawThought, let (_, end) = Self.first(\.closing, in: rest) {
                thinking += rest[..<end.lowerBound]
                rest = rest[end.upperBound...]
            } else {
                break
            }
            sawThought = true
        }
        self.text = text
        self.endsInThought = open != nil
        self.thinking = open == nil ? thinking : thinking + rest
        answer += open == nil ? String(rest) : ""
        self.answer = sawThought ? String(answer.drop(while: \.isWhitespace)) : text
    }

    private static func first(
        _ mark: KeyPath<Marks, String>, in text: Substring
    ) -> (marks: Marks, place: Range<String.Index>)? {
        Marks.known.compactMap { marks in
            text.range(of: marks[keyPath: mark], options: .literal).map { (marks, $0) }
        }.min { $0.1.lowerBound < $1.1.lowerBound }
    }
}
