#!/bin/sh
# A participant of ft2pc (ft-participant(7)): puts FILE into the directory SPOOL if, and only if, the transaction commits.
#
#   ft2pc add $T "exec:spool.sh order.json /srv/orders"
#
# A prepared file is SPOOL/.TXID, a committed one SPOOL/TXID: it stays there as the witness that the commit was done.
set -eu
file=$1 spool=$2 verb=$3 txid=$4

case $verb in
prepare)
    cp -- "$file" "$spool/.$txid.part"
    sync -- "$spool/.$txid.part"
    mv -- "$spool/.$txid.part" "$spool/.$txid"
    sync -- "$spool"
    ;;
commit)
    if [ -e "$spool/.$txid" ]; then mv -- "$spool/.$txid" "$spool/$txid"; fi
    [ -e "$spool/$txid" ] || exit 21
    sync -- "$spool"
    ;;
abort)
    rm -f -- "$spool/.$txid.part" "$spool/.$txid"
    sync -- "$spool"
    ;;
*) exit 2 ;;
esac
