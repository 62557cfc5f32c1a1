import Foundation
import NIOCore

/// Why a server can't be started, in a sentence for whoever started it.
public struct ServerError: Error, CustomStringConvertible {
    public let description: String

    init(description: String) { self.description = description }

    /// Why an address can't be listened on.
    init(_ error: IOError, host: String, port: Int) {
        let problem =
            switch error.errnoCode {
            case EADDRINUSE: "is taken: another program listens there. Give another --port, or 0 for a free one."
            case EACCES: "is not allowed to this user. Give a --port from 1024 up."
            case EADDRNOTAVAIL: "is no address of this machine. Give another --host."
            default: "can't be listened on: \(error)."
            }
        self.init(description: "\(host):\(port) \(problem)")
    }
}
