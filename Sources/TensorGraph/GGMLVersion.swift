import CLlama

/// Which ggml the program was built with.
public enum GGMLVersion {
    /// Such as `0.25.3`.
    public static var number: String { String(cString: ggml_version()) }
    /// The commit of ggml's source, where its build knew one.
    public static var commit: String { String(cString: ggml_commit()) }
}
