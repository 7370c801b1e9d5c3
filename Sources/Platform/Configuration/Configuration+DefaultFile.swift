extension SettingTable {
    /// The server.conf that a new root gets: every setting with its meaning and default, commented
    /// out.
    package static var defaultFile: String {
        var text = """
            # Settings of Basalt. A line is name=value; lines with # in front are comments, and here
            # they show the defaults. The environment beats this file: http.bind.to is also
            # QDB_HTTP_BIND_TO or BASALT_HTTP_BIND_TO. A password may stand in a file of its own,
            # named by pg.password.file or QDB_PG_PASSWORD_FILE.
            # "reloadable" settings are taken anew at a SIGHUP.

            """
        for section in SettingSection.allCases {
            text += "\n# ---- \(section.rawValue) ----\n"
            for key in all where key.section == section {
                text += "\n# \(key.meaning)\(key.takesEffectOnReload ? " (reloadable)" : "")\n"
                text += "#\(key.name)=\(key.defaultText)\n"
            }
        }
        return text
    }

    /// The same as a table in Markdown, for the documentation.
    package static var documentation: String {
        var text = ""
        for section in SettingSection.allCases {
            text += "\n## \(section.rawValue)\n\n"
            text += "| Setting | Default | Reloadable | Meaning |\n|---|---|---|---|\n"
            for key in all where key.section == section {
                let standard = key.defaultText.isEmpty ? "" : "`\(key.defaultText)`"
                let reloadable = key.takesEffectOnReload ? "yes" : ""
                text += "| `\(key.name)` | \(standard) | \(reloadable) | \(key.meaning) |\n"
            }
        }
        return text
    }
}
