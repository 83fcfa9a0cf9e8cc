"""What is said of the records that speak of the web: MTA-STS (RFC 8461), TLS reports (RFC 8460), BIMI, and one-click unsubscription (RFC 8058).

The first three are optional: to be without them is good; to have them broken is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailloom.addons.senderauth.dmarc_record import Policy
from mailloom.api.checks import Severity

from .answers import Answers, Page
from .asking import Asked
from .findings import UP_TO_TWO_DAYS, DomainFinding, Record, Topic, txt
from .judging_dmarc import effective
from .policy_file import matches, read_policy
from .probing import answers_as_mailloom
from .situation import Situation

_STS_WHY = "MTA-STS tells senders that mail to you must come encrypted, to servers with a trusted certificate."
_CLICK_WHY = "Gmail and Yahoo demand that a recipient of mailings can opt out by one click, over HTTPS, and that it works within two days."


def web_findings(situation: Situation, answers: Answers) -> Iterator[DomainFinding]:
    yield _sts(situation, answers)
    yield _tls_reports(situation, answers.tls_reports)
    yield _bimi(situation, answers)
    yield _one_click(situation, answers.one_click)


def _sts(situation: Situation, answers: Answers) -> DomainFinding:
    domain, texts = situation.domain, answers.sts.starting("v=STSv1")
    wanted = (txt(f"_mta-sts.{domain}", f"v=STSv1; id={situation.policy_id}"),) if situation.serves_policy else ()
    if answers.sts.failure:
        return _unknown(Topic.MTA_STS, answers.sts.failure)
    if not texts:
        if not situation.serves_policy:
            text = f"Not used (optional). To begin: mailloom deliverability mta-sts {domain} testing"
            return DomainFinding(topic=Topic.MTA_STS, about="", severity=Severity.GOOD, text=text)
        text, remedy = (
            "A policy is served here, but its record is missing.",
            f"Publish it, and let mta-sts.{domain} lead to our web face.",
        )
        return _flawed(Topic.MTA_STS, text, _STS_WHY, remedy, wanted)
    if len(texts) > 1:
        return _flawed(
            Topic.MTA_STS,
            f"{len(texts)} records stand at _mta-sts.{domain}; none counts.",
            _STS_WHY,
            "Keep one.",
            wanted,
        )
    page = answers.sts_page
    if page is not None and page.skipped:
        return _unknown(Topic.MTA_STS, f"{page.url} was not asked for.")
    policy = read_policy(page.body) if page is not None and page.status == 200 else None
    if page is None or policy is None:
        said = (page.failure or f"HTTP {page.status}, or no policy in it") if page else "nothing"
        text = f"The record promises a policy, but {page.url if page else 'its page'} answers: {said}."
        return _flawed(
            Topic.MTA_STS,
            text,
            _STS_WHY,
            "Let the page be served over HTTPS without redirects, or remove the record.",
            (),
        )
    if situation.serves_policy and f"id={situation.policy_id}" not in texts[0].replace(" ", "").split(";"):
        return _flawed(
            Topic.MTA_STS,
            "The record's id is not that of the policy served now.",
            _STS_WHY,
            "Publish the new id.",
            wanted,
        )
    hosts = answers.exchangers[domain].hosts
    strangers = [host for host in hosts if not matches(policy, host)]
    if strangers and policy.mode != "none":
        text = f"The policy ({policy.mode}) leaves out {', '.join(strangers)}, which the MX names: senders that keep it refuse to deliver there."
        remedy = f"Serve a new policy: mailloom deliverability mta-sts {domain} {policy.mode}"
        severity = Severity.BAD if policy.mode == "enforce" else Severity.WARNING
        return DomainFinding(topic=Topic.MTA_STS, about="", severity=severity, text=text, why=_STS_WHY, remedy=remedy)
    return DomainFinding(
        topic=Topic.MTA_STS, about="", severity=Severity.GOOD, text=f"Policy found, mode {policy.mode}."
    )


def _tls_reports(situation: Situation, asked: Asked) -> DomainFinding:
    name, texts = f"_smtp._tls.{situation.domain}", asked.starting("v=TLSRPTv1")
    record = (txt(name, f"v=TLSRPTv1; rua=mailto:{situation.reports_to}"),)
    why = "Senders report daily where encryption on the way to you failed."
    if asked.failure:
        return _unknown(Topic.TLS_REPORTS, asked.failure)
    if not texts:
        return DomainFinding(topic=Topic.TLS_REPORTS, about="", severity=Severity.GOOD, text="Not used (optional).",
                             expected="if reports are wanted", records=record, why=why, takes=UP_TO_TWO_DAYS)  # fmt: skip
    if len(texts) > 1 or "rua=" not in texts[0].replace(" ", ""):
        return _flawed(Topic.TLS_REPORTS, f"What stands at {name} cannot be used.", why, "Replace it.", record)
    return DomainFinding(topic=Topic.TLS_REPORTS, about="", severity=Severity.GOOD, text="Reports are asked for.")


def _bimi(situation: Situation, answers: Answers) -> DomainFinding:
    if answers.bimi.failure:
        return _unknown(Topic.BIMI, answers.bimi.failure)
    dmarc = effective(answers)
    strict = dmarc is not None and dmarc.policy is not Policy.NONE and not dmarc.testing
    needs = "a logo as SVG Tiny PS, and for Gmail and Apple a certificate (VMC; Gmail takes a CMC, too)"
    if not answers.bimi.starting("v=BIMI1"):
        first = "" if strict else "DMARC with p=quarantine or p=reject, without t=y; "
        text = f"Not used (optional): a logo beside your mails. It needs {first}{needs}."
        return DomainFinding(topic=Topic.BIMI, about="", severity=Severity.GOOD, text=text)
    if not strict:
        text = "A BIMI record is there, but no logo is shown as long as DMARC is not p=quarantine or p=reject."
        return _flawed(
            Topic.BIMI, text, "Receivers show logos of protected domains only.", "Go on along the path of DMARC.", ()
        )
    return DomainFinding(
        topic=Topic.BIMI, about="", severity=Severity.GOOD, text=f"There is a record. Shown where it has {needs}."
    )


def _one_click(situation: Situation, page: Page | None) -> DomainFinding:
    expected = "core.base_url with https://, answered by mailloom"
    if page is None and not situation.sends_mailings:
        text = "Nothing here sends mailings. Before the first one core.base_url must name the public address of mailloom, over HTTPS."
        return DomainFinding(topic=Topic.ONE_CLICK, about="", severity=Severity.GOOD, text=text, why=_CLICK_WHY)
    if page is None:
        said = (
            f"{situation.base_url} is not encrypted" if situation.base_url else "there is no public address of mailloom"
        )
        return DomainFinding(
            topic=Topic.ONE_CLICK,
            about="",
            severity=Severity.BAD,
            text=f"One click cannot opt out: {said}.",
            expected=expected,
            why=_CLICK_WHY,
            remedy="Run: mailloom settings set core.base_url https://mail.example.org",
        )
    if page.skipped:
        return _unknown(Topic.ONE_CLICK, f"{page.url} was not asked for.")
    if answers_as_mailloom(page):
        return DomainFinding(
            topic=Topic.ONE_CLICK, about="", severity=Severity.GOOD, text=f"{situation.base_url} answers over HTTPS."
        )
    said = page.failure or f"HTTP {page.status}, and not from mailloom"
    return DomainFinding(
        topic=Topic.ONE_CLICK,
        about="",
        severity=Severity.BAD,
        text=f"{page.url} does not answer as it should: {said}.",
        expected=expected,
        why=_CLICK_WHY,
        remedy=page.remedy or "Does `mailloom serve` run, and does the proxy hand requests on to it?",
    )


def _flawed(topic: Topic, text: str, why: str, remedy: str, records: tuple[Record, ...]) -> DomainFinding:
    return DomainFinding(
        topic=topic,
        about="",
        severity=Severity.WARNING,
        text=text,
        records=records,
        why=why,
        takes=UP_TO_TWO_DAYS if records else "",
        remedy=remedy,
    )


def _unknown(topic: Topic, why: str) -> DomainFinding:
    text = f"Could not check: {why}"
    return DomainFinding(topic=topic, about="", severity=Severity.UNKNOWN, text=text, remedy="Check again later.")
