import Bytes
import Values

/// The order of rows of several batches by their timestamps; ties keep the order in which they came.
struct TimeOrder {
    /// The timestamps, ascending.
    let times: [Int64]
    /// Batch in the upper, row in the lower 32 bits; nil when the rows came in order.
    let places: [UInt64]?

    init(_ columns: [ColumnVector]) {
        var times: [Int64] = []
        times.reserveCapacity(columns.reduce(0) { $0 + $1.count })
        var last = Int64.min
        var descents = 0
        for column in columns {
            let values = column.values.bytes
            values.check(column.count, Int64.self)
            for row in 0..<column.count {
                let time = values.element(row, Int64.self)
                descents &+= time < last ? 1 : 0
                last = time
                times.append(time)
            }
        }
        if descents == 0 {
            self.times = times
            places = nil
            return
        }
        var places: [UInt64] = []
        places.reserveCapacity(times.count)
        for (batch, column) in columns.enumerated() {
            for row in 0..<column.count { places.append(UInt64(batch) << 32 | UInt64(row)) }
        }
        Self.sort(&times, &places)
        self.times = times
        self.places = places
    }

    /// Sorts by digits of 11 bits from the lowest on, which keeps ties in place and costs as many
    /// passes as the distance between the first and the last timestamp has digits.
    private static func sort(_ times: inout [Int64], _ places: inout [UInt64]) {
        let least = times.min() ?? 0
        let span = UInt64(bitPattern: (times.max() ?? 0) &- least)
        var otherTimes = times
        var otherPlaces = places
        var shift: UInt64 = 0
        while shift < 64, span >> shift != 0 {
            var next = [Int](repeating: 0, count: 2_049)
            for time in times { next[digit(time, least, shift) + 1] += 1 }
            for index in 1..<next.count { next[index] += next[index - 1] }
            for row in times.indices {
                let digit = digit(times[row], least, shift)
                let target = next[digit]
                next[digit] = target + 1
                otherTimes[target] = times[row]
                otherPlaces[target] = places[row]
            }
            swap(&times, &otherTimes)
            swap(&places, &otherPlaces)
            shift += 11
        }
    }

    @inline(__always)
    private static func digit(_ time: Int64, _ least: Int64, _ shift: UInt64) -> Int {
        Int(truncatingIfNeeded: (UInt64(bitPattern: time &- least) &>> shift) & 2_047)
    }
}
