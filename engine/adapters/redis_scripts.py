"""The Lua scripts that write a board: each one step, each refused unless everything fits.

Every script looks first and writes last, and its first write is one that Redis denies when memory
is full: so a script either does all of its work or none of it.

Every script but the reading one is told first when it was asked for, in the store's time, and how
long its answer is waited for. Past that it does nothing: who asked has gone on, or is gone. A lease
runs from the asking, so that a server that hung cannot lengthen it.

Arguments come as one flat list (Redis knows no other); variable parts are preceded by their length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.core.rank import Key
from engine.published import FORGOTTEN, value_json

CHUNK = 4000
"""Arguments handed to one ZADD, HSET, … Lua's ``unpack`` fails near 8000; even, for pairs."""

_PRELUDE = """
local board, rows, meta = KEYS[1], KEYS[2], KEYS[3]
local at = 0

local function arg() at = at + 1; return ARGV[at] end

-- The next list of arguments, as first and last index.
local function list()
  local first = at + 2
  at = at + 1 + tonumber(ARGV[at + 1])
  return first, at
end

local function each(command, key, first, last)
  for from = first, last, CHUNK do
    redis.call(command, key, unpack(ARGV, from, math.min(from + CHUNK - 1, last)))
  end
end

local function whole(number) return string.format('%.0f', number) end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function field(name) return redis.call('HGET', meta, name) or '' end

-- A whole number out of meta; nil for anything else that somebody may have put there.
local function number(name)
  local found = tonumber(field(name))
  if found and found >= 0 and found < 2 ^ 53 then return math.floor(found) end
end

-- When this was asked for, in the store's time (0: the writer does not know it yet), and for how long.
local asked, within = tonumber(arg()), tonumber(arg())
local now = now_ms()

local function too_late()
  if asked > 0 and now - asked > within then return {'LATE', '', whole(now)} end
end

-- From when the lease runs. A clock that was set back must not push it into the future.
local since = asked > 0 and math.min(asked, now) or now

local function wrong_type()
  for i, expected in ipairs({'zset', 'hash', 'hash'}) do
    local found = redis.call('TYPE', KEYS[i]).ok
    if found ~= 'none' and found ~= expected then return {'TYPE', KEYS[i], found} end
  end
end

local function lost(epoch, why) return {'NOT_OWNER', '', whole(epoch), why} end

-- Nil, or the refusal of a writer that is not the owner, or whose memory is not the store's.
local function not_owner(owner, epoch)
  local stored, holder = number('epoch'), field('owner')
  if not stored then return lost(0, 'GONE') end
  if stored < epoch then return lost(stored, 'OLDER') end
  if holder ~= owner then
    if holder == '' then return lost(stored, 'FREED') end
    return {'NOT_OWNER', holder, whole(stored), ''}
  end
  if stored ~= epoch then return lost(stored, 'OURS') end
end

-- Makes the size in a list of meta fields that of the board as it is.
local function true_size(first, last)
  for i = first, last, 2 do
    if ARGV[i] == 'size' then ARGV[i + 1] = whole(redis.call('ZCARD', board)) end
  end
end

local function tell(channel, version, rest)
  redis.call('PUBLISH', channel, '{"version":' .. version .. ',' .. rest)
end
""".replace("CHUNK", str(CHUNK))

ACQUIRE = (
    _PRELUDE
    + """
local owner, at_least, last_version = arg(), tonumber(arg()), tonumber(arg())
local lease_ms, channel, warm, ours_before = arg(), arg(), arg(), arg()
local refusal = wrong_type() or too_late()
if refusal then return refusal end

local stored = number('epoch')
if not stored and ours_before == '0' then
  -- No memory of an owner. Ours that lost it has a row for every member; anything else is not ours.
  if redis.call('EXISTS', meta) == 1 then return {'FOREIGN', meta, 'hash'} end
  local members, kept = redis.call('ZCARD', board), redis.call('HLEN', rows)
  if members ~= kept then
    if members > 0 then return {'FOREIGN', board, 'zset'} end
    return {'FOREIGN', rows, 'hash'}
  end
  if members > 0 and redis.call('HEXISTS', rows, redis.call('ZRANGE', board, 0, 0)[1]) == 0 then
    return {'FOREIGN', board, 'zset'}
  end
end

local other = field('owner')
-- Who has a board to show goes before an owner that has loaded nothing yet.
local before_us = not (warm == '1' and field('warm') == '0')
if other ~= '' and other ~= owner and field('state') ~= 'STOPPED' and before_us then
  local theirs = number('lease_ms') or 0
  local left = (number('updated_at_ms') or 0) + theirs - now
  -- More than a whole lease left: that time stamp is of another clock, nobody renews it.
  if left > 0 and left <= theirs then
    return {'HELD', other, whole(stored or 0), whole(left), whole(number('version') or 0), whole(now)}
  end
end

local epoch = whole(math.max(stored or 0, at_least) + 1)
local known = number('version') or 0
local version = math.max(known, last_version) + 1
-- The store has forgotten something that we have seen: a stale replica, an old dump. Its last owner may
-- have told readers of more than we saw, though never of this much within a lease.
if known < last_version or (stored or 0) < at_least then version = version + FORGOTTEN end
version = whole(version)
redis.call('HSET', meta, 'epoch', epoch, 'owner', owner, 'version', version, 'state', 'LOADING',
  'reason', '', 'provisional', '0', 'updated_at_ms', whole(since), 'lease_ms', lease_ms,
  'size', redis.call('ZCARD', board), 'warm', warm, 'request', '0')
tell(channel, version,
  '"epoch":' .. epoch .. ',"state":"LOADING","entered":[],"left":[],"moved":[]}')
return {'OK', epoch, version, whole(now)}
""".replace("FORGOTTEN", str(FORGOTTEN))
)

