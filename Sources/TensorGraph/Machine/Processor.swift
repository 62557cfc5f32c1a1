import CLaneKernels

/// What the program's code asks of the processor.
public enum Processor {
    /// Instructions that ggml was compiled for and this processor lacks, such as `AVX2`; nil where it has all of them.
    ///
    /// A program that was built on one machine and runs on another can lack some; computing then ends the process.
    public static var missingInstructions: String? {
        lane_missing_instructions().map { String(cString: $0) }
    }
}
