import AttributionGuidedDecoding
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

    /// A template may have opened the thought itself, and then the reply only ends it: that is read into a closing mark
    /// that no opening one precedes. The marks are those of ``ReasoningMarks/known``.
    public init(_ text: String) {
        var (rest, thinking, answer) = (text[...], "", "")
        var open: ReasoningMarks?
        var seen: [ReasoningMarks] = []
        while true {
            if let marks = open {
                guard let end = rest.range(of: marks.closing, options: .literal) else { break }
                thinking += rest[..<end.lowerBound]
                rest = rest[end.upperBound...]
                open = nil
            } else if let (marks, place) = Self.first(\.opening, in: rest) {
                if seen.isEmpty, let (closed, end) = Self.first(\.closing, in: rest[..<place.lowerBound]) {
                    thinking += rest[..<end.lowerBound]
                    rest = rest[end.upperBound...]
                    seen.append(closed)
                } else {
                    answer += rest[..<place.lowerBound]
                    rest = rest[place.upperBound...]
                    open = marks
                    seen.append(marks)
                }
            } else if seen.isEmpty, let (closed, end) = Self.first(\.closing, in: rest) {
                thinking += rest[..<end.lowerBound]
                rest = rest[end.upperBound...]
                seen.append(closed)
            } else {
                break
            }
        }
        self.text = text
        self.endsInThought = open != nil
        self.thinking = open == nil ? thinking : thinking + rest
        answer += open == nil ? String(rest) : ""
        for mark in seen.flatMap(\.scaffolding) { answer.replace(mark, with: "") }
        self.answer = seen.isEmpty ? text : String(answer.drop(while: \.isWhitespace))
    }

    private static func first(
        _ mark: KeyPath<ReasoningMarks, String>, in text: Substring
    ) -> (marks: ReasoningMarks, place: Range<String.Index>)? {
        ReasoningMarks.known.filter { mark == \.opening || $0.closesThoughtsOnly }.compactMap { marks in
            text.range(of: marks[keyPath: mark], options: .literal).map { (marks, $0) }
        }.min { $0.1.lowerBound < $1.1.lowerBound }
    }
}
