import Foundation

extension Double {
    /// With a fixed number of decimals, the same in every locale.
    package func formatted(decimals: Int) -> String {
        String(format: "%.\(decimals)f", locale: Locale(identifier: "en_US_POSIX"), self)
    }
}
