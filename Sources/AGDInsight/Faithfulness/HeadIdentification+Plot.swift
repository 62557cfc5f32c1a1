extension HeadIdentification {
    /// D by layer and head; the selection is framed.
    public var plot: String {
        Plot.grid(
            scores, title: "Open book − closed book, \(model); framed: the \(heads.count) \(kind.rawValue) heads",
            selected: Set(heads.map { .init(layer: $0.layer, head: $0.head) }))
    }
}
