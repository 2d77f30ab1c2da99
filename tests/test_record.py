"""Long experiments: the same record however they are run, nothing lost by a kill, nothing foreign taken for theirs."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ch5.experiments import __main__, record
from ch5.experiments.record import Experiment

MODULE = """
import os, sys, time
from pathlib import Path
import joblib, numpy as np
from ch5.experiments import record

def walk(*, steps, seed, pause):
    "A point that leaves a mark each time it is computed."
    rng = np.random.default_rng(seed)
    time.sleep(pause * rng.random())
    end = np.linalg.matrix_power(rng.normal(size=(8, 8)) / 3, steps)[0]
    with open(f"computed-{seed}", "a") as file:
        file.write("x")
    return {"end": end, "norm": np.linalg.norm(end), "seeds": (seed,)}

EXPERIMENT = record.Experiment("walk", walk, {"steps": 30, "pause": 0.05}, [{"seed": s} for s in range(60)])

if __name__ == "__main__":
    import walk  # the same function by the name under which workers find it
    folder, how = Path(sys.argv[1]), sys.argv[2]
    if how == "dask":
        from distributed import Client
        with Client(n_workers=2, threads_per_worker=1, dashboard_address=None), joblib.parallel_config(backend="dask"):
            record.run(walk.EXPERIMENT, folder)
    else:
        record.run(walk.EXPERIMENT, folder, jobs=int(how))
"""


@pytest.fixture
def start(tmp_path):
    """Start the experiment above in a process of its own: by 1 or 2 workers, or on a Dask cluster of two."""
    (tmp_path / "walk.py").write_text(MODULE)

    def start(folder, how):
        (tmp_path / folder).mkdir(exist_ok=True)
        ours = os.pathsep.join([str(tmp_path), *sys.path])
        return subprocess.Popen(
            [sys.executable, tmp_path / "walk.py", tmp_path / folder, how],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": ours},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture
def finish(start, tmp_path):
    """Run it to the end and return the bytes of the record."""

    def finish(folder, how):
        process = start(folder, how)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert out == "", "progress belongs on stderr"
        assert "60/60" in err
        assert os.listdir(tmp_path / folder) == ["walk.json"]
        return (tmp_path / folder / "walk.json").read_bytes()

    return finish


def doubled(*, factor, seed):
    return {"value": factor * seed}


@pytest.fixture
def small():
    """Three points that take no time."""
    return Experiment("small", doubled, {"factor": 2}, [{"seed": s} for s in (3, 1, 2)])


def changed(experiment, **values):
    """The experiment with other fields."""
    return Experiment(**(vars(experiment) | values))


def test_a_record_holds_each_result_at_its_point_and_how_it_came_about(small, tmp_path):
    recorded = record.run(small, tmp_path)
    assert recorded == record.load(small, tmp_path)
    assert recorded.points == [{"seed": 3}, {"seed": 1}, {"seed": 2}]
    assert recorded.results == [{"value": 6}, {"value": 2}, {"value": 4}]
    assert recorded.settings == {"factor": 2}
    assert recorded.versions["numpy"] == np.__version__
    assert recorded.where(seed=1) == [{"value": 2}]
    with pytest.raises(ValueError, match=r"values must be those of recorded points, got \{'seed': 9\}"):
        recorded.where(seed=9)


def test_one_worker_two_workers_and_a_resumed_run_write_the_same_bytes(finish, start, tmp_path, rng):
    """SIGKILL at random moments, twice; no point that was recorded is computed again."""
    one = finish("one", "1")
    assert finish("two", "2") == one
    for mark in tmp_path.glob("computed-*"):
        mark.unlink()
    part, kept = tmp_path / "killed" / "walk.json.part", b""
    for goal in (3, 30):
        process = start("killed", "2")
        while not part.exists() or part.read_bytes().count(b"\n") < goal:
            assert process.poll() is None, process.communicate()
            time.sleep(0.001)
        time.sleep(0.02 * rng.random())
        process.kill()
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGTERM)  # its workers, which would otherwise idle for five minutes
        process.communicate()
        assert sorted(os.listdir(tmp_path / "killed")) == ["walk.json.lock", "walk.json.part"]
        assert part.read_bytes().startswith(kept)
        kept = part.read_bytes()[: part.read_bytes().rindex(b"\n") + 1]
    before = {row["k"] for row in map(json.loads, kept.splitlines()[1:])}
    counts = {k: (tmp_path / f"computed-{k}").stat().st_size for k in before}
    assert 28 < len(before) < 60
    assert finish("killed", "2") == one
    assert counts == {k: (tmp_path / f"computed-{k}").stat().st_size for k in before}


def test_a_dask_cluster_writes_the_same_bytes(finish):
    """`joblib.parallel_config(backend="dask")` is all that it takes."""
    assert finish("dask", "dask") == finish("one", "1")


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_cut_short_by_a_kill_is_measured_again(small, tmp_path, monkeypatch, cut):
    """The file is cut in its last point, in an earlier one, in its first line: the record comes out the same."""
    record.run(small, tmp_path)
    whole = (tmp_path / "small.json").read_bytes()
    part = unfinished(small, tmp_path, monkeypatch)
    part.write_bytes(part.read_bytes()[:-cut])
    record.run(small, tmp_path)
    assert (tmp_path / "small.json").read_bytes() == whole
    assert not part.exists()


def unfinished(experiment, folder, monkeypatch):
    """The file of points as a kill leaves it just before the record is written."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(record, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            record.run(experiment, folder, fresh=True)
    return folder / f"{experiment.name}.json.part"


