// From the words of `ftckpt save` to the sources of one checkpoint.
//
// One tree or file alone is the checkpoint's root (label ""); several keep their base names below the destination.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "libcore/proc/child.h"
#include "libcore/proc/input.h"
#include "libcore/source/source.h"
#include "libcore/ui/env.h"
#include "tools/common/disk.h"

namespace ft::tools {

struct SourceOptions {
    std::vector<std::string> paths;  ///< "-": stdin
    bool from_command = false;
    std::vector<std::string> command;          ///< after "--"
    std::vector<std::string> segments;         ///< --shm
    std::vector<std::string> streams;          ///< --stream LABEL=FILE
    std::vector<std::string> stream_commands;  ///< --stream-command LABEL=COMMAND
    std::vector<std::string> excludes;
    std::vector<std::string> exclude_files;
    bool null_separated = false;  ///< -0: of exclude_files
    bool one_file_system = false;
};

/// The sources, and what they read from while they are read.
class Sources {
public:
    /// store  path of the store: where it lies inside a saved tree it is left out.
    /// fails  Exit::usage for what contradicts itself; Exit::failed for what cannot be opened or started.
    Sources(ui::Env& env, Disk& disk, const SourceOptions& options, const std::string& store, unsigned threads);
    ~Sources() = default;
    Sources(const Sources&) = delete;
    Sources& operator=(const Sources&) = delete;

    [[nodiscard]] std::vector<source::Source>& all() { return sources_; }
    /// Starts the commands that are sources. Before it nothing runs.
    void start_commands();
    /// Descriptors that are read while the sources are.
    [[nodiscard]] std::vector<int> inputs() const;
    /// What was named, in the user's words.
    [[nodiscard]] std::string origins() const;

private:
    struct Producer {
        std::vector<std::string> command;  ///< its failure is ours; empty: a file or stdin
        std::string shown;                 ///< the command in the user's words
        std::optional<proc::Child> child = {};
        std::optional<proc::Input> input = {};
        [[nodiscard]] std::size_t read(std::span<std::byte> into);
    };
    void add_tree(const std::string& path);
    void add_segment(const std::string& name);
    void add_stdin();
    void add_stream(const std::string& labelled);
    void add_producer(const std::string& label, const std::string& origin, Producer producer);
    void require_new(const std::string& label) const;
    void require_sensible() const;
    [[nodiscard]] source::WalkOptions walk_options(const std::string& path);
    ui::Env& env_;
    Disk& disk_;
    const SourceOptions& options_;
    std::string store_;
    unsigned threads_;
    std::vector<std::string> excludes_;
    std::list<Producer> producers_;  // a list: the sources' read functions hold pointers
    std::vector<source::Source> sources_;
};

}  // namespace ft::tools
