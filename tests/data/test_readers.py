import gzip
import io
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest

from intentrec.data import read
from intentrec.errors import DataError

FRAME = pl.DataFrame({"item_id": ["a", "b"], "price": [1.5, None]})


def parquet_bytes() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"item_id": [f"item {n}" for n in range(2000)], "n": range(2000)}).write_parquet(buffer)
    return buffer.getvalue()


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.JSONL", "x.jsonl.gz", "x.ndjson.gz"])
def test_jsonl_by_any_of_its_names(tmp_path, name):
    source = read(written(tmp_path, name, b'{"item_id": "a", "price": 1.5}\n{"item_id": "b", "price": null}\n'))
    assert source.frame.equals(FRAME)
    assert source.broken.is_empty()
    assert not source.untyped


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "odd [1]*?.csv"])
def test_csv_stays_text(tmp_path, name):
    source = read(written(tmp_path, name, b"item_id,price\n007,1.50\nb,\n"))
    assert source.frame.rows() == [("007", "1.50"), ("b", None)]
    assert source.untyped


def test_parquet_keeps_its_types(tmp_path):
    FRAME.write_parquet(tmp_path / "x[1].parquet")
    assert read(tmp_path / "x[1].parquet").frame.equals(FRAME)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert read(written(tmp_path, "x.csv", b"\xef\xbb\xbfitem_id\na\n")).frame.columns == ["item_id"]
    assert read(written(tmp_path, "x.jsonl", b'\xef\xbb\xbf{"item_id": "a"}\n')).frame.columns == ["item_id"]


def test_blank_csv_lines_are_no_rows_but_count_as_lines(tmp_path):
    source = read(written(tmp_path, "x.csv", b"item_id,price\na,1\n\nb,2\n"))
    assert source.frame["item_id"].to_list() == ["a", "b"]
    assert source.lines is not None
    assert source.lines.to_list() == [1, 3]


def test_one_percent_of_malformed_lines_is_set_apart_with_their_numbers(tmp_path):
    lines = [f'{{"item_id": "i{n}", "price": {n}}}' for n in range(1, 1001)]
    bad = list(range(50, 1001, 100))
    for number in bad:
        lines[number - 1] = '{"item_id": "i'
    source = read(written(tmp_path, "x.jsonl", "\n".join(lines).encode()))
    assert source.frame.height == 990
    assert source.frame["item_id"].to_list() == [f"i{n}" for n in range(1, 1001) if n not in bad]
    assert source.broken["line"].to_list() == bad
    assert source.broken["reason"].unique().to_list() == ["line is not valid JSON"]
    assert source.broken["record"][0] == '{"item_id": "i'
    assert source.lines is not None
    assert source.lines[49] == 51


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"42", "line is not a JSON object"),
        (b"null", "line is not a JSON object"),
        (b'[{"a": 1}]', "line is not a JSON object"),
        (b'{"a": 1} {"a": 2}', "line is not valid JSON"),
        (b'{"a": "caf\xe9"}', "line is not valid JSON"),
        (b'{"a": NaN}', "line is not valid JSON"),
        (b"garbage", "line is not valid JSON"),
    ],
)
def test_every_sort_of_broken_line_is_found(tmp_path, line, reason):
    source = read(written(tmp_path, "x.jsonl", b'{"a": 1}\n' + line + b'\n\n{"a": 3}'))
    assert source.frame["a"].to_list() == [1, 3]
    assert source.lines is not None
    assert source.lines.to_list() == [1, 4]
    assert source.broken.select("source", "line", "reason").rows() == [("x.jsonl", 2, reason)]


def test_a_long_broken_line_is_kept_in_part(tmp_path):
    source = read(written(tmp_path, "x.jsonl", b'{"a": 1}\n{"a": "' + b"x" * 5000 + b"\n"))
    assert source.broken["record"].str.len_chars().to_list() == [2000]


def test_a_key_that_comes_late_is_not_lost(tmp_path):
    lines = b'{"a": 1}\n' * 3000 + b'{"a": 2, "late": "x"}\n'
    assert read(written(tmp_path, "x.jsonl", lines)).frame["late"].to_list()[-1] == "x"


def test_a_column_of_several_types_becomes_text(tmp_path):
    lines = b'{"a": true, "b": "x"}\n{"a": 2, "b": {"c": 1}}\n{"a": 0.5, "b": null}\n{"a": [1], "b": "y"}\n'
    source = read(written(tmp_path, "x.jsonl", lines))
    assert source.frame["a"].to_list() == ["true", "2", "0.5", "[1]"]
    assert source.frame["b"].to_list() == ["x", '{"c":1}', None, "y"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.parquet", b"", r"empty \(0 bytes\)"),
        ("x.csv", b"", r"empty \(0 bytes\)"),
        ("x.csv", b"item_id,price\n", "no rows"),
        ("x.csv", b"item_id\ncaf\xe9\n", "not UTF-8 text: save it as UTF-8"),
        ("x.csv", "item_id\na\n".encode("utf-16"), "UTF-16"),
        ("x.csv", b"a,b\n1,2,3\n", "more fields than the header"),
        ("x.csv", b'a,b\n1,"2\n', "cannot be read as csv"),
        ("x.csv", b"\x00\x01PAR\x00\n\x00\n", "binary data"),
        ("x.csv.gz", b"", "cannot be read as csv"),
        ("x.jsonl", b"\n\n", "only blank lines"),
        ("x.jsonl", b'[{"a": 1},\n{"a": 2}]', r"no line that is a JSON object \(line 1: line is not valid JSON\)"),
        ("x.parquet", b"item_id\na\n", "cut off, damaged or not Parquet"),
        ("x.xlsx", b"PK", "says no known format"),
        ("csv", b"a\n1\n", "says no known format"),
        ("x.parquet.gz", b"PAR1", "says no known format"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(tmp_path, name, content, says):
    path = written(tmp_path, name, content)
    with pytest.raises(DataError, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.csv.gz", "x.jsonl.gz"])
def test_cut_off_and_damaged_gzip_is_an_error(tmp_path, name):
    whole = gzip.compress(b"".join(b'{"a": %d}\n' % n for n in range(50_000)))
    for content in (
        b"\x1f\x8b broken",
        whole[:-100],
        whole[: len(whole) // 2],
        whole[:5000] + b"\0" * 50 + whole[5050:],
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            read(tmp_path / name)


def test_a_missing_file_a_folder_and_a_forbidden_file(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="does not exist"):
        read(tmp_path / "none.csv")
    (tmp_path / "f.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read(tmp_path / "f.csv")
    path = written(tmp_path, "x.csv", b"a\n1\n")

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(DataError, match="Permission denied"):
        read(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.99])
def test_truncated_parquet_is_one_paragraph(tmp_path, share):
    content = parquet_bytes()
    path = written(tmp_path, "x.parquet", content[: int(len(content) * share)])
    with pytest.raises(DataError, match="cannot be read as parquet") as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("at", [4, 100, 2000, -200, -40])
def test_damaged_parquet_is_read_or_refused_but_never_a_crash(tmp_path, at):
    content = bytearray(parquet_bytes())
    content[at : at + 8] = b"\xff" * 8
    with suppress(DataError):
        assert read(written(tmp_path, "x.parquet", bytes(content))).frame.height == 2000
