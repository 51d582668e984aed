// The entries of a source that --only selects, with the directories that lead to them and the content of hard links.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libcore/ckpt/stored_entries.h"
#include "libcore/store/manifest.h"

namespace ft::ckpt {

class SelectedEntries {
public:
    /// only   globs of paths, of which everything below is selected too; empty: everything.   where  for messages:
    /// "job@7". fails  Exit::no where nothing matches.
    SelectedEntries(store::Reader& reader, const store::SourceRecord& source, const std::vector<std::string>& only,
                    const std::string& where);

    /// The first record of the next selected entry; std::nullopt at the end. A hard link whose first name is not
    /// selected comes with the content, and later names of its group link to it.
    [[nodiscard]] std::optional<source::Entry> next();
    /// The next record of the entry that next() gave last, while it has `more`.
    [[nodiscard]] source::Entry rest();
    /// next() with the runs of all its records.
    [[nodiscard]] std::optional<source::Entry> next_whole();

private:
    void look_through(store::Reader& reader, const store::SourceRecord& source, const std::string& where);
    [[nodiscard]] bool matches(std::string_view path) const;
    [[nodiscard]] bool takes(const source::Entry& entry) const;
    void lend(source::Entry entry);
    [[nodiscard]] source::Entry redirected(source::Entry link);

    const std::vector<std::string>& only_;
    std::set<std::string> borrowed_;     // first names of groups that are needed under another name only
    std::set<std::string> needed_dirs_;  // directories that lead to what is selected
    StoredEntries entries_;
    std::map<std::string, source::Entry> lent_;       // first name -> its entry, all runs in it
    std::map<std::string, std::string> group_names_;  // first name -> the name that got the content
};

}  // namespace ft::ckpt
