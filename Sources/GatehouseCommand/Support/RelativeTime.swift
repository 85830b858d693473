import GatehouseTime

/// How long ago, or how far ahead, in one unit: `12 s ago`, `in 23 h`, `5 days ago`.
enum RelativeTime {
    /// What is no time is shown as it came.
    static func text(_ time: String?, now: WallTime) -> String {
        guard let time else { return "" }
        guard let moment = WallTime(rfc3339: Array(time.utf8)) else { return time }
        return moment <= now ? "\(span(now - moment)) ago" : "in \(span(moment - now))"
    }

    static func span(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}
