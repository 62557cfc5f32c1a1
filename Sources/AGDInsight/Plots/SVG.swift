/// Pictures as SVG: every plot of the project is put together from these.
package enum SVG {
    /// Further attributes of an element.
    package typealias Attributes = KeyValuePairs<String, String>

    /// A picture of its own.
    /// - Parameters:
    ///   - style: CSS of its elements.
    ///   - elements: in the order in which they are painted.
    package static func document(
        width: Double, height: Double, title: String, style: String = "", _ elements: [String]
    ) -> String {
        let parts =
            [Markup.element("title", [:], Markup.escaped(title))]
            + (style.isEmpty ? [] : [Markup.element("style", [:], style)]) + elements
        return Markup.element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "width": "\(Int(width))", "height": "\(Int(height))",
                "viewBox": "0 0 \(Int(width)) \(Int(height))", "role": "img", "aria-label": title,
            ], "\n" + parts.joined(separator: "\n") + "\n") + "\n"
    }

    package static func text(_ text: String, x: Double, y: Double, _ attributes: Attributes = [:]) -> String {
        element("text", ["x": Markup.number(x), "y": Markup.number(y)], attributes, Markup.escaped(text))
    }

    /// - Parameter tooltip: what is shown where the pointer rests on it.
    package static func rectangle(
        x: Double, y: Double, width: Double, height: Double, _ attributes: Attributes = [:], tooltip: String? = nil
    ) -> String {
        element(
            "rect",
            [
                "x": Markup.number(x), "y": Markup.number(y), "width": Markup.number(width),
                "height": Markup.number(height),
            ], attributes, title(tooltip))
    }

    package static func line(
        _ start: (x: Double, y: Double), _ end: (x: Double, y: Double), _ attributes: Attributes = [:]
    ) -> String {
        element(
            "line",
            [
                "x1": Markup.number(start.x), "y1": Markup.number(start.y), "x2": Markup.number(end.x),
                "y2": Markup.number(end.y),
            ], attributes)
    }

    /// Points joined by lines.
    package static func polyline(_ points: [(x: Double, y: Double)], _ attributes: Attributes = [:]) -> String {
        let list = points.map { "\(Markup.number($0.x)),\(Markup.number($0.y))" }.joined(separator: " ")
        return element("polyline", ["points": list], attributes)
    }

    package static func circle(
        x: Double, y: Double, radius: Double, _ attributes: Attributes = [:], tooltip: String? = nil
    ) -> String {
        element(
            "circle", ["cx": Markup.number(x), "cy": Markup.number(y), "r": Markup.number(radius)], attributes,
            title(tooltip))
    }

    /// - Parameter shape: SVG's path commands, relative to where it begins.
    package static func path(
        from start: (x: Double, y: Double), _ shape: String, _ attributes: Attributes = [:]
    ) -> String {
        element("path", ["d": "M\(Markup.number(start.x)) \(Markup.number(start.y))\(shape)"], attributes)
    }

    private static func title(_ text: String?) -> String {
        text.map { Markup.element("title", [:], Markup.escaped($0)) } ?? ""
    }

    private static func element(
        _ name: String, _ place: Attributes, _ attributes: Attributes, _ content: String = ""
    ) -> String { Markup.element(name, place.map { $0 } + attributes.map { $0 }, content) }
}
