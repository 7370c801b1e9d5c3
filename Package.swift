// swift-tools-version: 6.2
import PackageDescription

// The folder list is the architecture and this file is the law for imports: a room may import the
// rooms named here and nothing else (`make lint` compares every file's imports with this list).

var release: [String] = ["-enforce-exclusivity=unchecked"]
#if arch(x86_64)
    release += ["-Xcc", "-march=x86-64-v3"]
#endif

let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableExperimentalFeature("Lifetimes"),
    .define("INVARIANT_CHECKS", .when(configuration: .debug)),
    .unsafeFlags(release, .when(configuration: .release)),
]

let ground = ["Diagnostics", "Bytes"]

func room(_ name: String, _ imports: [String] = []) -> Target {
    .target(
        name: name,
        dependencies: (ground + imports).filter { $0 != name }.map { .byName(name: $0) },
        swiftSettings: settings)
}

func tool(_ name: String, _ imports: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: (ground + imports).map { .byName(name: $0) },
        path: "Sources/Tools/\(name)",
        swiftSettings: settings)
}

func tests(_ room: String, _ imports: [String] = []) -> Target {
    .testTarget(
        name: "\(room)Tests",
        dependencies: (ground + [room] + imports).reduce(into: [String]()) {
            if !$0.contains($1) { $0.append($1) }
        }.map { .byName(name: $0) },
        swiftSettings: settings)
}

let everything = [
    "Platform", "Values", "Catalog", "SQL", "Storage", "Backup", "Interchange", "Planner",
    "Execution", "Engine", "PostgresWire", "HTTPWire", "Server",
]

let package = Package(
    name: "basalt",
    products: [.executable(name: "basalt", targets: ["basalt"])],
    targets: [
        .target(
            name: "CPlatform",
            cSettings: [
                .define("_GNU_SOURCE"),
                .unsafeFlags(["-O3"], .when(configuration: .release)),
            ]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "Diagnostics", swiftSettings: settings),
        .target(name: "Bytes", dependencies: ["Diagnostics"], swiftSettings: settings),
        room("Platform", ["CPlatform", "COpenSSL"]),
        room("Values"),
        room("SQL"),
        room("Catalog", ["Values"]),
        room("HTTPWire", ["Values"]),
        room("PostgresWire", ["Values"]),
        room("Storage", ["Platform", "Values", "Catalog"]),
        room("Backup", ["Platform", "Values", "Storage", "Catalog"]),
        room("Interchange", ["Platform", "Values", "Catalog"]),
        room("Planner", ["Values", "Catalog", "SQL"]),
        room("Execution", ["Platform", "Values", "Catalog", "Planner", "Storage"]),
        room(
            "Engine",
            [
                "Platform", "Values", "SQL", "Catalog", "Storage", "Backup", "Interchange",
                "Planner", "Execution",
            ]),
        room("Server", ["Platform", "Values", "Engine", "PostgresWire", "HTTPWire"]),
        .executableTarget(
            name: "basalt",
            dependencies: [
                "Diagnostics", "Bytes", "Platform", "Values", "Storage", "Backup", "Engine",
                "PostgresWire", "Server",
            ],
            swiftSettings: settings),
        .target(
            name: "InProcess",
            dependencies: (ground + ["Platform", "Values", "Engine"]).map { .byName(name: $0) },
            path: "Sources/Tools/InProcess", swiftSettings: settings),
        tool("tidy", []),
        tool("slt", everything + ["InProcess"]),
        tool("bench", everything + ["InProcess"]),
        tool("fuzz", everything),
        tool("sim", everything + ["InProcess"]),
        .target(
            name: "Machines", dependencies: ["Platform"], path: "Tests/Machines",
            swiftSettings: settings),
        tests("Diagnostics"),
        tests("Bytes"),
        tests("Platform"),
        tests("Values"),
        tests("SQL"),
        tests("Catalog", ["Values"]),
        tests("HTTPWire", ["Values"]),
        tests("PostgresWire", ["Values"]),
        tests("Storage", ["Platform", "Values", "Catalog", "Machines"]),
        tests("Backup", ["Platform", "Values", "Storage", "Catalog", "Machines"]),
        tests("Interchange", ["Platform", "Values", "Catalog"]),
        tests("Planner", ["Values", "Catalog", "SQL"]),
        tests("Execution", ["Platform", "Values", "Catalog", "SQL", "Planner", "Storage"]),
        tests("Engine", everything + ["InProcess", "Machines"]),
        tests("Server", everything),
        .testTarget(
            name: "basaltTests", dependencies: ["basalt", "Platform", "Diagnostics"],
            swiftSettings: settings),
        .testTarget(
            name: "ToolsTests",
            dependencies: ["Diagnostics", "Bytes", "tidy", "slt"], swiftSettings: settings),
        .testTarget(
            name: "Simulation",
            dependencies: (ground + everything + ["sim"]).map { .byName(name: $0) },
            path: "Tests/Simulation", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6])
