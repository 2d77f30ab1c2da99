"""The built site as a whole: light, still, searchable, and of use where a reader gets lost."""

import functools
import http.server
import threading
from contextlib import ExitStack
from random import Random

import nbformat
import pytest
from checks import not_for_everyone, outline, shifts, visit, weight, without_size
from chromium import PAGES, SITE, serve

BOOK = SITE.parents[1] / "book"


# Light and still


@pytest.fixture
def server_of(tmp_path):
    """A function that serves these files from this machine and says where."""
    with ExitStack() as stack:

        def server_of(files):
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            folder.mkdir()
            for name, content in files.items():
                (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
            return stack.enter_context(serve(folder))

        yield server_of


def test_weight_is_seen(page, server_of):
    """Of what cannot be compressed every byte counts, of a repeated text few."""
    noise, text = Random(5).randbytes(600_000), b"p { color: red }\n" * 40_000
    home = server_of(
        {"noise.html": "<!doctype html><img src=a.webp>", "a.webp": noise}
        | {"text.html": "<!doctype html><link rel=stylesheet href=a.css>", "a.css": text}
    )
    weights = {
        name: weight(visit(page.context.new_page(), f"{home}/{name}.html", home, "networkidle").answers)
        for name in ("noise", "text")
    }
    assert weights["noise"] >= len(noise)
    assert weights["text"] < len(text) / 100


def test_a_shift_is_seen(page, server_of):
    """A picture that comes late, of no known height, pushes the text down."""
    late = "setTimeout(() => document.querySelector('div').style.height = '10em', 200)"
    late = f"<script>addEventListener('load', () => {late})</script>"
    text = "<div></div><p style='height: 30em'>Text.</p>"
    home = server_of({"page.html": f"<!doctype html>{text}{late}"})
    visit(page, f"{home}/page.html", home, until="networkidle")
    assert shifts(page) != []


def test_an_image_without_size_is_seen(tmp_path):
    """Width and height must both be given."""
    (tmp_path / "page.html").write_text('<img src="a.png" width="3" height="4"><img src="b.png" width="3">')
    assert list(without_size(tmp_path / "page.html")) == ["b.png has no width and height"]


def test_the_book_s_own_rules_come_last(site):
    """What book.css says stands after what the theme and the extensions say, or it would not hold."""
    style = (site / "_static" / "site.css").read_text("utf-8")
    assert style.rindex(".katex{font-size:1.1em}") > style.rindex(".katex{font:")


# Finding things


@pytest.mark.parametrize("way", ["server", "disk"])
def test_the_search_finds_a_term(way, site, server, page):
    """Asked from a page, for a word that stands in the glossary and in a chapter; a made-up word is not found."""
    home = server if way == "server" else site.as_uri()
    page.goto(f"{home}/book/chapters/01_cell.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("eigenvalue")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.href)")
    assert any("04_jacobian" in link for link in found)
    page.goto(f"{home}/search.html?q=xyzzyplugh")
    page.get_by_text("No section has this word").wait_for()


def test_every_shown_source_leads_to_its_line(site):
    """Below every source on a page a link for each function shown, to its place in the module."""
    for path in sorted(BOOK.glob("chapters/*.ipynb")):
        calls = [
            cell.source for cell in nbformat.read(path, as_version=4).cells if cell.source.startswith("show(")
        ]
        shown = [name.strip() for call in calls for name in call[5:-1].split(",")]
        page = site / "book" / "chapters" / f"{path.stem}.html"
        links = [link for link in outline(page).links if "/source/ch5/" in link]
        assert [link.split("#")[1].split(".")[-1] for link in links] == [n.split(".")[-1] for n in shown]
        for link in links:
            file, anchor = link.split("#")
            lines = (page.parent / file).read_text("utf-8").split("\n")
            (line,) = (line for line in lines if f'id="{anchor}"' in line)
            word = line if "def" in line or "class" in line else lines[lines.index(line) + 1]
            assert f">{anchor.split('.')[-1]}<" in word


def test_every_module_has_a_page(site):
    """The list of sources is the package's."""
    links = outline(site / "source" / "index.html").links
    modules = [path for path in (BOOK.parent / "src" / "ch5").rglob("*.py") if path.stat().st_size]
    assert len([link for link in links if link.startswith("ch5/")]) == len(modules)


# Lost and found


@pytest.mark.parametrize("address", ["nowhere.html", "book/nowhere.html", "no/such/folder/page"])
def test_who_is_lost_is_led_back(address, site, page, tmp_path):
    """The page for a wrong address, below any path of a server, leads to the title page and to the search."""
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "path").symlink_to(site, target_is_directory=True)

    class Lost(http.server.SimpleHTTPRequestHandler):
        def send_error(self, code, *args):
            body = (site / "404.html").read_bytes()
            self.send_response(code)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    handler = functools.partial(Lost, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_port}/some/path"
        page.goto(f"{home}/{address}", wait_until="networkidle")
        assert page.locator("main a").evaluate("link => link.href") == f"{home}/book/index.html"
        assert page.locator("form").evaluate("form => form.action") == f"{home}/search.html"
        page.locator("main a").click()
        page.wait_for_url("**/some/path/book/index.html")
        server.shutdown()


# The header and the foot


def test_no_page_leads_to_a_repository_that_nobody_named(site):
    """Without REPOSITORY no button for the source of a page, and none for Binder."""
    for name in PAGES:
        text = (site / name).read_text("utf-8")
        assert "mybinder.org" not in text
        assert "Source of this page" not in text


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_ways_to_run_are_for_everyone(width, scheme, server, page):
    """The menu opens by keyboard, stays in the window, and keeps to WCAG 2.2 AA."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server}/book/chapters/01_cell.html")
    page.locator("details.ways summary").press("Enter")
    box = page.locator(".ways-menu").bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= width
    assert "make lab" in page.locator(".ways-menu").inner_text()
    assert not_for_everyone(page) == []


def test_a_notebook_can_be_fetched_from_its_page(site):
    """The header of every chapter has its notebook; test_frame.py reads it."""
    for path in sorted(BOOK.glob("chapters/*.ipynb")):
        page = site / "book" / "chapters" / f"{path.stem}.html"
        (link,) = [link for link in outline(page).links if link.endswith(".ipynb")]
        assert (page.parent / link).resolve() == (site / "_sources/book/chapters" / path.name).resolve()


def test_every_page_says_how_to_cite_and_when_it_changed(site):
    """In the lines at its foot."""
    for name in PAGES:
        if name != "404.html":
            text = (site / name).read_text("utf-8")
            assert "#how-to-cite" in text
            assert "Last updated on" in text


def test_the_way_to_cite_is_the_one_of_the_file(site):
    """What the title page gives is what CITATION.cff says."""
    text = (site / "book" / "index.html").read_text("utf-8")
    cited = (BOOK.parent / "CITATION.cff").read_text("utf-8")
    (version,) = (line.split(": ")[1] for line in cited.splitlines() if line.startswith("version"))
    assert f"(version {version})" in text
