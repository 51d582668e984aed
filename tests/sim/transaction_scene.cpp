#include "tests/sim/transaction_scene.h"

#include <algorithm>
#include <functional>

#include "libcore/twophase/agent.h"
#include "libcore/twophase/recover.h"
#include "libcore/twophase/spec.h"

namespace ft::sim {

using namespace twophase;

namespace {

const std::vector<std::string> words{"file:/site/a=/site/a.new", "file:/site/b=/site/b.new"};
constexpr Pace pace{.threads = 0};

void put(io::Dir& dir, const std::string& name, const std::string& content) {
    dir.create_file(name, 0644)->write_at(view_of(content), 0);
}

std::string content_of(io::Dir& dir, const std::string& name) {
    const auto file = dir.find_file(name, io::Access::read);
    return file ? std::string(text_of(io::read_whole(*file, 4096))) : "missing";
}

io::Located locate(io::Dir& root, const std::string& path) {
    std::unique_ptr<io::Dir> dir = root.find_dir(".");
    std::size_t from = 1;
    for (std::size_t slash; (slash = path.find('/', from)) != std::string::npos; from = slash + 1)
        dir = io::open_dir(*dir, path.substr(from, slash - from));
    return {std::move(dir), path.substr(from)};
}

/// An agent of another host, with no pipe between. It replaces b.
class FarParticipant final : public Participant {
public:
    FarParticipant(io::Dir& root, Clock& clock, std::string branch)
        : home_(Home::open_or_create(io::ensure_dir(root, "far-home"), clock)),
          agent_(home_, {parse_spec(words[1], "/")}, makers_for(root, clock, home_), clock, progress_, pace),
          branch_(std::move(branch)) {}

    Voted prepare() override { return *vote_in(ask(Asked::Verb::prepare)); }
    Settled commit(const std::string& token) override { return *settled_in(ask(Asked::Verb::commit, token)); }
    Settled abort() override { return *settled_in(ask(Asked::Verb::abort)); }
    bool keeps_witness() const override { return true; }
    Settled forget() override { return *settled_in(ask(Asked::Verb::forget)); }

    static Makers makers_for(io::Dir& root, Clock& clock, Home& home) {
        return [&root, &clock, &home](const Story& story) {
            const Surroundings surroundings{.locate = [&root](const std::string& path) { return locate(root, path); },
                                            .clock = clock,
                                            .locks = home.locks()};
            return make_participants(story, home.coordinator(), surroundings);
        };
    }

private:
    /// As it comes through the line.
    Answered ask(Asked::Verb verb, const std::string& token = "") {
        const Asked asked{.number = 1, .verb = verb, .branch = branch_, .token = token};
        return *parse_answered(line_of(agent_.answer(*parse_asked(line_of(asked)))));
    }

    Home home_;
    Progress progress_;
    Agent agent_;
    std::string branch_;
};

/// One command's hold on the coordinator.
struct Command {
    explicit Command(Hands& its)
        : hands(its), home(Home::open_or_create(io::ensure_dir(*its.root, "home"), its.clock)) {}

    /// Those on the pipe are far.
    [[nodiscard]] Makers makers() {
        return [this](const Story& story) {
            Desk::Participants all = FarParticipant::makers_for(*hands.root, hands.clock, home)(story);
            for (std::uint32_t i = 0; i < all.size(); ++i)
                if (story.parts[i].kind == "pipe")
                    all[i] = std::make_unique<FarParticipant>(*hands.root, hands.clock,
                                                              Branch{home.coordinator(), story.number, 0, i}.id());
            return all;
        };
    }
    [[nodiscard]] Report drive(Journal& journal, Report (Coordinator::*verb)()) {
        Coordinator coordinator(journal, makers()(journal.story()), hands.clock, progress, pace);
        return (coordinator.*verb)();
    }
    [[nodiscard]] Journal begin(const std::vector<std::string>& parts, bool asked) {
        std::vector<Spec> specs;
        for (const std::string& part : parts) specs.push_back(parse_spec(part, "/"));
        return Journal::create(home.journals(), hands.clock, home.coordinator(), std::chrono::minutes(5), specs, asked);
    }
    void told(const Report& report) {
        if (report.phase == Phase::prepared) hands.disk.acknowledge("prepared");
        if (report.decision == Decision::commit) hands.disk.acknowledge("committed");
        if (report.decision == Decision::abort) hands.disk.acknowledge("aborted");
    }
    /// The next command on the one transaction that there is, if it is still there.
    void next(Report (Coordinator::*verb)()) {
        for (const std::uint64_t number : home.numbers()) {
            const Journal::Opened opened = Journal::open(home.journals(), home.coordinator(), number);
            if (opened.journal && opened.journal->story().parts.size() == words.size())
                told(drive(*opened.journal, verb));
        }
    }

