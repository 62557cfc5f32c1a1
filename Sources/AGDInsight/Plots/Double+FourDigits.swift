import Foundation

extension Double {
    /// With four significant digits, the same in every locale.
    var fourDigits: String { String(format: "%.4g", locale: Locale(identifier: "en_US_POSIX"), self) }
}
