"""Records as tables: the same columns of the same types, whatever the rows."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.api.frames import to_frame
from sharp_cli.results.document import COLUMNS, Failure, HandRow, JointRow, WarningRow

NUMBERS = st.none() | st.floats(0, 1)
TEXT = st.text(st.characters())  # lone surrogates, too: bytes of a file name that are no text
CORNERS = st.none() | st.just(((0.0, 1.0), (2.0, 1.0), (2.0, 3.0), (0.0, 3.0)))
ROWS = st.lists(
    st.builds(
        JointRow,
        **dict.fromkeys(("study", "file", "group", "joint"), TEXT),
        hand=st.sampled_from(("left", "right")),
        finding=st.just("erosion"),
        **dict.fromkeys(("x", "y", "likelihood", "probability"), NUMBERS),
        box=CORNERS,
        label=st.sampled_from((None, "intact")),
        model=st.sampled_from((None, "siso")),
        status=st.just("ok"),
    )
)


@given(ROWS)
def test_a_table_holds_its_records_in_columns_of_the_same_types(rows: list[JointRow]) -> None:
    frame = to_frame(JointRow, rows)
    assert tuple(frame.columns) == COLUMNS
    pd.testing.assert_series_equal(frame.dtypes, to_frame(JointRow, []).dtypes)
    known = frame.astype(object).where(frame.notna(), None)
    assert [JointRow(*cells) for cells in known.itertuples(index=False)] == rows


def test_the_types_are_those_that_are_documented() -> None:
    def types(kind: type) -> dict[str, str]:
        return {name: str(dtype) for name, dtype in to_frame(kind, []).dtypes.items()}

    numbers = dict.fromkeys(("x", "y", "likelihood", "probability", "expected_grade"), "float64")
    nested = {"box": "object", "grade_probabilities": "object", "grade": "Int64"}
    text = dict.fromkeys(COLUMNS, "string")
    assert types(JointRow) == text | numbers | nested
    hands = types(HandRow)
    assert (hands["score"], hands["to_image"], hands["reasons"]) == ("float64", "object", "object")
    assert types(WarningRow) == dict.fromkeys(("study", "file", "message"), "string")
    assert types(Failure) == dict.fromkeys(("file", "error", "reason"), "string")
