"""Pictures that say their size before they come, come when they are near, and weigh a third.

A figure is stored as WebP without loss: the same pixels as the PNG that the notebook drew.
"""

import re
from pathlib import Path

from PIL import Image

PICTURE = re.compile(r'(<img\b[^>]*?src="[^"]*?_images/)([^"]+)"')


def lighten(app, name, template, context, doctree):
    """Give every picture of a page its size; all but the first wait until the reader comes near."""
    if "body" not in context:
        return
    sources = {file: Path(app.srcdir, source) for source, file in app.builder.images.items()}
    waits = ""

    def lighter(tag):
        nonlocal waits
        source = sources[tag[2]]
        width, height = size(source)
        told = f'{tag[1]}{stored(app, source, tag[2])}" width="{width}" height="{height}"{waits}'
        waits = ' loading="lazy"'
        return told

    context["body"] = PICTURE.sub(lighter, context["body"])


def size(path):
    """Width and height: of a drawing, in the units of its view box."""
    if path.suffix == ".svg":
        box = re.search(r'viewBox="[^" ]+ [^" ]+ ([^" ]+) ([^" ]+)"', path.read_text("utf-8"))
        return tuple(round(float(side)) for side in box.groups())
    with Image.open(path) as picture:
        return picture.size


def stored(app, source, file):
    """The name under which the page finds the picture."""
    if source.suffix != ".png":
        return file
    target = Path(app.outdir, "_images", file).with_suffix(".webp")
    if not target.exists():  # a figure is named after what is in it
        target.parent.mkdir(exist_ok=True)
        with Image.open(source) as picture:
            picture.save(target, lossless=True)
    return target.name


def drop_heavy(app, exception):
    """Leave out the pictures that no page asks for any more."""
    for picture in Path(app.outdir, "_images").glob("*.webp"):
        picture.with_suffix(".png").unlink(missing_ok=True)


def setup(app):
    app.connect("html-page-context", lighten)
    app.connect("build-finished", drop_heavy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
