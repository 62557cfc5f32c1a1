/// Where an item comes from. It tells an item from all others of a run, whose ids may repeat in a file and between files.
public struct ItemPlace: Codable, Hashable, Sendable {
    /// The data file, counted from 0 as the run's settings list them.
    public var file: Int
    /// The item among those of its file, counted from 1.
    public var item: Int

    /// A place in the files of a run.
    public init(file: Int, item: Int) {
        self.file = file
        self.item = item
    }
}
