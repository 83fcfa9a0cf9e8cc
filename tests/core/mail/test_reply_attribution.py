"""The line above a quote, in the languages and forms that mail programs write it."""

from __future__ import annotations

import pytest

from mailloom.mail.reply import visible_reply

ATTRIBUTIONS = {
    "english, gmail": "On Thu, Mar 12, 2026 at 10:00 AM Ann Example <ann@example.org> wrote:",
    "english, gmail with comma": "On Thu, Mar 12, 2026 at 10:00 AM, Ann Example <ann@example.org> wrote:",
    "english, apple": "On Mar 12, 2026, at 10:00 AM, Ann Example <ann@example.org> wrote:",
    "english, apple day first": "On 12 Mar 2026, at 10:00, Ann Example wrote:",
    "english, apple without comma": "On 12. Mar 2026, at 10:00, ann@example.org wrote:",
    "english, thunderbird": "On 12/03/2026 10:00, Ann Example wrote:",
    "english, thunderbird 12 hours": "On 3/12/26 10:00 AM, Ann Example wrote:",
    "english, old thunderbird": "Ann Example wrote:",
    "english, iso date": "On 2026-03-12 10:00, Ann Example wrote:",
    "english, k-9": 'On March 12, 2026 10:00:00 AM GMT+01:00, Ann Example <ann@example.org> wrote:',
    "english, mutt": "On Thu, Mar 12, 2026 at 10:00:00AM +0100, Ann Example wrote:",
    "english, evolution": "On Thu, 2026-03-12 at 10:00 +0100, Ann Example wrote:",
    "english, aol": "In a message dated 3/12/2026 10:00:00 A.M. Eastern Standard Time, ann@example.org writes:",
    "english, news": "In article <abc123@example.org>, Ann Example <ann@example.org> wrote:",
    "english, horde": "Quoting Ann Example <ann@example.org>:",
    "english, notes": "Ann Example wrote on 12/03/2026 10:00:00 AM:",
    "english, zoho": "---- On Thu, 12 Mar 2026 10:00:00 +0100 Ann Example <ann@example.org> wrote ----",
    "english, zoho long dashes": (
        "---------------- On Thu, 12 Mar 2026 10:00:00 +0100 ann@example.org wrote ----------------"
    ),
    "english, star": "*On Thu, 12 Mar 2026 10:00 Ann Example <ann@example.org> wrote:*",
    "english, name in quotes": 'On 12 Mar 2026 10:00, "Ann Example" <ann@example.org> wrote:',
    "english, via desk": "On Thu, Mar 12, 2026 at 10:00 AM Ann via Support <support@example.org> wrote:",
    "no verb, iso, zone": "2026-03-12 10:00 GMT+03:00 Ann Example <ann@example.org>:",
    "groupwise": ">>> Ann Example <ann@example.org> 3/12/2026 10:00 AM >>>",
    "german, gmail": "Am Do., 12. März 2026 um 10:00 Uhr schrieb Ann Example <ann@example.org>:",
    "german, apple": "Am 12.03.2026 um 10:00 schrieb Ann Example <ann@example.org>:",
    "german, name last": "Am 12.03.2026 um 10:00 schrieb Ann Example:",
    "german, address first": "<ann@example.org> schrieb am Do., 12. März 2026, 10:00:",
    "german, gmx": 'Am Donnerstag, 12. März 2026, 10:00:00 CET schrieb Ann Example:',
    "german, horde": "Zitat von Ann Example <ann@example.org>:",
    "german, comma": "Am Donnerstag, den 12.03.2026, 10:00 +0100 schrieb Ann Example:",
    "french, gmail": "Le jeu. 12 mars 2026 à 10:00, Ann Example <ann@example.org> a écrit :",
    "french, apple": "Le 12 mars 2026 à 10:00, Ann Example <ann@example.org> a écrit :",
    "french, thunderbird": "Le 12/03/2026 à 10:00, Ann Example a écrit :",
    "spanish, gmail": "El jue, 12 mar 2026 a las 10:00, Ann Example (<ann@example.org>) escribió:",
    "spanish, apple": "El 12 mar 2026, a las 10:00, Ann Example <ann@example.org> escribió:",
    "spanish, long": "El jueves, 12 de marzo de 2026, Ann Example <ann@example.org> escribió:",
    "italian, gmail": "Il giorno gio 12 mar 2026 alle ore 10:00 Ann Example <ann@example.org> ha scritto:",
    "italian, apple": "Il giorno 12 mar 2026, alle ore 10:00, Ann Example ha scritto:",
    "italian, thunderbird": "Il 12/03/2026 10:00, Ann Example ha scritto:",
    "portuguese, gmail": "Em qui., 12 de mar. de 2026 às 10:00, Ann Example <ann@example.org> escreveu:",
    "portuguese, apple": "No dia 12/03/2026, às 10:00, Ann Example escreveu:",
    "portuguese, long": "Em quinta-feira, 12 de março de 2026, Ann Example <ann@example.org> escreveu:",
    "dutch, gmail": "Op do 12 mrt. 2026 om 10:00 schreef Ann Example <ann@example.org>:",
    "dutch, apple": "Op 12 mrt. 2026, om 10:00 heeft Ann Example <ann@example.org> het volgende geschreven:",
    "swedish, gmail": "Den tors 12 mars 2026 kl 10:00 skrev Ann Example <ann@example.org>:",
    "swedish, apple": "12 mars 2026 kl. 10:00 skrev Ann Example <ann@example.org>:",
    "norwegian, gmail": "tor. 12. mar. 2026 kl. 10:00 skrev Ann Example <ann@example.org>:",
    "norwegian, address last": "Den 12. mars 2026 kl. 10.00 skrev ann@example.org:",
    "danish, gmail": "Den tors. 12. mar. 2026 kl. 10.00 skrev Ann Example <ann@example.org>:",
    "danish, apple": "Den 12. mar. 2026 kl. 10.00 skrev Ann Example <ann@example.org>:",
    "finnish, gmail": "to 12. maalisk. 2026 klo 10.00 Ann Example (ann@example.org) kirjoitti:",
    "finnish, apple": "Ann Example <ann@example.org> kirjoitti 12.3.2026 kello 10.00:",
    "icelandic": "Þann fim., 12. mar. 2026 kl. 10:00 skrifaði Ann Example <ann@example.org>:",
    "polish, gmail": "czw., 12 mar 2026 o 10:00 Ann Example <ann@example.org> napisał(a):",
    "polish, old gmail": "W dniu 12 marca 2026 10:00 użytkownik Ann Example <ann@example.org> napisał:",
    "polish, thunderbird": "W dniu 12.03.2026 o 10:00, Ann Example pisze:",
    "czech, gmail": "čt 12. 3. 2026 v 10:00 odesílatel Ann Example <ann@example.org> napsal:",
    "czech, apple": "Dne 12. 3. 2026 v 10:00, Ann Example <ann@example.org> napsal(a):",
    "czech, thunderbird": "Dne 12. 03. 26 v 10:00 Ann Example napsal(a):",
    "slovak": "št 12. 3. 2026 o 10:00 Ann Example <ann@example.org> napísal(a):",
    "slovak, thunderbird": "Dňa 12. 3. 2026 o 10:00 Ann Example napísal(a):",
    "hungarian, gmail": "Ann Example <ann@example.org> ezt írta (időpont: 2026. márc. 12., Cs, 10:00):",
    "hungarian, thunderbird": "2026. 03. 12. 10:00 keltezéssel, Ann Example írta:",
    "romanian, gmail": "În joi, 12 mar. 2026 la 10:00, Ann Example <ann@example.org> a scris:",
    "romanian, pe": "Pe joi, 12 mar. 2026 la 10:00, Ann Example <ann@example.org> a scris:",
    "bulgarian": "На чт, 12.03.2026 г. в 10:00 Ann Example <ann@example.org> написа:",
    "russian, gmail": "чт, 12 мар. 2026 г. в 10:00, Ann Example <ann@example.org>:",
    "russian, thunderbird": "12.03.2026 10:00, Ann Example пишет:",
    "russian, apple": "12 марта 2026 г., в 10:00, Ann Example <ann@example.org> написал(а):",
    "russian, mail.ru": "Четверг, 12 марта 2026, 10:00 +03:00 от Ann Example <ann@example.org>:",
    "ukrainian, gmail": "чт, 12 бер. 2026 р. о 10:00 Ann Example <ann@example.org> пише:",
    "serbian": "чет, 12. мар 2026. у 10:00 Ann Example <ann@example.org> је написао/ла:",
    "croatian": "čet, 12. ožu 2026. u 10:00 Ann Example <ann@example.org> napisao je:",
    "slovenian": "V čet., 12. mar. 2026 ob 10:00 je oseba Ann Example <ann@example.org> napisala:",
    "greek": "Στις Πέμ 12 Μαρ 2026 στις 10:00 π.μ., ο χρήστης Ann Example <ann@example.org> έγραψε:",
    "turkish, gmail": "Ann Example <ann@example.org>, 12 Mar 2026 Per, 10:00 tarihinde şunu yazdı:",
    "turkish, apple": "Ann Example <ann@example.org> şunları yazdı (12 Mar 2026 10:00):",
    "estonian": "Kontakt Ann Example (<ann@example.org>) kirjutas kuupäeval N, 12. märts 2026 kell 10:00:",
    "latvian": "ceturtd., 2026. g. 12. marts, plkst. 10:00 — lietotājs Ann Example (<ann@example.org>) rakstīja:",
    "lithuanian": "2026-03-12, kt, 10:00 Ann Example <ann@example.org> rašė:",
    "catalan": "Missatge de Ann Example <ann@example.org> del dia dj., 12 de març 2026 a les 10:00:",
    "basque": "Ann Example (<ann@example.org>) erabiltzaileak hau idatzi du (2026 mar. 12, og. (10:00)):",
    "galician": "O xov, 12 mar 2026 ás 10:00, Ann Example (<ann@example.org>) escribiu:",
    "hebrew": "‫בתאריך יום ה׳, 12 במרץ 2026 ב-10:00 מאת ‪Ann Example‬‏ <‪ann@example.org‬‏>:‬",
    "arabic, gmail": (
        "في الخميس، 12 مارس 2026 في 10:00 ص تمت كتابة ما يلي بواسطة ‪Ann Example‬‏ <‪ann@example.org‬‏>:‬"
    ),
    "arabic, plain": "في 12 مارس 2026، الساعة 10:00، كتب Ann Example <ann@example.org>:",
    "persian": "در تاریخ پنجشنبه ۱۲ مارس ۲۰۲۶ ساعت ۱۰:۰۰ Ann Example <ann@example.org> نوشت:",
    "hindi": "गुरु, 12 मार्च 2026 को 10:00 am बजे को Ann Example <ann@example.org> ने लिखा:",
    "thai": "ในวันที่ พฤ. 12 มี.ค. 2026 เวลา 10:00 Ann Example <ann@example.org> เขียนว่า:",
    "vietnamese": "Vào Th 5, 12 thg 3, 2026 lúc 10:00 Ann Example <ann@example.org> đã viết:",
    "indonesian": "Pada tanggal Kam, 12 Mar 2026 pukul 10.00 Ann Example <ann@example.org> menulis:",
    "malay": "Pada Kha, 12 Mac 2026 pada 10:00 PG, Ann Example <ann@example.org> menulis:",
    "japanese, gmail": "2026年3月12日(木) 10:00 Ann Example <ann@example.org>:",
    "japanese, apple": "2026/03/12 10:00、Ann Example <ann@example.org>のメール:",
    "korean, gmail": "2026년 3월 12일 (목) 오전 10:00, Ann Example <ann@example.org>님이 작성:",
    "korean, apple": "2026. 3. 12. 오전 10:00, Ann Example <ann@example.org> 작성:",
    "chinese, gmail": "Ann Example <ann@example.org> 于2026年3月12日周四 10:00写道：",
    "chinese, apple": "在 2026年3月12日，上午10:00，Ann Example <ann@example.org> 写道：",
    "chinese, traditional": "Ann Example <ann@example.org> 於 2026年3月12日 週四 上午10:00寫道：",
    "chinese, thunderbird": "在 2026/3/12 10:00, Ann Example 写道:",
    "chinese, netease": "在 2026-03-12 10:00:00，\"Ann Example\" <ann@example.org> 写道：",
    "irish": "Ar Déar 12 Márta 2026 ag 10:00, scríobh Ann Example <ann@example.org>:",
    "afrikaans": "Op Do. 12 Mrt. 2026 om 10:00 het Ann Example <ann@example.org> geskryf:",
    "albanian": "Më enj, 12 mar 2026 në 10:00 Ann Example <ann@example.org> shkroi:",
    "filipino": "Noong Huw, Mar 12, 2026 nang 10:00 AM, sumulat si Ann Example <ann@example.org>:",
    "a language without table": "Ddydd Iau 12 Maw 2026 am 10:00 Ann Example <ann@example.org> blah:",
}  # fmt: skip
CASES = [pytest.param(line, id=name) for name, line in ATTRIBUTIONS.items()]
WEAK = {"english, old thunderbird", "english, horde"}


