"""Wording about the way between: queues, networks, systems and their faults; then the vague phrases. See reason_texts."""

from __future__ import annotations

from .values import Reason

TRANSPORT_ROWS: tuple[tuple[Reason, str], ...] = (
    (
        Reason.SECURITY_ERROR,
        """
        delivery not authorized | do not have permission to send | does not have permission to send |
        security conversion | security alert
        """,
    ),
    (
        Reason.SUPPRESSED,
        """
        suppression list | on the suppression | address is suppressed | suppressed | not sent to suppressed |
        previously bounced | hard bounced previously | on our bounce list | recipient is on the bounce |
        bounced address | has suppressed sending | recent history of bouncing
        """,
    ),
    (
        Reason.MAILER_ERROR,
        """
        x-unix; | command output: | command died | command failed | command time limit exceeded | user's mailer |
        mailer error | unknown mailer error | exited with a status | exit status | exit value | pipe to |
        return code from | local delivery failed | procmail | maildrop | service unavailable*mailer | x-unix |
        returned error code | exited with | deferred: prog mailer | died on signal | process failed |
        pipe transport | address_pipe transport | can't create user output file | local delivery agent
        """,
    ),
    (
        Reason.CONTENT_ERROR,
        """
        media error | media not supported | other or undefined media error | conversion * not |
        conversion with loss | conversion failed | non-ascii addresses not permitted | body type not supported |
        conversion required | conversion prohibited | 8bitmime | smtputf8 | eai | 8-bit | mime |
        improper use of 8-bit | mime boundary | unsupported charset | internationalized | attachment type |
        attachment not allowed | attachment extension | attachments not | blocked attachment | this attachment |
        file extension | malformed mime | too many mime | message content is corrupt | content-type not allowed |
        unsupported content | undecodable | charset not supported | executable files are not allowed |
        header size exceeds | illegal attachment | improperly-formatted | unnecessary base64 |
        recipient list, exceeds policy | complexity exceeds | containing images | 00050311 | 000502cc |
        conversion to internet format | - banned | banned: | banned file | banned attachment | banned content
        """,
    ),
    (
        Reason.SYSTEM_ERROR,
        """
        loops back to myself | loop was found in the mail exchanger | would create a mail loop |
        aliasing/forwarding loop | several matches found in domino | cannot send e-mail to yourself |
        could not load drd | it encountered an error while being processed | no mdb | badprimary | 00010256 |
        000d06b5 | mail database not found | invalid on disk structure | system config error |
        queue file write error | interrupted system call | timeout waiting for input |
        server configuration error | temporary lookup failure
        """,
    ),
    (
        Reason.EXPIRED,
        """
        message expired | message timed out | in the queue too long | failing for a long time |
        retry timeout exceeded | after a long failure period | not collected after | could not be delivered for |
        queue period | multiple retries | could not find a gateway for | i'm not going to try again |
        queue.expired | delivery time expired | delivery expired | timed out | not delivered within | giving up.
        """,
    ),
    (
        Reason.NETWORK_ERROR,
        """
        bad connection | directory server failure | routing server failure | routing loop | mail loop |
        loop detected | looping | too many hops | hop count | maximum hop | too many received | forwarding loop |
        loops back to myself | loops back to me | loop back to | loop! | hopcount | network is unreachable |
        network unreachable | no route to host | host is unreachable | host unreachable | connection refused |
        connection reset | connection lost | lost connection | connection dropped | connection closed |
        connection aborted | connection was dropped | connection broken | broken pipe |
        couldn't find any host*mx | name service error | dns error | dns failure | dns query failed |
        dns lookup failed | dns temporary failure | dns problem | dns server | name server timeout |
        server failure | servfail | nameserver | host lookup | host not found, try again |
        temporary failure in name resolution | unable to lookup | lookup failure |
        malformed or unexpected name server reply | could not connect | can't connect | cannot connect |
        couldn't connect | unable to connect | failed to connect | can't create output |
        i couldn't find any host | message header * loop | no smtp connection | recipient server unavailable |
        network error | connect failed | lost input channel | communication failure | communications failure |
        remote protocol error | premature end | too many forwards | unable to contact |
        although i'm listed as a best-preference mx | wasn't able to establish an smtp connection | mxloopback |
        00120270 | resolver.fwd.loop | lowest numbered mx record points to local |
        remote host address is the local host | unable to resolve route | probably in a routing loop
        """,
    ),
    (
        Reason.EXPIRED,
        """
        no answer from host | retry timeout exceeded | aborted after | retry time not reached | retry timeout |
        timed out | timeout | time out | time-out | could not be delivered for | could not deliver for |
        deliver for the last | could not be delivered within | could not send message for |
        cannot send message for | cannot send message within | can't deliver for | been in the queue too long |
        in the queue too long | been on the queue | queue too long | maximum time in queue |
        not delivered within | not collected after | has not been collected | message expired |
        message has expired | envelope expired | delivery time expired | delivery expired | expired |
        delivery attempts | failed * attempts | after * attempts | attempts over | unable to deliver * for |
        undeliverable after | gave up | giving up after | too old | has been delayed | message delayed |
        delivery delayed | delivery is delayed | is delayed | was delayed | delayed | deferred |
        no response from | not responding | did not respond | not respond | server not responding |
        delivery time exceeded | did not accept our requests to connect | not yet been delivered |
        will be retried | queue lifetime | maximal queue lifetime | exceeded the maximum retry |
        retries exceeded | retry limit | too many failures | too many delivery attempts | has been frozen |
        attempts to deliver | server temporarily unavailable | temporarily unavailable*try again later |
        unable to deliver this message after | still being retried | host unreachable for too long |
        all hosts * have been failing for a long time | failing for a long time | host not reachable |
        delivery has been postponed | message frozen | warning: message
        """,
    ),
)

