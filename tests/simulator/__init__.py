"""A seeded simulator: the real runtime in a world where everything goes wrong, in virtual time.

What runs is the product: :class:`engine.runtime.Engine` with its decoders, loader, follower and
publisher. What is simulated is the world (:mod:`.world`): a table with its binlog, Canal with real
bytes, a topic, a store, up to three engines on one board name, and time itself (:mod:`.loop`).

One integer seed draws one *plan* (:mod:`.plan`), a list of explicit steps each with a seed of its own;
:mod:`.steps` says what each does. Laws are looked at after each step, and at each write to the store:

* what the core has is what ranks above its floor (:class:`tests.core.oracle.Oracle`);
* a board that a reader sees EXACT is the top N of what was delivered up to its positions, and a state
  of the table outside the stated limits (:class:`.ledger.Ledger`);
* one engine publishes at a time, refused writes leave nothing, EXACT does not outlive a lease, the
  ZSET is the rows, nothing is committed that was not published;
* when everything calms down, readers see the table, EXACT, within a minute of virtual time.

``python -m tests.simulator --seed S`` plays one history again; a failing one is shrunk and told.
"""
