import Foundation

/// The little that charts and pages need of SVG and HTML.
package enum Markup {
    package static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    /// `<name key="value">content</name>`; the content is markup already.
    package static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String>, _ content: String = ""
    ) -> String { element(name, attributes.map { $0 }, content) }

    static func element(
        _ name: String, _ attributes: [(key: String, value: String)], _ content: String
    ) -> String {
        let list = attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
        return "<\(name)\(list)>\(content)</\(name)>"
    }

    /// With one decimal, the same in every locale.
    package static func number(_ value: Double) -> String {
        String(format: "%.1f", locale: Locale(identifier: "en_US_POSIX"), value)
    }
}
