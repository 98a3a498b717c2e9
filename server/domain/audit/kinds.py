"""Every kind of entry that the audit log has, by group, with its words. Whoever writes a new kind adds it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from server.domain.audit.settings import changed
from server.domain.phone import for_people

Detail = Mapping[str, Any]


class Group(StrEnum):
    """What people narrow the log by."""

    SETTINGS = "settings"
    ACCESS = "access"
    PEOPLE = "people"
    CONSENT = "consent"
    TEXTS = "texts"
    CAMPAIGNS = "campaigns"
    NUMBERS = "numbers"


GROUPS: Final[Mapping[Group, str]] = MappingProxyType(
    {
        Group.SETTINGS: "Settings",
        Group.ACCESS: "Logins and programs",
        Group.PEOPLE: "People and lists",
        Group.CONSENT: "Consent",
        Group.TEXTS: "Texts",
        Group.CAMPAIGNS: "Campaigns and bulk",
        Group.NUMBERS: "Numbers and pace",
    }
)


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of entries were called when the page was read, by what they are of: `contact`, `campaign`, …"""

    known: Mapping[tuple[str, int], str]

    def of(self, what: str, id_: Any, otherwise: str) -> str:
        return self.known.get((what, id_), otherwise) if isinstance(id_, int) else otherwise


Words = Callable[[Detail, Names], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """`words` follow the name of whoever did it. `nobody`: who did it where no member did."""

    group: Group
    words: Words
    nobody: str = "Threadline"


REFERENCES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "contact": ("contact", "other"),
        "endpoint": ("endpoint", "endpoint_id"),
        "thread": ("thread",),
        "campaign": ("campaign", "bulk"),
        "import": ("import",),
        "member": ("member_id", "owner", "from_id"),
        "account": ("account_id",),
        "number": ("number_id",),
        "brand": ("brand_id",),
        "registration": ("registration_id",),
        "stage": ("stage",),
    }
)
"""What the names of a detail are ids of."""


def _person(detail: Detail, names: Names) -> str:
    return names.of("contact", detail.get("contact"), "a contact who is gone")


def _number(detail: Detail, names: Names) -> str:
    found = names.of("endpoint", detail.get("endpoint", detail.get("endpoint_id")), "a number")
    return for_people(found)


def _with(detail: Detail, names: Names) -> str:
    return names.of("thread", detail.get("thread"), "somebody")


def _campaign(detail: Detail, names: Names) -> str:
    return f"“{names.of('campaign', detail.get('campaign', detail.get('bulk')), 'a campaign')}”"


def _of(group: Group, words: str | Words, nobody: str = "Threadline") -> Kind:
    if isinstance(words, str):
        fixed = words
        return Kind(group, lambda detail, names: fixed, nobody)
    return Kind(group, words, nobody)


def _people(told: str) -> Words:
    return lambda d, n: told.format(_person(d, n))


def _phone(told: str) -> Words:
    def words(d: Detail, n: Names) -> str:
        phone = for_people(str(d["phone"])) if "phone" in d else _number(d, n)
        return told.format(phone, _person(d, n))

    return words


def _on_campaign(told: str) -> Words:
    def words(d: Detail, n: Names) -> str:
        return told.format(_campaign(d, n)) + (f": {str(d['why']).rstrip('.')}" if d.get("why") else "")

    return words


def _address(told: str) -> Words:
    return lambda d, n: told.format(for_people(str(d.get("address", "a number"))))


def _fields(detail: Detail, names: Names) -> str:
    fields = [str(name).removeprefix("custom.").replace("_", " ") for name in detail.get("fields", ())]
    return f"changed {_person(detail, names)}: {', '.join(fields) or 'nothing'}"


