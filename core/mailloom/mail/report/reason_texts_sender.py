"""Wording about the sending side: authentication, address of the sender, relaying, reputation, content, rate.

None of these make an address dead: they call for work on our side. See reason_texts for the order.
"""

from __future__ import annotations

from .values import Reason

SENDER_ROWS: tuple[tuple[Reason, str], ...] = (
    (
        Reason.VIRUS_DETECTED,
        """
        virus detected | virus found | contains a virus | contained a virus | infected with | is infected |
        message infected | infected message | virus infected | contains malware | malware detected |
        malware found | detected malware | virus scanner | content virus | suspected virus | a virus was |
        carries a virus | message was rejected because it contains prohibited virus |
        your message contains a virus | rejected due to virus | executable files are not allowed |
        this message contains malware | message scanned and found to contain | dangerous attachment | clamav |
        winmail.dat is not allowed | spamware | virus-infected | contained virus | has a virus | virenverseucht |
        the message was infected | potentially dangerous content found | used by recent viruses |
        potentially executable attachment | executable attachment | prohibited virus | virus phishing |
        - infected | infected:
        """,
    ),
    (
        Reason.NOT_COMPLIANT,
        """
        resent-from | multiple subject headers | rfc 5322 | rfc5322 | rfc 2822 | rfc2822 | rfc 822 compliant |
        rfc 5321 compliant | rfc2821 violation | not rfc compliant | not rfc-compliant | rfc non-compliant |
        not compliant with rfc | duplicate header | missing required header | missing header |
        missing from header | missing date header | missing message-id | missing 'from:' header | no from header |
        no valid from | multiple from header | multiple from: header | multiple addresses in from |
        more than one from | several from: headers | invalid from header | invalid 'from' header | header error |
        malformed header | bare lf | bare cr | bare <lf> | bare linefeed | bare line feed | bare newline |
        stray newlines | smtp protocol violation | message is not compliant | messages missing a valid |
        message does not conform | lines longer than | line too long | line length exceeded |
        maximum line length | message has too long lines | message has lines too long | header size exceeds |
        too many received headers | headers too large | syntax error in * header | invalid message-id |
        duplicate headers | multiple 'from' header | this message is missing | must be rfc*compliant |
        headers must be encoded | illegal 8-bit characters in | does not comply with internet standards |
        violates rfc | violation of rfc | unprintable characters in header | invalid header |
        single address in the from header | multiple addresses in the from | both header from and sender |
        duplicate 'from | bad_header | bad-header | bad header
        """,
    ),
    (
        Reason.SPAM_DETECTED,
        """
        identified as spam | classified as spam | detected as spam | marked as spam | flagged as spam |
        considered spam
        """,
    ),
    (
        Reason.AUTH_FAILURE,
        """
        dkim signature found | acceptable dkim | author-matched dkim | multiple authentication checks failed |
        arc validation failure | spf check failed | spf check: fail | spf failed | failed spf | fails spf |
        spf fail | spf hard fail | spf softfail | spf validation | spf verification | spf policy |
        spf sender invalid | spf record | spf unauthorized | rejected by spf | rejected due to spf |
        rejected for policy reasons*spf | does not designate | not designated as |
        is not permitted to send mail for | sender policy framework | not authorized by domain owner | openspf. |
        spf: | spf ( | pass spf | spf error | spf.pobox | is not allowed to send mail from |
        is not allowed to send mail for | not authorized to send mail for | not allowed to send from | dmarc |
        dkim | domainkeys | domain keys identified | sender id (pra) | sender id permerror |
        unauthenticated email from | unauthenticated mail is prohibited | unauthenticated email is not accepted |
        sender is unauthenticated | not authenticated*arc | mail from domain * has an spf |
        authentication-results check | authentication check failed | does not pass authentication |
        failed authentication check | message failed authentication | email authentication | arc validation |
        arc authentication | both spf and | fails authentication | level of authentication |
        required authentication level | didn't pass authentication | sender authentication failed |
        forged sender | sender domain is not authenticated | anti-spoofing | antispoofing | spoofed | spoofing |
        forged hotmail
        """,
    ),
    (
        Reason.REQUIRE_PTR,
        """
        reverse dns | reverse-dns | reversedns | rdns | ptr record | no ptr | ptr resource record | dns ptr |
        ptr lookup | missing ptr | valid ptr | ptr dns | ptr check | ptr-record | pointer record |
        cannot find your hostname | cannot find your reverse hostname | find your hostname |
        cannot resolve your address | can not resolve your | could not resolve your ip |
        unable to resolve your ip | unresolvable*client | client host rejected: cannot find |
        ip name lookup failed | ip name possibly forged | unverifiable sending ip | unverifyable sending ip |
        unverifiable ip | no reverse | reverse lookup | reverse address | reverse hostname | reverse domain name |
        fcrdns | hostname does not match | does not resolve to your ip | does not resolve back |
        must resolve to a | domain name * could not be resolved to ip | forward and reverse |
        mismatches client ip | does not match client ip | no inverse | dns validation failed |
        without a dns entry | lookup of your ip | all * servers must have a ptr |
        client ip address does not resolve | access denied*does not have a valid host name |
        could not verify your ip | dns lookup failure on | address resolution failed for your
        """,
    ),
    (
        Reason.FAILED_STARTTLS,
        """
        encryption needed | requiretls support required | tls support required |
        must issue a starttls command first | starttls is required | starttls required | tls is required |
        tls required | requires tls | required to use tls | encryption required | requires encryption |
        cannot start tls | starttls failed | tls negotiation failed | tls handshake | starttls is not available |
        tls is not available | tls not available | tls currently unavailable | does not support starttls |
        didn't offer starttls | tls session required | a tls session is required |
        server certificate not verified | server certificate not trusted | certificate verification failed |
        cannot verify * certificate | failed to authenticate server with dane | mta-sts | sts policy |
        smtp server does not support tls | starttls was not offered | tls-required | requiretls | ssl handshake |
        must use tls | encrypted connection is required | tls connection failed | starttls not supported
        """,
    ),
    (
        Reason.NO_RELAYING,
        """
        relaying denied | relay access denied | relay denied | relaying not permitted | relay not permitted |
        relaying is not | relay not allowed | relaying not allowed | relaying prohibited | relay prohibited |
        not permitted to relay | not allowed to relay | unable to relay | cannot relay | can't relay |
        we do not relay | we don't relay | does not relay | do not relay | no relaying | mail relay denied |
        insecure mail relay | relay is not | not configured to relay | not an open relay |
        open relay not allowed | relay attempt | that domain isn't in my list of allowed rcpthosts |
        is not in my list of allowed rcpthosts | isn't allowed to be relayed |
        is currently not permitted to relay | not local*relay | relaying mail to * is not allowed |
        no such domain here | this mail server requires authentication when | this server is not a relay |
        not accepting mail for this domain | this is not a relaying host | not relay | relay forbidden |
        unauthorized relay | mail relay | recipient not in rcpthosts | sorry, that domain isn't in |
        we do not accept mail for this domain | address family not supported for relaying | no relay |
        relaying disallowed | not authorized to relay | please authenticate to relay | bad relay
        """,
    ),
    (
        Reason.BAD_REPUTATION,
        """
        poor reputation | bad reputation | low reputation | very low reputation | reputation of the sending |
        sender reputation | ip reputation | domain reputation | senderbase | reputation score |
        reputation filter | reputation block | reputation-based | due to reputation | reputation is |
        reputation for | reputationauthority | poor email reputation | url reputation | generally bad |
        unacceptable reputation | talosintelligence | your reputation | reputation lookup | senderscore |
        insufficient reputation | untrusted reputation
        """,
    ),
    (
        Reason.REJECTED,
        """
        sending to/from an address that has been blacklisted | not a registered gateway user |
        bad sender's mailbox address syntax | bad sender's system address | sender address rejected |
        sender rejected | sender address * rejected | domain of sender address | sender domain does not exist |
        sender domain not found | sender domain must | sender domain invalid | invalid sender | sender invalid |
        unroutable sender | sender verify failed | sender verification | verify sender | sender verify |
        could not verify the sender | sender is not verified | sender unknown | unknown sender | bad sender |
        bogus mail from | mail from rejected | sender denied | sender not allowed | sender is not allowed |
        sender not exist | sender does not exist | sender's domain | sender blocked | blocked sender |
        rejected sender | sender refused | refused sender | sender's address | does not exist in dns as sender |
        envelope from | mail from must | mail from domain | invalid mail from | mailfrom domain |
        from address not verified | fake sender | your email address has been blacklisted | sender blacklisted |
        blacklisted sender | sender on blacklist | sender is blacklisted | sender domain is blocked |
        sender was rejected | sender not recognized | recognized sender | empty envelope | empty sender |
        null sender | rejects bounce | no bounces | does not accept bounces | bounces not accepted |
        access denied, bad outbound sender | bad outbound sender | administrative prohibition |
        fully-qualified address required for sender | nosuchdomain | sender address is not | not owned by user |
        sender syntax | mail from invalid | from address is not | unsupported mail from |
        policy analysis reported: your address is blocked | unable to verify sender |
        you are not allowed to send | you're not allowed to send | you are not permitted to send | sendasdenied |
        not permitted to post | not allowed to post | only subscribers | members only | not a member of this |
        nonmember | non-members | you don't have permission to post | are not permitted to post |
        groups.google.com/support | you might not have permission | you may not have permission |
        sender is not in the | not accepted by this recipient | this sender is disabled | sender disabled |
        banned sender | does not like your * sender | your sender's domain | unrouteable sender |
        sender could not be verified | callout verification failed | unresolvable sender | unresolveable sender |
        mail from refused | sender domain * not | from: address * rejected |
        rejected by header based manually blocked senders | bad address syntax in mail from | badmailfrom |
        envelope sender is in my badmailfrom | sorry, your envelope sender | batv |
        bounce address tag validation | backscatter protection | unsigned dsn | recipient not accepted. (batv |
        no third-party dsns | email address is not verified | isn't on the recipient's list of senders |
        by non-member to a members-only | purported responsible address | from: domain is invalid |
        fully qualified email address required | fully-qualified domain name | not subscribed to this group |
        sender not pre-approved | returned mail not accepted here | recursive cname |
        sending this from a different address | sender email address | sender is spammer |
        sender domain is empty | your access to submit messages | null sender is not allowed |
        sender not accepted | empty email address | not allowed to post to this mailing list |
        violate section 5.1 | sender policy rejection | unknown sender domain | sender domain lookup |
        cannot verify sender | not a valid sender | mail from address | bad mail from | are not member |
        not member | non member | not a member
        """,
    ),
    (
        Reason.SPEEDING,
        """
        relay quota | sending quota | daily quota | submission quota | quota for sending | message quota |
        hourly quota | submissionquota | quota exceeded for sending | quota for sender | recipient quota |
        per-user quota
        """,
    ),
)
