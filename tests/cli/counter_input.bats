# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# What ftcounter is given by mistake, or finds broken: a clear message, the right code, nothing changed.

load common

setup() {
    start_work
    export FT_COUNTERS=$work/counters
    ftcounter create jobs --start 5 --max 100
}
teardown() { end_work; }

@test "no command" { refuses 2 "no command" -- ftcounter; }
@test "a mistyped command" { refuses 2 "did you mean 'remove'" -- ftcounter remov jobs; }
@test "a mistyped flag" { refuses 2 "did you mean" -- ftcounter add jobs --kee a; }
@test "no name" { refuses 2 NAME -- ftcounter add; }
@test "an unknown counter" { refuses 1 "no such counter" counters/nobody -- ftcounter get nobody; }
@test "an unknown counter by path" { refuses 1 "no such counter" ./nobody -- ftcounter add ./nobody; }
@test "a counter in a folder that is not there" { refuses 1 "no such counter" -- ftcounter add no/such/jobs; }
@test "an empty name" { refuses 2 "NAME is empty" -- ftcounter get ''; }
@test "a name that is a folder above" { refuses 2 "not a counter's name" -- ftcounter get ..; }
@test "a hidden name" { refuses 2 "not a counter's name" -- ftcounter create .jobs; }
@test "a name with a newline" { refuses 2 "not a counter's name" -- ftcounter create $'a\nb'; }
@test "a directory as a counter" { refuses 1 "$work" -- ftcounter get "$work"; }
@test "an amount that is no number" { refuses 2 "cannot add 'five'" -- ftcounter add jobs five; }
@test "an amount with a fraction" { refuses 2 "1.5" -- ftcounter add jobs 1.5; }
@test "an empty amount" { refuses 2 "AMOUNT is empty" -- ftcounter add jobs ''; }
@test "an amount beyond 64 bits" { refuses 2 9223372036854775808 -- ftcounter add jobs 9223372036854775808; }
@test "an amount to remove beyond 64 bits" { refuses 2 9223372036854775809 -- ftcounter remove jobs 9223372036854775809; }
@test "a hexadecimal amount" { refuses 2 0x10 -- ftcounter add jobs 0x10; }
@test "an amount with a sign" { refuses 2 "+5" -- ftcounter add jobs +5; }
@test "an amount with a unit" { refuses 2 "5k" -- ftcounter add jobs 5k; }
@test "an empty key" { refuses 2 "--key" -- ftcounter add jobs 1 --key ''; }
@test "a third word" { refuses 2 2 -- ftcounter add jobs 1 2; }
@test "above the maximum" { refuses 7 "maximum 100" -- ftcounter add jobs 96; }
@test "a maximum and a large amount" { refuses 7 "64 bits" -- ftcounter add jobs 9223372036854775807; }
@test "the same key with another amount" { ftcounter add jobs 1 --key k -q; refuses 7 "amount 1" -- ftcounter add jobs 2 --key k; }
@test "the same key with another sign" { ftcounter add jobs 1 --key k -q; refuses 7 "amount 1" -- ftcounter remove jobs 1 --key k; }
@test "a range of nothing" { refuses 2 "--count" -- ftcounter next jobs --count 0; }
@test "a range beyond 64 bits" { refuses 2 "--count" -- ftcounter next jobs --count 9223372036854775808; }
@test "a range above the maximum" { refuses 7 "maximum 100" -- ftcounter next jobs --count 1000; }
@test "create what is there" { refuses 1 "it exists" -- ftcounter create jobs; }
@test "create over a file of somebody else" { echo mine >file; refuses 1 "it exists" -- ftcounter create ./file; [ "$(cat file)" = mine ]; }
@test "create in a folder that is not there" { refuses 1 "No such file" -- ftcounter create ./no/jobs; }
@test "create with a replica in a folder that is not there" { refuses 1 "no/a" -- ftcounter create ./two --replica no/a --replica b; [ ! -e b ]; }
@test "create with a replica that is there" { echo mine >a; refuses 1 "it exists" -- ftcounter create ./two --replica a --replica b; [ "$(cat a)" = mine ]; }
@test "create with one replica twice" { refuses 2 "same place" -- ftcounter create ./two --replica a --replica ./a; }
@test "create with more replicas than the threshold" { refuses 2 "threshold 1" -- ftcounter create ./two --replica a --replica b --threshold 1; }
@test "a threshold of nothing" { refuses 2 "--threshold" -- ftcounter create ./two --threshold 0; }
@test "a threshold of too many" { refuses 2 "--threshold" -- ftcounter create ./two --threshold 16; }
@test "a minimum above the maximum" { refuses 2 "--min is above --max" -- ftcounter create ./two --min 5 --max 4; }
@test "a start out of bounds" { refuses 2 "--start" -- ftcounter create ./two --start 5 --max 4; }
@test "a bound that is no number" { refuses 2 "--max" -- ftcounter create ./two --max many; }
@test "a bound beyond 64 bits" { refuses 2 "--min" -- ftcounter create ./two --min -9223372036854775809; }
@test "no keys" { refuses 2 "--keys" -- ftcounter create ./two --keys 0; }
@test "too many keys" { refuses 2 "--keys" -- ftcounter create ./two --keys 65537; }
@test "a replica in shared memory without a name" { refuses 2 "shm:" -- ftcounter create ./two --replica shm:; }
@test "a replica in shared memory below a folder" { refuses 2 "shm:/a/b" -- ftcounter create ./two --replica shm:/a/b; }
@test "a replica behind no command" { refuses 2 "no command" -- ftcounter create ./two --replica 'pipe: '; }
@test "a replica without a name" { refuses 2 "no file" -- ftcounter create ./two --replica a/; }
@test "replicate to itself" { refuses 7 "already" -- ftcounter replicate jobs counters/jobs; }
@test "replicate over a file of somebody else" { echo mine >file; refuses 7 "file" -- ftcounter replicate jobs ./file; [ "$(cat file)" = mine ]; }
@test "replicate to a folder that is not there" { refuses 1 "No such file" -- ftcounter replicate jobs ./no/b; }
@test "replicate to a full disk" { FT_FAULTS='write~.b.*@1=ENOSPC' exits 1 ftcounter replicate jobs ./b 2>"$messages"; grep -q "No space" "$messages"; [ ! -e b ]; [ ! -e .b.ft-new ]; }
@test "replicate to a host that is not there" { refuses 1 "exited with 9" -- ftcounter replicate jobs 'pipe:exit 9'; }
@test "demote what is none" { refuses 1 "no such replica" -- ftcounter demote jobs ./b; }
@test "demote the last" { refuses 7 "last replica" -- ftcounter demote jobs counters/jobs; }
@test "a file that is no counter" { echo words >file; refuses 4 "no counter" -- ftcounter get ./file; }
@test "an empty file" { : >file; refuses 4 "no counter" -- ftcounter get ./file; }
@test "a name of a newer version" { echo "ftcounter 2" >file; refuses 4 "newer" -- ftcounter get ./file; }
@test "a name with a line that is none" { printf 'ftcounter 1\nreplica x y\n' >file; refuses 4 "line 2" -- ftcounter get ./file; }
@test "a name without replicas" { echo "ftcounter 1" >file; refuses 4 "names no replica" -- ftcounter get ./file; }
@test "a replica cut short" { truncate -s 100000 counters/jobs; refuses 4 "'jobs' is damaged" -- ftcounter add jobs; }
@test "a replica that is longer" { echo >>counters/jobs; refuses 4 "'jobs' is damaged" -- ftcounter add jobs; }
@test "another replica in its place" { ftcounter create other; ftcounter create ./two --replica a --replica b; cp counters/other a; refuses 4 "another replica" -- ftcounter get ./two; }
@test "a disk that cannot be written" { FT_FAULTS='write~jobs@1=EIO' refuses 6 "not known" -- ftcounter add jobs; }
@test "a disk that cannot be read" { FT_FAULTS='read~jobs=EIO' refuses 1 "cannot read" jobs -- ftcounter get jobs; }
@test "a full disk" { FT_FAULTS='write~.new*@1=ENOSPC' exits 1 ftcounter create new 2>"$messages"; grep -q "No space" "$messages"; [ "$(ls -A counters)" = jobs ]; }
@test "stdout that is full" { exits 3 ftcounter add jobs >/dev/full 2>"$messages"; grep -q "counted: jobs is 6" "$messages"; [ "$(ftcounter get jobs)" = 6 ]; }
@test "an agent that is spoken to in another language" { echo hello | refuses 4 "does not speak" -- ftcounter agent counters/jobs; }
@test "shared memory and replicas" { refuses 2 "--shm and --replica" -- ftcounter create ./two --shm /ft-cli-two --replica a; }
@test "a segment without a slash" { refuses 2 "two" -- ftcounter create ./two --shm two; [ ! -e two ]; }
@test "a segment that is somebody else's" { echo mine >/dev/shm/ft-cli-$$-mine; refuses 1 "exists" -- ftcounter create ./two --shm /ft-cli-$$-mine; [ "$(cat /dev/shm/ft-cli-$$-mine)" = mine ]; }
@test "a name that leads to a segment of something else" { echo mine >/dev/shm/ft-cli-$$-mine; printf 'ftcounter 1\nshared plain /ft-cli-%s-mine\n' $$ >c; refuses 4 "ft-cli-$$-mine" -- ftcounter add ./c; }
@test "flush without a file" { refuses 2 "--flush TIME and FILE" -- ftcounter create ./two --shm /ft-cli-two --flush 1s; }
@test "flush without shared memory" { refuses 2 "--shm" -- ftcounter create ./two --flush 1s file; }
@test "flush after no time" { refuses 2 "not a time" -- ftcounter create ./two --shm /ft-cli-two --flush 0ms file; }
@test "flush into a folder that is not there" { refuses 1 "No such file" -- ftcounter create ./two --shm /ft-cli-$$-two --flush 1s no/file; [ ! -e /dev/shm/ft-cli-$$-two ]; }
@test "replicate what is in memory" { ftcounter create ./m --shm /ft-cli-$$-m; refuses 7 "no replicas" -- ftcounter replicate ./m ./n; ftcounter rm ./m; }
