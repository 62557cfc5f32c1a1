import TestFixtures
import Testing

@Test("AGDEvaluation's folders can be put one above the other: none uses types of one that uses its own")
func folderOrder() throws {
    let folders = try SourceFolders(target: "AGDEvaluation")
    #expect(!folders.isEmpty)
    #expect(folders.circles.isEmpty)
}
