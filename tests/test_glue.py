"""A stored number is what the book reads."""

import myst_nb
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from ch5.book.glue import glue


def stored(call):
    """What a call puts into the output of a cell."""
    shell = InteractiveShell()
    shell.display_pub = CapturingDisplayPublisher()
    InteractiveShell._instance, before = shell, InteractiveShell._instance
    try:
        call()
    finally:
        InteractiveShell._instance = before
    return shell.display_pub.outputs


@pytest.mark.parametrize("text", ["0.93", "1,200", 'it\'s "so"', "10⁻¹⁵", "3-5", "n-gram", "-", ""])
def test_it_stores_what_the_book_reads(text):
    """The same output, to the byte, as the function of the book's builder."""
    ours = stored(lambda: glue("largest", text))
    assert len(ours) == 1
    assert ours == stored(lambda: myst_nb.glue("largest", text, display=False))


@pytest.mark.parametrize(
    ("text", "shown"), [("-0.2 ± 1.1", "−0.2 ± 1.1"), ("-2 to -1", "−2 to −1"), ("(-0.2)", "(−0.2)")]
)
def test_a_number_below_zero_has_a_minus_sign(text, shown):
    """The text around it is set with one, and a browser may end a line after a hyphen."""
    assert stored(lambda: glue("least", text)) == stored(lambda: myst_nb.glue("least", shown, display=False))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1e-15", "10⁻¹⁵"),
        ("8e-17", "8 × 10⁻¹⁷"),
        ("3e-04 to 2e-10", "3 × 10⁻⁴ to 2 × 10⁻¹⁰"),
        ("1.1e-15", "1.1 × 10⁻¹⁵"),
    ],
)
def test_a_power_of_ten_is_written_as_one(text, shown):
    shown = shown.replace(" × ", "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}")
    assert stored(lambda: glue("least", text)) == stored(lambda: myst_nb.glue("least", shown, display=False))


@pytest.mark.parametrize("number", [0.93, 3, None])
def test_a_number_must_be_rounded_first(number):
    """A bare number would be stored with all its digits, which differ between machines."""
    with pytest.raises(TypeError, match="text must be a string"):
        glue("largest", number)
