import Testing

@testable import LaneEngine

@Suite("Layers are shared out among devices")
struct LayerPlacementTests {
    @Test("the last ones, in their order, in proportion to memory")
    func proportion() {
        let placement = LayerPlacement(layerCount: 10, offloaded: 8, freeMemory: [1 << 30, 3 << 30])
        #expect(placement.layers == [nil, nil, 0, 0, 1, 1, 1, 1, 1, 1])
        #expect(placement.output == nil)
    }

    @Test("equally where one doesn't tell what it has")
    func unknown() {
        #expect(LayerPlacement(layerCount: 4, offloaded: 4, freeMemory: [0, 8 << 30]).layers == [0, 0, 1, 1])
    }

    @Test("more than there are moves the output matrix, to the last device", arguments: [5, 99])
    func output(offloaded: Int) {
        let placement = LayerPlacement(layerCount: 4, offloaded: offloaded, freeMemory: [1, 1, 1])
        #expect(placement.layers == [0, 1, 1, 2])
        #expect(placement.output == 2)
    }

    @Test("layers that share keys and values lie together, where the first of them is", arguments: [6, 3])
    func inseparable(offloaded: Int) {
        let placement = LayerPlacement(
            layerCount: 6, offloaded: offloaded, freeMemory: [1, 1, 1], inseparable: 2..<6)
        #expect(placement.layers == (offloaded == 6 ? [0, 0, 1, 1, 1, 1] : Array(repeating: nil, count: 6)))
    }

    @Test("none without devices or layers for them", arguments: [(0, [8]), (4, [])])
    func none(offloaded: Int, memory: [Int]) {
        let placement = LayerPlacement(layerCount: 3, offloaded: offloaded, freeMemory: memory)
        #expect(placement.layers == [nil, nil, nil] && placement.output == nil)
    }
}
