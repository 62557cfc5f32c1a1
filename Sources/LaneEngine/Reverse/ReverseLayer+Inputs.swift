import TensorGraph

/// What enters a layer beside the residual stream, and the adjoints of it.
extension ReverseLayer {
    /// What enters a layer beside the residual stream. It stands also for adjoints of these, of all lanes, and for tangents.
    struct Inputs {
        /// `[tokens * length]`, where tokens have embeddings for each layer.
        var perLayer: [Float]?
        /// Where an earlier layer has made them.
        var keysAndValues: KeysAndValues?
    }

    /// `[tokens * heads * headWidth]` each.
    struct KeysAndValues {
        var keys, values: [Float]

        static func += (a: inout KeysAndValues, b: KeysAndValues) {
            for index in a.keys.indices { a.keys[index] += b.keys[index] }
            for index in a.values.indices { a.values[index] += b.values[index] }
        }
    }

    /// Those inputs on a tape.
    struct Sources {
        var perLayer: ReverseTape.Activation?
        var keysAndValues: (keys: ReverseTape.Activation, values: ReverseTape.Activation)?
        var all: [ReverseTape.Activation] {
            (perLayer.map { [$0] } ?? []) + (keysAndValues.map { [$0.keys, $0.values] } ?? [])
        }
    }

    func sources(_ tape: ReverseTape) -> Sources {
        let shape = configuration.attention[index]
        func source(_ width: Int, _ heads: Int, _ name: String) -> ReverseTape.Activation {
            let input = tape.graph.input(.float32, width, heads, tokenCount, name: name)
            tape.graph.include(input)  // A rule may have no use for it, but it is written.
            return tape.source(input)
        }
        var sources = Sources()
        if inputs.perLayer != nil {
            sources.perLayer = source(configuration.perLayerEmbeddingLength ?? 0, 1, "embeddings for the layer")
        }
        if inputs.keysAndValues != nil {
            sources.keysAndValues = (
                source(shape.headWidth, shape.keyValueHeadCount, "keys of an earlier layer"),
                source(shape.headWidth, shape.keyValueHeadCount, "values of an earlier layer")
            )
            tape.keysAndValues = sources.keysAndValues
        }
        return sources
    }

    func write(_ sources: Sources) {
        if let values = inputs.perLayer { sources.perLayer?.value.write(values) }
        guard let own = inputs.keysAndValues else { return }
        sources.keysAndValues?.keys.value.write(own.keys)
        sources.keysAndValues?.values.value.write(own.values)
    }

    /// - Parameter adjoints: of all sources; nil where nothing reaches one.
    func read(_ adjoints: [Tensor?], _ sources: Sources, laneCount: Int) -> Inputs {
        func values(_ index: Int) -> [Float] {
            adjoints[index]?.readFloats()
                ?? Array(repeating: 0, count: sources.all[index].value.elementCount * laneCount)
        }
        let first = sources.perLayer == nil ? 0 : 1
        return Inputs(
            perLayer: first == 0 ? nil : values(0),
            keysAndValues: sources.keysAndValues.map { _ in
                KeysAndValues(keys: values(first), values: values(first + 1))
            })
    }

    /// Keys and values that the layer has of its own; nothing where an earlier one has made them.
    func madeKeysAndValues(_ tape: ReverseTape) -> [ReverseTape.Activation] {
        guard inputs.keysAndValues == nil, let made = tape.keysAndValues else { return [] }
        return [made.keys, made.values]
    }

    /// Of these, the adjoints that are written.
    func adjointInputs(
        _ tape: ReverseTape, laneCount: Int
    ) -> [(adjoint: Tensor, activation: ReverseTape.Activation)] {
        madeKeysAndValues(tape).map { activation in
            let shape = activation.value.shape
            let input = tape.graph.input(.float32, shape[0], shape[1], shape[2], laneCount, name: "shared adjoint")
            tape.graph.include(input)
            return (input, activation)
        }
    }
}
