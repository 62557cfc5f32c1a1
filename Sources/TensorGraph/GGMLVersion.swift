import CLlama

/// Which ggml the program was built with.
package enum GGMLVersion {
    /// Such as `0.25.3`.
    package static var number: String { String(cString: ggml_version()) }
    /// The commit of ggml's source, where its build knew one.
    package static var commit: String { String(cString: ggml_commit()) }
}
