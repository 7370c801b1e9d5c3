/// Words the grammar knows. Most of them may still be names.
enum Keyword: String, CaseIterable, Sendable {
    case abort, add, align, all, alter, analyze, and, any, array, `as`, asc, asof, `async`, at
    case atomic, authorization, backup, backups, batch, begin, between, both, by, bypass, cache
    case calendar, cancel, capacity, `case`, cast, chain, characteristics, check, checkpoint, close
    case collate, column, columns, commit, committed, complete, conflict, constraint, copy, create
    // The cases are spelt as the words are.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case cross, current, current_date, current_time, current_timestamp, current_user, cursor
    case database, deallocate, declare, dedup, deep, `default`, deferrable, delete, desc, discard
    case distinct, `do`, drop, dry, `else`, enable, end, escape, except, execute, exists
    case explain, filter
    case extract, `false`, fetch, fill, first, following, `for`, foreign, format, from, full
    case grant, group, having, ilike, `in`, incremental, index, inner, insert, intersect, interval
    case into, `is`, isnull, isolation, join, keep, key, keys, last, lateral, latest, left, level
    case like, limit, linear, list, listen, local, localtime, localtimestamp, lt, names, natural
    case next, no, nocache, noneWord = "none", not, notnull, null, nulls, observation, of, offset,
        on, only
    case `operator`, or, order, outer, over, parallel, parameters, partition, partitions, plans
    case precision, prepare, prev, primary, prune, quick, read, references, release, rename
    case repeatable, reset, restore, restrict, returning, revoke, right, rollback, row, rows, run
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case sample, savepoint, select, sequences, serializable, session, session_user, set, show
    case similar, snapshot, some, splice, start, stdin, stdout, symmetric, table, tables, temp
    case temporary, then, time, timestamp, to, transaction, `true`, truncate, ttl, uncommitted
    case union, unique, unknown, unlisten, update, upsert, user, using, vacuum, values, varying
    case verify, volume, wal, when, `where`, window, with, without, work, write, zone

    /// Finds the word whatever its case; nil when the grammar does not know it.
    static func named(_ lowercased: String) -> Keyword? { byText[lowercased] }

    private static let byText: [String: Keyword] = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// Words that are never a name unless quoted: those after which the grammar could not go on.
    var isReserved: Bool { Keyword.reserved.contains(self) }

    private static let reserved: Set<Keyword> = [
        .all, .analyze, .and, .any, .array, .as, .asc, .both, .case, .cast, .check, .collate,
        .column, .constraint, .create, .cross, .current_date, .current_time, .current_timestamp,
        .current_user, .default, .desc, .distinct, .do, .else, .end, .except, .false, .fetch,
        .for, .foreign, .from, .full, .grant, .group, .having, .ilike, .in, .inner, .intersect,
        .into, .is, .isnull, .join, .lateral, .left, .like, .limit, .localtime, .localtimestamp,
        .natural, .not, .notnull, .null, .offset, .on, .only, .or, .order, .outer, .primary,
        .references, .returning, .right, .select, .session_user, .similar, .some, .symmetric,
        .table, .then, .to, .true, .union, .unique, .user, .using, .values, .when, .where,
        .window, .with,
    ]

    /// Reserved words that name functions all the same when a parenthesis follows.
    var isFunctionName: Bool { self == .left || self == .right }
}
