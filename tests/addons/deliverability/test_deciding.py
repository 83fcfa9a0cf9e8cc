"""Modes, the text for the IT department, the policy file, the closed loop, and the commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from mailloom.addons.deliverability import commands, doctor_commands
from mailloom.addons.deliverability.checking import domain_name
from mailloom.addons.deliverability.deciding import add_selector, remove_selector, set_policy
from mailloom.addons.deliverability.handover import handover_text, missing_records
from mailloom.addons.deliverability.loop import results_of, run_loop
from mailloom.addons.deliverability.models import Mode, PolicyMode
from mailloom.addons.deliverability.modes import DESCRIPTIONS, choose_mode
from mailloom.addons.deliverability.policy_file import read_policy, write_policy
from mailloom.api.checks import Severity
from mailloom.errors import PermanentFailure, Refused, TemporaryFailure
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.web.serving import WebService

DOMAIN = "example.org"


# --- modes ---


def choose(world: Any, mode: Mode, domain: str = DOMAIN) -> Mode | None:
    with world.app.write() as session:
        return choose_mode(session, world.app, domain, mode).mode


def test_every_mode_says_what_follows_from_it() -> None:
    assert [each.mode for each in DESCRIPTIONS] == list(Mode)
    assert all(len(each.consequences) >= 3 for each in DESCRIPTIONS)


def test_our_sub_domain_needs_a_catchall_of_ours(world: Any) -> None:
    with pytest.raises(Refused, match="no catchall takes its replies") as caught:
        choose(world, Mode.OUR_SUBDOMAIN, "customer.example")
    assert caught.value.remedy == "Run: mailloom domains add customer.example"
    assert choose(world, Mode.OUR_SUBDOMAIN) is Mode.OUR_SUBDOMAIN


def test_a_customers_address_gets_a_key_that_is_handed_over(world_of_both: Any) -> None:
    world = world_of_both
    world.own_server()
    assert choose(world, Mode.CUSTOMER_ADDRESS, "customer.example") is Mode.CUSTOMER_ADDRESS
    report = world.look("customer.example")
    names = [record.name for _, record, _ in missing_records(report)]
    assert "ml202611._domainkey.customer.example" in names
    assert "_dmarc.customer.example" in names
    text = handover_text(report, organisation="Example Lamps")
    assert text.startswith("Hello,\n\nExample Lamps will send mail with addresses of customer.example.")
    assert "value  v=DMARC1; p=none; rua=mailto:postmaster@customer.example" in text
    assert text.count("v=spf1") <= 1


def test_a_customers_own_server_needs_an_account_there_and_says_what_sent_means(world: Any) -> None:
    with pytest.raises(Refused, match="No account hands mail"):
        choose(world, Mode.CUSTOMER_SERVER)
    world.account("theirs", host="mail.customer.example", from_filter=["customer.example"])
    world.dns.publish("mail.customer.example", "A", "203.0.113.80")
    choose(world, Mode.CUSTOMER_SERVER, "customer.example")
    report = world.look("customer.example")
    said = next(each for each in report.findings if each.subject == "accounts").text
    assert "their IT is responsible" in said
    assert "“sent” means handed over" in said
    signed = next(each for each in report.findings if each.subject == "dkim account theirs")
    assert (signed.severity, "mailloom doctor loop" in signed.remedy) == (Severity.UNKNOWN, True)


def test_nothing_is_asked_of_an_it_department_that_has_done_all(world: Any, public_key: str) -> None:
    world.account("main", host="smtp.gmail.com", signs_dkim=True, custom_mail_from=False, user=f"ann@{DOMAIN}")
    world.dns.publish(DOMAIN, "TXT", "v=spf1 include:_spf.google.com -all")
    world.dns.publish(f"google._domainkey.{DOMAIN}", "TXT", public_key)
    world.dns.publish(f"_dmarc.{DOMAIN}", "TXT", f"v=DMARC1; p=none; rua=mailto:a@{DOMAIN}")
    assert "there is nothing to do" in handover_text(world.look(), organisation="")


# --- selectors ---


@pytest.mark.parametrize("selector", ["", "-x", "a b", "x" * 64, "a;b", "a\nb"])
def test_what_is_no_selector_is_refused(world: Any, selector: str) -> None:
    with world.app.write() as session, pytest.raises(Refused):
        add_selector(session, world.app, DOMAIN, selector)


def test_selectors_are_bounded_and_can_be_forgotten(world: Any) -> None:
    with world.app.write() as session:
        for number in range(20):
            add_selector(session, world.app, DOMAIN, f"s{number}")
        with pytest.raises(Refused, match="20 selectors"):
            add_selector(session, world.app, DOMAIN, "more")
        assert len(remove_selector(session, world.app, DOMAIN, "S3").selectors) == 19


@pytest.mark.parametrize("name", ["", "localhost", "[192.0.2.1]", "a b.example"])
def test_what_is_no_domain_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        domain_name(name)


# --- MTA-STS ---


@pytest.fixture
def browser(world: Any) -> Iterator[Any]:
    service = WebService("127.0.0.1", 0)
    service.start(world.app)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=10) as client:
            yield client
    finally:
        service.stop(5)


def fetch(browser: Any, host: str) -> httpx.Response:
    answer: httpx.Response = browser.get("/.well-known/mta-sts.txt", headers={"Host": host})
    return answer


def test_the_policy_is_served_to_its_own_host_only(world: Any, browser: Any) -> None:
    assert fetch(browser, "mta-sts.example.org").status_code == 404
    with world.app.write() as session:
        set_policy(session, world.app, DOMAIN, PolicyMode.ENFORCE, ["mail.example.org", "*.mx.example.net."])
    answer = fetch(browser, "MTA-STS.example.org:443")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    policy = read_policy(answer.text)
    assert policy is not None
    assert (policy.mode, policy.hosts) == (PolicyMode.ENFORCE, ("mail.example.org", "*.mx.example.net"))
    for host in ("example.org", "mta-sts.other.example", "mta-sts.", "mta-sts.example.org.evil.example", "x" * 300):
        assert fetch(browser, host).status_code == 404, host


def test_each_change_of_the_policy_makes_a_new_id(world: Any) -> None:
    from datetime import timedelta

    ids = []
    for mode, hosts in (
        (PolicyMode.TESTING, ["a.example"]),
        (PolicyMode.TESTING, ["a.example"]),
        (PolicyMode.ENFORCE, ["a.example"]),
    ):
        world.clock.time += timedelta(seconds=1)
        with world.app.write() as session:
            ids.append(set_policy(session, world.app, DOMAIN, mode, hosts).policy_id)
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("hosts", [pytest.param([], id="none"), pytest.param(["a\r\nmode: none"], id="a line break")])
def test_a_policy_needs_hosts_that_are_hosts(world: Any, hosts: list[str]) -> None:
    with world.app.write() as session, pytest.raises(Refused):
        set_policy(session, world.app, DOMAIN, PolicyMode.TESTING, hosts)


def test_what_we_write_we_can_read() -> None:
    policy = read_policy(write_policy(PolicyMode.TESTING, ["a.example", "b.example"]))
    assert policy is not None
    assert (policy.mode, policy.hosts, policy.max_age) == (PolicyMode.TESTING, ("a.example", "b.example"), 86400)


# --- the closed loop ---


def carry(world: Any, results: str, state: DeliveryState = DeliveryState.SENT) -> Any:
    """What a world does in one pause: takes the mail and brings it back with the receiver's words."""

    def pause(seconds: float) -> None:
        (mail,) = world.app.outbox
        with world.app.write() as session:
            delivery = session.query(Delivery).one()
            delivery.state, delivery.reply = state, "550 5.7.1 no"
        if state is DeliveryState.SENT and results is not None:
            received = f"Authentication-Results: {results}\r\n" if results else ""
            world.app.receive(
                received.encode() + mail.raw, recipients=["box@example.org"], envelope_from=mail.envelope_from
            )

    return pause


