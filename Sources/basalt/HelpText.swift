import Platform

/// What `basalt help` prints.
enum HelpText {
    static let overview = """
        Basalt, the time-series database whose backups people trust.

        usage: basalt COMMAND [options]

          serve      run the server on a root directory
          version    print the version
          help       print this, or `basalt help serve` for the options of a command,
                     `basalt help settings` for conf/server.conf with every setting

        PostgreSQL clients connect on 127.0.0.1:8812 (user admin, password quest, database qdb),
        HTTP answers on 127.0.0.1:9000, health on 127.0.0.1:9003.
        """

    static let serve = """
        usage: basalt serve [-d ROOT] [-t TAG] [-n] [-f] [--read-only]

          -d ROOT       the root directory; default $BASALT_ROOT, else ~/.basalt.
                        It is created on the first start. A backup is a root: -d BACKUP runs on it.
          -t TAG        a name for this process that shows in process lists
          -n            ignore SIGHUP
          -f            write the files under public/ anew
          --read-only   answer queries and write nothing, not even a lock or a log

        SIGTERM drains and flushes, a second one leaves at once; SIGHUP reloads conf/server.conf.
        Settings: ROOT/conf/server.conf, over it the environment (BASALT_PG_NET_BIND_TO=…).

        exit codes: 0 stopped as asked, 1 failed, 2 wrong arguments, 3 bad configuration,
                    4 the root is in use, 5 the root is damaged
        """

    /// The text for a topic; nil for a topic that does not exist.
    static func text(for topic: String?) -> String? {
        switch topic {
        case nil: overview
        case "serve": serve
        case "settings": SettingTable.defaultFile
        case "settings-table": SettingTable.documentation
        case "version", "help": overview
        default: nil
        }
    }
}
