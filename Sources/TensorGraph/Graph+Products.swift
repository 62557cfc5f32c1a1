import CLaneKernels
import CLlama

/// Linear layers of all lanes, and what joins them.
extension Graph {
    /// A linear layer `W x + b`: weights `[in, out]`, in panels where they have some, and a bias `[out]`, float32.
    package struct LaneMatrix {
        package var weights: Tensor
        package var panels: WeightPanels.Matrix?
        package var bias: Tensor?

        package init(weights: Tensor, panels: WeightPanels.Matrix?, bias: Tensor? = nil) {
            self.weights = weights
            self.panels = panels
            self.bias = bias
        }

        fileprivate var raw: lane_matrix {
            lane_matrix(
                panels: panels?.data, made: nil, type: weights.type.raw, rows: weights.shape[1],
                weights: UnsafePointer(weights.raw), bias: bias.map { UnsafePointer($0.raw) })
        }
    }

    /// Linear layers of the same columns `[in, n]`, decoding each block of weights once for all of them; for each matrix
    /// `[out, n]`. Of each group the primal alone gets a bias. A column's results are the same to the last bit whatever the number
    /// of columns, if the weights are in panels.
    ///
    /// - Parameter scratch: from ``laneProductScratch(width:threadCount:)`` for at least the width `in`.
    /// - Returns: nil for weights that these kernels don't take: those without panels, but for few columns and rows of floats.
    package func laneProducts(
        _ matrices: [LaneMatrix], _ columns: Tensor, _ groups: [LaneGroup], scratch: LaneScratch
    ) -> [Tensor]? {
        guard let first = matrices.first, matrices.count <= Int(LANE_MATRIX_LIMIT) else { return nil }
        let count = columns.shape[1]
        let haveAllPanels = matrices.allSatisfy { $0.panels != nil }
        guard haveAllPanels || matrices.count == 1 && lane_rows_take(first.weights.raw, count) else { return nil }
        return products(
            matrices.map(\.raw), of: columns, groups, arePanels: haveAllPanels, scratch: scratch)
    }

    /// `W^T g` for weights `[in, out]` as a file has them, of any type, and columns `[out, n]`: `[in, n]`. The transpose is made in panels
    /// and multiplied like other weights; of quantised ones it is rounded to blocks of q8_0, and the columns likewise.
    package func laneTransposedProduct(_ w: Tensor, _ g: Tensor, scratch: ReverseScratch) -> Tensor {
        let (rows, width) = (w.shape[0], (g.shape[0] + 31) / 32 * 32)
        let type = lane_transposed_type(w.type.raw)
        let parameters = lane_transpose_parameters(weights: UnsafePointer(w.raw), scratch: scratch.transpose)
        let panels = step(
            [(lane_panels_size(type, width, rows) + 3) / 4, 1, 1, 1], [], lane_transpose, parameters,
            partCount: min(width / 32, 8 * scratch.threadCount), threadLimit: scratch.threadCount)
        let matrix = lane_matrix(
            panels: nil, made: UnsafePointer(panels.raw), type: type, rows: rows, weights: nil, bias: nil)
        let columns = width == g.shape[0] ? contiguous(g) : padded(g, axis: 0, to: width)
        return products(
            [matrix], of: columns, [LaneGroup(tokenCount: columns.shape[1], laneCount: 1)], arePanels: true,
            made: [panels], scratch: scratch.product)[0]
    }

    /// - Parameter made: panels that operations of the graph make, whose columns are adjoints.
    private func products(
        _ matrices: [lane_matrix], of columns: Tensor, _ groups: [LaneGroup], arePanels: Bool, made: [Tensor] = [],
        scratch: LaneScratch
    ) -> [Tensor] {
        let count = columns.shape[1]
        var product = LaneProduct(matrices, sources: [columns], width: columns.shape[0], columns: count, scratch)
        product.parameters.group_count = Int32(groups.count)
        product.parameters.groups = UnsafePointer(keep(groups.map(\.raw)))
        product.parameters.input.whole_scales = !made.isEmpty
        if arePanels {
            var input = product.parameters.input
            if case .norm(let x, let gain, let norms)? = origin(of: columns), gain.elementCount == input.width,
                x.elementCount == columns.elementCount
            {
                input.gain = UnsafePointer(gain.raw)
                input.norms = norms
                product.sources = [reshape(x, input.width, count)]
            }
            if count > Int(lane_few_columns()) {
                prepareColumns(of: &product, input, matrices.map(\.type))
            } else {
                product.parameters.input = input
            }
        }
        product.sources += made
        let rows = matrices.map(\.rows)
        let all = step([rows.reduce(0, +) * count, 1, 1, 1], product, isOpen: arePanels)
        var offset = 0
        return rows.map { rows in
            defer { offset += rows * count }
            return reshape(slice(all, axis: 0, offset..<offset + rows * count), rows, count)
        }
    }