def test_the_loop_shows_the_receivers_verdict_beside_ours(world_of_both: Any) -> None:
    world = world_of_both
    world.own_server()
    line = (
        "mx.example.net; spf=pass smtp.mailfrom=example.org; dkim=fail (key=missing) header.d=example.org; dmarc=pass"
    )
    result = run_loop(world.app, sender=f"ann@{DOMAIN}", to=f"box@{DOMAIN}", sleep=carry(world, line))
    assert (result.receiver, result.passed) == ("mx.example.net", True)
    said = {each.method: (each.receiver, each.ours) for each in result.methods}
    assert said == {"spf": ("pass", ""), "dkim": ("fail", "none"), "dmarc": ("pass", "none")}
    assert result.our_line.startswith("mailloom; ")


def test_a_receiver_that_says_nothing_is_shown_as_that(world: Any) -> None:
    world.own_server()
    result = run_loop(world.app, sender=f"ann@{DOMAIN}", to=f"box@{DOMAIN}", sleep=carry(world, ""))
    assert (result.receiver, result.receiver_line, result.passed) == ("", "", False)


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        pytest.param(DeliveryState.REJECTED, PermanentFailure, "550 5.7.1 no", id="refused"),
        pytest.param(DeliveryState.DEFERRED, TemporaryFailure, "it is deferred", id="not sent in time"),
    ],
)
def test_a_loop_that_does_not_close_says_where_it_broke(
    world: Any, state: DeliveryState, error: type[Exception], said: str
) -> None:
    world.own_server()
    times = iter([0.0, 1.0, 500.0, 501.0])
    with pytest.raises(error, match=said):
        run_loop(
            world.app,
            sender=f"ann@{DOMAIN}",
            to=f"box@{DOMAIN}",
            sleep=carry(world, "", state),
            monotonic=lambda: next(times),
        )


