#include "tools/common/reports.h"

#include <fmt/format.h>

#include "libcore/base/text.h"

namespace ft::tools {

namespace {

using ui::Answer;

Answer totals_answer(const ckpt::Totals& totals) {
    Answer answer;
    answer.number("entries", totals.entries).number("files", totals.files).number("bytes", totals.bytes);
    return answer.number("changed", totals.changed);
}

/// Seconds, under the names of the field: T_checkpoint = T_operation + T_save.
Answer save_timing(const ckpt::SaveTiming& t) {
    Answer answer;
    answer.real("T_save", t.total_s).real("T_operation", t.operation_s);
    answer.real("T_checkpoint", t.operation_s ? std::optional(*t.operation_s + t.total_s) : std::nullopt);
    answer.real("walk", t.walk_s).real("read", t.read_s).real("digest", t.digest_s).real("compress", t.compress_s);
    return answer.real("write", t.write_s).real("sync", t.sync_s);
}

std::string save_timing_text(const ckpt::SaveTiming& t) {
    std::string text = fmt::format(
        "T_save {} (walk {}, read {}, digest {}, compress {}, write {}, sync {}; summed over threads)",
        human_duration(t.total_s), human_duration(t.walk_s), human_duration(t.read_s), human_duration(t.digest_s),
        human_duration(t.compress_s), human_duration(t.write_s), human_duration(t.sync_s));
    if (t.operation_s)
        text +=
            fmt::format("\nT_checkpoint {} = T_operation {} + T_save {}", human_duration(*t.operation_s + t.total_s),
                        human_duration(*t.operation_s), human_duration(t.total_s));
    return text;
}

std::string restore_timing_text(const ckpt::RestoreReport& report) {
    if (!report.resume_s) return fmt::format("T_load {}", human_duration(report.load_s));
    return fmt::format("T_recovery {} = T_load {} + T_resume {}", human_duration(report.load_s + *report.resume_s),
                       human_duration(report.load_s), human_duration(*report.resume_s));
}

std::string checkpoint_name(const std::string& name, std::uint64_t sequence) {
    return fmt::format("{}@{}", name, sequence);
}

}  // namespace

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

void answer_save(ui::Env& env, const ckpt::SaveReport& report, bool timing) {
    const std::string name = checkpoint_name(report.name, report.sequence);
    env.remark(fmt::format("{}, {}: {} read, {} new, {} stored, in {}", counted(report.totals.files, "file", "files"),
                           human_bytes(report.totals.bytes), human_bytes(report.bytes_read),
                           human_bytes(report.bytes_new), human_bytes(report.bytes_stored),
                           human_duration(report.timing.total_s)));
    env.warn(report.notes);
    if (timing) env.tell(save_timing_text(report.timing));
    Answer answer;
    answer.text("checkpoint", name).text("name", report.name).number("sequence", report.sequence);
    answer.flag("store_created", report.store_created).flag("incomplete", report.incomplete());
    answer.object("totals", totals_answer(report.totals));
    answer.number("bytes_read", report.bytes_read).number("bytes_new", report.bytes_new);
    answer.number("bytes_stored", report.bytes_stored).number("files_unchanged", report.files_unchanged);
    answer.object("timing", save_timing(report.timing)).objects("notes", ui::note_answers(report.notes));
    env.summary(name, answer);
}

void answer_restore(ui::Env& env, const ckpt::RestoreReport& report, bool timing) {
    const std::string name = checkpoint_name(report.name, report.sequence);
    if (report.fallback_from) env.warn(fmt::format("{} is damaged, restored {} instead", *report.fallback_from, name));
    env.remark(fmt::format("{} of {}: {}, {}, {} written, in {}", name, human_time(report.saved_at),
                           counted(report.totals.files, "file", "files"), human_bytes(report.totals.bytes),
                           human_bytes(report.bytes_written), human_duration(report.load_s)));
    env.warn(report.notes);
    if (timing) env.tell(restore_timing_text(report));
    Answer answer;
    answer.text("checkpoint", name).text("name", report.name).number("sequence", report.sequence);
    answer.time("saved_at", report.saved_at).text("destination", report.destination);
    answer.flag("incomplete", report.incomplete()).object("totals", totals_answer(report.totals));
    answer.number("bytes_written", report.bytes_written).number("files_kept", report.files_kept);
    answer.number("removed", report.removed);
    if (report.fallback_from) answer.text("fallback_from", *report.fallback_from);
    Answer times;
    times.real("T_load", report.load_s).real("T_resume", report.resume_s);
    times.real("T_recovery", report.load_s + report.resume_s.value_or(0));
    answer.object("timing", times).objects("notes", ui::note_answers(report.notes));
    env.summary(env.has_data_on_stdout() ? "" : name, answer);
}

}  // namespace ft::tools
