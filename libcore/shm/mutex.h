// A lock in shared memory that dies with its holder: the next to come gets it at once (PTHREAD_MUTEX_ROBUST).
//
// What it guards must be sound at every instruction of its holder, so that nothing has to be decided about a dead one's
// work (flip.h). A holder that was stopped, and is not dead, is waited for ten seconds, or as long as is asked for;
// then it is named.
//
//     const Held held = Held::take(segment.lock, clock, "/hits");
#pragma once

#include <pthread.h>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "libcore/base/clock.h"

namespace ft::shm {

struct alignas(64) Mutex {
    pthread_mutex_t native;
};
static_assert(sizeof(Mutex) == 64, "part of the layout");

/// In memory that nobody else sees. fails  where the system has no such locks.
void begin(Mutex& mutex);

inline constexpr std::chrono::nanoseconds usual_patience = std::chrono::seconds(10);

/// A mutex that is held until this goes; by the thread that took it.
class Held {
public:
    /// fails  Exit::busy where its holder does not give it back, damage() where it is no lock any more. `where` names
    /// it.
    [[nodiscard]] static Held take(Mutex& mutex, Clock& clock, std::string_view where,
                                   std::chrono::nanoseconds patience = usual_patience) {
        if (const int error = ::pthread_mutex_trylock(&mutex.native); error != 0)
            wait(mutex, error, clock, {where, patience});
        return Held(mutex);
    }
    /// std::nullopt where another holds it, or where it cannot be taken.
    [[nodiscard]] static std::optional<Held> try_take(Mutex& mutex);

    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    Held(Held&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
        if (mutex_ != nullptr) (void)::pthread_mutex_unlock(&mutex_->native);
    }

private:
    explicit Held(Mutex& mutex) : mutex_(&mutex) {}
    struct Wait {
        std::string_view where;
        std::chrono::nanoseconds patience;
    };
    /// error  of the first try.
    static void wait(Mutex& mutex, int error, Clock& clock, const Wait& how);
    Mutex* mutex_;
};

}  // namespace ft::shm