def test_a_mail_that_is_sent_and_stays_away_is_looked_for_in_spam(world: Any) -> None:
    world.own_server()
    times = iter([0.0, 1.0, 500.0])

    def lose(seconds: float) -> None:
        with world.app.write() as session:
            session.query(Delivery).one().state = DeliveryState.SENT

    with pytest.raises(TemporaryFailure, match="has not come back") as caught:
        run_loop(world.app, sender=f"ann@{DOMAIN}", to=f"box@{DOMAIN}", sleep=lose, monotonic=lambda: next(times))
    assert "spam folder" in caught.value.remedy


@pytest.mark.parametrize(
    ("line", "results"),
    [
        pytest.param(
            "mx; spf=pass; dkim=fail; dkim=pass; dmarc=none",
            {"spf": "pass", "dkim": "pass", "dmarc": "none"},
            id="one signature holds",
        ),
        pytest.param("mx; DKIM = Pass (spf=fail in a comment)", {"dkim": "pass"}, id="comments and case"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_results_are_read_from_a_line(line: str, results: dict[str, str]) -> None:
    assert results_of(line) == results


# --- commands ---


def run(world: Any, *words: str) -> Result:
    root = typer.Typer()
    doctor = typer.Typer()
    doctor_commands.add_to_doctor(doctor)
    root.add_typer(doctor, name="doctor")
    root.add_typer(commands.deliverability, name="deliverability")
    return CliRunner().invoke(root, list(words), obj=world.app)


def test_a_domain_is_shown_with_records_that_can_be_copied(world: Any) -> None:
    world.account("main", host="smtp.gmail.com", signs_dkim=True)
    shown = run(world, "doctor", "domain", "Example.ORG")
    assert shown.exit_code == 1
    assert "      value  v=spf1 include:_spf.google.com ~all\n" in shown.output
    assert "✗ SPF passes for every account (demanded: Gmail, Yahoo, Outlook.com, iCloud)" in shown.output
    said = json.loads(run(world, "doctor", "domain", DOMAIN, "--last", "--json").output)
    assert said["domain"] == DOMAIN
    spf = next(each for each in said["findings"] if each["topic"] == "spf" and not each["about"])
    assert spf["records"][0] == {
        "name": DOMAIN,
        "type": "TXT",
        "value": "v=spf1 include:_spf.google.com ~all",
        "zone_value": '"v=spf1 include:_spf.google.com ~all"',
        "ttl": 3600,
    }
    assert {"severity", "text", "expected", "why", "takes", "remedy"} <= set(spf)
    assert said["readiness"][0]["demanded_by"] == ["Gmail", "Yahoo", "Outlook.com", "iCloud"]


def test_the_commands_of_decisions(world: Any) -> None:
    world.own_server()
    world.look()
    assert run(world, "deliverability", "readiness", DOMAIN).exit_code == 1
    assert run(world, "deliverability", "readiness", DOMAIN, "--per-day", "100").exit_code == 0
    made = run(
        world, "deliverability", "override", DOMAIN, "--reason", "The shop moves today.", "--by", "ann", "--json"
    )
    assert json.loads(made.output)[0]["by"] == "ann"
    assert run(world, "deliverability", "readiness", DOMAIN).exit_code == 0
    assert run(world, "deliverability", "override", DOMAIN, "--end").exit_code == 0
    assert json.loads(run(world, "deliverability", "selector", DOMAIN, "mx", "--json").output)["selectors"] == ["mx"]
    served = run(world, "deliverability", "mta-sts", DOMAIN, "testing").output
    assert "v=STSv1; id=20261102090000" in served
    assert "No policy is served" in run(world, "deliverability", "mta-sts", DOMAIN, "off").output
    assert "Our own sub-domain" in run(world, "deliverability", "modes").output
    assert "Replies come to our catchall" in run(world, "deliverability", "mode", DOMAIN, "our-subdomain").output
    listed = json.loads(run(world, "deliverability", "list", "--json").output)
    assert [(each["domain"], each["mode"]) for each in listed] == [(DOMAIN, "our-subdomain")]
    assert run(world, "deliverability", "changes", DOMAIN, "--json").output == "[]\n"


def test_the_loop_is_shown_method_by_method(world: Any) -> None:
    world.own_server()
    back = carry(world, "mx.example.net; spf=pass; dkim=pass; dmarc=fail")
    carrier = threading.Timer(1.0, back, args=[0.0])
    carrier.start()
    shown = run(world, "doctor", "loop", "--from", f"ann@{DOMAIN}", "--to", f"box@{DOMAIN}", "--seconds", "60")
    carrier.join()
    assert shown.exit_code == 1, "the receiver did not believe From"
    assert "dmarc   fail      none" in shown.output
    assert "mx.example.net wrote: mx.example.net; spf=pass; dkim=pass; dmarc=fail" in shown.output


def test_the_text_for_the_it_department_is_printed_or_mailed(world: Any) -> None:
    world.own_server()
    assert "please publish these" in run(world, "deliverability", "handover", DOMAIN).output
    sent = run(world, "deliverability", "handover", DOMAIN, "--to", "it@customer.example")
    assert sent.exit_code == 0, sent.exception
    (mail,) = world.app.outbox
    assert (mail.recipient, mail.mail.subject) == ("it@customer.example", "DNS records for mail of example.org")