@pytest.mark.parametrize("line", CASES)
def test_marked_quote_goes_with_the_line_above_it(line: str) -> None:
    reply = visible_reply(plain=f"Thanks, that works.\n\n{line}\n> the old text\n> more of it\n")
    assert reply.text == "Thanks, that works."
    assert reply.quote.startswith(line[:10])
    assert "more of it" in reply.quote


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=name) for name, line in ATTRIBUTIONS.items() if name not in WEAK]
)
def test_unmarked_quote_goes_with_the_line_above_it(line: str) -> None:
    assert (
        visible_reply(plain=f"Thanks, that works.\n\n{line}\n\nthe old text\nmore of it\n").text
        == "Thanks, that works."
    )


# Programs that begin their header with marks do not wrap it.
WRAPPED = [
    case for case in CASES if len(str(case.values[0])) > 60 and not str(case.values[0]).startswith((">>>", "---"))
]


@pytest.mark.parametrize("line", WRAPPED)
@pytest.mark.parametrize("width", [36, 48, 60])
def test_header_wrapped_over_lines_is_found(line: str, width: int) -> None:
    words, lines = line.split(" "), [""]
    for word in words:
        if len(lines[-1]) + len(word) >= width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    reply = visible_reply(plain="Thanks, that works.\n\n" + "\n".join(lines) + "\n\n> the old text\n")
    assert reply.text == "Thanks, that works."