    Hands& hands;
    Home home;
    Progress progress;
};

bool was_told(SimDisk& disk, const std::string& what) {
    const auto& all = disk.acknowledged();
    return std::find(all.begin(), all.end(), what) != all.end();
}

/// On both hosts.
void recover_after(Hands& hands, std::chrono::nanoseconds later) {
    Command command(hands);
    hands.disk.clock().advance(later);
    for (const Recovered& one : recover_all(command.home, command.makers(), {}, hands.clock, command.progress, pace, 0))
        if (one.kind == Recovered::Kind::settled) command.told(one.report);
    if (hands.root->find_dir("far-home") == nullptr) return;
    Home far = Home::open_or_create(io::ensure_dir(*hands.root, "far-home"), hands.clock);
    const Makers makers = FarParticipant::makers_for(*hands.root, hands.clock, far);
    (void)recover_all(far, makers, {}, hands.clock, command.progress, pace, 0);
}

Complaints complaints_about_site(SimDisk& disk) {
    const auto root = disk.root();
    const auto site = io::open_dir(*root, "site");
    const std::string a = content_of(*site, "a"), b = content_of(*site, "b");
    Complaints complaints;
    if ((a == "new a") != (b == "new b")) complaints.push_back("half of it: " + a + ", " + b);
    if (a != "new a" && a != "old a") complaints.push_back("a holds " + a);
    if (b != "new b" && b != "old b") complaints.push_back("b holds " + b);
    if (was_told(disk, "committed") && a != "new a") complaints.emplace_back("told committed, and it is not");
    if (was_told(disk, "aborted") && a != "old a") complaints.emplace_back("told aborted, and it is not");
    for (const io::Listed& one : site->list())
        if (one.name.starts_with(".")) complaints.push_back("left behind: " + one.name);
    for (const std::string name : {"home", "far-home"})
        if (const auto home = root->find_dir(name))
            if (const auto journals = home->find_dir("journals"))
                for (const io::Listed& one : journals->list())
                    if (!one.name.starts_with(".")) complaints.push_back("no end in " + name + ": " + one.name);
    return complaints;
}

}  // namespace

const Image& transaction_scene() {
    static const Image image = prepared([](SimDisk& disk) {
        const auto root = disk.root();
        root->make_dir("site", 0755);
        const auto site = io::open_dir(*root, "site");
        for (const std::string name : {"a", "b"}) {
            put(*site, name, "old " + name);
            put(*site, name + ".new", "new " + name);
        }
    });
    return image;
}

void transact_at_once(Hands hands) {
    Command command(hands);
    Journal journal = command.begin(words, true);
    command.told(command.drive(journal, &Coordinator::commit));
}

void transact_far(Hands hands) {
    Command command(hands);
    Journal journal = command.begin({words[0], "pipe:far"}, true);
    command.told(command.drive(journal, &Coordinator::commit));
}

void transact_far_and_abort(Hands hands) {
    { const Journal journal = Command(hands).begin({words[0], "pipe:far"}, false); }
    Command(hands).next(&Coordinator::prepare);
    Command(hands).next(&Coordinator::abort);
}

void transact_in_steps(Hands hands) {
    { const Journal journal = Command(hands).begin({}, false); }
    for (const std::string& word : words) {
        Command command(hands);
        const Journal::Opened opened =
            Journal::open(command.home.journals(), command.home.coordinator(), command.home.numbers().at(0));
        opened.journal->add({parse_spec(word, "/")}, hands.clock.now());
    }
    Command(hands).next(&Coordinator::prepare);
    Command(hands).next(&Coordinator::commit);
}

void transact_and_abort(Hands hands) {
    { const Journal journal = Command(hands).begin(words, false); }
    Command(hands).next(&Coordinator::prepare);
    Command(hands).next(&Coordinator::abort);
}

void transact_and_refuse(Hands hands) {
    Command command(hands);
    Journal journal = command.begin({words[0], "file:/site/b=/site/missing"}, true);
    command.told(command.drive(journal, &Coordinator::commit));
}

void recover(Hands hands) { recover_after(hands, std::chrono::hours(1)); }

Complaints complaints_about_transaction(SimDisk& disk) {
    recover(hands_of(disk));
    recover(hands_of(disk));
    return complaints_about_site(disk);
}

Complaints complaints_if_committed(SimDisk& disk) {
    Hands hands = hands_of(disk);
    recover_after(hands, std::chrono::seconds(1));
    const bool is_prepared = was_told(disk, "prepared") && !was_told(disk, "aborted");
    Command(hands).next(&Coordinator::commit);
    Complaints complaints = complaints_about_transaction(disk);
    if (is_prepared && !was_told(disk, "committed")) complaints.emplace_back("prepared, and given up");
    return complaints;
}

}  // namespace ft::sim
