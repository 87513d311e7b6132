"""`python -m sharp_cli` is `sharp`."""

from __future__ import annotations

from sharp_cli.cli import main

main()
