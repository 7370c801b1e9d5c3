import HTTPWire
import Testing

@Suite("RequestHost")
struct RequestHostTests {
    @Test(
        "an address and localhost are nobody else's",
        arguments: [
            "127.0.0.1", "127.0.0.1:9000", "192.168.1.20:80", "[::1]", "[::1]:9000",
            "[fe80::1]:9000", "[::ffff:10.0.0.1]:1",
            "localhost", "LOCALHOST:9000", "localhost.:9000", "db.localhost",
        ])
    func local(_ header: String) {
        #expect(RequestHost(header).isLocal)
    }

    @Test(
        "a name is not, whatever it looks like",
        arguments: [
            "evil.com", "evil.com:9000", "basalt:9000", "127.0.0.1.evil.com", "localhost.evil.com",
            "127.0.0.1.nip.io:9000", "1.2.3.256", "1.2.3", "a.1.2.3", "1.2.3.4.5", "0x7f.0.0.1", "",
            ":9000", "[evil.com]:9000", "[::1].evil.com", "[::1", "evillocalhost", "[]", "[ab]",
            "127.0.0.1@evil.com", "+1.2.3.4",
        ])
    func foreign(_ header: String) {
        #expect(!RequestHost(header).isLocal)
    }

    @Test("names are compared without port, case and the point at the end")
    func listed() {
        let host = RequestHost("Basalt.Example.:9000")

        #expect(host.name == "basalt.example")
        #expect(host.isAmong(["other", "basalt.example"]))
        #expect(host.isAmong(["BASALT.example:80"]))
        #expect(!host.isAmong([]))
        #expect(!host.isAmong(["", "example", "x.basalt.example"]))
        #expect(!RequestHost(":80").isAmong([""]))
    }
}
