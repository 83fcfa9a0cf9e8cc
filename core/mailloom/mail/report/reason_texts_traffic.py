"""Wording about the traffic we send: blocked hosts, spam verdicts, rates and connections. See reason_texts for the order.

None of these say anything about the address; they call for work on our reputation or pace.
"""

from __future__ import annotations

from .values import Reason

TRAFFIC_ROWS: tuple[tuple[Reason, str], ...] = (
    (
        Reason.TOO_MANY_CONNECTIONS,
        """
        too many connection | too many concurrent | too many simultaneous | concurrent connection |
        simultaneous connection | connection limit | connection rate | connections from your |
        connection frequency | too many sessions | maximum connection | too many recipients | too many rcpt |
        many recipients | too many parallel | maximum number of recipients | recipients limit | recipient limit |
        maximum concurrent | connections exceeded | exceeded the maximum number of connections |
        connection refused - too many | max connections | maximum recipients | number of recipients exceeds |
        all available ips
        """,
    ),
    (
        Reason.SPEEDING,
        """
        mail flood detected | relay quota | rate limit | ratelimit | rate-limit | rate exceeded | sending rate |
        too quickly | too fast | too many messages | too many emails | too many mails | too many mail |
        too much mail | mail rate | message rate | frequency limited | frequency limit | throttled | throttling |
        throttle | sending too many | sending limit | sending quota | daily limit | daily quota | hourly limit |
        message limit exceeded | unusual rate | temporarily deferred due to | [tss04] | [ts01] | [ts02] |
        receiving mail at a rate | limit on the number of messages | submission quota | exceeded the limit of |
        slow down | please slow | per-recipient limit | per hour allowed | messages per hour | max emails per |
        maximum credits exceeded | quota exceeded for sending | quota for sender | excessive number of messages |
        traffic limit | mail volume | exceeded its maximum | exceeded the maximum number of messages |
        per second exceeded | outbound limit | has exceeded the max | exceeded the rate | sends too many |
        sent too many | traffic from your ip | max message per connection | too many errors from your ip |
        tenant has exceeded threshold | speeding
        """,
    ),
    (
        Reason.SPAM_DETECTED,
        """
        blacklisted url | bad url | url in message | blocked url | surbl | uribl | spam content | content * spam |
        spam message | detected as spam | identified as spam | classified as spam | considered spam |
        looks like spam | spam detected | message * spam | marked as spam | rejected as spam | likely spam |
        spam score | spam rejected | suspicion of spam
        """,
    ),
    (
        Reason.BLOCKED,
        """
        spamhaus | spamcop | spamrl | sorbs | barracudacentral | barracuda reputation | uceprotect | abuseat |
        dnsbl | rbl | rbl. | rbl: | (rbl | rbl list | blacklist | blocklist | black list | block list |
        blackhole | blocked using | blocked by | denylist | deny list | banned sending ip | listed at |
        listed on | listed by | ip address blocked | ip blocked | blocked ip | ip has been blocked |
        your ip * blocked | blocked your ip | ip address has been blocked | host blocked | blocked host |
        is blocked | was blocked by | been blocked by | ip is blocked | ip address is blocked |
        client host blocked | client blocked | connection blocked | connections blocked | access denied*ip |
        ip * denied | rejecting * from your ip | ip address rejected | client host * refused |
        client host rejected | client host was rejected | client was rejected | client rejected | host rejected |
        host refused | your server is blocked | your network is blocked | your host is | your ip address |
        dynamic ip | dynamic address | dynamic host | dynamically assigned | dialup | dial-up |
        use the smtp server of your isp | use your isp | use your provider | smtp relay of your provider |
        residential | generic hostname | refused to talk | refused connection from | not accept mail from your |
        we do not accept mail from | mail from your server | no access from mail server | access from ip |
        bad ip | banned ip | ip banned | ip range | bad host | bad helo | bad ehlo | invalid helo |
        helo command rejected | helo rejected | helo name | ehlo name | helo hostname |
        need fully-qualified hostname | invalid ehlo | hostname is invalid | host not allowed |
        not accepted from this ip | connections not accepted | connection refused by policy |
        connection dropped due to | connection rejected | is not allowed to connect | not authorized to connect |
        unauthorized ip | intrusion prevention | error: your ip | mail from * ip * rejected |
        denied by policy*ip | blocked for abuse | blocked for spam | blocked due to spam | sending ip |
        ptr name is dynamic | contact your isp | temporarily blocked | permanently blocked |
        permanently deferred | temporary block | block on your | mail server has been blocked | geoip |
        greylisted by ip | s3140 | s3150 | blocked address | black-listed | black listed | blocklisted |
        access has been denied | ip connection denied | server access forbidden | no smtp service |
        denied by client policy | service unavailable; client | sender ip | not accepting messages from | (dns:b |
        [dns:b
        """,
    ),
    (
        Reason.SPAM_DETECTED,
        """
        spam | [uce] | uce | uce policy | fraudulent | suspicious message | suspicious content |
        identified as spam | identified as junk | considered unwanted | unsolicited | junk mail | junk email |
        bulk mail | bulk email | mass mail | phishing | phish | content rejected | message content rejected |
        rejected due to content | content filter | content denied | content judged | rejected for content |
        rejected by content | blacklisted url | bad url | url in message | blocked url | surbl | uribl |
        message rejected for policy*content | rejected by the filter | classified as | message looks like |
        likely to be | bayes | rejected by anti | refused by antispam | mail refuse. antispam | cloudmark |
        high probability | objectionable | spamassassin | pyzor | rspamd | mailscanner | scored too |
        message was considered | appears to be un | mail appears to be | rule imposed as | similar to previously |
        content of your message | message body contains | blocked content | not accept this message |
        forbidden content | mail content | denied by content | rejected as bulk | message filtered | filtered out
        """,
    ),
)
