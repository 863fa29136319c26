"""What can go wrong with the stack.

StackError
├── StackIncomplete    a program or a jar is missing: the message says which, and how to get it
└── ServiceFailed      a service did not start, or ended by itself: the message ends with its log
"""


class StackError(Exception):
    """Base of the errors below."""


class StackIncomplete(StackError):
    """Something that the stack needs is not installed."""


class ServiceFailed(StackError):
    """A service did not become ready, or ended although nobody stopped it."""