@pytest.mark.parametrize("line", CASES)
def test_quote_header_inside_html_without_client_marks(line: str) -> None:
    escaped = line.replace("<", "&lt;").replace(">", "&gt;")
    reply = visible_reply(
        html=f"<div>Thanks, that works.</div><br><div>{escaped}</div><blockquote><div>old</div></blockquote>"
    )
    assert reply.text == "Thanks, that works."
    assert "old" not in reply.html


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "On your remote host you can run:\n\n  start the server\n\non the local one:\n\n  connect", id="greedy on"
        ),
        pytest.param("As Ann wrote: we should wait until Monday.", id="said in a sentence"),
        pytest.param(
            "I read what you wrote in 2019 and this is my answer:\n\nNo.", id="wrote in a sentence with a year"
        ),
        pytest.param("On Monday we tested it.\nThe result:\n\nall good", id="on a day"),
        pytest.param("Please write to ann@example.org:\nshe knows.", id="address before a colon"),
        pytest.param("Meet me at 10:00, the address is:\nMain street 1", id="time and colon"),
        pytest.param("Am Montag um 10:00 Uhr treffen wir uns hier:\nHauptstraße 1", id="german appointment"),
        pytest.param("Le 12 mars, voici le programme :\n10:00 café", id="french programme"),
        pytest.param("2026-03-12 10:00 the log said:\nerror 42", id="log line"),
    ],
)
def test_ordinary_sentences_are_no_quote_headers(text: str) -> None:
    reply = visible_reply(plain=text)
    assert reply.text == text
    assert reply.rule == ""


def test_new_words_and_header_on_one_line_are_parted() -> None:
    reply = visible_reply(plain="Yes please On Thu, Mar 12, 2026 at 10:00 AM, ann@example.org wrote:\n> shall I?\n")
    assert reply.text == "Yes please"


def test_header_starting_mid_paragraph_keeps_the_lines_above_it() -> None:
    reply = visible_reply(
        plain="On the other hand I\nlike it.\nOn Thu, Mar 12, 2026 at 10:00 AM Ann <ann@example.org>\nwrote:\n> do you?\n"
    )
    assert reply.text == "On the other hand I\nlike it."


def test_header_inside_a_quote_is_part_of_the_quote() -> None:
    reply = visible_reply(
        plain="Fine.\n\n> On Mar 12, 2026, at 10:00, Ann <ann@example.org> wrote:\n>\n>> older\n> old\n"
    )
    assert reply.text == "Fine."
    assert "older" in reply.quote
