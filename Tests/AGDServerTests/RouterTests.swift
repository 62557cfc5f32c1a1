import NIOEmbedded
import Testing
@Test func x() {}
