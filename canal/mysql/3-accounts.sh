#!/bin/bash
# The two accounts of the development stack, with the least they need. MySQL's image runs this once, on
# an empty data folder, with the passwords that compose.yaml hands in.
#
# canal: mysql_native_password, which the server must be told to load (--mysql-native-password=ON in
#   compose.yaml). Canal 1.1.8 speaks caching_sha2_password, MySQL 8's default, but has been seen to fail
#   with it when it connects again. Canal 1.1.9 is said to have the repair; from then on, the default will
#   do.
# reader: the dashboard's. SELECT on the one table; REPLICATION CLIENT only so that it may ask where the
#   binlog stands, and is EXACT sooner. It works without that.
set -euo pipefail

literal() {  # a text as SQL writes it: literal VALUE
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\'\'}"
}

canal_password=$(literal "$TOPN_CANAL_PASSWORD")
reader_password=$(literal "$TOPN_READER_PASSWORD")

MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root <<SQL
CREATE USER IF NOT EXISTS 'canal'@'%' IDENTIFIED WITH mysql_native_password BY $canal_password;
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'canal'@'%';
CREATE USER IF NOT EXISTS 'reader'@'%' IDENTIFIED BY $reader_password;
GRANT SELECT ON webook.interactives TO 'reader'@'%';
GRANT REPLICATION CLIENT ON *.* TO 'reader'@'%';
SQL
