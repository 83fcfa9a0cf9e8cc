"""Automatic answers by subject, in the languages of the world, and what only resembles them."""

from __future__ import annotations

from datetime import date
from email.header import Header

import pytest

from mailloom.mail.report import Kind, classify
from mailloom.mail.report.absence import absence_in

_SUBJECTS = (
    "Automatic reply: Hello", "Auto: Out of Office", "Out of office: Hello", "Re: Hello (Autoreply)", "[Auto-Reply] Hello",
    "Automatische Antwort: Hallo", "Abwesenheitsnotiz: Hallo", "Réponse automatique : Bonjour", "Absence du bureau : Bonjour",
    "Respuesta automática: Hola", "Fuera de la oficina: Hola", "Risposta automatica: Ciao", "Fuori ufficio: Ciao",
    "Resposta automática: Olá", "Automatisch antwoord: Hallo", "Afwezig: Hallo", "Autosvar: Hej", "Automatiskt svar: Hej",
    "Automatisk svar: Hei", "Automaattinen vastaus: Hei", "Odpowiedź automatyczna: Cześć", "Automatická odpověď: Ahoj",
    "Автоответ: Привет", "Автоматический ответ: Привет", "自動応答: こんにちは", "自動返信: こんにちは", "不在通知: こんにちは",
    "自动回复: 你好", "자동 회신: 안녕", "Otomatik yanıt: Merhaba", "Automatikus válasz: Szia", "תשובה אוטומטית: שלום",
    "رد تلقائي: مرحبا", "Αυτόματη απάντηση: Γεια",
)  # fmt: skip


@pytest.mark.parametrize("subject", _SUBJECTS)
def test_a_subject_that_only_a_program_writes(subject: str) -> None:
    encoded = subject if subject.isascii() else Header(subject, "utf-8", maxlinelen=900).encode()
    raw = f"From: ann@example.org\nTo: sender@example.net\nSubject: {encoded}\n\nI am away.\n".encode()
    assert classify(raw).kind is Kind.AUTOREPLY


@pytest.mark.parametrize(
    "subject",
    [
        "Question about the out of office assistant",
        "How do I set an automatic reply?",
        "The vacation plan",
        "Your request has been received by the king",
        "Feedback",
    ],
)
def test_a_person_may_write_about_it(subject: str) -> None:
    raw = f"From: ann@example.org\nTo: sender@example.net\nSubject: {subject}\n\nHello.\n".encode()
    assert classify(raw).kind is Kind.NORMAL


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        pytest.param("from 1 August 2024 to 15 August 2024", date(2024, 8, 1), date(2024, 8, 15), id="English"),
        pytest.param("until August 12th", None, date(2024, 8, 12), id="without a year"),
        pytest.param("I will be back on 2024-08-20", None, date(2024, 8, 19), id="back on"),
        pytest.param("vom 05.08. bis 16.08.2024", date(2024, 8, 5), date(2024, 8, 16), id="German"),
        pytest.param("du 1er août au 15 août 2024", date(2024, 8, 1), date(2024, 8, 15), id="French"),
        pytest.param("del 1 de agosto al 15 de agosto de 2024", date(2024, 8, 1), date(2024, 8, 15), id="Spanish"),
        pytest.param("8月10日から8月16日まで", date(2024, 8, 10), date(2024, 8, 16), id="Japanese"),
        pytest.param("until 8/20/2024", None, date(2024, 8, 20), id="American"),
        pytest.param("from 12/28/2023 until 1/5/2024", date(2023, 12, 28), None, id="a doubtful order is left out"),
    ],
)
def test_the_days_of_an_absence(text: str, start: date | None, end: date | None) -> None:
    absence = absence_in(text, "", "Thu, 1 Aug 2024 10:00:00 +0200")
    assert absence is not None
    assert (absence.start, absence.end) == (start, end)


def test_no_date_no_absence() -> None:
    assert absence_in("I am away for a while.", "", "Thu, 1 Aug 2024 10:00:00 +0200") is None
    assert absence_in("until 31 February 2024", "", "") is None
