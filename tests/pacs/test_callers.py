"""Who may call."""

from __future__ import annotations

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.pacs.callers import may_call, may_connect, parse_address, parse_callers


def test_addresses_and_titles() -> None:
    callers = parse_callers("CR1@10.0.0.5, CR2@10.1.0.0/16,CR3@fd00::/8")
    for address in ("10.0.0.5", "::ffff:10.0.0.5", "10.1.7.7", "fd00::1"):
        assert may_connect(callers, parse_address(address))
    for address in ("10.0.0.6", "::1", "127.0.0.1"):
        assert not may_connect(callers, parse_address(address))
    assert may_call(callers, "CR2", parse_address("10.1.7.7"))
    assert not may_call(callers, "CR1", parse_address("10.1.7.7"))
    assert not may_call(callers, "CR4", parse_address("10.0.0.5"))
    anywhere = parse_callers("CR1@10.0.0.5,CR 9")
    assert may_call(anywhere, "CR 9", parse_address("192.0.2.1"))
    assert not may_call(anywhere, "CR1", parse_address("192.0.2.1"))


@pytest.mark.parametrize("text", ["", "CR1,", "CR1@", "CR1@host", "CR1@10.0.0.0/33", "@10.0.0.1"])
def test_what_makes_no_sense(text: str) -> None:
    with pytest.raises(UsageError, match=r"no AE title|no IP address"):
        parse_callers(text)
