import CPlatform

/// The machine's clocks.
package struct LinuxClock: WorldClock {
    package init() {}
    package func now() -> Int64 { basalt_realtime_microseconds() }
    package func monotonicNanoseconds() -> UInt64 { basalt_monotonic_nanoseconds() }
    package func wait(nanoseconds: UInt64) { basalt_wait_nanoseconds(nanoseconds) }
}

/// The kernel's random numbers.
package struct LinuxChance: Chance {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        // SAFETY: the closure initialises every byte it counts.
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            guard let start = buffer.baseAddress else { return }
            while done < count {
                let part = min(count - done, Limits.randomBytesPerCall)
                // SAFETY: `start + done` has `part` bytes left.
                let got = unsafe basalt_getrandom(start + done, part)
                precondition(
                    got >= 0 || got == -Int64(ErrorNumber.interrupted),
                    "the kernel must give random bytes")
                done += max(0, Int(got))
            }
        }
    }

    package func next() -> UInt64 {
        bytes(8).reduce(0) { ($0 << 8) | UInt64($1) }
    }
}
