#!/bin/bash
# Makes the topics before Canal starts; else the broker would make them at Canal's first message, with
# its own number of partitions. Fails where the table's topic has another number than TOPN_PARTITIONS:
# Canal would block for ever (too few), or a row's changes would move to another partition (more).
set -euo pipefail

topics="${KAFKA_BIN:-/opt/kafka/bin}/kafka-topics.sh"
server=kafka:9092

make() {  # make TOPIC PARTITIONS
    "$topics" --bootstrap-server "$server" --create --if-not-exists --topic "$1" --partitions "$2" \
        --replication-factor 1
}

make webook_interactives "$TOPN_PARTITIONS"
make canal_other 1

found=$("$topics" --bootstrap-server "$server" --describe --topic webook_interactives |
    sed -n 's/.*PartitionCount: *\([0-9]*\).*/\1/p')
if [ "$found" != "$TOPN_PARTITIONS" ]; then
    echo "webook_interactives has $found partitions, TOPN_PARTITIONS is $TOPN_PARTITIONS:" \
        "set it to $found, or begin anew with docker compose down --volumes" >&2
    exit 1
fi