def _edited(detail: Detail, names: Names) -> str:
    did = []
    if detail.get("add_tags"):
        did.append(f"tagged them {', '.join(map(str, detail['add_tags']))}")
    if detail.get("remove_tags"):
        did.append("took tags off")
    if "pipeline" in detail:
        stage = detail.get("stage")
        did.append(
            "took them out of a pipeline" if stage is None else f"moved them to {names.of('stage', stage, 'a stage')}"
        )
    if "owner" in detail:
        owner = detail["owner"]
        did.append(
            "took their owner away" if owner is None else f"gave them to {names.of('member', owner, 'a colleague')}"
        )
    many = detail.get("contacts", 0)
    return f"changed {many:,} {'person' if many == 1 else 'people'} at once" + (f": {', '.join(did)}" if did else "")


def _merged(detail: Detail, names: Names) -> str:
    return f"merged {names.of('contact', detail.get('other'), 'a contact')} into {_person(detail, names)}"


def _exported(detail: Detail, names: Names) -> str:
    many = detail.get("contacts")
    return "took a list of people away as a file" + ("" if many is None else f" ({many:,})")


def _imported(told: str) -> Words:
    return lambda d, n: told.format(n.of("import", d.get("import"), "a file"))


def _reviewed(detail: Detail, names: Names) -> str:
    decided = {
        "opted_out": "asked to stop",
        "not_a_revocation": "did not ask to stop",
        "wrong_number": "said that the number is wrong",
    }
    said = decided.get(str(detail.get("decision")), "wrote something")
    return f"decided that {_with(detail, names)} {said}"


def _campaign_changed(detail: Detail, names: Names) -> str:
    parts = ", ".join(str(part) for part in detail.get("parts", ()))
    saves = detail.get("saves", 1)
    often = f", {saves:,} saves" if saves > 1 else ""
    return f"changed {_campaign(detail, names)}" + (f" ({parts}{often})" if parts else "")


def _token(told: str) -> Words:
    return lambda d, n: told.format(d.get("name", ""), ", ".join(map(str, d.get("scopes", ()))))


def _webhook(told: str) -> Words:
    def words(d: Detail, n: Names) -> str:
        return told.format(d.get("url") or "a webhook", ", switched off" if d.get("on") is False else "")

    return words


def _own_number(detail: Detail, names: Names) -> str:
    known = names.of("number", detail.get("number_id"), "a number")
    return for_people(str(detail.get("address", known)))


def _rate(rate: Any) -> str:
    return "no limit" if rate is None else "paused" if rate == 0 else f"{rate:g} segments a second"


def _number_changed(detail: Detail, names: Names) -> str:
    return f"set the pace of {_own_number(detail, names)}: {_rate(detail.get('rate'))}"


def _number_given(detail: Detail, names: Names) -> str:
    number, was, owner = for_people(str(detail.get("number", ""))), detail.get("from_id"), detail.get("member_id")
    whose = "" if was is None else f", which was the own number of {names.of('member', was, 'a colleague')},"
    if owner is None:
        return f"gave {number}{whose} back to everybody"
    return f"gave {number}{whose} to {names.of('member', owner, 'a colleague')} as their own"


def _account_changed(detail: Detail, names: Names) -> str:
    account = names.of("account", detail.get("account_id"), "a carrier account")
    return f"set what {account} may send: {_rate(detail.get('rate'))}"


def _brand_set(detail: Detail, names: Names) -> str:
    cap = detail.get("daily_cap")
    brand = names.of("brand", detail.get("brand_id"), "a brand")
    return f"registered {brand}: " + ("no daily cap" if cap is None else f"{cap:,} segments a day")


def _rate_set(detail: Detail, names: Names) -> str:
    campaign = names.of("registration", detail.get("registration_id"), "a registration")
    return f"set the pace of {campaign} at {detail.get('carrier')}: {_rate(detail.get('rate'))}"


def _setting(detail: Detail, names: Names) -> str:
    return changed(str(detail.get("setting")), detail.get("from"), detail.get("to"))


