"""What is said of DKIM (RFC 6376, RFC 8301): for every account a key of the domain that receivers can find and believe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailloom.addons.senderauth.dkim_tags import BadTags, KeyRevoked, PublishedKey, read_key, read_tags
from mailloom.api.checks import Severity
from mailloom.mail.dkim_keys import RSA_BITS, KeyKind, record_name

from .answers import Answers, KeyAnswer
from .findings import UP_TO_TWO_DAYS, DomainFinding, Record, Topic, cname, txt
from .models import Mode
from .providers import Provider, ProviderKey
from .situation import OwnKey, SendingAccount, Situation

_WHY = "A signature by the domain of From proves the sender even where mail is forwarded; Gmail, Yahoo, Outlook.com and iCloud demand it."
_EXPECTED = f"a key of the domain in the DNS, RSA with {RSA_BITS} bits, neither revoked nor under test"


def dkim_findings(situation: Situation, answers: Answers) -> Iterator[DomainFinding]:
    for key in situation.own_keys:
        yield _own(key, answers.keys[key.name])
    shown: set[str] = set()
    for account in situation.accounts:
        if server_signs(account, situation) and account.provider is not None and account.provider.name not in shown:
            shown.add(account.provider.name)
            yield from _of_provider(account, account.provider, situation, answers)
    for selector in situation.selectors:
        yield _named(selector, answers.keys[record_name(situation.domain, selector)])
    for account in situation.accounts:
        yield _account(account, situation, answers)


def server_signs(account: SendingAccount, situation: Situation) -> bool:
    """Known of the account, or the business of the customer's own server, for which we hold no key."""
    theirs = situation.mode is Mode.CUSTOMER_SERVER and not account.local and not situation.own_keys
    return account.signs or theirs


def signs_for(account: SendingAccount, situation: Situation, answers: Answers) -> bool | None:
    """Whether mail of the account carries a signature of the domain that receivers can check; None when that could not be told."""
    if account.unreadable:
        return None
    if not server_signs(account, situation):
        return _any([_own_good(key, answers.keys[key.name]) for key in situation.own_keys if key.signing])
    named = [*situation.selectors, *(key.selector for key in (account.provider.keys if account.provider else ()))]
    found = [_good(answers.keys[record_name(situation.domain, selector)]) for selector in named]
    return _any(found) if found else None


def _any(judged: list[bool | None]) -> bool | None:
    return True if True in judged else None if None in judged else False


def _good(answer: KeyAnswer) -> bool | None:
    if answer.text.failure:
        return None
    return isinstance(_key(answer), PublishedKey)


def _own_good(key: OwnKey, answer: KeyAnswer) -> bool | None:
    """Ours only if it is the key we sign with."""
    return _good(answer) and _same_key(answer.text.records, key.record)


def _key(answer: KeyAnswer) -> PublishedKey | str:
    """The published key, else what is wrong."""
    texts = [text for text in answer.text.records if "p=" in text]
    if not texts:
        return f"nothing is published at {answer.text.name}"
    if len(texts) > 1:
        return f"{len(texts)} keys stand at {answer.text.name}; keep only one"
    try:
        key = read_key(texts[0])
    except KeyRevoked:
        return f"the key at {answer.text.name} is revoked (its p= is empty)"
    except BadTags as error:
        return f"the key at {answer.text.name} is broken: {error}"
    if key.testing:
        return f"the key at {answer.text.name} is under test (t=y), so receivers do not count its signatures"
    return key


def _own(key: OwnKey, answer: KeyAnswer) -> DomainFinding:
    about, records = key.selector, (txt(key.name, key.record),)
    if answer.text.failure:
        return _unknown(about, answer.text.failure)
    found = _key(answer)
    if isinstance(found, str):
        remedy = (
            "Publish this record; mailloom begins to sign as soon as it sees it."
            if not key.signing
            else "Publish this record."
        )
        return _bad(about, f"{found[0].upper()}{found[1:]}.", records, remedy)
    if not _same_key(answer.text.records, key.record):
        return _bad(
            about, f"Another key stands at {key.name} than the one we sign with.", records, "Replace it by this record."
        )
    if not key.signing:
        text = f"{_described(found)}, published; it signs after the next check."
        remedy = f"Let it sign now: mailloom dkim check {key.domain}"
        return DomainFinding(
            topic=Topic.DKIM, about=about, severity=Severity.WARNING, text=text, why=_WHY, remedy=remedy
        )
    return _graded(about, found)


def _same_key(texts: tuple[str, ...], wanted: str) -> bool:
    expected = "".join(read_tags(wanted)["p"].split())
    return any("".join(text.partition("p=")[2].partition(";")[0].split()) == expected for text in texts)


