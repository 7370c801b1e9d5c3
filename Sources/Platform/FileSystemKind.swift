/// What statfs calls the type of a file system.
package struct FileSystemKind: Sendable, Equatable {
    package let magic: UInt32

    package init(magic: UInt32) { self.magic = magic }

    package static let ext4 = FileSystemKind(magic: 0xef53)

    /// The usual name, or the number where we know none.
    package var name: String {
        Self.local[magic] ?? Self.remote[magic] ?? "type 0x\(String(magic, radix: 16))"
    }

    /// True where locks, renames and syncs are known to do what is relied on.
    package var isSupported: Bool { Self.local[magic] != nil }

    private static let local: [UInt32: String] = [
        0xef53: "ext4", 0x5846_5342: "xfs", 0x9123_683e: "btrfs", 0x794c_7630: "overlayfs",
        0x0102_1994: "tmpfs", 0x2fc1_2fc1: "zfs", 0xf2f5_2010: "f2fs", 0xca45_1a4e: "bcachefs",
    ]

    private static let remote: [UInt32: String] = [
        0x6969: "nfs", 0x517b: "smb", 0xff53_4d42: "cifs", 0xfe53_4d42: "smb2",
        0x6573_5546: "fuse", 0x0102_1997: "9p", 0x00c3_6400: "ceph", 0x0bd0_0bd0: "lustre",
        0x0116_1970: "gfs2", 0x5346_414f: "afs", 0x4d44: "vfat", 0x2011_bab0: "exfat",
    ]
}
