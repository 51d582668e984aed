// The kinds of participants, each in a file of its own.
#pragma once

#include "libcore/twophase/participant.h"

namespace ft::twophase {

/// "ckpt:NAME=PATH": PATH is saved as the next checkpoint of NAME. ckpt_participant.cpp.
[[nodiscard]] Kind ckpt_kind();
/// "counter:NAME+N", "counter:NAME-N": the value of a counter changes by N. counter_participant.cpp.
[[nodiscard]] Kind counter_kind();
/// "file:DEST=NEW": DEST gets what NEW holds; "file:DEST=": DEST is removed. file_participant.cpp.
[[nodiscard]] Kind file_kind();
/// "exec:COMMAND": a program that knows the verbs prepare, commit and abort. exec_participant.cpp.
[[nodiscard]] Kind exec_kind();
/// "mysql:DATABASE" with the field "sql": a MariaDB database. mysql_participant.cpp.
[[nodiscard]] Kind mysql_kind();
/// "pg:CONNINFO" with the field "sql": a PostgreSQL database. pg_participant.cpp.
[[nodiscard]] Kind pg_kind();
/// "pipe:CMD": participants behind a command that speaks the line protocol. pipe_participant.cpp.
[[nodiscard]] Kind pipe_kind();
/// "switch:LINK=GENERATION": the symbolic link LINK leads to GENERATION from then on. switch_participant.cpp.
[[nodiscard]] Kind switch_kind();

}  // namespace ft::twophase
