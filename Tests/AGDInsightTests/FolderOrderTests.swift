import TestFixtures
import Testing

@Test("AGDInsight's folders can be put one above the other: none uses types of one that uses its own")
func folderOrder() throws {
    let folders = try SourceFolders(target: "AGDInsight")
    #expect(!folders.isEmpty)
    #expect(folders.circles.isEmpty)
}
