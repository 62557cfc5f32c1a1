import CLlama
import Synchronization

/// A server on another machine, whose devices hold layers as this machine's graphics processors do.
package final class RemoteServer: @unchecked Sendable {  // `backend` is used by `init` and `deinit` alone.
    package let link: ServerLink
    private let registry: ggml_backend_reg_t
    /// Keeps ggml's connection open between computations.
    private let backend: ggml_backend_t

    /// Graphs are given to servers one at a time: ggml tells a server to compute the last one again, and two threads would not
    /// agree on which it was.
    static let turn = Mutex(())

    /// Whether this build has ggml's backend for servers, in the version that ``ServerCommand`` knows.
    package static var isSupported: Bool {
        BackendLog.capturing { agd_rpc_speaks(ServerCommand.protocolVersion) }.result
    }

    /// - Throws: ``TensorGraphError/serverLost(address:problem:)``.
    package init(_ address: ServerAddress, patience: Duration) throws {
        let link = try ServerLink(address, patience: patience)
        guard let registry = agd_rpc_add_server(link.localAddress.description),
            let first = ggml_backend_reg_dev_get(registry, 0), let backend = ggml_backend_dev_init(first, nil)
        else {
            throw TensorGraphError.serverLost(address: address.description, problem: "has no device")
        }
        self.link = link
        self.registry = registry
        self.backend = backend
        try link.check()
    }

    deinit { ggml_backend_free(backend) }

    package var devices: [Device] {
        (0..<ggml_backend_reg_dev_count(registry)).compactMap { index in
            ggml_backend_reg_dev_get(registry, index).map { Device(raw: $0, server: self) }
        }
    }
}