def test_a_kill_while_the_record_is_written_leaves_the_old_one(small, tmp_path, monkeypatch):
    record.run(small, tmp_path)
    before = (tmp_path / "small.json").read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            record.run(changed(small, settings={"factor": 3}), tmp_path)
    assert (tmp_path / "small.json").read_bytes() == before


def test_what_is_recorded_is_not_measured_again_unless_asked(tmp_path):
    calls = []
    counted = Experiment("counted", lambda seed: calls.append(seed) or {"seed": seed}, {}, [{"seed": 4}])
    record.run(counted, tmp_path)
    record.run(counted, tmp_path)
    assert calls == [4]
    record.run(counted, tmp_path, fresh=True)
    assert calls == [4, 4]


def test_a_point_that_fails_keeps_those_before_it(tmp_path):
    calls = []

    def breaking(seed):
        calls.append(seed)
        if seed == 2 and calls.count(2) == 1:
            raise RuntimeError("no luck")
        return {"seed": seed}

    experiment = Experiment("breaking", breaking, {}, [{"seed": s} for s in range(4)])
    with pytest.raises(RuntimeError, match="no luck"):
        record.run(experiment, tmp_path)
    assert not (tmp_path / "breaking.json").exists()
    assert record.run(experiment, tmp_path).results == [{"seed": s} for s in range(4)]
    assert calls == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"settings": {"factor": 3}}, "factor was 2 and is now 3"),
        ({"settings": {"factor": 2, "offset": 1}}, "offset was not set and is now 1"),
        ({"points": [{"seed": 3}]}, "its 3 points are not the code's 1"),
    ],
)
def test_a_record_of_other_settings_or_points_is_refused_and_run_anew(small, tmp_path, values, message):
    record.run(small, tmp_path)
    other = changed(small, function=lambda **all: all, **values)
    with pytest.raises(
        ValueError, match=rf"small.json was recorded otherwise than the code now asks: {message}"
    ):
        record.load(other, tmp_path)
    assert record.run(other, tmp_path) == record.load(other, tmp_path)


def test_a_missing_record_says_how_to_make_it(small, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"small.json is missing: run `make experiments NAME=small`"):
        record.load(small, tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"name": "small"}', b"\x80", b"[" * 100_000])
def test_a_foreign_file_is_refused(small, tmp_path, content):
    (tmp_path / "small.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"small.json is not a whole record of an experiment"):
        record.load(small, tmp_path)


def load_or_message(experiment, folder):
    try:
        return record.load(experiment, folder)
    except ValueError as error:
        return str(error)


def test_whatever_is_damaged_in_a_record_is_one_error(tmp_path, rng):
    """At every byte a flipped bit, a cut, a byte too few: what loads all the same says what it said."""
    point = {"seed": 3, "name": "é", "deep": [[1.5, None], {"x": True}]}
    experiment = Experiment("small", lambda **all: {"value": 0.1234567}, {"factor": 2}, [point])
    recorded = record.run(experiment, tmp_path)
    path = tmp_path / "small.json"
    whole, loaded = path.read_bytes(), 0
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << rng.integers(8)
        for content in (flipped, whole[:at], whole[:at] + whole[at + 1 :]):
            path.write_bytes(content)
            found = load_or_message(experiment, tmp_path)
            assert found == recorded or "small.json is not a whole record of an experiment" in found
            loaded += found == recorded
    assert loaded < 100  # spaces and ends of lines


def test_however_a_record_is_laid_out_it_is_the_same(small, tmp_path):
    """Other ends of lines, as git may make them, or none."""
    recorded = record.run(small, tmp_path)
    path = tmp_path / "small.json"
    for text in (path.read_text().replace("\n", "\r\n"), json.dumps(json.loads(path.read_text()))):
        path.write_bytes(text.encode())
        assert record.load(small, tmp_path) == recorded


def test_a_digit_changed_in_an_unfinished_run_is_refused(small, tmp_path, monkeypatch):
    part = unfinished(small, tmp_path, monkeypatch)
    part.write_bytes(part.read_bytes().replace(b'"value": 6', b'"value": 7'))
    with pytest.raises(
        ValueError, match=r"small.json.part holds no points of a run \(.*checksum does not fit"
    ):
        record.run(small, tmp_path)


def test_two_runs_at_once_are_one_run_and_the_other_hears_who_is_at_work(start, tmp_path):
    """The second is told which process records; the first is not disturbed, and its record is whole."""
    first = start("both", "1")
    part = tmp_path / "both" / "walk.json.part"
    while not part.exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.001)
    second = start("both", "1")
    _, err = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"walk.json is under way already, by process {first.pid} on " in err
    _, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert os.listdir(tmp_path / "both") == ["walk.json"]


