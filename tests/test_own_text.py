"""A text of one's own: trained from the command line, stopped, gone on with, and written from."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ch5.__main__ import main
from ch5.analysis import context, ngram
from ch5.engine.files import write as write_file
from ch5.experiments import own_text

SMALL = ["--hidden", "8", "--epochs", "300", "--rate", "0.01"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a text of 3,000 characters, to work in."""
    monkeypatch.chdir(tmp_path)
    words = np.random.default_rng(0).choice(["the cat", "a mat", "sat on", "é!"], size=500)
    (tmp_path / "book.txt").write_text(" ".join(words)[:3000], "utf-8")
    return tmp_path


def started(*options):
    return subprocess.Popen(
        [sys.executable, "-m", "ch5", "train", "book.txt", *SMALL, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stopped_at_a_random_moment(path, number, rng):
    """The run, sent a signal up to 0.1 s after it has saved a hundred updates more; what it said and its exit code."""
    process, seen = started("--checkpoint", str(path)), {_saved_at(path)}
    while process.poll() is None and len(seen) < 3:  # as it was, where it goes on, a hundred updates later
        seen.add(_saved_at(path))
        time.sleep(0.002)
    time.sleep(rng.random() * 0.1)
    process.send_signal(number)
    return (*process.communicate(), process.returncode)


def _saved_at(path):
    return path.stat().st_mtime_ns if path.exists() else 0


def arrays(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def trained(*options):
    """A short run to its end: its exit code."""
    return main(["train", "book.txt", "--hidden", "4", "--epochs", "2", *options])


@pytest.mark.skipif(os.name != "posix", reason="sends a process signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "Ctrl-C"])
def test_stopped_at_random_moments_the_same_command_ends_with_the_same_weights_bit_for_bit(
    folder, number, rng
):
    """Stopped three times and then left to end: every array of the checkpoint is that of a run left alone."""
    for _ in range(3):
        _, error, code = stopped_at_a_random_moment(folder / "stopped.npz", number, rng)
        assert "Traceback" not in error
        if number == signal.SIGINT and code:
            assert code == 130
            assert error.strip().endswith("stopped.npz is whole, and the same command goes on from there")
    assert 200 < arrays("stopped.npz")["done"]
    for name in ("stopped.npz", "alone.npz"):
        process = started("--checkpoint", name)
        process.communicate()
        assert process.returncode == 0
    stopped, alone = arrays("stopped.npz"), arrays("alone.npz")
    assert stopped.keys() == alone.keys()
    for name in alone:
        np.testing.assert_array_equal(stopped[name], alone[name], err_msg=name)
    assert {path.name for path in folder.iterdir()} == {"book.txt", "stopped.npz", "alone.npz"}


def test_ctrl_c_while_the_network_writes_loses_no_update(folder, monkeypatch, capsys):
    """The checkpoint then stands at that update, 30, not at the last multiple of a hundred."""

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(own_text, "STAGES", {30})
        patched.setattr(own_text, "measured", interrupted)
        assert trained("--epochs", "20") == 130
    assert arrays("book.npz")["done"] == 30
    assert "goes on from there" in capsys.readouterr().err
    assert trained("--epochs", "20") == 0


def test_the_loss_is_on_the_held_out_tail_and_so_is_the_n_grams(folder, capsys):
    """Both over the same characters, which the network did not train on."""
    assert trained() == 0
    model, vocabulary = own_text.load("book.npz")
    ids = vocabulary.encode((folder / "book.txt").read_text("utf-8").strip())
    first = len(ids) - round(len(ids) / 10)
    losses = context.losses_from(model, ids, first)
    counted = ngram.NGram(ids[:first], len(vocabulary), 5).losses_by_order(ids)
    best = counted[:, first : first + losses.size].mean(axis=1)
    said = (
        f"{losses.mean():.3f} nats per character held out (n-gram of order {best.argmin()}: {best.min():.3f})"
    )
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("cell", own_text.CELLS)
def test_a_checkpoint_alone_is_enough_to_write(folder, cell, capsys):
    """With the text gone: the prompt and what follows, the same for the same seed."""
    assert trained("--cell", cell) == 0
    (folder / "book.txt").unlink()
    capsys.readouterr()
    written = []
    for options in ([], [], ["--seed", "1"], ["--temperature", "0"]):
        assert main(["sample", "book.npz", "--prompt", "the é", "--length", "60", *options]) == 0
        written.append(capsys.readouterr().out)
    assert all(len(text) == 66 and text.startswith("the é") for text in written)
    assert written[0] == written[1]
    assert len(set(written)) == 3


def test_a_finished_run_is_not_trained_again(folder, capsys):
    assert trained() == 0
    before, said = (folder / "book.npz").read_bytes(), capsys.readouterr().out
    assert trained() == 0
    assert (folder / "book.npz").read_bytes() == before
    assert capsys.readouterr().out.splitlines()[-3:] == said.splitlines()[-3:]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--hidden", "5"], "hidden was 4 and is now 5"),
        (["--cell", "lstm"], "cell was gru and is now lstm"),
        (["--seed", "2", "--epochs", "3"], "epochs was 2 and is now 3; seed was 1 and is now 2"),
        (["--rate", "0.1"], "rate was 0.006 and is now 0.1"),
    ],
)
def test_a_checkpoint_of_other_settings_is_left_alone_and_said_to_differ(folder, options, says, capsys):
    assert trained() == 0
    before = (folder / "book.npz").read_bytes()
    assert trained(*options) == 1
    assert says in capsys.readouterr().err
    assert (folder / "book.npz").read_bytes() == before


def test_a_checkpoint_of_another_text_is_said_to_differ(folder, capsys):
    """Even where the characters' numbers are the same."""
    assert trained() == 0
    text = (folder / "book.txt").read_text("utf-8")
    (folder / "book.txt").write_text(text.replace("!", '"'), "utf-8")
    assert trained() == 1
    assert "text was 2936 characters, sha256" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "does not exist"),
        (b"\x00\x01\x02" * 500, "binary"),
        ("some words " * 100, "UTF-16"),
        (b"caf\xe9 " * 500, "not UTF-8"),
        (b"", "empty"),
        (b"a short text", "at least 700 characters"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_in_one_line(folder, data, says, capsys):
    (folder / "book.txt").unlink()
    if data is not None:
        (folder / "book.txt").write_bytes(data.encode("utf-16") if isinstance(data, str) else data)
    assert trained() == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not (folder / "book.npz").exists()


def test_the_shortest_text_can_be_trained_on(folder):
    (folder / "book.txt").write_text("ab " * 233 + "a")
    assert trained() == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--prompt", "the dog"], "'d'"),
        (["--prompt", ""], "prompt must be"),
        (["--temperature", "-1"], "temperature must be"),
        (["--temperature", "nan"], "temperature must be"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(folder, options, says, capsys):
    assert trained() == 0
    capsys.readouterr()
    assert main(["sample", "book.npz", *options]) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_what_is_no_checkpoint_is_refused(folder, capsys):
    """A missing file, a text, one bit otherwise, a checkpoint of another program."""
    assert trained() == 0
    whole = bytearray((folder / "book.npz").read_bytes())
    whole[len(whole) // 2] ^= 1
    write_file("broken.npz", bytes(whole))
    own_text.checkpoints.write("other.npz", {"theta": np.zeros(3)})
    for name, says in (
        ("none.npz", "must be a file that training has made"),
        ("book.txt", "not a whole checkpoint"),
        ("broken.npz", "not a whole checkpoint"),
        ("other.npz", "does not say which text"),
    ):
        assert main(["sample", name]) == 1
        assert says in capsys.readouterr().err
        if name != "none.npz":
            assert trained("--checkpoint", name) == 1
            assert says in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf"])
def test_a_rate_that_is_none_is_refused(folder, rate, capsys):
    assert trained("--rate", rate) == 1
    assert "learning_rate must be" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--hidden", "--epochs", "--seed"])
def test_a_number_that_is_none_is_refused_with_the_options_name(folder, option, capsys):
    for value in ("-1", "1.5", "many"):
        with pytest.raises(SystemExit, match="2"):
            trained(f"{option}={value}")
        assert option in capsys.readouterr().err