# Words that many systems use for many things; only where nothing narrower is said.
WIDE_ROWS: tuple[tuple[Reason, str], ...] = (
    (
        Reason.POLICY_VIOLATION,
        """
        policy reasons | policy violation | policy rejection | policy reject | local policy | security policy |
        site policy | protocol violation | administrative policy | organization policy | company policy |
        policy restrictions | for policy | by policy | policy filter | violates our | violation of |
        violates policy | against policy | due to policy | policy | message refused | prohibited |
        this message was blocked because | message was blocked | message blocked | message rejected |
        message was rejected | message has been rejected | mail rejected | email rejected |
        your message was rejected | message refused by | rejected by the server | not allowed | header rejected |
        forbidden | protected by | disallowed | mail denied | message denied | [cs01] | mail is rejected |
        your mail * rejected | unacceptable | we have a policy | refused by | was refused |
        administratively denied | administrative reason | dlp | transport.rules | organizational settings |
        message given low priority | mass mailer | closed mailing list
        """,
    ),
    (
        Reason.BLOCKED,
        """
        blocked
        """,
    ),
    (
        Reason.SECURITY_ERROR,
        """
        delivery not authorized | mailing list expansion prohibited | cryptographic | message integrity failure |
        credentials invalid | mechanism is too weak | password transition | trust relationship required |
        priority level is too low | authentication required | authentication failed | authentication failure |
        authenticate | not authenticated | unauthenticated | authrequired | sender not authenticated |
        authentication turned on | auth required | invalid login | login failed | invalid credentials |
        username and password not accepted | account is subject to | not authorized | not authorised |
        unauthorized | not permitted | access denied | permission denied | restricted |
        cannot deliver mail to restricted | resolver.rst | insufficient permission | security failure |
        security error | security problem | message not accepted | not trusted | rights | denied |
        is not allowed | security features | dataerasure | verification failure | codes_ | 000b0981 |
        not subscribed to ses
        """,
    ),
    (
        Reason.SYSTEM_ERROR,
        """
        message relayed to non-compliant mailer | system not capable of selected features |
        system incorrectly configured | mail system congestion | system error | server configuration |
        configuration error | local configuration | internal error | internal server error | local error |
        local problem | temporary local problem | server error | service unavailable | service not available |
        service currently unavailable | service is unavailable | temporarily unavailable | temporary failure |
        temporary error | temporary problem | try again later | try later | unable to process | processing error |
        error in processing | local delivery agent | aliasing/forwarding loop | can't open | cannot open |
        failed to open | i/o error | resources temporarily unavailable | resource temporarily | out of memory |
        could not be created | could not load | unexpected | unable to | misconfig | greylist | graylist |
        grey list | greylisted | come back later | cannot append message | upstream error | loop | proxy |
        mail server is down | lmtp | ldap error | database | verify recipient | duplicated message-id |
        unable to deliver | unable to chdir | problem delivering | error occurred | interface error | backend |
        unknown error | not supported
        """,
    ),
    (
        Reason.SYNTAX_ERROR,
        """
        invalid command | wrong protocol version | syntax error | syntax | command unrecognized |
        command not recognized | unrecognized command | unknown command | command not implemented |
        not implemented | bad sequence | out of sequence | need rcpt | need mail command | parameters are not |
        no such command | error in parameters | garbage | angle-brackets nested | malformed address |
        domain missing in source-routed
        """,
    ),
    (
        Reason.ON_HOLD,
        """
        did not reach the following recipient | was not delivered to
        """,
    ),
)
