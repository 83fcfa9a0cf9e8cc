"""Each hook at work: who is asked in which order, what becomes of the answers, and what happens when one raises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import jinja2
import pytest
import typer
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from mailloom.api import (
    Check,
    Denial,
    Discovery,
    Draft,
    Envelope,
    Explanation,
    FailureClass,
    Job,
    MenuEntry,
    MenuSection,
    MessageKind,
    Office,
    Pages,
    Pass,
    Permission,
    Preset,
    Purpose,
    Recipient,
    Routes,
    SenderVerdict,
    Settled,
    Topic,
    hookimpl,
)
from mailloom.api.recorded import Remark
from mailloom.api.rest import ApiRoutes
from mailloom.api.services import ServiceStatus
from mailloom.api.web import AccountPanel, SetupStep
from mailloom.errors import ConfigurationError, TemporaryFailure
from mailloom.mail.address import parse_addresses
from mailloom.mail.message import parse
from mailloom.mail.reply import Reply as VisibleReply
from mailloom.mail.report import Report
from mailloom.registry import HookFailed, Hooks
from mailloom.registry.catalogue import make_catalogue
from mailloom.registry.implementations import Implementations
from mailloom.store.database import Database
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.system import Counter

Failures = list[tuple[str, str, str]]
MAIL = parse(b"From: ann@example.org\r\n\r\nHello\r\n")
NO_SESSION = cast(Session, None)
NO_OFFICE = cast(Office, None)


@pytest.fixture
def failures() -> Failures:
    """What was reported, as (addon, hook, reason)."""
    return []


@pytest.fixture
def offering(failures: Failures) -> Callable[..., Hooks]:
    """`offering(first={hook: function}, second=…)`: the hooks of addons of which each may depend on those before it."""

    def make(**addons: dict[str, Callable[..., Any]]) -> Hooks:
        modules: dict[str, ModuleType] = {}
        for name, functions in addons.items():
            modules[name] = ModuleType(name)
            for hook, function in functions.items():
                function.__name__ = hook
                setattr(modules[name], hook, hookimpl(function))
        return Hooks(Implementations(modules, lambda addon, hook, reason: failures.append((addon, hook, reason))))

    return make


def _draft() -> tuple[Draft, Recipient]:
    recipient = Recipient(address=parse_addresses("ann@example.org")[0])
    return Draft(sender=None, recipients=[recipient], subject="Hello"), recipient


def _raise(error: Exception) -> Any:
    raise error


# --- collect ---


class Colour(BaseModel):
    colour: str = Field("red", description="Of the door.")


class NoDefault(BaseModel):
    colour: str = Field(description="Of the door.")


class NoDescription(BaseModel):
    colour: str = "red"


def test_hook_register_settings(offering: Callable[..., Hooks], failures: Failures) -> None:
    hooks = offering(
        good={"register_settings": lambda: Colour},
        required={"register_settings": lambda: NoDefault},
        silent={"register_settings": lambda: NoDescription},
        wrong={"register_settings": lambda: {"colour": "red"}},
    )
    assert hooks.register_settings() == {"good": Colour}
    assert [addon for addon, _, _ in failures] == ["required", "silent", "wrong"]
    assert "has no default" in failures[0][2]
    assert "has no description" in failures[1][2]


def _kind(name: str) -> Any:
    return SimpleNamespace(name=name, title=name, settings=object, capabilities=None, open=_raise, probe=_raise)


@pytest.mark.parametrize("hook", ["register_transports", "register_sources"])
def test_kinds_are_collected_in_dependency_order(hook: str, offering: Callable[..., Hooks], failures: Failures) -> None:
    hooks = offering(
        smtp={hook: lambda: [_kind("smtp")]},
        broken={hook: lambda: 1 / 0},
        gmail={hook: lambda: (_kind("gmail"), _kind("gmail-relay"))},
    )
    offers = getattr(hooks, hook)()
    assert [(addon, kind.name) for addon, kind in offers] == [
        ("smtp", "smtp"),
        ("gmail", "gmail"),
        ("gmail", "gmail-relay"),
    ]
    assert failures == [("broken", hook, "ZeroDivisionError: division by zero")]


def test_hook_register_transports(offering: Callable[..., Hooks]) -> None:
    hooks = offering(smtp={"register_transports": lambda: [_kind("smtp")]})
    assert set(make_catalogue(hooks).transports) == {"smtp"}


def test_hook_register_sources(offering: Callable[..., Hooks]) -> None:
    hooks = offering(imap={"register_sources": lambda: [_kind("imap")]})
    assert set(make_catalogue(hooks).sources) == {"imap"}


def _router(name: str, order: int) -> Any:
    return SimpleNamespace(
        name=name, order=order, summary="", route=lambda incoming, session: Pass(why="not looked at")
    )


def test_hook_register_presets(offering: Callable[..., Hooks], failures: Failures) -> None:
    def preset(name: str) -> Preset:
        return Preset(
            name=name,
            title="A provider",
            provider=name,
            servers=(),
            logins=(),
            help_url="",
            source="",
            checked=date(2026, 1, 1),
        )

    hooks = offering(
        first={"register_presets": lambda: [preset("one"), preset("two")]},
        second={"register_presets": lambda: [preset("two")]},
        third={"register_presets": lambda: ["three"]},
    )
    catalogue = make_catalogue(hooks)
    assert list(catalogue.presets) == ["one", "two"]
    assert catalogue.owners["register_presets", "two"] == "first"
    assert [addon for addon, _, _ in failures] == ["third", "second"]


def test_hook_register_routers(offering: Callable[..., Hooks], failures: Failures) -> None:
    hooks = offering(
        catchall={"register_routers": lambda: [_router("catchall", 900)]},
        alias={"register_routers": lambda: [_router("alias", 300), _router("reply", 200)]},
        pushy={"register_routers": lambda: [_router("first", 200)]},
        twin={"register_routers": lambda: [_router("alias", 400)]},
    )
    assert [router.name for router in make_catalogue(hooks).routers] == ["reply", "alias", "catchall"]
    assert failures == [
        ("pushy", "register_routers", "its 'first' has the order 200, which alias has already"),
        ("twin", "register_routers", "its 'alias' has the name 'alias', which alias has already"),
    ]


def test_hook_register_thread_models(offering: Callable[..., Hooks]) -> None:
    methods = ("check_defaults", "create", "exists", "title_of", "merge_cc", "message_posted")
    model = SimpleNamespace(name="desk.ticket", title="Ticket", private=False, **dict.fromkeys(methods, _raise))
    hooks = offering(desk={"register_thread_models": lambda: [model]})
    assert make_catalogue(hooks).thread_models == {"desk.ticket": model}


def test_hook_register_webhooks(offering: Callable[..., Hooks]) -> None:
    webhook = SimpleNamespace(name="provider", receive=_raise)
    hooks = offering(provider={"register_webhooks": lambda: [webhook]})
    assert make_catalogue(hooks).webhooks == {"provider": webhook}


def test_hook_register_api(offering: Callable[..., Hooks], failures: Failures) -> None:
    resources = ApiRoutes(name="resources", make=lambda office: None)  # type: ignore[arg-type, return-value]  # not called
    hooks = offering(good={"register_api": lambda: [resources]}, broken={"register_api": lambda: ["/path"]})
    assert make_catalogue(hooks).api == {"resources": resources}
    assert failures == [("broken", "register_api", "it returned str instead of ApiRoutes")]


def test_hook_register_routes(offering: Callable[..., Hooks], failures: Failures) -> None:
    pages = Routes(name="pages", make=_raise)
    hooks = offering(pages={"register_routes": lambda: [pages]}, broken={"register_routes": lambda: ["/path"]})
    assert make_catalogue(hooks).routes == {"pages": pages}
    assert failures == [("broken", "register_routes", "it returned str instead of Routes")]


def test_hook_register_pages(offering: Callable[..., Hooks], failures: Failures) -> None:
    pages = Pages(name="tickets", make=_raise)
    hooks = offering(helpdesk={"register_pages": lambda: [pages]}, broken={"register_pages": lambda: ["/path"]})
    assert make_catalogue(hooks).pages == {"tickets": pages}
    assert failures == [("broken", "register_pages", "it returned str instead of Pages")]


def test_hook_register_menu(offering: Callable[..., Hooks], failures: Failures) -> None:
    entry = MenuEntry(name="tickets", title="Tickets", path="/tickets", section=MenuSection.MAIL, permission=None)
    hooks = offering(first={"register_menu": lambda: [entry]}, second={"register_menu": lambda: [entry]})
    assert make_catalogue(hooks).menu == {"tickets": entry}
    assert [addon for addon, _, _ in failures] == ["second"]


def test_hook_register_account_panels(offering: Callable[..., Hooks]) -> None:
    panel = AccountPanel(
        name="oauth", template="oauth/panel.html", values=lambda office, account_id: {"id": account_id}
    )
    catalogue = make_catalogue(offering(oauth={"register_account_panels": lambda: [panel]}))
    assert catalogue.account_panels == {"oauth": panel}


def test_hook_register_setup_steps(offering: Callable[..., Hooks], failures: Failures) -> None:
    step = SetupStep(
        name="sea",
        title="Put to sea",
        summary="Cast off.",
        path="/sea",
        label="Cast off",
        permission=Permission.SYSTEM_WRITE,
        done=lambda office: False,
    )
    hooks = offering(first={"register_setup_steps": lambda: [step]}, second={"register_setup_steps": lambda: [step]})
    assert make_catalogue(hooks).setup_steps == {"sea": step}
    assert [addon for addon, _, _ in failures] == ["second"]


def test_hook_register_jobs(offering: Callable[..., Hooks]) -> None:
    job = Job(name="tidy", summary="Tidies up.", every_seconds=60, run=lambda office: "Tidied.")
    catalogue = make_catalogue(offering(tidy={"register_jobs": lambda: [job]}))
    assert catalogue.jobs == {"tidy": job}
    assert catalogue.owners["register_jobs", "tidy"] == "tidy"


class Bell:
    name = "bell"
    summary = "Rings."

    def start(self, office: Office) -> None:
        self.office = office

    def stop(self, seconds: float) -> None:
        del self.office

    def status(self) -> ServiceStatus:
        return ServiceStatus(running=hasattr(self, "office"), detail="a bell")


def test_hook_register_services(offering: Callable[..., Hooks], failures: Failures) -> None:
    bell = Bell()
    catalogue = make_catalogue(
        offering(bell={"register_services": lambda: [bell]}, broken={"register_services": lambda: [object()]})
    )
    assert catalogue.services == {"bell": bell}
    assert [(addon, hook) for addon, hook, _ in failures] == [("broken", "register_services")]


def test_hook_register_checks(offering: Callable[..., Hooks]) -> None:
    check = Check(name="disk", run=lambda office: [])
    assert make_catalogue(offering(disk={"register_checks": lambda: [check]})).checks == {"disk": check}


def test_hook_register_commands(offering: Callable[..., Hooks], failures: Failures) -> None:
    root = typer.Typer()
    hooks = offering(
        broken={"register_commands": lambda root: 1 / 0},
        shop={"register_commands": lambda root: root.add_typer(typer.Typer(), name="shop")},
    )
    hooks.register_commands(root)
    assert [group.name for group in root.registered_groups] == ["shop"]
    assert [addon for addon, _, _ in failures] == ["broken"]


def test_hook_register_account_commands(offering: Callable[..., Hooks], failures: Failures) -> None:
    accounts = typer.Typer()
    hooks = offering(
        broken={"register_account_commands": lambda accounts: 1 / 0},
        connecting={"register_account_commands": lambda accounts: accounts.command("connect")(_raise)},
    )
    hooks.register_account_commands(accounts)
    assert [command.name for command in accounts.registered_commands] == ["connect"]
    assert [addon for addon, _, _ in failures] == ["broken"]


def test_hook_register_doctor_commands(offering: Callable[..., Hooks], failures: Failures) -> None:
    doctor = typer.Typer()
    hooks = offering(
        broken={"register_doctor_commands": lambda doctor: 1 / 0},
        looking={"register_doctor_commands": lambda doctor: doctor.command("domain")(_raise)},
    )
    hooks.register_doctor_commands(doctor)
    assert [command.name for command in doctor.registered_commands] == ["domain"]
    assert [addon for addon, _, _ in failures] == ["broken"]


# --- first answer wins ---


def test_hook_classify_message(offering: Callable[..., Hooks]) -> None:
    report = Report()
    asked: list[str] = []

    def silent(message: Any) -> None:
        asked.append("dependent")

    def answers(message: Any) -> Report:
        asked.append("needed")
        return report

    hooks = offering(needed={"classify_message": answers}, dependent={"classify_message": silent})
    assert hooks.classify_message(MAIL) is report
    assert asked == ["dependent", "needed"]


def test_hook_trim_reply(offering: Callable[..., Hooks], failures: Failures) -> None:
    trimmed = VisibleReply(text="Yes.", html="", quote="", signature="", rule="")
    hooks = offering(
        good={"trim_reply": lambda message: trimmed},
        wrong={"trim_reply": lambda: "Yes."},
        broken={"trim_reply": lambda: 1 / 0},
    )
    assert hooks.trim_reply(MAIL) is trimmed
    assert [(addon, reason) for addon, _, reason in failures] == [
        ("broken", "ZeroDivisionError: division by zero"),
        ("wrong", "it returned str instead of Reply"),
    ]


def test_hook_deny_recipients(offering: Callable[..., Hooks]) -> None:
    bounced, opted_out = Denial(state="suppressed", reason="It bounced."), Denial(state="opted out", reason="Said no.")
    asked = []

    def about_topic(addresses: list[str], topic: str) -> dict[str, Denial]:
        asked.append(topic)
        return dict.fromkeys(addresses[:2], opted_out)

    hooks = offering(
        suppression={"deny_recipients": lambda addresses: {addresses[0]: bounced}},
        indifferent={"deny_recipients": lambda: None},
        optout={"deny_recipients": about_topic},
    )
    addresses = ["dead@example.org", "ann@example.org", "bob@example.org"]
    denied = hooks.deny_recipients(addresses, Purpose.MARKETING, "list:7", NO_SESSION)
    assert denied == {"dead@example.org": bounced, "ann@example.org": opted_out}
    assert asked == ["list:7"]


def test_hook_permit_bulk(offering: Callable[..., Hooks]) -> None:
    denial = Denial(state="unready", reason="There is no DMARC record.")
    hooks = offering(ready={"permit_bulk": lambda domain, per_day: denial if per_day >= 5000 else None})
    assert hooks.permit_bulk("example.org", 5000, NO_SESSION) is denial
    assert hooks.permit_bulk("example.org", 4999, NO_SESSION) is None


@pytest.mark.parametrize(
    ("function", "said"),
    [
        pytest.param(lambda: 1 / 0, "ZeroDivisionError", id="raises"),
        pytest.param(lambda: False, "bool instead of denials", id="answers what is no mapping"),
        pytest.param(lambda: {"ann@example.org": "no"}, "str instead of Denial", id="answers what is no denial"),
    ],
)
def test_whether_somebody_may_be_written_to_is_never_guessed(
    offering: Callable[..., Hooks], failures: Failures, function: Callable[[], Any], said: str
) -> None:
    hooks = offering(suppression={"deny_recipients": function})
    with pytest.raises(HookFailed, match=said) as caught:
        hooks.deny_recipients(["ann@example.org"], Purpose.MARKETING, "", NO_SESSION)
    assert isinstance(caught.value, TemporaryFailure)
    assert "disable suppression" in caught.value.remedy
    assert len(failures) == 1


def test_an_error_of_mailloom_passes_a_deciding_hook_as_it_is(offering: Callable[..., Hooks]) -> None:
    hooks = offering(picky={"choose_account": lambda: _raise(ConfigurationError("No account fits."))})
    with pytest.raises(ConfigurationError, match="No account fits"):
        hooks.choose_account(_draft()[0], NO_SESSION)


def test_hook_offer_topics(offering: Callable[..., Hooks], failures: Failures) -> None:
    news, offers = Topic(key="list:1", title="News", subscribed=True), Topic(key="list:2", title="Offers")
    hooks = offering(
        audience={"offer_topics": lambda address: [news] if address == "ann@example.org" else []},
        wrong={"offer_topics": lambda: ["list:9"]},
        broken={"offer_topics": lambda: 1 / 0},
        shop={"offer_topics": lambda: [offers]},
    )
    assert hooks.offer_topics("ann@example.org", NO_SESSION) == [news, offers]
    assert [addon for addon, _, _ in failures] == ["wrong", "broken"]


def test_hook_remark_on_deliveries(offering: Callable[..., Hooks], failures: Failures) -> None:
    returned = Remark(delivery_id=7, text="It came back.", at=datetime(2026, 3, 2, tzinfo=UTC), path="/bounces/1")
    hooks = offering(
        bounce={"remark_on_deliveries": lambda delivery_ids: [returned] if 7 in delivery_ids else []},
        wrong={"remark_on_deliveries": lambda: ["It came back."]},
        broken={"remark_on_deliveries": lambda: 1 / 0},
    )
    assert hooks.remark_on_deliveries([7, 8], NO_SESSION) == [returned]
    assert [addon for addon, _, _ in failures] == ["wrong", "broken"]


def test_hook_export_person(offering: Callable[..., Hooks]) -> None:
    hooks = offering(
        first={"export_person": lambda address: {"orders": [{"of": address}]}},
        second={"export_person": lambda: {"orders": [{"number": 2}], "visits": []}},
        third={"export_person": lambda: None},
    )
    assert hooks.export_person("ann@example.org", NO_SESSION) == {
        "orders": [{"of": "ann@example.org"}, {"number": 2}],
        "visits": [],
    }


def test_hook_erase_person(offering: Callable[..., Hooks]) -> None:
    asked: list[str] = []

    def erase(addon: str, count: int) -> Callable[[], dict[str, int]]:
        return lambda: asked.append(addon) or {"orders": count}  # type: ignore[func-returns-value]

    hooks = offering(needed={"erase_person": erase("needed", 1)}, dependent={"erase_person": erase("dependent", 2)})
    assert hooks.erase_person("ann@example.org", NO_SESSION) == {"orders": 3}
    assert asked == ["dependent", "needed"]


@pytest.mark.parametrize("hook", ["export_person", "erase_person"])
def test_what_is_known_of_a_person_is_exported_and_erased_whole_or_not_at_all(
    offering: Callable[..., Hooks], hook: str
) -> None:
    hooks = offering(broken={hook: lambda: 1 / 0})
    with pytest.raises(HookFailed, match="broken"):
        getattr(hooks, hook)("ann@example.org", NO_SESSION)


def test_hook_opted_out(offering: Callable[..., Hooks], sqlite_database: Database, failures: Failures) -> None:
    told: list[tuple[str, str, str]] = []
    hooks = offering(
        broken={"opted_out": lambda: 1 / 0},
        audience={"opted_out": lambda address, topic, source: told.append((address, topic, source))},
    )
    with sqlite_database.write() as session:
        hooks.opted_out("ann@example.org", "list:7", "page", session)
    assert told == [("ann@example.org", "list:7", "page")]
    assert [addon for addon, _, _ in failures] == ["broken"]


def test_hook_opted_in_again(offering: Callable[..., Hooks], sqlite_database: Database) -> None:
    told: list[tuple[str, str]] = []
    hooks = offering(audience={"opted_in_again": lambda address, topic: told.append((address, topic))})
    with sqlite_database.write() as session:
        hooks.opted_in_again("ann@example.org", "", session)
    assert told == [("ann@example.org", "")]


def test_hook_complained(offering: Callable[..., Hooks], sqlite_database: Database) -> None:
    told: list[tuple[str, str]] = []
    delivery = Delivery(key="ann@example.org")
    hooks = offering(optout={"complained": lambda delivery, feedback_type: told.append((delivery.key, feedback_type))})
    with sqlite_database.write() as session:
        hooks.complained(delivery, "abuse", session)
    assert told == [("ann@example.org", "abuse")]


def test_hook_choose_account(offering: Callable[..., Hooks]) -> None:
    hooks = offering(first={"choose_account": lambda draft: 1}, second={"choose_account": lambda draft: 2})
    assert hooks.choose_account(_draft()[0], NO_SESSION) == 2
    assert offering().choose_account(_draft()[0], NO_SESSION) is None


def test_hook_return_path(offering: Callable[..., Hooks]) -> None:
    hooks = offering(bounce={"return_path": lambda delivery_id, account_id: f"b{delivery_id}-{account_id}@example.org"})
    draft, recipient = _draft()
    assert hooks.return_path(draft, recipient, 7, 3, NO_SESSION) == "b7-3@example.org"


def test_hook_explain_failure(offering: Callable[..., Hooks]) -> None:
    explanation = Explanation(failure=FailureClass.LIMIT, meaning="Too much.", remedy="Wait.")
    hooks = offering(gmail={"explain_failure": lambda reply, kind: explanation if kind == "gmail" else None})
    assert hooks.explain_failure("550 5.4.5", "smtp", "gmail") is explanation
    assert hooks.explain_failure("550 5.4.5", "smtp", "smtp") is None


def test_a_generic_explanation_counts_only_where_nobody_has_another(offering: Callable[..., Hooks]) -> None:
    generic = Explanation(failure=FailureClass.POLICY, meaning="Refused.", remedy="See its words.", generic=True)
    particular = Explanation(failure=FailureClass.LIMIT, meaning="Too much.", remedy="Wait.")
    hooks = offering(
        smtp={"explain_failure": lambda reply: particular if "quota" in reply else None},
        catalogue={"explain_failure": lambda: generic},
    )
    assert hooks.explain_failure("550 quota", "smtp", "") is particular
    assert hooks.explain_failure("550 no", "smtp", "") is generic


def test_hook_discover_servers(offering: Callable[..., Hooks]) -> None:
    def look(domain: str, progress: Callable[[str], None]) -> Discovery | None:
        progress(f"asking {domain}")
        return Discovery(domain=domain, suggestions=(), tried=("nothing",)) if domain == "example.org" else None

    hooks, told = offering(presets={"discover_servers": look}), list[str]()
    found = hooks.discover_servers("example.org", NO_OFFICE, told.append)
    assert found is not None
    assert found.tried == ("nothing",)
    assert hooks.discover_servers("example.net", NO_OFFICE, told.append) is None
    assert told == ["asking example.org", "asking example.net"]


def test_hook_reply_address(offering: Callable[..., Hooks]) -> None:
    hooks = offering(alias={"reply_address": lambda thread: "support@example.org"})
    assert hooks.reply_address(cast(Any, None), NO_SESSION) == "support@example.org"


def test_hook_authenticate_sender(offering: Callable[..., Hooks]) -> None:
    verdict = SenderVerdict(genuine=True, why="DKIM")
    hooks = offering(dkim={"authenticate_sender": lambda incoming: verdict})
    assert hooks.authenticate_sender(cast(Any, None), NO_SESSION) is verdict


def test_hook_recipient_known(offering: Callable[..., Hooks]) -> None:
    hooks = offering(alias={"recipient_known": lambda address: True if address == "support@example.org" else None})
    assert hooks.recipient_known("support@example.org", NO_SESSION) is True
    assert hooks.recipient_known("else@example.org", NO_SESSION) is None


# --- each ---


def test_hook_prepare_templates(offering: Callable[..., Hooks], failures: Failures) -> None:
    def add(environment: jinja2.Environment) -> None:
        environment.globals["answer"] = 42

    environment = jinja2.Environment(autoescape=True)
    offering(broken={"prepare_templates": lambda: 1 / 0}, good={"prepare_templates": add}).prepare_templates(
        environment
    )
    assert environment.from_string("{{ answer }}").render() == "42"
    assert len(failures) == 1


def test_hook_prepare_message(offering: Callable[..., Hooks]) -> None:
    hooks = offering(
        first={"prepare_message": lambda delivery_id: [("X-First", str(delivery_id))]},
        silent={"prepare_message": lambda: None},
        second={"prepare_message": lambda recipient: (("X-Second", "b"),)},
    )
    draft, recipient = _draft()
    assert hooks.prepare_message(draft, recipient, 7, NO_SESSION) == [("X-First", "7"), ("X-Second", "b")]


@pytest.mark.parametrize("answer", ["List-Unsubscribe: x", [("X-A",)], [("X-A", 1)], [["X-A", "b"]]])
def test_a_mail_is_not_sent_with_headers_that_cannot_be_read(offering: Callable[..., Hooks], answer: Any) -> None:
    hooks = offering(wrong={"prepare_message": lambda: answer})
    with pytest.raises(HookFailed, match="prepare_message"):
        hooks.prepare_message(*_draft(), 7, NO_SESSION)


def test_hook_decorate_marketing(offering: Callable[..., Hooks], failures: Failures) -> None:
    class Shouting:
        def decorate(self, html: str, delivery_id: int) -> str:
            return f"{html.upper()} {delivery_id}"

    hooks = offering(
        tracking={"decorate_marketing": lambda message_id: Shouting() if message_id == 7 else None},
        indifferent={"decorate_marketing": lambda: None},
    )
    [decoration] = hooks.decorate_marketing(7, NO_SESSION)
    assert decoration.decorate("hello", 3) == "HELLO 3"
    assert hooks.decorate_marketing(8, NO_SESSION) == []
    with pytest.raises(HookFailed, match="lacks decorate"):
        offering(wrong={"decorate_marketing": lambda: "x"}).decorate_marketing(7, NO_SESSION)


def test_hook_sign_message(offering: Callable[..., Hooks]) -> None:
    hooks = offering(
        dkim={"sign_message": lambda message: b"DKIM-Signature: a\r\n"},
        arc={"sign_message": lambda envelope: b"ARC-Seal: b\r\n"},
    )
    envelope = Envelope(sender="", recipient="ann@example.org", delivery_id=1, account_id=1)
    assert hooks.sign_message(envelope, b"") == b"ARC-Seal: b\r\nDKIM-Signature: a\r\n"
    with pytest.raises(HookFailed):
        offering(dkim={"sign_message": lambda: 1 / 0}).sign_message(envelope, b"")


def test_hook_provider_events(offering: Callable[..., Hooks], failures: Failures) -> None:
    told: list[str] = []
    offering(one={"provider_events": lambda events: told.extend(events)}).provider_events(
        cast(Any, ["bounced"]), NO_SESSION
    )
    assert told == ["bounced"]
    with pytest.raises(HookFailed, match="ZeroDivisionError"):
        offering(broken={"provider_events": lambda events: 1 / 0}).provider_events([], NO_SESSION)
    assert [addon for addon, _, _ in failures] == ["broken"]


def test_hook_startup(offering: Callable[..., Hooks], failures: Failures) -> None:
    told: list[str] = []
    hooks = offering(
        first={"startup": lambda app: told.append("first")},
        broken={"startup": lambda app: 1 / 0},
        second={"startup": lambda app: told.append("second")},
    )
    hooks.startup(cast(Office, None))
    assert told == ["first", "second"]
    hooks.startup(cast(Office, None), ["second"])
    assert told == ["first", "second", "second"]
    assert failures == [("broken", "startup", "ZeroDivisionError: division by zero")]


def test_hook_shutdown(offering: Callable[..., Hooks]) -> None:
    told: list[str] = []
    hooks = offering(
        needed={"shutdown": lambda app: told.append("needed")},
        dependent={"shutdown": lambda app: told.append("dependent")},
    )
    hooks.shutdown(cast(Office, None))
    assert told == ["dependent", "needed"]


# --- own ---


def test_hook_addon_installed(offering: Callable[..., Hooks]) -> None:
    told: list[str] = []
    hooks = offering(
        one={"addon_installed": lambda session: told.append("one")},
        two={"addon_installed": lambda session: told.append("two")},
    )
    hooks.addon_installed("two", NO_SESSION)
    hooks.addon_installed("absent", NO_SESSION)
    assert told == ["two"]


def test_hook_addon_removed(offering: Callable[..., Hooks]) -> None:
    hooks = offering(one={"addon_removed": lambda session: 1 / 0})
    with pytest.raises(ZeroDivisionError):
        hooks.addon_removed("one", NO_SESSION)


def test_hook_self_check(offering: Callable[..., Hooks]) -> None:
    hooks = offering(one={"self_check": lambda: "No sendmail here."}, two={"self_check": lambda: None})
    assert hooks.self_check("one") == "No sendmail here."
    assert hooks.self_check("two") is None


# --- observers ---


def _spoil(session: Session) -> None:
    session.add(Counter(name="spoiled", value=1))
    session.flush()
    raise RuntimeError("after writing")


def _break_the_transaction(session: Session) -> None:
    session.connection().exec_driver_sql("SELECT no_such_column FROM counter")


def test_hook_message_stored(
    offering: Callable[..., Hooks], failures: Failures, database: Database, now: datetime
) -> None:
    def count(message: Message, thread: object, session: Session) -> None:
        session.add(Counter(name=f"seen {message.subject}", value=1))

    hooks = offering(
        spoils={"message_stored": _spoil},
        breaks={"message_stored": _break_the_transaction},
        counts={"message_stored": count},
    )
    with database.write() as session:
        message = Message(kind=MessageKind.NOTE, subject="hello", created_at=now)
        session.add(message)
        hooks.message_stored(message, None, session)
    with database.read() as session:
        assert [counter.name for counter in session.query(Counter)] == ["seen hello"]
        assert session.query(Message).count() == 1
    assert [addon for addon, _, _ in failures] == ["spoils", "breaks"]


def test_hook_delivery_recorded(
    offering: Callable[..., Hooks], failures: Failures, database: Database, now: datetime
) -> None:
    seen: list[str] = []
    hooks = offering(
        broken={"delivery_recorded": lambda delivery: 1 / 0},
        good={"delivery_recorded": lambda delivery: seen.append(delivery.state)},
    )
    with database.write() as session:
        message = Message(kind=MessageKind.COMMENT, subject="hello", created_at=now)
        session.add(message)
        session.flush()
        delivery = Delivery(
            message_id=message.id,
            address="ann@example.org",
            key="ann@example.org",
            state=DeliveryState.SENT,
            due=now,
            created_at=now,
        )
        session.add(delivery)
        hooks.delivery_recorded(delivery, session)
    assert seen == ["sent"]
    assert failures == [("broken", "delivery_recorded", "ZeroDivisionError: division by zero")]
    with database.read() as session:
        assert session.query(Delivery).count() == 1


def test_hook_deliveries_recorded(offering: Callable[..., Hooks], failures: Failures, database: Database) -> None:
    seen: list[int] = []
    hooks = offering(
        broken={"deliveries_recorded": lambda deliveries: 1 / 0},
        good={"deliveries_recorded": lambda deliveries: seen.extend(each.delivery_id for each in deliveries)},
    )
    settled = [Settled(delivery_id=number, message_id=1, state=DeliveryState.SENT) for number in (7, 8)]
    with database.write() as session:
        hooks.deliveries_recorded(settled, session)
    assert seen == [7, 8]
    assert failures == [("broken", "deliveries_recorded", "ZeroDivisionError: division by zero")]


def test_hook_register_composers(offering: Callable[..., Hooks], failures: Failures) -> None:
    composer = SimpleNamespace(name="news", compose=_raise, show=_raise)
    hooks = offering(
        good={"register_composers": lambda: [composer]}, bad={"register_composers": lambda: ["no composer"]}
    )
    assert make_catalogue(hooks).composers == {"news": composer}
    assert [addon for addon, _, _ in failures] == ["bad"]
