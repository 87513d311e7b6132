"""Annotated joints in the forms that people have: CSV, COCO keypoints, DeepLabCut projects.

Each form has a reader that says what stands in the file (`hands.RawHand`);
whether it is right is judged in one place, `check`.
"""
