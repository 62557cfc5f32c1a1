/// A small generator with a seed (SplitMix64; Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, 2014),
/// so that what is drawn can be drawn again on any machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<1 with 53 random bits.
    package mutating func nextUniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
