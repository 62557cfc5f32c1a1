import CLaneKernels
import CLlama

/// What happens to queries, keys and values between their products and attention.
extension Graph {
    /// Rotary position embedding of `[headWidth, heads, columns]`; ``lanePlaced(queries:keys:values:layer:of:)`` takes it over where it
    /// can.
    package func laneRotated(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        let result = rotate(x, positions: positions, rope, factors: factors)
        origins[result.raw] = .rotation(of: x, positions: positions, rope, factors: factors)
        return result
    }

    /// Norms (where they are) and rotates queries and keys, and writes keys and values to the caches, in one operation.
    ///
    /// Whether only some of the tokens have queries, as in the last layer, changes no bit of what becomes of them.
    /// - Returns: the queries; nil where queries and keys aren't fresh from ``laneRotated(_:positions:_:factors:)``, and all of them.
    package func lanePlaced(
        queries: Tensor, keys: Tensor, values: Tensor, layer: Int, of batch: LaneBatch
    ) -> Tensor? {
        guard case .rotation(let query, let positions, let rope, let factors)? = origin(of: queries),
            case .rotation(let key, let keyPositions, rope, _)? = origin(of: keys),
            query.elementCount == queries.elementCount, key.elementCount == keys.elementCount
        else { return nil }
        var parameters = lane_place_parameters()
        keepAlive(batch)
        parameters.batch = UnsafePointer(batch.raw)
        parameters.layer = Int32(layer)
        parameters.halves = rope.layout == .halves
        var sources = [query, key]
        if case .norm(let plainQuery, let queryGain, let queryNorms)? = origin(of: query),
            case .norm(let plainKey, let keyGain, let keyNorms)? = origin(of: key), plainQuery.shape == query.shape,
            plainKey.shape == key.shape
        {
            sources = [plainQuery, plainKey]
            parameters.query_gain = UnsafePointer(queryGain.raw)
            parameters.key_gain = UnsafePointer(keyGain.raw)
            (parameters.query_norms, parameters.key_norms) = (queryNorms, keyNorms)
        }
        let tables = [positions, keyPositions].map { rotations(positions: $0, rope, factors: factors) }
        return step(
            queries.shape, sources + [values] + tables, lane_place, parameters,
            partCount: parts(queries) + parts(keys))
    }

    /// Which cosines and sines are the same.
    struct RotationKey: Hashable {
        let positions: UnsafeMutablePointer<ggml_tensor>
        let rope: RotaryEmbedding
        let factors: UnsafeMutablePointer<ggml_tensor>?
    }

    /// Cosines and sines of all angles at `positions`, `[dimensions, 1, columns]`, computed once for all layers: what rotation
    /// makes of ones and zeros.
    func rotations(positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        let key = RotationKey(positions: positions.raw, rope: rope, factors: factors?.raw)
        if let known = rotations[key] { return known }
        var halves = rope
        halves.layout = .halves
        let units = step(
            [rope.dimensions, 1, positions.elementCount, 1], [positions], lane_rotation_units, UInt8(0), partCount: 1)
        let table = rotate(units, positions: positions, halves, factors: factors)
        rotations[key] = table
        return table
    }
}
