"""Annotated joints in the forms that people have: CSV, COCO keypoints, DeepLabCut projects.

Each form has a reader that says what stands in the file (`sharp_cli.datasets.tables.Entry`);
whether it is right is judged in one place, `sharp_cli.datasets.annotations.check`.
"""
