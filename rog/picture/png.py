"""A scene as PNG: the same SVG, drawn by resvg (MPL-2.0), so that there is one drawing and not two.

Letters come from the system's fonts; matplotlib's DejaVu Sans stands in where there are none.
"""

from __future__ import annotations

from pathlib import Path

from kg.errors import QuestionError
from rog.picture.scene import Scene
from rog.picture.svg import svg

ZOOM = 2.0  # pixels of the file for one of the layout
LARGEST = 16_000  # pixels along one side


def png(scene: Scene) -> bytes:
    """The picture as PNG, light, two pixels for one. Raises QuestionError for one that is far too large."""
    import matplotlib
    from resvg_py import svg_to_bytes

    from rog.picture.layout import placed

    plan = placed(scene)
    if ZOOM * max(plan.width, plan.height) > LARGEST:
        size = f"{ZOOM * plan.width:.0f} × {ZOOM * plan.height:.0f}"
        raise QuestionError(f"a PNG of this picture would have {size} pixels; --svg and --html have no limit")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    bold = fonts.with_name("DejaVuSans-Bold.ttf")
    return svg_to_bytes(
        svg(scene, themed=False), zoom=ZOOM, sans_serif_family="DejaVu Sans", font_files=[str(fonts), str(bold)]
    )
