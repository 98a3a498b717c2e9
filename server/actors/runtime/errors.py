"""What can go wrong between actors. Each error says whether trying again helps and whether it may have happened."""

from typing import ClassVar


class ActorError(Exception):
    """A message was not answered. The catcher reads the policy from the class and never from the text."""

    retryable: ClassVar[bool] = False  # trying again later may help; the message is not to blame
    ambiguous: ClassVar[bool] = False  # it may have been handled all the same


class MailboxFull(ActorError):
    """No room for a message that was not to wait. It was not taken."""

    retryable = True


class AskTimeout(ActorError):
    """No answer within the asker's time. The message may still be waiting, be under way, or be done."""

    retryable = True
    ambiguous = True


class ActorCrashed(ActorError):
    """The actor crashed (or was cut off) while it had the message in hand.

    The message is kept and tried again after the restart, so its effect may yet come: asking again is safe only for
    messages that bear an id of their own.
    """

    retryable = True
    ambiguous = True


class ActorStopped(ActorError):
    """The actor takes no messages any more: this one was never handled and never will be."""

    retryable = True


class ActorQuarantined(ActorStopped):
    """The actor crashed too often and is set aside until somebody releases it. This message was not handled."""

    retryable = False


class WrongDirection(ActorError):
    """An actor asked one that is not below it in the start order.

    Two actors that ask each other wait for each other until their deadlines, and ordered shutdown would stop the one
    that is needed first. Tell instead, or let the lower one publish.
    """


class Killed(ActorError):
    """Somebody killed the activation on purpose. Neither the message nor the actor is to blame."""

    retryable = True


class Escalated(ActorError):
    """A child exceeded the restart intensity, so its supervisor stopped them all. Caused by the last crash."""