WRITE = (
    _PRELUDE
    + """
local owner, epoch, last_version, lease_ms = arg(), tonumber(arg()), tonumber(arg()), arg()
local request, mode, size_before = tonumber(arg()), arg(), tonumber(arg())
local channel, event = arg(), arg()
local meta_first, meta_last = list()
local left_first, left_last = list()
local score_first, score_last = list()
local row_first, row_last = list()

local refusal = wrong_type() or too_late() or not_owner(owner, epoch)
if refusal then return refusal end
-- In the order they were asked for: an older board must not come after a newer one.
if request <= (number('request') or 0) then return lost(epoch, 'OURS') end
local stored = number('version') or 0
-- A difference fits only what we wrote last: an old dump, or a member removed by hand, does not.
if mode ~= 'rewrite' and stored ~= last_version then return lost(epoch, 'VERSION') end
-- Below zero: we own the board and have written none yet; the members are the last owner's.
if mode ~= 'rewrite' and size_before >= 0 then
  if redis.call('ZCARD', board) ~= size_before or redis.call('HLEN', rows) ~= size_before then
    return lost(epoch, 'SIZE')
  end
end

if size_before < 0 then true_size(meta_first, meta_last) end
local changed = mode ~= 'heartbeat'
if not changed then
  -- These come first in the list; what follows them moves all the time.
  for i = meta_first, meta_first + 2 * tonumber(TOLD) - 2, 2 do
    if field(ARGV[i]) ~= ARGV[i + 1] then changed = true end
  end
end
local version = whole(math.max(stored, last_version) + (changed and 1 or 0))
local warm = mode == 'rewrite' and '1' or field('warm')
redis.call('HSET', meta, 'version', version, 'updated_at_ms', whole(since), 'lease_ms', lease_ms,
  'request', whole(request), 'warm', warm, unpack(ARGV, meta_first, meta_last))
if mode == 'rewrite' then redis.call('DEL', board, rows) end
each('ZREM', board, left_first, left_last)
each('HDEL', rows, left_first, left_last)
each('ZADD', board, score_first, score_last)
each('HSET', rows, row_first, row_last)
if changed then tell(channel, version, event) end
return {'OK', version, whole(now)}
"""
)

RELEASE = (
    _PRELUDE
    + """
local owner, epoch, channel, event = arg(), tonumber(arg()), arg(), arg()
local meta_first, meta_last = list()
-- However late it is carried out, whoever asked for it has stopped.
local refusal = wrong_type() or not_owner(owner, epoch)
if refusal then return refusal end
true_size(meta_first, meta_last)
local version = whole((number('version') or 0) + 1)
redis.call('HSET', meta, 'version', version, 'updated_at_ms', whole(now), 'owner', '',
  unpack(ARGV, meta_first, meta_last))
tell(channel, version, event)
return {'OK', version, whole(now)}
"""
)

READ = """
return {
  redis.call('HGETALL', KEYS[3]),
  redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', KEYS[2]),
  redis.call('TIME'),
}
"""

TOLD_FIELDS = (
    "state",
    "reason",
    "provisional",
    "size",
    "limit",
    "score_exact",
    "fields",
    "members",
)
"""The meta fields whose change subscribers are told of; the writer lists them first."""

WRITE = WRITE.replace("tonumber(TOLD)", str(len(TOLD_FIELDS)))


def paired(flat_list: Sequence[str]) -> dict[str, str]:
    """A script's HGETALL or ZRANGE WITHSCORES as a mapping."""
    return dict(zip(flat_list[::2], flat_list[1::2], strict=True))


def flat(fields: Mapping[str, str]) -> list[str]:
    """Fields and values in turn, as HSET takes them."""
    return [x for pair in fields.items() for x in pair]


def counted(arguments: Sequence[str]) -> list[str | int]:
    """A list as the scripts read it: its length first."""
    return [len(arguments), *arguments]


def event(
    epoch: int,
    state: str,
    entered: Sequence[str] = (),
    left: Sequence[Key] = (),
    moved: Sequence[str] = (),
    *,
    whole: bool = False,
) -> str:
    """What subscribers are told, but for its beginning: the script knows the version."""
    keys = ",".join(value_json(key) for key in left)
    return (
        f'"epoch":{epoch},"state":{value_json(state)},'
        f'"entered":[{",".join(entered)}],"left":[{keys}],"moved":[{",".join(moved)}]'
        + (',"whole":true}' if whole else "}")
    )
