import AttributionGuidedDecoding
import Testing

@testable import AGDServer

@Suite("A machine that held a part of the model and was lost")
struct LostServerTests {
    @Test("is told to the client by name, with when to try again")
    func named() {
        let error = APIError.failure(
            TensorGraphError.serverLost(address: "10.0.0.7:50052", problem: "ended the connection"))
        #expect(error.status == .serviceUnavailable && error.code == "server_lost" && error.retryAfter == 5)
        #expect(error.message.contains("the server 10.0.0.7:50052 ended the connection"))
    }

    @Test("but of no other failure the client learns anything")
    func others() {
        #expect(APIError.failure(TensorGraphError.computationFailed(status: "secret")) == .internalError)
    }

    @Test("A model is loaded again only where one was served")
    func reload() async throws {
        let server = try await TestServer(isLoaded: false)
        #expect(await server.state.isLoading)
        await server.state.stop()
        await server.state.reload()
        #expect(await !server.state.isLoading)
    }
}
