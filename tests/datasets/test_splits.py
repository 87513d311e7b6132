from __future__ import annotations

from sharp_cli.datasets.splits import held_out_images


def test_every_fourth_picture_in_natural_order_is_held_out() -> None:
    names = [f"img{number}.png" for number in (10, 9, 2, 1, 30, 4, 5, 100)]
    assert held_out_images(names) == {"img5.png", "img100.png"}
