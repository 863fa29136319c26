"""The real services for tests and for a person, without Docker.

MariaDB and Redis from the system's packages; a Kafka broker and a Canal from Maven; all on free
ports of 127.0.0.1, in one temporary folder, with small heaps, and gone when their owner is gone.

`install.py` gets what is missing; `service.py` is what all services share; `stack.py` starts the
three that tests share; `world.py` makes one isolated table, topic, Canal and board for one test;
`fixtures.py` gives both to pytest; `cli.py` is `python -m tests.stack`.

Environment: TOPN_NO_INSTALL=1 installs nothing and says what is missing; TOPN_STACK_CACHE is another
folder for jars and templates; TOPN_STACK_KEEP=1 keeps data and logs for a look.
"""