_ADMIN: Final = "The server's administrator"

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "setting_changed": _of(Group.SETTINGS, _setting, _ADMIN),
        "number_given": _of(Group.NUMBERS, _number_given),
        "workspace_added": _of(Group.SETTINGS, "set up this workspace", _ADMIN),
        "limiter_handed_over": _of(Group.SETTINGS, lambda d, n: f"let server {d.get('gen')} send from now on", _ADMIN),
        "login": _of(Group.ACCESS, lambda d, n: f"logged in from {d.get('ip', 'somewhere')}"),
        "member_added": _of(
            Group.ACCESS,
            lambda d, n: f"added {n.of('member', d.get('member_id'), 'a colleague')} as {d.get('role')}",
            _ADMIN,
        ),
        "own_number_verified": _of(Group.ACCESS, _address("showed that {} is their own phone")),
        "own_number_removed": _of(Group.ACCESS, _address("took {} back as their own phone")),
        "token_made": _of(Group.ACCESS, _token("made the API token “{0}” ({1})"), _ADMIN),
        "token_revoked": _of(Group.ACCESS, _token("revoked the API token “{0}”"), _ADMIN),
        "webhook_added": _of(Group.ACCESS, _webhook("let events be posted to {0}")),
        "webhook_changed": _of(Group.ACCESS, _webhook("changed what is posted to {0}{1}")),
        "webhook_rotated": _of(Group.ACCESS, _webhook("gave {0} a new secret")),
        "webhook_replayed": _of(Group.ACCESS, "had an event posted to a webhook once more"),
        "contact_created": _of(Group.PEOPLE, _people("added {}")),
        "contact_changed": _of(Group.PEOPLE, _fields),
        "contact_deleted": _of(Group.PEOPLE, _people("deleted {}")),
        "contacts_merged": _of(Group.PEOPLE, _merged),
        "contacts_edited": _of(Group.PEOPLE, _edited),
        "contacts_exported": _of(Group.PEOPLE, _exported),
        "contact_tagged": _of(Group.PEOPLE, _people("changed the tags of {}")),
        "contact_staged": _of(Group.PEOPLE, _people("moved {} to another stage")),
        "phone_added": _of(Group.PEOPLE, _phone("added {0} to {1}")),
        "phone_changed": _of(Group.PEOPLE, _phone("changed {0} of {1}")),
        "phone_removed": _of(Group.PEOPLE, _phone("removed {0} from {1}")),
        "showing_added": _of(Group.PEOPLE, _people("added a showing for {}")),
        "showing_removed": _of(Group.PEOPLE, _people("removed a showing of {}")),
        "import_confirmed": _of(Group.PEOPLE, _imported("imported “{}”")),
        "import_undone": _of(Group.PEOPLE, _imported("took the import of “{}” back")),
        "audit_exported": _of(Group.ACCESS, "took the audit log away as a file"),
        "consent_consent_given": _of(Group.CONSENT, _phone("wrote down an opt-in of {0}")),
        "consent_revoked": _of(Group.CONSENT, _phone("wrote down that {0} wants no more texts")),
        "consent_undone": _of(Group.CONSENT, _phone("wrote down that {0} wants texts again")),
        "consent_proof_downloaded": _of(Group.CONSENT, _phone("took the record of consent of {0} away")),
        "proof_added": _of(Group.CONSENT, lambda d, n: f"kept the file “{d.get('name')}” as a proof of consent"),
        "review_decided": _of(Group.CONSENT, _reviewed),
        "suppressed_by_call": _of(Group.CONSENT, _phone("noted after a call that {0} wants no more texts")),
        "history_exported": _of(Group.TEXTS, "took texts of the history away as a file"),
        "text_to_opted_out": _of(
            Group.TEXTS, lambda d, n: f"wrote to {_with(d, n)} after the warning that they have opted out"
        ),
        "text_cancelled": _of(Group.TEXTS, lambda d, n: f"took a text to {_with(d, n)} back before it left"),
        "text_changed": _of(Group.TEXTS, lambda d, n: f"changed a text to {_with(d, n)} that was to leave later"),
        "held_text_sent": _of(Group.TEXTS, lambda d, n: f"sent a held text to {_with(d, n)} anyway"),
        "held_text_cancelled": _of(Group.TEXTS, lambda d, n: f"cancelled a held text to {_with(d, n)}"),
        "bulk_launched": _of(Group.CAMPAIGNS, _on_campaign("sent the text in bulk {}")),
        "bulk_recalled": _of(Group.CAMPAIGNS, _on_campaign("recalled the text in bulk {}")),
        "campaign_made": _of(Group.CAMPAIGNS, _on_campaign("made the campaign {}")),
        "template_made": _of(Group.CAMPAIGNS, _on_campaign("made the campaign template {}")),
        "campaign_changed": _of(Group.CAMPAIGNS, _campaign_changed),
        "campaign_archived": _of(Group.CAMPAIGNS, _on_campaign("archived {}")),
        "campaign_unarchived": _of(Group.CAMPAIGNS, _on_campaign("took {} out of the archive")),
        "campaign_tested": _of(Group.CAMPAIGNS, _on_campaign("sent a test of {} to their own phone")),
        "campaign_launched": _of(Group.CAMPAIGNS, _on_campaign("launched {}")),
        "campaign_unscheduled": _of(Group.CAMPAIGNS, _on_campaign("unscheduled {}")),
        "campaign_begun": _of(Group.CAMPAIGNS, _on_campaign("began {} at its hour")),
        "campaign_missed": _of(Group.CAMPAIGNS, _on_campaign("paused {}, whose hour had passed")),
        "campaign_paused": _of(Group.CAMPAIGNS, _on_campaign("paused {}")),
        "campaign_resumed": _of(Group.CAMPAIGNS, _on_campaign("resumed {}")),
        "campaign_cancelled": _of(Group.CAMPAIGNS, _on_campaign("cancelled {}")),
        "account_added": _of(Group.NUMBERS, lambda d, n: f"added the carrier account {d.get('sid')}", _ADMIN),
        "account_changed": _of(Group.NUMBERS, _account_changed, _ADMIN),
        "number_added": _of(Group.NUMBERS, lambda d, n: f"added the number {_own_number(d, n)}", _ADMIN),
        "number_changed": _of(Group.NUMBERS, _number_changed, _ADMIN),
        "brand_set": _of(Group.NUMBERS, _brand_set, _ADMIN),
        "registration_set": _of(
            Group.NUMBERS,
            lambda d, n: f"put the registration {n.of('registration', d.get('registration_id'), '')} to a brand",
            _ADMIN,
        ),
        "rate_set": _of(Group.NUMBERS, _rate_set, _ADMIN),
    }
)


def of_group(group: Group) -> list[str]:
    """The kinds of a group."""
    return [name for name, kind in KINDS.items() if kind.group is group]


def told(action: str, who: str | None, detail: Detail, names: Names) -> str:
    """An entry as a sentence. *who* None: no member did it. A kind of another version says at least its name.

    >>> told("login", "Priya", {"ip": "10.0.0.7"}, Names({}))
    'Priya logged in from 10.0.0.7.'
    >>> told("teleported", None, {}, Names({}))
    'Threadline: teleported.'
    """
    kind = KINDS.get(action)
    if kind is None:
        return f"{who or 'Threadline'}: {action.replace('_', ' ')}."
    sentence = f"{who or kind.nobody} {kind.words(detail, names)}"
    return sentence if sentence.endswith((".”", "?”", "!”")) else f"{sentence}."


def asked(detail: Detail) -> list[tuple[str, int]]:
    """Which names the words of an entry want.

    >>> asked({"contact": 7, "fields": ["zip"], "stage": None})
    [('contact', 7)]
    """
    found = []
    for what, keys in REFERENCES.items():
        found += [(what, detail[key]) for key in keys if type(detail.get(key)) is int]
    return found
