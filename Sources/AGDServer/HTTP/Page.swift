import HTTPTypes
import Hummingbird

/// The page at `/`: files that are part of the program, so that it runs from anywhere and without a network.
enum Page {
    private static let files: [(path: String, type: String, bytes: [UInt8])] = [
        ("/", "text/html; charset=utf-8", PackageResources.page_html),
        ("/page.css", "text/css; charset=utf-8", PackageResources.page_css),
        ("/page.js", "text/javascript; charset=utf-8", PackageResources.page_js),
    ]

    static func add(to router: Router<APIContext>) {
        for file in files {
            let buffer = ByteBuffer(bytes: file.bytes)
            router.get(RouterPath(file.path)) { _, _ in
                Response(
                    status: .ok,
                    headers: [
                        .contentType: file.type, .cacheControl: "no-cache",
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
