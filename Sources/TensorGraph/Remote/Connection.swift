import Foundation

/// A TCP connection, whose waits have an end.
final class Connection: Sendable {
    /// What can go wrong with one, in words that follow "the server".
    enum Failure: Error, Equatable {
        case unknownHost
        case unreachable(String)
        case closed
        case silent

        func problem(patience: Duration?) -> String {
            switch self {
            case .unknownHost: "has a name that nobody knows"
            case .unreachable(let reason): "can't be reached: \(reason)"
            case .closed: "ended the connection"
            case .silent: "did nothing for \(patience?.components.seconds ?? 0) s"
            }
        }
    }

    private let descriptor: Int32
    /// How long either side may do nothing; nil for any time.
    let patience: Duration?

    /// Takes over a connected socket.
    init(_ descriptor: Int32, patience: Duration?) {
        self.descriptor = descriptor
        self.patience = patience
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        #if canImport(Darwin)
            Self.set(descriptor, SOL_SOCKET, SO_NOSIGPIPE)
        #endif
    }

    deinit { close(descriptor) }

    /// Connects to a server, at whichever of its addresses answers first in turn.
    static func open(_ address: ServerAddress, patience: Duration) throws(Failure) -> Connection {
        var hints = addrinfo()
        hints.ai_socktype = streamSocket
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, "\(address.port)", &hints, &list) == 0 else { throw .unknownHost }
        defer { freeaddrinfo(list) }
        var last = Failure.unknownHost
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }) {
            guard let entry, let target = entry.pointee.ai_addr else { break }
            let descriptor = socket(entry.pointee.ai_family, streamSocket, 0)
            guard descriptor >= 0 else { continue }
            let connection = Connection(descriptor, patience: patience)
            do {
                try connection.connect(to: target, length: entry.pointee.ai_addrlen)
                return connection
            } catch {
                last = error
            }
        }
        throw last
    }

    private func connect(to target: UnsafePointer<sockaddr>, length: socklen_t) throws(Failure) {
        if Foundation.connect(descriptor, target, length) == 0 { return }
        guard errno == EINPROGRESS else { throw .unreachable(Self.reason(errno)) }
        try wait(for: POLLOUT)
        var (code, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        if code != 0 { throw .unreachable(Self.reason(code)) }
    }

    /// Reads until `buffer` is full.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Failure) {
        var count = 0
        while count < buffer.count {
            count += try read(atMostInto: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
        }
    }

    /// Reads what there is, at least a byte, into `buffer`, which isn't empty.
    func read(atMostInto buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return count }
            guard count < 0, [EAGAIN, EWOULDBLOCK, EINTR].contains(errno) else { throw .closed }
            try wait(for: POLLIN)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var count = 0
        while count < bytes.count {
            let sent = send(descriptor, bytes.baseAddress?.advanced(by: count), bytes.count - count, Self.sendFlags)
            if sent > 0 {
                count += sent
            } else {
                guard sent < 0, [EAGAIN, EWOULDBLOCK, EINTR].contains(errno) else { throw .closed }
                try wait(for: POLLOUT)
            }
        }
    }

    private func wait(for event: some BinaryInteger) throws(Failure) {
        let milliseconds = patience.map { Int32(clamping: Int64($0 / .milliseconds(1))) } ?? -1
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        // Interrupted waits begin again, which prolongs them: signals are rare.
        while true {
            let ready = poll(&entry, 1, milliseconds)
            if ready > 0 { return }
            if ready == 0 { throw .silent }
            if errno != EINTR { throw .closed }
        }
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }

    #if canImport(Darwin)
        fileprivate static let streamSocket = SOCK_STREAM
        private static let sendFlags: Int32 = 0
    #else
        fileprivate static let streamSocket = Int32(SOCK_STREAM.rawValue)
        private static let sendFlags = Int32(MSG_NOSIGNAL)
    #endif
}

extension Connection {
    func read(count: Int) throws(Failure) -> [UInt8] {
        var failure: Failure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do {
                try read(into: UnsafeMutableRawBufferPointer(buffer))
                initialized = count
            } catch { failure = error as? Failure ?? .closed }
        }
        if let failure { throw failure }
        return bytes
    }

    func write(_ bytes: [UInt8]) throws(Failure) {
        var failure: Failure?
        bytes.withUnsafeBytes { buffer in
            do { try write(buffer) } catch { failure = error as? Failure ?? .closed }
        }
        if let failure { throw failure }
    }
}

/// A socket at which this machine alone can connect, at a port that the system chose.
final class LocalListener: Sendable {
    let address: ServerAddress
    private let descriptor: Int32

    /// - Throws: ``Connection/Failure``.
    init() throws {
        let descriptor = socket(AF_INET, Connection.streamSocket, 0)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 4) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard descriptor >= 0, status, let address = ServerAddress("127.0.0.1:\(UInt16(bigEndian: target.sin_port))")
        else { throw Connection.Failure.unreachable("no local port is free") }
        self.address = address
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The next who connects; nil when there can be none any more.
    func accept() -> Connection? {
        while true {
            let client = Foundation.accept(descriptor, nil, nil)
            if client >= 0 { return Connection(client, patience: nil) }
            if errno != EINTR && errno != ECONNABORTED { return nil }
        }
    }
}