    /// Quantises the columns once for all threads, and all matrices that take the same.
    private func prepareColumns(of product: inout LaneProduct, _ input: lane_column_parameters, _ types: [ggml_type]) {
        let columns = product.sources[0]
        product.sources = []
        var kinds: [ggml_type] = []
        var places: [Int32] = []
        for type in types {
            let place = kinds.firstIndex { lane_same_columns($0, type) } ?? kinds.count
            places.append(Int32(place))
            guard place == kinds.count else { continue }
            kinds.append(type)
            let parameters = lane_prepare_parameters(
                input: input, weights: type, count: columns.shape[1], scratch: product.scratch.memory)
            product.sources.append(
                step(
                    [(lane_columns_size(type, input.width, columns.shape[1]) + 3) / 4, 1, 1, 1], [columns],
                    lane_prepare_columns, parameters, partCount: (columns.shape[1] + 7) / 8,
                    threadLimit: product.scratch.threadCount))
        }
        withUnsafeMutableBytes(of: &product.parameters.column_sources) {
            $0.copyBytes(from: places.withUnsafeBytes(Array.init))
        }
    }

    /// `a + product`, if that is a linear layer of its own, in panels: one operation.
    func productPlus(_ product: Tensor, _ a: Tensor) -> Tensor? {
        guard case .product(var joined)? = origin(of: product), joined.parameters.matrix_count == 1,
            product.elementCount == joined.parameters.matrices.0.rows * Int(joined.parameters.columns)
        else { return nil }
        joined.parameters.sum_source = Int32(joined.sources.count)
        joined.sources.append(a)
        return step(a.shape, joined, isOpen: false)
    }

    /// The gated product of two linear layers that are one operation already.
    func productGated(gate: Tensor, up: Tensor, _ parameters: lane_gated_products) -> Tensor? {
        guard case .product(var joined)? = origin(of: gate), joined.parameters.matrix_count == 2,
            gate.raw.pointee.view_src == up.raw.pointee.view_src, gate.raw.pointee.view_offs == 0,
            up.raw.pointee.view_offs == 4 * gate.elementCount, gate.shape == up.shape,
            gate.elementCount == joined.parameters.matrices.0.rows * Int(joined.parameters.columns)
        else { return nil }
        joined.parameters.gated = true
        joined.parameters.gate = parameters
        let count = gate.elementCount
        let all = step([3 * count, 1, 1, 1], joined, isOpen: false)
        let shape = gate.shape
        return reshape(slice(all, axis: 0, 2 * count..<3 * count), shape[0], shape[1], shape[2], shape[3])
    }

    /// - Parameter isOpen: whether something may still join it.
    private func step(_ shape: [Int], _ product: LaneProduct, isOpen: Bool) -> Tensor {
        step(
            shape, product.sources, lane_product, product.parameters, partCount: product.partCount,
            threadLimit: product.scratch.threadCount, origin: isOpen ? .product(product) : nil)
    }

    /// - Parameter width: of the widest columns.
    package func laneProductScratch(width: Int, threadCount: Int) -> LaneScratch {
        let byteCount = lane_product_scratch_size(width) * threadCount
        return LaneScratch(memory: scratch(count: byteCount / MemoryLayout<Float>.size), threadCount: threadCount)
    }
}

/// What makes a product of some matrices and columns.
struct LaneProduct {
    var parameters = lane_product_parameters()
    var sources: [Tensor]
    let scratch: Graph.LaneScratch

    init(
        _ matrices: [lane_matrix], sources: [Tensor], width: Int, columns: Int, _ scratch: Graph.LaneScratch
    ) {
        self.sources = sources
        self.scratch = scratch
        withUnsafeMutableBytes(of: &parameters.matrices) { bytes in
            let places = bytes.bindMemory(to: lane_matrix.self)
            for (index, matrix) in matrices.enumerated() { places[index] = matrix }
        }
        parameters.matrix_count = Int32(matrices.count)
        parameters.columns = Int32(columns)
        parameters.input.width = width
        parameters.scratch = UnsafeMutableRawPointer(scratch.memory).assumingMemoryBound(to: CChar.self)
    }

    /// Parts that take some ten microseconds, so that nobody waits long for the last; at least one a thread, and no part
    /// without a panel, or a row where there are none.
    var partCount: Int {
        let matrices = withUnsafeBytes(of: parameters.matrices) {
            Array($0.bindMemory(to: lane_matrix.self).prefix(Int(parameters.matrix_count)))
        }
        let panelRows = matrices[0].panels == nil && matrices[0].made == nil ? 1 : Int(PANEL_ROWS)
        let panels = matrices.reduce(0) { $0 + ($1.rows + panelRows - 1) / panelRows } / (parameters.gated ? 2 : 1)
        let weights = matrices.reduce(0) { $0 + $1.rows } * parameters.input.width
        let time = weights * max(1, Int(parameters.columns) / 4) >> 20
        return min(panels, scratch.threadCount * min(8, max(1, time / scratch.threadCount)))
    }
}
