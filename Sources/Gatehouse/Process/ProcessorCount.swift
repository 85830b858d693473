import CLinux
import NIOCore

/// How many processors this process may run on: event loops are one for each.
enum ProcessorCount {
    /// The affinity mask (`taskset`, cpusets) and the control group's quota both count; at least 1. More loops than processors only take
    /// turns, and split what could be committed together.
    static var available: Int {
        let allowed = Int(clinux_allowed_processors())
        return max(1, allowed > 0 ? min(allowed, System.coreCount) : System.coreCount)
    }
}
