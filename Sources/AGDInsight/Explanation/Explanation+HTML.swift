import AttributionGuidedDecoding
import Foundation

extension Explanation {
    /// One self-contained page that needs no network; the data lies in it as JSON.
    /// - Throws: `EncodingError` for numbers that JSON doesn't have.
    public func html() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // A token such as "</script>" must not end the element that holds the data.
        let data = String(decoding: try encoder.encode(rounded), as: UTF8.self).replacing("<", with: "\\u003c")
        return Template.fill(
            String(decoding: PackageResources.explain_html, as: UTF8.self),
            [
                "style": String(decoding: PackageResources.explain_css, as: UTF8.self),
                "script": String(decoding: PackageResources.explain_js, as: UTF8.self),
                "data": data,
            ])
    }

    /// With numbers of five significant digits, which is what a page can show: a third of the size.
    private var rounded: Explanation {
        var copy = self
        for index in copy.steps.indices {
            copy.steps[index].relevance = steps[index].relevance.map(Self.rounded)
            copy.steps[index].heads = steps[index].heads.map { $0.map(Self.rounded) }
            copy.steps[index].parts = steps[index].parts.map(Self.rounded)
        }
        return copy
    }

    private static func rounded(_ value: Double) -> Double {
        guard value != 0, value.isFinite else { return 0 }
        let unit = pow(10, floor(log10(abs(value))) - 4)
        return Double("\(Float((value / unit).rounded() * unit))") ?? value
    }
}