def test_the_command_says_who_is_at_work_and_shows_no_traceback(monkeypatch, capsys):
    def busy(*_, **__):
        raise BlockingIOError(
            "recording prior.json is under way already, by process 7 on x: wait for it or end it"
        )

    monkeypatch.setattr(record, "run", busy)
    assert __main__.main(["prior"]) == 1
    assert capsys.readouterr().err.startswith("recording prior.json is under way already, by process 7 on x")


def test_a_record_is_loaded_where_nothing_can_be_written(small, tmp_path, monkeypatch):
    """`run` of what is recorded makes no lock and no file."""
    recorded = record.run(small, tmp_path)
    monkeypatch.setattr(record.files, "locked", None)
    assert record.run(small, tmp_path) == recorded


def test_the_record_of_another_experiment_is_refused(small, tmp_path):
    record.run(small, tmp_path)
    (tmp_path / "small.json").rename(tmp_path / "other.json")
    with pytest.raises(ValueError, match="it is of the experiment small"):
        record.load(changed(small, name="other"), tmp_path)


def test_the_points_of_another_run_are_neither_used_nor_lost(small, tmp_path, monkeypatch):
    part = unfinished(small, tmp_path, monkeypatch)
    before = part.read_bytes()
    other = changed(small, settings={"factor": 3})
    with pytest.raises(
        ValueError, match=r"small.json.part is of a run with other settings; --fresh starts anew"
    ):
        record.run(other, tmp_path)
    assert part.read_bytes() == before
    part.write_bytes(b"3\n")
    with pytest.raises(ValueError, match=r"small.json.part holds no points of a run"):
        record.run(small, tmp_path)
    assert record.run(other, tmp_path, fresh=True).results[0] == {"value": 9}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"points": []}, "points must hold at least one point"),
        (
            {"points": [{"seed": 1}, {"seed": 2}, {"seed": 1}]},
            r"points must differ, got points\[2\] equal to points\[0\]",
        ),
        ({"points": [{"seed": 1, "factor": 3}]}, r"points\[0\] must not repeat a setting, got factor"),
    ],
)
def test_points_that_cannot_be_told_apart_are_refused(small, values, message):
    with pytest.raises(ValueError, match=message):
        changed(small, **values)


def command(*arguments):
    """python -m ch5.experiments, where BLAS would otherwise take four threads."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "4"},
        capture_output=True,
        text=True,
    )


def test_every_recorded_run_has_a_name_and_a_time(capsys):
    """All but the benchmarks, which `make bench` records; --help lists them with their minutes."""
    recorded = {path.stem for path in record.RECORDED.glob("*.json") if "benchmarks" not in path.stem}
    assert set(__main__.MINUTES) == recorded
    assert min(__main__.MINUTES.values()) > 0
    with pytest.raises(SystemExit):
        __main__.main(["--help"])
    listed = capsys.readouterr().out
    for name, minutes in __main__.MINUTES.items():
        assert re.search(rf"(?m)^  {name} +{minutes} min$", listed)


def test_an_unknown_name_is_refused_with_the_names_there_are():
    ran = command("-m", "ch5.experiments", "nonsense")
    assert ran.returncode == 2
    assert "name must be one of" in ran.stderr
    assert "got nonsense" in ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads where Linux lists them")
def test_the_command_gives_blas_one_thread():
    count = (
        "import os, numpy as np; A = np.ones((500, 500)); A @ A; print(len(os.listdir('/proc/self/task')))"
    )
    assert int(command("-c", count).stdout) > 1
    assert int(command("-c", f"import ch5.experiments.__main__; {count}").stdout) == 1
