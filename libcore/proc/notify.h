// The receiving end of NOTIFY_SOCKET (sd_notify(3)): a job says READY=1 when it works again.
#pragma once

#include <string>

#include "libcore/base/clock.h"
#include "libcore/proc/child.h"

namespace ft::proc {

class NotifySocket {
public:
    /// In the abstract name space: nothing is left behind.
    explicit NotifySocket(Clock& clock);
    /// For NOTIFY_SOCKET in the job's environment.
    [[nodiscard]] const std::string& address() const { return address_; }
    /// Readable when a message has come.
    [[nodiscard]] int descriptor() const { return socket_.get(); }
    /// Takes all messages that have come, hands them on to the NOTIFY_SOCKET that we were given ourselves, if any.
    /// returns  whether one of them said READY=1.
    [[nodiscard]] bool take_ready();

private:
    Fd socket_;
    std::string address_;
};

}  // namespace ft::proc