def _of_provider(
    account: SendingAccount, provider: Provider, situation: Situation, answers: Answers
) -> Iterator[DomainFinding]:
    signed = signs_for(account, situation, answers)
    for key in provider.keys:
        finding = _provider_key(provider, key, situation, answers.keys[record_name(situation.domain, key.selector)])
        # One key that holds is enough; the others are for the provider's next rotation.
        yield replace(finding, severity=Severity.WARNING) if signed and finding.severity is Severity.BAD else finding
    if not provider.keys and not situation.selectors:
        yield DomainFinding(
            topic=Topic.DKIM,
            about=provider.name,
            severity=Severity.UNKNOWN,
            text=f"{provider.title} signs what {account.name} sends; under which selectors is not known.",
            expected=_EXPECTED,
            why=_WHY,
            remedy=f"Find its records there ({provider.where}), publish them, and name a selector: "
            f"mailloom deliverability selector {situation.domain} SELECTOR",
        )


def _provider_key(provider: Provider, key: ProviderKey, situation: Situation, answer: KeyAnswer) -> DomainFinding:
    name, target = record_name(situation.domain, key.selector), key.target_for(situation.domain)
    records: tuple[Record, ...] = (cname(name, target),) if target else ()
    if answer.text.failure:
        return _unknown(key.selector, answer.text.failure)
    found = _key(answer)
    if isinstance(found, PublishedKey):
        return _graded(key.selector, found, signer=provider.title)
    led = answer.alias.records[0].rstrip(".").lower() if answer.alias.records else ""
    if led and (not target or led == target):
        text = f"{name} leads to {led}, where {provider.title} publishes no key yet."
        return _bad(key.selector, text, (), f"Switch signing on: {provider.where}.")
    if led:
        return _bad(key.selector, f"{name} leads to {led} instead of {target}.", records, "Replace it by this record.")
    remedy = "Publish this record" if target else "Publish the record that your provider shows"
    return _bad(key.selector, f"{found[0].upper()}{found[1:]}.", records, f"{remedy} ({provider.where}).")


def _named(selector: str, answer: KeyAnswer) -> DomainFinding:
    if answer.text.failure:
        return _unknown(selector, answer.text.failure)
    found = _key(answer)
    if isinstance(found, str):
        return _bad(selector, f"{found[0].upper()}{found[1:]}.", (), "Publish the record that your provider shows.")
    return _graded(selector, found)


def _graded(about: str, key: PublishedKey, *, signer: str = "") -> DomainFinding:
    text = f"{_described(key)}, published{f' for {signer}' if signer else ''}."
    if key.kind is KeyKind.RSA and key.bits < RSA_BITS:
        return DomainFinding(
            topic=Topic.DKIM,
            about=about,
            severity=Severity.WARNING,
            text=text,
            expected=_EXPECTED,
            why="Keys of fewer than 2048 bits can be broken in time, and receivers begin to refuse them (RFC 8301 §3.2).",
            takes=UP_TO_TWO_DAYS,
            remedy="Let your provider make a key of 2048 bits.",
        )
    return DomainFinding(topic=Topic.DKIM, about=about, severity=Severity.GOOD, text=text, why=_WHY)


def _described(key: PublishedKey) -> str:
    return f"A key of {key.bits} bits (RSA)" if key.kind is KeyKind.RSA else "An Ed25519 key"


def _account(account: SendingAccount, situation: Situation, answers: Answers) -> DomainFinding:
    about = f"account {account.name}"
    signs = signs_for(account, situation, answers)
    its_own = server_signs(account, situation)
    who = "Its server signs" if its_own else "mailloom signs"
    if signs:
        return DomainFinding(
            topic=Topic.DKIM, about=about, severity=Severity.GOOD, text=f"{who} its mail, and the key can be found."
        )
    if signs is None:
        why = account.unreadable or "whether its mail is signed by the domain cannot be told from here"
        remedy = f"See what arrives: mailloom doctor loop --from you@{situation.domain} --to a-mailbox-of-yours"
        return DomainFinding(
            topic=Topic.DKIM, about=about, severity=Severity.UNKNOWN, text=f"Could not check: {why}.", remedy=remedy
        )
    if its_own:
        return _bad(
            about, f"{who}, but no key of {situation.domain} can be found.", (), "Publish the keys shown above."
        )
    if not situation.own_keys:
        text = "Nothing signs its mail: neither its server nor mailloom, which has no key of this domain."
        return _bad(about, text, (), f"Make a key: mailloom dkim create {situation.domain}")
    return _bad(about, "mailloom's key cannot be found or does not sign yet.", (), "Publish the key shown above.")


def _bad(about: str, text: str, records: tuple[Record, ...], remedy: str) -> DomainFinding:
    return DomainFinding(
        topic=Topic.DKIM,
        about=about,
        severity=Severity.BAD,
        text=text,
        expected=_EXPECTED,
        records=records,
        why=_WHY,
        takes=UP_TO_TWO_DAYS if records else "",
        remedy=remedy,
    )


def _unknown(about: str, why: str) -> DomainFinding:
    return DomainFinding(
        topic=Topic.DKIM,
        about=about,
        severity=Severity.UNKNOWN,
        text=f"Could not check: {why}",
        remedy="Check again later.",
    )
