import AttributionGuidedDecoding
import Foundation

/// White at 0, red towards 1, blue towards -1.
enum HeatColor {
    static func components(_ value: Double) -> (red: Int, green: Int, blue: Int) {
        let end: (Double, Double, Double) = value >= 0 ? (214, 69, 65) : (66, 113, 206)
        let amount = min(1, abs(value)).squareRoot()  // Small relevances stay visible.
        func mix(_ channel: Double) -> Int { Int((255 + (channel - 255) * amount).rounded()) }
        return (mix(end.0), mix(end.1), mix(end.2))
    }

    static func isDark(_ value: Double) -> Bool { value < -0.35 }

    static func hex(_ value: Double) -> String {
        let (red, green, blue) = components(value)
        return String(format: "#%02x%02x%02x", red, green, blue)
    }
}
