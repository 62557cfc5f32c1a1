import TestFixtures
import Testing

@Test("AGDServer's folders can be put one above the other: none uses types of one that uses its own")
func folderOrder() throws {
    let folders = try SourceFolders(target: "AGDServer")
    #expect(!folders.isEmpty)
    #expect(folders.circles.isEmpty)
}
