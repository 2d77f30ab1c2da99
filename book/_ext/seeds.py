"""What the lab of chapter 6 loads of a seed when it is near: one script each, `_static/seeds/N.js`.

Not in the page, which is read before; and scripts, because a page that is opened from disk may load nothing else.
"""

from base64 import b64encode
from pathlib import Path

from ch5.book import lab


def write_seeds(app, exception):
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "seeds")
    folder.mkdir(parents=True, exist_ok=True)
    for seed in lab.SEEDS:
        data = b64encode(lab.given(seed)).decode()
        (folder / f"{seed}.js").write_text(
            f'(window.ch5Seeds ||= {{}})[{seed}] = "{data}";\n', encoding="utf-8"
        )


def setup(app):
    app.connect("build-finished", write_seeds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
