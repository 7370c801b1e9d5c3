import Platform

/// What `basalt help` prints.
enum HelpText {
    static let overview = """
        Basalt, the time-series database whose backups people trust.

        usage: basalt COMMAND [options]

          serve      run the server on a root directory
          backup     list, make, verify, inspect, restore and drop backups without a server
          inspect    tell what is in one file of a root, and whether it is sound
          repair     tell whether a root opens; give up a damaged part of its log, or make its
                     identity file anew
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

    static let backup = """
        usage: basalt backup COMMAND [-d ROOT] [options]

          list [DESTINATION]    the backups of the root, or of another directory of backups
          create                make one; no server may run on the root
              --name NAME  --to DESTINATION  --table TABLE (once per table)  --comment TEXT
              --incremental  --from NAME  --no-verify
          verify BACKUP         read every byte and compare the checksums
              --quick           only presence, lengths and small files
              --deep            decode every row as well
          inspect BACKUP        what is inside
          restore BACKUP        bring rows back; no server may run on the root
              --table TABLE     once per table; without it every table of the backup
              --as TABLE        into a new table          --into TABLE  into an existing one
              --full            replace what is there     --incremental only what differs
              --partition P     once per partition        --like PATTERN  with % and ?
              --link            share files with the backup instead of copying them
              --no-verify       do not read the copies again
              --dry-run         show what would be done, and what would be lost
          drop BACKUP           remove it

        -d ROOT is the root directory; default $BASALT_ROOT, else ~/.basalt. BACKUP is a name in its
        backup directory, or a path. Progress goes to the standard error, a bar on a terminal.

        exit codes: 0 done, 1 failed, 2 wrong arguments, 3 bad configuration,
                    4 the root is in use, 5 damaged
        """

    static let inspect = """
        usage: basalt inspect [--long] FILE

          --long        the statistics of every 16,384 rows of a segment, not only of the first

        Tells what is in a segment (.seg), a table's manifest, a log file (.wal), `_database`, a
        backup's `_backup.json`, or `_snapshot` and `_files` of a prepared snapshot: header, columns,
        encodings, and of each column the least and the highest value and how many are NULL; and
        checks every checksum.

        exit codes: 0 sound, 1 failed, 2 wrong arguments, 5 damaged
        """

    static let repair = """
        usage: basalt repair [-d ROOT] [--wal-skip-to COMMIT | --rebuild-identity]

          -d ROOT                 the root directory; default $BASALT_ROOT, else ~/.basalt
          --wal-skip-to COMMIT    give up what a damaged or missing part of the log holds and go on
                                  with COMMIT, the number that the refusal to start names; where the
                                  log's end is lost a new log begins with it
          --rebuild-identity      make db/_database anew, which is missing or damaged, of what the
                                  manifests, the log and the copies in backups tell

        Without an option nothing is changed: it tells whether the root opens, whether every segment is
        there, and what is wrong. Copy the root before giving anything up; RESTORE brings back what a
        backup still has. What is lost is printed.

        exit codes: 0 sound or repaired, 1 failed, 2 wrong arguments, 4 the root is in use, 5 damaged
        """

    /// The text for a topic; nil for a topic that does not exist.
    static func text(for topic: String?) -> String? {
        switch topic {
        case nil: overview
        case "serve": serve
        case "backup": backup
        case "inspect": inspect
        case "repair": repair
        case "settings": SettingTable.defaultFile
        case "settings-table": SettingTable.documentation
        case "version", "help": overview
        default: nil
        }
    }
}
