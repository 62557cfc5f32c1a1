import Foundation

/// A thread of its own for code that recurses deeply.
package enum LargeStack {
    private final class Call {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs `body` on a stack of `byteCount` bytes and waits for it; nil where there is no memory for that. Only what is
    /// used of the stack takes memory.
    package static func run<Result>(byteCount: Int, _ body: () -> Result) -> Result? {
        withoutActuallyEscaping(body) { body in
            var result: Result?
            let call = Unmanaged.passRetained(Call { result = body() })
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            defer { pthread_attr_destroy(&attributes) }
            let pageSize = 16_384
            pthread_attr_setstacksize(&attributes, (byteCount + pageSize - 1) / pageSize * pageSize)
            #if canImport(Darwin)
                var thread: pthread_t?
            #else
                var thread = pthread_t()
            #endif
            let status = pthread_create(
                &thread, &attributes,
                { argument in
                    #if canImport(Darwin)
                        Unmanaged<Call>.fromOpaque(argument).takeRetainedValue().body()
                    #else
                        if let argument { Unmanaged<Call>.fromOpaque(argument).takeRetainedValue().body() }
                    #endif
                    return nil
                }, call.toOpaque())
            guard status == 0 else {
                call.release()
                return nil
            }
            #if canImport(Darwin)
                if let thread { pthread_join(thread, nil) }
            #else
                pthread_join(thread, nil)
            #endif
            return result
        }
    }
}
