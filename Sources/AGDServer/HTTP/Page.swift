import HTTPTypes
import Hummingbird

/// The page at `/`: files that are part of the program, so that it runs from anywhere and without a network.
enum Page {
    private static let files: [(endpoint: Endpoint, bytes: [UInt8])] = [
        (.page, PackageResources.page_html), (.pageStyle, PackageResources.page_css),
        (.pageScript, PackageResources.page_js),
    ]

    static func add(to router: Router<APIContext>) {
        for (endpoint, bytes) in files {
            let buffer = ByteBuffer(bytes: bytes)
            router.get(endpoint.route) { _, _ in
                Response(
                    status: .ok,
                    headers: [
                        .contentType: "\(endpoint.answer); charset=utf-8", .cacheControl: "no-cache",
                        // Nothing but the page's own files and requests to its own server.
                        .contentSecurityPolicy:
                            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                        .referrerPolicy: "no-referrer",
                    ],
                    body: .init(byteBuffer: buffer))
            }
        }
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .contentDisposition
}
