"""Standard Webhooks: what we sign can be verified, and what was changed on its way cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.standard_webhooks import BadSecret, NotGenuine, headers, new_secret, signature, verified

# The vector that the standard's first implementation publishes, and Codat after it.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
SENT = datetime.fromtimestamp(int(STAMP), UTC)


def test_the_published_vector_is_met() -> None:
    assert signature(SECRET, MESSAGE, STAMP, BODY) == SIGNATURE
    assert headers([SECRET], MESSAGE, SENT, BODY) == {
        "webhook-id": MESSAGE, "webhook-timestamp": STAMP, "webhook-signature": SIGNATURE,
    }  # fmt: skip


def test_what_is_signed_is_verified_in_any_letter_case_and_under_both_families_of_names() -> None:
    given = headers([SECRET], MESSAGE, SENT, BODY)
    assert verified([SECRET], {name.title(): value for name, value in given.items()}, BODY, SENT) == MESSAGE
    theirs = {name.replace("webhook-", "svix-"): value for name, value in given.items()}
    assert verified([SECRET], theirs, BODY, SENT) == MESSAGE


def test_while_a_secret_is_replaced_either_one_verifies() -> None:
    old, new = new_secret(), new_secret()
    given = headers([new, old], MESSAGE, SENT, BODY)
    assert given["webhook-signature"].count("v1,") == 2
    assert verified([old], given, BODY, SENT) == verified([new], given, BODY, SENT) == MESSAGE
    with pytest.raises(NotGenuine):
        verified([new_secret()], given, BODY, SENT)


@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_a_time_more_than_five_minutes_off_is_refused(off: timedelta) -> None:
    with pytest.raises(NotGenuine, match="five minutes"):
        verified([SECRET], headers([SECRET], MESSAGE, SENT, BODY), BODY, SENT + off)


def test_another_body_another_id_or_no_header_is_refused() -> None:
    given = headers([SECRET], MESSAGE, SENT, BODY)
    for changed, body in ((given, BODY + b" "), ({**given, "webhook-id": "msg_2"}, BODY), ({}, BODY)):
        with pytest.raises(NotGenuine):
            verified([SECRET], changed, body, SENT)


def test_a_new_secret_has_32_bytes_and_is_never_the_same() -> None:
    secrets = {new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(one.startswith("whsec_") and len(one) == 50 for one in secrets)


def test_a_secret_that_is_none_says_so() -> None:
    with pytest.raises(BadSecret):
        signature("whsec_not base64!", MESSAGE, STAMP, BODY)
