import Foundation

/// Passes ggml's messages on to a server, and stands in for it once it has failed.
///
/// ggml ends the process where a server is lost. Here it never sees that: from then on it gets placeholders, at once, and
/// ``ServerLink/check()`` tells those who asked ggml that what they got is worth nothing.
struct ServerRelay {
    let listener: LocalListener
    let server: Connection
    /// The server's greeting.
    let greeting: [UInt8]
    let link: ServerLink.State
    /// The graph that each device computed last, as it was sent.
    private var graphs: [UInt64: [UInt8]] = [:]
    /// Devices whose graph the server has forgotten, as it does when a buffer is freed; ggml takes no account of that.
    private var forgetful: Set<UInt64> = []

    init(listener: LocalListener, server: Connection, greeting: [UInt8], link: ServerLink.State) {
        self.listener = listener
        self.server = server
        self.greeting = greeting
        self.link = link
    }

    /// Serves whoever connects, one after the other, until the link is closed.
    mutating func run() {
        while let client = listener.accept(), !link.isClosed {
            do { while true { try passOnMessage(of: client) } } catch {}  // The client has left.
        }
    }

    /// - Throws: where the client leaves; the server's failures are noted.
    private mutating func passOnMessage(of client: Connection) throws(Connection.Failure) {
        let header = try client.read(count: 9)
        let length = Int(clamping: UInt64(littleEndianBytes: header.dropFirst()))
        guard let command = ServerCommand(rawValue: header[0]), length <= command.longestRequest else { throw .closed }
        if command == .setTensor { return try passOn(header, length, of: client) }
        let request = try client.read(count: length)
        if command == .hello { return try answer(client, greeting) }
        passOn(command, header, request)
        guard let length = command.answerLength(for: request) else { return }
        // Bytes of a tensor are passed on as they come, other answers when they are known to be sound.
        let isLong = command == .getTensor
        var answer = isLong ? [] : command.placeholder(length: length)
        link.attempt {
            let announced = UInt64(littleEndianBytes: try server.read(count: 8))
            guard announced == length else { throw ServerLink.Refusal.nonsense }
            if isLong { return }
            let received = try server.read(count: length)
            guard command.isSound(received) else { throw ServerLink.Refusal.nonsense }
            answer = received
            link.count(received: 8 + length)
        }
        if isLong {
            try client.write(UInt64(length).littleEndianBytes)
            try passBack(length, to: client)
        } else {
            try self.answer(client, answer)
        }
    }

    private func answer(_ client: Connection, _ answer: [UInt8]) throws(Connection.Failure) {
        try client.write(UInt64(answer.count).littleEndianBytes + answer)
    }

    /// Sends a request that is small enough to be held, or has to be.
    private mutating func passOn(_ command: ServerCommand, _ header: [UInt8], _ request: [UInt8]) {
        var message = header + request
        let device = UInt64(littleEndianBytes: request.prefix(4))
        switch command {
        case .computeGraph:
            graphs[device] = message
            forgetful.remove(device)
        case .computeGraphAgain:
            if forgetful.remove(device) != nil, let graph = graphs[device] { message = graph }
        case .freeBuffer: forgetful.formUnion(graphs.keys)
        default: break
        }
        link.attempt {
            try server.write(message)
            link.count(sent: message.count)
        }
    }

    private static let pieceLength = 1 << 18

    /// Sends weights and activations as they come.
    private func passOn(_ header: [UInt8], _ length: Int, of client: Connection) throws(Connection.Failure) {
        link.attempt { try server.write(header) }
        var (left, piece) = (length, [UInt8](repeating: 0, count: min(length, Self.pieceLength)))
        while left > 0 {
            let count = try client.read(atMost: min(left, piece.count), into: &piece)
            left -= count
            link.attempt {
                try piece.withUnsafeBytes { try server.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            }
        }
        link.count(sent: header.count + length)
    }

    private func passBack(_ length: Int, to client: Connection) throws(Connection.Failure) {
        link.count(received: 8 + length)
        var (left, piece) = (length, [UInt8](repeating: 0, count: min(length, Self.pieceLength)))
        while left > 0 {
            var count = 0
            link.attempt { count = try server.read(atMost: min(left, piece.count), into: &piece) }
            if count == 0 {
                count = min(left, piece.count)
                for index in 0..<count { piece[index] = 0 }
            }
            left -= count
            try client.write(Array(piece[..<count]))
        }
    }
}

extension Connection {
    /// Reads what there is, 1 to `limit` bytes.
    fileprivate func read(atMost limit: Int, into piece: inout [UInt8]) throws(Failure) -> Int {
        var result = Result<Int, Failure>.failure(.closed)
        piece.withUnsafeMutableBytes { buffer in
            do {
                result = .success(try read(atMostInto: UnsafeMutableRawBufferPointer(rebasing: buffer[..<limit])))
            } catch { result = .failure(error as? Failure ?? .closed) }
        }
        return try result.get()
    }
}
