import AttributionGuidedDecoding
import Foundation

extension SeededGenerator {
    /// A standard normal number (Box and Muller, 1958).
    mutating func nextGaussian() -> Double {
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &self))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
    }
}
