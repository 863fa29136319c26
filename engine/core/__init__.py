"""The exact top-N core: every decision, no I/O, no clock. Theory of operation.

**The problem.** A board of the N best rows is easy to keep while scores only grow. When a member's
score falls or its row is deleted, the row that should follow is one that was let go of long ago.
Systems that keep every row are right and large; systems that keep N are small and wrong.

**The idea** (Yi, Yu, Yang, Xia, Chen, "Efficient maintenance of materialized top-k views", ICDE
2003). Keep a *reserve* of the next R rows, and a *floor*: the greatest rank key that can no longer be
vouched for. Memory then holds exactly the rows above the floor, whatever changes come in whatever
order, however often (:mod:`~engine.core.leaderboard`)::

    board    N rows     what is published
    reserve  <= R rows  come up when a member leaves; the least *spills* and becomes the floor
    ─ ─ ─ ─  floor      at or below it: unknown, and never guessed
    table               asked again (a *load*) before the reserve runs dry

**Last arrival wins.** Canal re-sends whole batches; the rule reads nothing but a change's full
after-image, so repetition and reordering pass through it. No version, position or GTID ever drops a
change. Those serve only as evidence (:mod:`~engine.core.evidence`).

**Loads** (:mod:`~engine.core.loading`). Start, refill, audit and healing are one transition: open a
buffer, wait, query the best N + R + 1 rows, *hold* the answer until the feed has passed it on every
partition, then lay the buffered changes over it, compare, swap. Where nothing exact is on show the
swap comes at once, and the state says CATCHING_UP until the feed has passed.

**Key changes** (:mod:`~engine.core.keychanges`). With one partition, a delete and an upsert. With
several, the old key's partition hears nothing, so the table is loaded again once every older message
has surely been delivered.

**States** (:mod:`~engine.core.states`), worst first: INEXACT (a loss is known), DEFICIT (fewer than N
rows vouched for), LOADING, CATCHING_UP, EXACT. :class:`~engine.core.topn.TopN` ties it together.

Words: *change* one row image out of the feed; *rank key* ``(score, key)``, the only order there is;
*tracked* what is in memory; *eviction* a row leaves the board; *spill* a row leaves memory.
"""
