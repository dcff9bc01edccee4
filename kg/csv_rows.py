"""Rows of a CSV file by the lines that they stand on, in time that grows with the file whatever its quotes do."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from kg.lines import LINE, Options, Report, bad_line, text_lines

UNCLOSED = "a quote that its line does not close"
RETURN = "a carriage return within it; if these end the lines, save the file with line feeds"
# A stray quote swallows lines, which are read again. Where that adds up to more than so many times what was read, and
# to more than so many characters, each of them is read by itself: no file costs more than five of its size.
_AGAIN = 4
_FREE = 1 << 20  # characters


def csv_rows(path: Path, options: Options, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows of a CSV file. A line with a stray quote is a bad one; what it swallows is read again."""
    lines = _Lines(text_lines(path, options, report))
    rows, width = csv.reader(lines, strict=True), 0
    while True:
        alone = lines.begin()
        wrong = ""
        try:
            row = next(csv.reader([next(lines)], strict=True) if alone else rows)
        except StopIteration:
            return
        except csv.Error as error:
            wrong = RETURN if "new-line character" in str(error) else str(error)
        else:
            width = width or len(row)
            if len(lines.row) == 1 or len(row) == width:
                yield lines.row[-1][0], row
                continue
        number, line = lines.row[0]
        is_open = len(lines.row) > 1 or "end of data" in wrong
        bad_line(path, number, UNCLOSED if is_open else wrong, line, options, report)
        lines.back()
        rows = csv.reader(lines, strict=True)


class _Lines:
    """The lines of a file for a CSV reader, of which it may give back those of a row that was none."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self._numbered = numbered
        self._again: deque[tuple[int, str]] = deque()
        self._read = self._reread = self._length = 0  # characters: of the file, read again, of this row
        self.row: list[tuple[int, str]] = []  # the lines of the row that is being read

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._length > LINE:  # a row without an end
            raise StopIteration
        if self._again:
            one = self._again.popleft()
        else:
            one = next(self._numbered)
            self._read += len(one[1]) + 1
        self.row.append(one)
        self._length += len(one[1]) + 1
        return one[1] + "\n"

    def begin(self) -> bool:
        """Begin a row; whether it has to be one of a single line."""
        self.row.clear()
        self._length = 0
        return bool(self._again) and self._reread > _AGAIN * self._read + _FREE

    def back(self) -> None:
        """Give back all lines of the row but the first."""
        self._reread += self._length - len(self.row[0][1]) - 1
        self._again.extendleft(reversed(self.row[1:]))
