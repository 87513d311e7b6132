"""Tables 2, 3 and 4 of Miyama et al., Arthritis Res Ther 24:227 (2022), as printed."""

from __future__ import annotations

from typing import Final

SETS: Final = (
    ("erosion", "PIP-IP+MCP+CMC-M"),
    ("erosion", "wrist"),
    ("erosion", "all joints"),
    ("jsn", "PIP+MCP+CMC"),
    ("jsn", "wrist"),
    ("jsn", "all joints"),
)

DETECTED: Final = {
    "erosion": {
        "PIP-IP": ((916, 921), (99, 109), (1015, 1030)),
        "MCP": ((896, 900), (108, 130), (1004, 1030)),
        "CMC-M": ((289, 291), (113, 121), (402, 412)),
        "wrist": ((393, 393), (415, 431), (806, 824)),
        "all joints": ((2494, 2505), (735, 791), (3229, 3296)),
    },
    "jsn": {
        "PIP": ((508, 513), (285, 311), (793, 824)),
        "MCP": ((782, 796), (203, 234), (985, 1030)),
        "CMC": ((304, 305), (309, 313), (613, 618)),
        "wrist": ((197, 197), (420, 421), (617, 618)),
        "all joints": ((1791, 1811), (1217, 1279), (3008, 3090)),
    },
}
"""Table 3: detected and all joints that are intact, non-intact, and both."""

PERCENT: Final = {
    "erosion": {
        "PIP-IP": (99.5, 90.8, 98.5),
        "MCP": (99.6, 83.1, 97.5),
        "CMC-M": (99.3, 93.4, 97.6),
        "wrist": (100.0, 96.3, 98.1),
        "all joints": (99.6, 92.9, 98.0),
    },
    "jsn": {
        "PIP": (99.0, 91.6, 96.2),
        "MCP": (98.2, 86.8, 95.6),
        "CMC": (99.7, 98.7, 99.2),
        "wrist": (100.0, 99.8, 99.8),
        "all joints": (98.9, 95.2, 97.3),
    },
}
"""Table 3: the rates."""

COLUMNS: Final = (
    "siso", "mimo-local", "mimo-one-hand", "mimo-both-hands",
    "surgeon 1", "surgeon 2", "surgeon 3", "average",
)  # fmt: skip

TABLE4: Final = {
    ("erosion", "PIP-IP+MCP+CMC-M"): (
        (0.65, 0.54, 0.51, 0.31, 0.64, 0.94, 0.93, 0.84),
        (0.88, 0.93, 0.93, 0.96, 0.92, 0.57, 0.78, 0.76),
        (0.50, 0.52, 0.50, 0.38, 0.57, 0.36, 0.51, 0.48),
        (0.55, 0.54, 0.53, 0.44, 0.59, 0.58, 0.65, 0.61),
    ),
    ("erosion", "wrist"): (
        (0.78, 0.85, 0.84, 0.77, 0.46, 0.98, 0.88, 0.77),
        (0.86, 0.85, 0.83, 0.88, 0.95, 0.30, 0.65, 0.64),
        (0.81, 0.84, 0.83, 0.81, 0.61, 0.70, 0.77, 0.70),
        (0.86, 0.88, 0.87, 0.87, 0.81, 0.77, 0.81, 0.80),
    ),
    ("erosion", "all joints"): (
        (0.73, 0.72, 0.70, 0.58, 0.57, 0.96, 0.87, 0.80),
        (0.88, 0.92, 0.92, 0.95, 0.93, 0.53, 0.77, 0.74),
        (0.66, 0.70, 0.69, 0.65, 0.61, 0.51, 0.63, 0.58),
        (0.69, 0.73, 0.72, 0.70, 0.66, 0.66, 0.70, 0.67),
    ),
    ("jsn", "PIP+MCP+CMC"): (
        (0.75, 0.74, 0.73, 0.67, 0.55, 0.90, 0.84, 0.76),
        (0.84, 0.90, 0.89, 0.88, 0.93, 0.83, 0.87, 0.88),
        (0.72, 0.76, 0.74, 0.70, 0.65, 0.80, 0.79, 0.74),
        (0.76, 0.81, 0.79, 0.75, 0.74, 0.82, 0.82, 0.79),
    ),
    ("jsn", "wrist"): (
        (0.81, 0.87, 0.83, 0.84, 0.80, 0.98, 0.91, 0.90),
        (0.79, 0.78, 0.80, 0.81, 0.84, 0.67, 0.84, 0.78),
        (0.85, 0.88, 0.86, 0.87, 0.85, 0.91, 0.91, 0.89),
        (0.91, 0.93, 0.92, 0.93, 0.91, 0.92, 0.94, 0.92),
    ),
    ("jsn", "all joints"): (
        (0.77, 0.79, 0.77, 0.74, 0.62, 0.93, 0.86, 0.80),
        (0.83, 0.89, 0.88, 0.87, 0.92, 0.81, 0.86, 0.87),
        (0.76, 0.81, 0.79, 0.76, 0.71, 0.84, 0.83, 0.80),
        (0.81, 0.85, 0.83, 0.82, 0.81, 0.86, 0.86, 0.84),
    ),
}
"""Table 4: sensitivity, specificity, F-measure and PR-AUC by column."""

_WRIST: Final = ("wrist", "all joints")
COUNTS: Final = {
    (finding, joints): tuple(
        sum(
            row[kind][0]
            for group, row in DETECTED[finding].items()
            if (group == joints if joints in _WRIST else group not in _WRIST)
        )
        for kind in (0, 1)
    )
    for finding, joints in SETS
}
"""Intact and non-intact joints that were detected, and so classified, by joint set."""
