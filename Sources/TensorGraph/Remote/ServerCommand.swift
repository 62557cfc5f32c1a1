/// The commands of ggml's RPC protocol, as far as whoever passes them on has to know them.
///
/// A message is the command's byte, the request's length (8 bytes, little-endian) and the request; an answer, where there is one,
/// its length and itself.
enum ServerCommand: UInt8 {
    case allocateBuffer, alignment, largestBuffer, bufferAddress, freeBuffer, clearBuffer, setTensor, setTensorByHash
    case getTensor, copyTensor, computeGraph, deviceMemory, initializeTensor, allocationSize, hello, deviceCount
    case computeGraphAgain, fillTensor

    /// The version that this table is of; a server of another may count ggml's operations otherwise.
    static let protocolVersion: [UInt8] = [7, 0, 0]

    /// Bytes that a request can have: weights and activations any number, others what describes some tensors, a graph's many.
    var longestRequest: Int {
        switch self {
        case .setTensor: .max
        case .computeGraph: 1 << 30
        default: 1 << 14
        }
    }

    /// Bytes of the answer to a request; nil where there is none.
    func answerLength(for request: [UInt8]) -> Int? {
        switch self {
        case .freeBuffer, .clearBuffer, .setTensor, .computeGraph, .initializeTensor, .computeGraphAgain, .fillTensor:
            nil
        case .setTensorByHash, .copyTensor: 1
        case .deviceCount: 4
        case .alignment, .largestBuffer, .bufferAddress, .allocationSize: 8
        case .allocateBuffer, .deviceMemory: 16
        case .hello: 28
        // The request ends with the number of bytes that are wanted.
        case .getTensor: Int(clamping: UInt64(littleEndianBytes: request.suffix(8)))
        }
    }

    /// An answer in place of a server's that failed: whatever ggml does with it must be harmless, as it stops at nothing less.
    func placeholder(length: Int) -> [UInt8] {
        let first: [UInt8] =
            switch self {
            case .alignment: UInt64(128).littleEndianBytes
            case .largestBuffer: UInt64(Int64.max).littleEndianBytes
            case .bufferAddress: UInt64(1 << 20).littleEndianBytes
            case .setTensorByHash, .copyTensor, .deviceCount: [1]  // Done.
            case .hello: Self.protocolVersion
            default: []  // No memory, no bytes, zeros.
            }
        return first + [UInt8](repeating: 0, count: length - first.count)
    }

    /// Whether ggml can take a server's answer without harm.
    func isSound(_ answer: [UInt8]) -> Bool {
        let number = UInt64(littleEndianBytes: answer.prefix(8))
        return switch self {
        case .alignment: number.nonzeroBitCount == 1 && number <= 1 << 20
        case .bufferAddress: number != 0
        case .deviceCount: (1...16).contains(number)
        default: true
        }
    }
}

extension UInt64 {
    /// Of at most 8 bytes.
    init(littleEndianBytes bytes: some Collection<UInt8>) {
        self = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}
