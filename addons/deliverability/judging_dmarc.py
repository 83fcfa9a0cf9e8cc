"""What is said of DMARC (RFC 9989): a record, reports that arrive, a policy on its way to reject, and From aligned for every account."""

from __future__ import annotations

from collections.abc import Iterator

from mailloom.addons.senderauth.dmarc_record import DmarcRecord, Policy, is_dmarc
from mailloom.api.checks import Severity

from .answers import Answers
from .findings import UP_TO_TWO_DAYS, DomainFinding, Topic, shown, txt
from .judging_dkim import signs_for
from .situation import SendingAccount, Situation

REMOVED = {
    "pct": "pct is gone: receivers apply the policy to all mail whatever it says (a policy is tried out by t=y now)",
    "rf": "rf is gone: there is one format of failure reports",
    "ri": "ri is gone: reports come once a day",
}
_WHY = "Gmail, Yahoo, Outlook.com and iCloud demand a DMARC record of everybody who sends much; its reports show who sends in your name."
_ALIGNED = "A receiver believes From only if SPF or DKIM proves the same domain, or one of the same organisation."


def dmarc_findings(situation: Situation, answers: Answers) -> Iterator[DomainFinding]:
    dmarc = answers.dmarc
    if dmarc.own.failure or dmarc.failure:
        yield _unknown("", dmarc.own.failure or dmarc.failure)
        return
    texts = tuple(text for text in dmarc.own.records if is_dmarc(text))
    record = effective(answers)
    yield _record(situation, texts, record)
    if record is not None:
        if record.domain == situation.domain and (gone := _removed(texts[0])):
            yield _removed_tags(situation.domain, texts[0], gone)
        yield from _foreign_collectors(record, answers)
        yield _policy(situation, record)
    for account in situation.accounts:
        yield _alignment(account, situation, answers, record)


def effective(answers: Answers) -> DmarcRecord | None:
    """The record that counts for the domain: its own, else its organisation's."""
    dmarc = answers.dmarc
    own = dmarc.own.name.removeprefix("_dmarc.")
    return next((each for name in (own, dmarc.organisation) for each in dmarc.walked if each.domain == name), None)


def _record(situation: Situation, texts: tuple[str, ...], record: DmarcRecord | None) -> DomainFinding:
    name = f"_dmarc.{situation.domain}"
    beginning = f"v=DMARC1; p=none; rua=mailto:{situation.reports_to}"
    if len(texts) > 1:
        return _bad(
            situation, f"{len(texts)} DMARC records stand at {name}, so none counts.", texts[0], "Keep only one."
        )
    if record is None and texts:
        return _bad(situation, f"The DMARC record {shown(texts)} is broken.", beginning, "Replace it by this one.")
    if record is None:
        remedy = "Publish this record: it changes nothing for your mail and lets reports come."
        return _bad(situation, "There is no DMARC record.", beginning, remedy)
    where = (
        name
        if record.domain == situation.domain
        else f"_dmarc.{record.domain}, which stands for the whole organisation"
    )
    if not record.report_to:
        return DomainFinding(
            topic=Topic.DMARC,
            about="",
            severity=Severity.WARNING,
            text=f"There is a record at {where}, but it asks for no reports (rua).",
            expected="rua= with an address of yours",
            records=(txt(name, _with_tag(texts[0], f"rua=mailto:{situation.reports_to}")),) if texts else (),
            why="Without reports nobody sees who fails before the policy becomes strict.",
            takes=UP_TO_TWO_DAYS,
            remedy="Replace the record by this one.",
        )
    return DomainFinding(topic=Topic.DMARC, about="", severity=Severity.GOOD, text=f"One record at {where}.", why=_WHY)


def _bad(situation: Situation, text: str, value: str, remedy: str) -> DomainFinding:
    return DomainFinding(
        topic=Topic.DMARC,
        about="",
        severity=Severity.BAD,
        text=text,
        expected="one DMARC record",
        records=(txt(f"_dmarc.{situation.domain}", value),),
        why=_WHY,
        takes=UP_TO_TWO_DAYS,
        remedy=remedy,
    )


# --- tags ---


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _tag_name(part: str) -> str:
    return part.partition("=")[0].strip().lower()


def _with_tag(text: str, tag: str) -> str:
    kept = [part for part in _parts(text) if _tag_name(part) != _tag_name(tag)]
    return "; ".join([*kept, tag])


def _without(text: str, names: set[str]) -> str:
    return "; ".join(part for part in _parts(text) if _tag_name(part) not in names)


def _removed(text: str) -> list[str]:
    return [name for name in map(_tag_name, _parts(text)) if name in REMOVED]


def _removed_tags(domain: str, text: str, gone: list[str]) -> DomainFinding:
    return DomainFinding(
        topic=Topic.DMARC,
        about="tags",
        severity=Severity.WARNING,
        text=f"The record holds tags that RFC 9989 took out: {', '.join(gone)}.",
        expected="a record without them",
        records=(txt(f"_dmarc.{domain}", _without(text, set(gone))),),
        why=f"{'; '.join(REMOVED[name] for name in gone)}.",
        takes=UP_TO_TWO_DAYS,
        remedy="Replace the record by this one.",
    )


