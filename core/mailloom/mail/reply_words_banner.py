"""The warnings that gateways put above a mail from outside the organisation, by language: tables only.

All entries are case-folded. Source: the banners of the usual gateways and of Exchange Online's first-contact tip.
"""

from __future__ import annotations

# fmt: off
# A banner begins with one of these (after stars and brackets).
BANNER_STARTS: tuple[str, ...] = (
    "caution", "warning", "attention", "external", "ext]", "notice", "alert", "important", "this e-mail",
    "this email", "this message", "this mail", "security", "you don't often", "some people who", "be careful",
    "be cautious", "use caution", "exercise caution", "do not click", "don't click", "the sender of this",
    "email from outside", "from outside", "think before you click", "learn why", "unless you recogni",
    "message from external", "sent from outside", "sent from an external", "achtung", "vorsicht", "hinweis",
    "warnung", "diese", "extern", "sie erhalten", "wichtig", "sicherheitshinweis", "avertissement", "ce message",
    "ce courriel", "cet e-mail", "cet email", "ce mail", "courriel externe", "message externe", "prudence",
    "mise en garde", "vous n'obtenez", "vous ne recevez", "precaución", "atención", "cuidado", "aviso",
    "advertencia", "este", "correo externo", "remitente", "no suele", "atenção", "esta", "alerta", "attenzione",
    "avviso", "questo", "questa", "avvertenza", "non si riceve", "email esterna", "mail esterna", "let op",
    "waarschuwing", "deze", "dit bericht", "u ontvangt", "pas op", "varning", "obs", "detta", "det här", "advarsel",
    "denne", "du får", "merk", "bemærk", "huomio", "varoitus", "tämä", "ulkoinen", "uwaga", "ta wiadomość",
    "ostrzeżenie", "wiadomość", "upozorn", "pozor", "tento", "tato", "táto", "vigyázat", "figyelem", "ez a", "külső",
    "atenție", "atentie", "acest", "внимание", "осторожно", "предупреждение", "внешн", "это письмо", "увага",
    "обережно", "зовнішн", "προσοχή", "dikkat", "uyarı", "bu e-posta", "bu ileti", "harici", "تحذير", "تنبيه",
    "זהירות", "אזהרה", "注意", "警告", "外部", "社外", "このメール", "本邮件", "此邮件", "此郵件", "주의", "경고",
    "외부", "cảnh báo", "perhatian", "peringatan",
)

# Words of the line that a gateway puts above a mail from outside; one entry's words must all occur.
BANNER_WORDS: tuple[tuple[str, ...], ...] = (
    ("originated from outside",), ("originated outside",), ("sent from outside",), ("came from outside",),
    ("comes from outside",), ("is from outside",), ("was sent from an external",), ("from an external sender",),
    ("from an external source",), ("external email",), ("external e-mail",), ("external mail",),
    ("external sender",), ("external message",), ("message from an external",), ("outside of the organi",),
    ("outside of your organi",), ("outside your organi",), ("outside the organi",), ("outside our organi",),
    ("outside of our organi",), ("outside the company",), ("you don't often get email from",),
    ("you don’t often get email from",), ("some people who received this message don't often get email",),
    ("some people who received this message don’t often get email",), ("learn why this is important",),
    ("do not click", "link"), ("do not click", "attachment"), ("don't click", "link"),
    ("this message is from an external",), ("caution:", "external"), ("warning:", "external"),
    ("be cautious", "attachment"), ("exercise caution",), ("think before you click",),
    ("message was sent securely",), ("identify the sender",), ("recognize the sender",), ("recognise the sender",),
    ("unknown sender",), ("e-mail", "außerhalb"), ("email", "außerhalb"), ("nachricht", "außerhalb"),
    ("extern", "absender"), ("externe e-mail",), ("externe mail",), ("externe email",), ("von extern",),
    ("keine links", "anhänge"), ("sie erhalten nicht oft eine e-mail",), ("sie erhalten nicht häufig",),
    ("provient de l'extérieur",), ("provient de l’extérieur",), ("expéditeur externe",), ("courriel externe",),
    ("message externe",), ("email externe",), ("e-mail externe",), ("provenant de l'extérieur",),
    ("externe à", "organisation"), ("ne cliquez pas", "lien"), ("n'obtenez pas souvent d'e-mail",),
    ("correo externo",), ("remitente externo",), ("fuera de la organización",), ("fuera de su organización",),
    ("externo a la organización",), ("no haga clic",), ("no suele recibir correo",), ("e-mail externo",),
    ("email externo",), ("remetente externo",), ("fora da organização",), ("fora da sua organização",),
    ("não clique",), ("esterno all'organizzazione",), ("mittente esterno",), ("email esterna",), ("mail esterna",),
    ("non si riceve spesso",), ("non fare clic",), ("externe afzender",), ("buiten de organisatie",),
    ("buiten onze organisatie",), ("buiten uw organisatie",), ("u ontvangt niet vaak",), ("extern avsändare",),
    ("externt mail",), ("utanför organisationen",), ("ekstern avsender",), ("ekstern afsender",),
    ("ekstern e-post",), ("ekstern mail",), ("utenfor organisasjonen",), ("uden for organisationen",),
    ("udenfor organisationen",), ("du får ikke ofte",), ("du får inte ofta",), ("organisaation ulkopuol",),
    ("ulkoinen lähettäjä",), ("zewnętrzn", "wiadomość"), ("zewnętrzn", "nadawca"), ("spoza organizacji",),
    ("mimo organizaci",), ("externí", "odesílatel"), ("externí", "e-mail"), ("mimo organizácie",),
    ("szervezeten kívül",), ("külső feladó",), ("din afara organizației",), ("expeditor extern",),
    ("внешн", "отправител"), ("внешн", "почт"), ("внешн", "письмо"), ("за пределами организации",),
    ("зовнішн", "відправник"), ("за межами організації",), ("външен подател",), ("εκτός του οργανισμού",),
    ("εξωτερικό", "αποστολέα"), ("kuruluş dışından",), ("kurum dışından",), ("harici gönderen",), ("خارج المؤسسة",),
    ("خارجي", "بريد"), ("מחוץ לארגון",), ("外部からの",), ("外部メール",), ("社外からの",), ("組織外",),
    ("外部邮件",), ("外部發件人",), ("来自外部",), ("來自外部",), ("外部郵件",), ("외부 메일",), ("외부에서",),
    ("bên ngoài tổ chức",), ("luar organisasi",), ("eksternal",),
)
