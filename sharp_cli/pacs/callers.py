"""Who may call the node: application entity titles, and the addresses that they call from."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from sharp_cli.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_TITLE: Final = re.compile(r"(?=\S)[\x20-\x5b\x5d-\x7e]{1,16}(?<=\S)", re.ASCII)
"""DICOM PS3.5 section 6.2: AE."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One that may call.

    Attributes:
        title: Its application entity title.
        network: The addresses that it may call from; None for any.
    """

    title: str
    network: Network | None = None

    def may_be_at(self, address: Address) -> bool:
        """Whether it may call from an address."""
        return self.network is None or address in self.network


def parse_title(text: str) -> str:
    """An application entity title.

    Raises:
        UsageError: It is none.
    """
    title = text.strip()
    if _TITLE.fullmatch(title) is None:
        message = f"{text!r}: no AE title; give 1 to 16 characters of ASCII, without a backslash"
        raise UsageError(message)
    return title


def parse_callers(text: str) -> list[Caller]:
    """Those who may call, from `TITLE[@ADDRESS[/BITS]],…`.

    Raises:
        UsageError: One is no title, or its address is none.
    """
    return [_caller(one) for one in text.split(",")]


def parse_address(text: str) -> Address:
    """An IP address; one of IPv4 in the clothes of IPv6 is that of IPv4.

    Raises:
        ValueError: It is none.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def may_connect(callers: Sequence[Caller], address: Address) -> bool:
    """Whether anybody may call from an address."""
    return any(one.may_be_at(address) for one in callers)


def may_call(callers: Sequence[Caller], title: str, address: Address) -> bool:
    """Whether one of a title may call from an address."""
    return any(one.title == title and one.may_be_at(address) for one in callers)


def _caller(text: str) -> Caller:
    title, at, place = text.strip().partition("@")
    if not at:
        return Caller(parse_title(title))
    try:
        return Caller(parse_title(title), ipaddress.ip_network(place))
    except ValueError:
        message = f"{text!r}: {place!r} is no IP address or network; give AET@10.0.0.5"
        raise UsageError(message) from None
