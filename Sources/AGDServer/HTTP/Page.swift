import HTTPTypes
import Hummingbird

/// The page at `/`: files that are part of the program, so that it runs from anywhere and without a network.
enum Page {
    /// Style sheets and scripts, by the name under which the page asks for them.
    static let files: [String: [UInt8]] = [
        "answer-view.js": PackageResources.answer_view_js,
        "answering.js": PackageResources.answering_js,
        "app.js": PackageResources.app_js,
        "assistant-view.js": PackageResources.assistant_view_js,
        "base.css": PackageResources.base_css,
        "composer.js": PackageResources.composer_js,
        "connection.js": PackageResources.connection_js,
        "conversation.js": PackageResources.conversation_js,
        "conversations.js": PackageResources.conversations_js,
        "document-view.js": PackageResources.document_view_js,
        "dom.js": PackageResources.dom_js,
        "editor.js": PackageResources.editor_js,
        "examples.js": PackageResources.examples_js,
        "glossary.js": PackageResources.glossary_js,
        "guidance.js": PackageResources.guidance_js,
        "layers.js": PackageResources.layers_js,
        "layout.css": PackageResources.layout_css,
        "main.js": PackageResources.main_js,
        "markdown-blocks.js": PackageResources.markdown_blocks_js,
        "markdown-inline.js": PackageResources.markdown_inline_js,
        "markdown.js": PackageResources.markdown_js,
        "marks.js": PackageResources.marks_js,
        "panels.css": PackageResources.panels_css,
        "panels.js": PackageResources.panels_js,
        "presets.js": PackageResources.presets_js,
        "progress.js": PackageResources.progress_js,
        "request.js": PackageResources.request_js,
        "selection.js": PackageResources.selection_js,
        "server.js": PackageResources.server_js,
        "settings.js": PackageResources.settings_js,
        "sources.js": PackageResources.sources_js,
        "status.js": PackageResources.status_js,
        "store.js": PackageResources.store_js,
        "summary.js": PackageResources.summary_js,
        "text-view.js": PackageResources.text_view_js,
        "thread.css": PackageResources.thread_css,
        "thread.js": PackageResources.thread_js,
        "token-view.js": PackageResources.token_view_js,
        "turn-view.js": PackageResources.turn_view_js,
    ]

    static func add(to router: Router<APIContext>) {
        let page = response(PackageResources.page_html, type: "text/html")
        router.get(Endpoint.page.route) { _, _ in page }
        let parts = Dictionary(
            uniqueKeysWithValues: files.map { name, bytes in
                (name, response(bytes, type: name.hasSuffix(".css") ? "text/css" : "text/javascript"))
            })
        router.get(Endpoint.pageFile.route) { _, context in
            let name = try context.parameters.require("file")
            guard let part = parts[name] else { throw APIError.notFound("The page has no part of this name.") }
            return part
        }
    }

    private static func response(_ bytes: [UInt8], type: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "\(type); charset=utf-8", .cacheControl: "no-cache",
                // Nothing but the page's own files and requests to its own server.
                .contentSecurityPolicy:
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                    + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                .referrerPolicy: "no-referrer",
            ],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .contentDisposition
}