def _foreign_collectors(record: DmarcRecord, answers: Answers) -> Iterator[DomainFinding]:
    for collector, asked in answers.dmarc.collectors.items():
        if asked.failure:
            yield _unknown(f"reports to {collector}", asked.failure)
        elif asked.starting("v=DMARC1"):
            yield DomainFinding(topic=Topic.DMARC, about=f"reports to {collector}", severity=Severity.GOOD,
                                text=f"{collector} takes reports about {record.domain}.")  # fmt: skip
        else:
            yield DomainFinding(
                topic=Topic.DMARC,
                about=f"reports to {collector}",
                severity=Severity.WARNING,
                text=f"Reports shall go to {collector}, which does not say that it takes them.",
                expected=f"v=DMARC1 at {asked.name}",
                records=(txt(asked.name, "v=DMARC1"),),
                why="Receivers send reports to a foreign domain only if that domain agrees (RFC 9990 §4).",
                takes=UP_TO_TWO_DAYS,
                remedy=f"The owner of {collector} publishes this record, or you name an address of your own.",
            )


# --- policy ---


def _policy(situation: Situation, record: DmarcRecord) -> DomainFinding:
    """Good at every step of the path: moving on is advice, not a fault."""
    policy = (record.subdomains or record.policy) if record.domain != situation.domain else record.policy
    now = f"p={policy}{'; t=y' if record.testing else ''}"
    step = _next(policy, record.testing)
    if not step:
        return DomainFinding(
            topic=Topic.DMARC, about="policy", severity=Severity.GOOD, text=f"{now}: the end of the path."
        )
    value = f"v=DMARC1; {step}; rua={','.join(record.report_to) or f'mailto:{situation.reports_to}'}"
    return DomainFinding(
        topic=Topic.DMARC,
        about="policy",
        severity=Severity.GOOD,
        text=f"{now}. The path: p=none with reports, p=quarantine; t=y, p=quarantine, p=reject.",
        expected=f"next, once two weeks of reports show nothing of yours that fails: {step}",
        records=(txt(f"_dmarc.{record.domain}", value),),
        why="A strict policy keeps others from writing in your name. Keep p=none or quarantine where people write to mailing lists: "
        "lists break signatures, and p=reject would lose their mail (RFC 9989 §7.4).",
        takes=UP_TO_TWO_DAYS,
        remedy="Read the reports (mailloom dmarc list), then publish the next step.",
    )


def _next(policy: Policy, testing: bool) -> str:
    match policy, testing:
        case Policy.NONE, _:
            return "p=quarantine; t=y"
        case Policy.QUARANTINE, True:
            return "p=quarantine"
        case Policy.QUARANTINE, False:
            return "p=reject"
        case _, True:
            return "p=reject"
    return ""


# --- alignment ---


def _alignment(
    account: SendingAccount, situation: Situation, answers: Answers, record: DmarcRecord | None
) -> DomainFinding:
    spf = _spf_aligns(account, situation, answers, record)
    dkim = signs_for(account, situation, answers)
    if dkim and record is not None and record.strict_dkim and not account.signs:
        dkim = any(key.signing and key.domain == situation.domain for key in situation.own_keys)
    about = f"account {account.name}"
    by = [name for name, aligned in (("SPF", spf), ("DKIM", dkim)) if aligned]
    if by:
        without = "" if len(by) == 2 else f" {_other(by[0])} does not prove it; one is enough."
        text = f"From is proved by {' and '.join(by)}.{without}"
        return DomainFinding(topic=Topic.ALIGNMENT, about=about, severity=Severity.GOOD, text=text, why=_ALIGNED)
    if spf is None or dkim is None:
        text = "Could not check whether SPF or DKIM proves From."
        return DomainFinding(topic=Topic.ALIGNMENT, about=about, severity=Severity.UNKNOWN, text=text, why=_ALIGNED)
    envelope = account.envelope_domain or (account.provider.title if account.provider else "its provider")
    return DomainFinding(
        topic=Topic.ALIGNMENT,
        about=about,
        severity=Severity.BAD,
        text=f"Neither SPF (envelope sender of {envelope}) nor DKIM proves {situation.domain}.",
        expected=f"SPF or DKIM that proves {situation.domain}",
        why=_ALIGNED,
        remedy="Publish the DKIM key; that is enough, and it outlives forwarding.",
    )


def _other(name: str) -> str:
    return "DKIM" if name == "SPF" else "SPF"


def _spf_aligns(
    account: SendingAccount, situation: Situation, answers: Answers, record: DmarcRecord | None
) -> bool | None:
    if account.unreadable:
        return None
    covered = next((each.covered for each in answers.coverage if each.account == account), None)
    envelope = account.envelope_domain
    organisation = answers.dmarc.organisation or situation.domain
    strict = record is not None and record.strict_spf
    same = envelope == situation.domain or (
        not strict and bool(envelope) and (envelope == organisation or envelope.endswith(f".{organisation}"))
    )
    return covered if same else False


def _unknown(about: str, why: str) -> DomainFinding:
    return DomainFinding(
        topic=Topic.DMARC,
        about=about,
        severity=Severity.UNKNOWN,
        text=f"Could not check: {why}",
        remedy="Check again later.",
    )
