"""What is said of hosts: where replies and bounces go (MX), the names of addresses we send from, encryption, and the ports accounts use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailloom.api.checks import Severity
from mailloom.api.dns import reverse_name

from .answers import Answers, ExchangerAnswer, PortAnswer, ReverseAnswer
from .findings import UP_TO_TWO_DAYS, DomainFinding, Record, Topic
from .situation import Situation

_NULL_MX = "0 ."
_LATER = "Check again later."


def host_findings(situation: Situation, answers: Answers) -> Iterator[DomainFinding]:
    for domain, answer in answers.exchangers.items():
        yield _exchangers(domain, answer, "" if domain == situation.domain else domain)
    for reverse in answers.reverse:
        yield _reverse(reverse, situation.domain)
    if situation.accounts and not answers.reverse and all(each.provider for each in situation.accounts):
        yield _good(Topic.REVERSE, "", "Your providers look after the names of their addresses.")
    yield from _encryption(situation)
    for port in answers.ports:
        yield _port(port)


def _exchangers(domain: str, answer: ExchangerAnswer, about: str) -> DomainFinding:
    if answer.records.failure:
        return _unknown(Topic.MX, about, answer.records.failure)
    why = "Receivers look whether a sender can be answered at all, and bounces that find no way back are lost."
    if _NULL_MX in [record.rstrip(".") + "." for record in answer.records.records]:
        text, remedy = (
            f"{domain} says that it takes no mail at all (null MX, RFC 7505).",
            "Replace it by the MX of your mail server.",
        )
        return _bad(Topic.MX, about, text, "an MX of a server that takes its mail", why, remedy)
    if not answer.records.records:
        if answer.itself.failure:
            return _unknown(Topic.MX, about, answer.itself.failure)
        if not answer.itself.records:
            text = f"{domain} has neither MX nor address: replies and bounces cannot be delivered."
            remedy = f"Publish an MX for {domain} that names the server where its mail is taken in (mail.{domain} stands for it here)."
            found = _bad(Topic.MX, about, text, "an MX of a server that takes its mail", why, remedy)
            value = f"10 mail.{domain}"
            return replace(found, records=(Record(name=domain, type="MX", value=value, zone_value=f"{value}."),))
        text = f"{domain} has no MX; servers try its address ({', '.join(answer.itself.records[:3])})."
        return _warning(Topic.MX, about, text, "an MX", why, "Publish an MX, so that it is clear where mail goes.")
    lost = [host for host, found in answer.hosts.items() if not found.records and not found.failure]
    if lost:
        text, remedy = f"The MX {', '.join(lost)} of {domain} has no address.", "Remove it, or give it an address."
        severe = _bad if len(lost) == len(answer.hosts) else _warning
        return severe(Topic.MX, about, text, "hosts that have addresses", why, remedy)
    return _good(Topic.MX, about, f"Mail for {domain} goes to {', '.join(answer.hosts)}.")


def _reverse(answer: ReverseAnswer, domain: str) -> DomainFinding:
    if answer.names.failure or answer.failure:
        return _unknown(Topic.REVERSE, answer.address, answer.names.failure or answer.failure)
    if answer.leads_back:
        names = ", ".join(answer.names.records[:3])
        return _good(Topic.REVERSE, answer.address, f"{answer.address} is {names}, which leads back to it.")
    if answer.names.records:
        text = f"{answer.address} is named {', '.join(answer.names.records[:3])}, which does not lead back to it."
    else:
        text = f"{answer.address}, from which {answer.account} sends, has no name (PTR)."
    host = f"mail.{domain}"
    kind = "AAAA" if ":" in answer.address else "A"
    pointer = Record(name=reverse_name(answer.address), type="PTR", value=host, zone_value=f"{host}.")
    back = Record(name=host, type=kind, value=answer.address, zone_value=answer.address)
    return DomainFinding(
        topic=Topic.REVERSE,
        about=answer.address,
        severity=Severity.BAD,
        text=text,
        expected="a name (PTR) whose address is this one again; the best is the name that the server says in EHLO",
        records=(pointer, back),
        why="Gmail, Yahoo and iCloud refuse mail from addresses without a name that leads back.",
        takes=UP_TO_TWO_DAYS,
        remedy=f"Let whoever rents you the address set its reverse DNS to your server's name ({host} stands for it here).",
    )


def _encryption(situation: Situation) -> Iterator[DomainFinding]:
    open_ones = [account.name for account in situation.accounts if not account.encrypted]
    if open_ones:
        text = f"{', '.join(open_ones)} hands mail over unencrypted."
        why = (
            "Gmail demands that mail comes over TLS; what goes out unencrypted here can be read and changed on its way."
        )
        remedy = f"Choose TLS: mailloom accounts edit {open_ones[0]} --security tls"
        yield _warning(Topic.TLS, "", text, "TLS for every account", why, remedy)
    elif situation.accounts:
        yield _good(Topic.TLS, "", "Every account hands mail over by TLS, or on this machine.")


def _port(answer: PortAnswer) -> DomainFinding:
    about = f"account {answer.account}"
    if not answer.failure:
        return _good(Topic.PORTS, about, f"{answer.host} takes connections at port 25.")
    if answer.open_ports:
        text = f"Port 25 of {answer.host} does not answer ({answer.failure}); {_listed(answer.open_ports)} does."
        remedy = f"Use another port: mailloom accounts edit {answer.account} --port {answer.open_ports[0]}"
    else:
        text = f"{answer.host} answers at none of the ports 25, 587, 465 and 2525 ({answer.failure})."
        remedy = (
            "Is the name right? Many hosters block port 25 to the outside; ask for 587, 465 or 2525 to be let through."
        )
    why = "Most hosters block port 25 to keep spam in; providers take mail at 587, 465 or 2525 instead."
    return _bad(Topic.PORTS, about, text, "a port that is not blocked: 587, 465 or 2525", why, remedy)


def _listed(ports: tuple[int, ...]) -> str:
    return " and ".join(str(port) for port in ports)


def _good(topic: Topic, about: str, text: str) -> DomainFinding:
    return DomainFinding(topic=topic, about=about, severity=Severity.GOOD, text=text)


def _unknown(topic: Topic, about: str, why: str) -> DomainFinding:
    text = f"Could not check: {why}"
    return DomainFinding(topic=topic, about=about, severity=Severity.UNKNOWN, text=text, remedy=_LATER)


def _bad(topic: Topic, about: str, text: str, expected: str, why: str, remedy: str) -> DomainFinding:
    return DomainFinding(
        topic=topic, about=about, severity=Severity.BAD, text=text, expected=expected, why=why, remedy=remedy
    )


def _warning(topic: Topic, about: str, text: str, expected: str, why: str, remedy: str) -> DomainFinding:
    return DomainFinding(
        topic=topic, about=about, severity=Severity.WARNING, text=text, expected=expected, why=why, remedy=remedy
    )
