"""Annotated joints in the formats that people have: CSV, COCO keypoints, DeepLabCut projects.

Each format has a reader, which gives what the file holds as `hands.RawHand`; whether that is right
is checked in one place, `check`.
"""
