"""What a Redis driver's error means, and whose turn it is.

The driver's own text is used only where Redis wrote it, and then only its first line without
arguments: a driver's text may repeat a command or an address with a password in it.
"""

from __future__ import annotations

import re

from redis import exceptions

from engine.adapters.network import Reason, network_reason
from engine.errors import ServiceAway, StoreRefused, TopnError
from engine.told import told

SERVICE = "Redis"

_AWAY = {
    "LOADING": Reason(told("it is loading its data set"), told("wait until it is done")),
    "BUSY": Reason(told("a script of another client blocks it"), told("end it with SCRIPT KILL")),
    "MASTERDOWN": Reason(
        told("this replica has lost its primary"),
        told("repair replication, or point to the primary"),
    ),
    "CLUSTERDOWN": Reason(told("the cluster is down"), told("see CLUSTER INFO")),
    "TRYAGAIN": Reason(told("the cluster is moving our slot"), told("it passes")),
    "Authentication required": Reason(
        told("it asks for a password and none is set"), told("set the password")
    ),
    "WRONGPASS": Reason(
        told("it refuses this user name and password"),
        told("correct them, or the ACL user on the server"),
    ),
    "invalid password": Reason(told("it refuses this password"), told("correct the password")),
    "max number of clients": Reason(told("it takes no more clients"), told("raise maxclients")),
    "DB index is out of range": Reason(
        told("there is no database of this number"),
        told("correct the number at the end of the address"),
    ),
    "DENIED": Reason(
        told("protected mode lets in only local clients"), told("set a password on the server")
    ),
}

_REFUSED = {
    "READONLY": Reason(
        told("this server is a read-only replica"), told("point the setting to the primary")
    ),
    "OOM": Reason(
        told("its memory is full (maxmemory reached, nothing to evict)"),
        told("raise maxmemory or make room; the board is written as soon as there is some"),
    ),
    "MISCONF": Reason(
        told("it cannot save to disk and therefore takes no writes"),
        told("see its log, repair the disk"),
    ),
    "NOREPLICAS": Reason(
        told("too few of its replicas are up to take writes"), told("see min-replicas-to-write")
    ),
    "NOPERM": Reason(
        told("the user may not do this"),
        told(
            "allow the user the keys topn:* and the channels topn:*, and the commands "
            "client|setname select evalsha eval multi exec type exists del time publish "
            "zadd zrem zcard zrange hset hget hdel hlen hexists hgetall"
        ),
    ),
    "WRONGTYPE": Reason(
        told("a key of the board has another type than ours"),
        told("rename or delete it, or the board"),
    ),
    "MOVED": Reason(
        told("this is one node of a cluster and the board belongs to another"),
        told("point the setting to the node that holds the board's slot"),
    ),
    "unknown command": Reason(
        told("it does not know a command that we need"), told("use Redis 5 or later")
    ),
}

LOST = {
    "GONE": told(
        "the store has forgotten this board (it restarted empty, or somebody or an "
        "eviction policy removed its meta key)"
    ),
    "OLDER": told(
        "the store has gone back to an older board (an old dump, or a replica that was behind)"
    ),
    "VERSION": told(
        "the store does not hold the board that was written last (an old dump, a "
        "replica that was behind, or its meta key was changed by hand)"
    ),
    "SIZE": told(
        "members or rows of the board were added or removed by hand, or by an eviction policy"
    ),
    "FREED": told("another engine had this board meanwhile and has let go of it"),
    "OURS": told("an earlier request of this engine was carried out late"),
}
"""Why the store no longer takes us for the owner although nobody else is, by the scripts' words."""


def policy_warning(policy: str, maxmemory: int) -> str | None:
    """What is wrong with a server that may remove keys of its own accord; None if it may not ours."""
    # The volatile ones take only keys that expire, which ours do not.
    if maxmemory <= 0 or not policy.startswith("allkeys"):
        return None
    return told(
        "maxmemory-policy is {policy}: when its memory is full Redis removes keys of "
        "the board, which is then written again; set it to noeviction or to a volatile "
        "policy",
        policy=policy,
    )


def translated(error: BaseException, *, where: str, timeout_ms: int, tls: bool) -> TopnError:
    """The error of ours that says what this driver error means."""
    if isinstance(error, exceptions.ResponseError | exceptions.ConnectionError):
        said = _said(error)
        for word, reason in _REFUSED.items():
            if _has(word, said):
                return StoreRefused(
                    told(
                        "{service} at {where}: {text}; {turn}",
                        service=SERVICE,
                        where=where,
                        text=reason.text,
                        turn=reason.turn,
                    )
                )
        for word, reason in _AWAY.items():
            if _has(word, said):
                return ServiceAway(
                    SERVICE, told("{where}: {text}", where=where, text=reason.text), reason.turn
                )
    if isinstance(error, exceptions.TimeoutError):
        error = TimeoutError()
    network = network_reason(error, where=where, timeout_ms=timeout_ms)
    if network is not None:
        if tls and isinstance(error, TimeoutError):
            silent = told("a server that does not speak TLS on this port is silent too")
            both = told("{reason}; {turn}", reason=network.turn, turn=silent)
            network = network._replace(turn=both)
        return ServiceAway(SERVICE, network.text, network.turn)
    if isinstance(error, exceptions.ConnectionError):
        return ServiceAway(
            SERVICE,
            told("the connection to {where} broke", where=where),
            told("see the server's log"),
        )
    if isinstance(error, exceptions.ResponseError):
        return StoreRefused(
            told(
                "{service} at {where} answers: {said}; see its log",
                service=SERVICE,
                where=where,
                said=_said(error)[:200],
            )
        )
    return ServiceAway(
        SERVICE,
        told("{where}: {kind}", where=where, kind=type(error).__name__),
        told("see the server's log"),
    )


def is_full(error: BaseException) -> bool:
    """Whether Redis denied this because its memory is full."""
    return _has("OOM", _said(error))


def _has(word: str, said: str) -> bool:
    # Anywhere: older servers and pipelines put words of their own before the error's code.
    return re.search(rf"\b{word}\b", said) is not None


def _said(error: BaseException) -> str:
    """Redis's words, with the error code that the driver took off put back."""
    codes: dict[type, str] = {
        exceptions.ReadOnlyError: "READONLY ",
        exceptions.OutOfMemoryError: "OOM ",
        exceptions.NoPermissionError: "NOPERM ",
        exceptions.BusyLoadingError: "LOADING ",
        exceptions.AuthenticationError: "WRONGPASS ",
        exceptions.AuthenticationWrongNumberOfArgsError: "WRONGPASS ",
    }
    return codes.get(type(error), "") + str(error).partition("\n")[0]
