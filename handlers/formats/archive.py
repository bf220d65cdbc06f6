"""The files of a zip archive or of a folder, by their names, which are read as words and never as paths."""

import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final, Protocol

LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes of one file; what the archive says of its sizes is not believed."""
LARGEST_TOTAL: Final = 16 * 1024 * 1024 * 1024
"""Bytes of all files that are read of one archive."""
LARGEST_LIST: Final = 64 * 1024 * 1024
"""Bytes of an archive's list of files, which is held in memory."""
MOST_FILES: Final = 500_000
PIECE: Final = 1024 * 1024
_TAIL: Final = 22 + 65_535 + 76


class Files(Protocol):
    """What is read from: names with `/` between their parts, in order, and the bytes behind each."""

    names: list[str]

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises ValueError that says why it cannot be read."""
        ...


class Archive:
    """A zip archive. Raises ValueError for what is none, or is too large to be looked through."""

    def __init__(self, file: BinaryIO, *, most: int = LARGEST_TOTAL) -> None:
        self._left = most
        if _list_size(file) > LARGEST_LIST:
            raise ValueError(f"its list of files is larger than {LARGEST_LIST // 1024 // 1024} MiB")
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise ValueError(f"not a zip archive: {_plain(error)}") from None
        named = ((info.filename, info) for info in self._zip.infolist())
        self._infos = {name: info for name, info in named if name and not name.endswith("/")}
        if len(self._infos) > MOST_FILES:
            raise ValueError(f"more than {MOST_FILES} files in it")
        self.names = sorted(self._infos)

    def read(self, name: str) -> bytes:
        """One file, decompressed piece by piece until it is too large."""
        info = self._infos[name]
        if info.flag_bits & 1:
            raise ValueError("encrypted: unpack it with its password, and import the folder")
        data = bytearray()
        try:
            with self._zip.open(info) as file:
                while piece := file.read(PIECE):
                    data += piece
                    self._left -= len(piece)
                    if len(data) > LARGEST_FILE:
                        raise ValueError(f"larger than {LARGEST_FILE // 1024 // 1024} MiB")
                    if self._left < 0:
                        raise ValueError("the archive unpacks to more than anybody wrote: it is read no further")
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"damaged or of an unknown kind: {_plain(error)}") from None
        return bytes(data)


class Folder:
    """A folder and those directly in it. Links are not followed, hidden files are nobody's data."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Path] = {}
        for name, each in _visible(path):
            if each.is_dir(follow_symlinks=False):
                inside = {f"{name}/{below}": Path(file.path) for below, file in _visible(Path(each.path))}
                self._found |= inside
            else:
                self._found[name] = Path(each.path)
        self.names = sorted(self._found)

    def read(self, name: str) -> bytes:
        """One regular file."""
        path = self._found[name]
        try:
            if not stat.S_ISREG(path.lstat().st_mode):  # a pipe would wait for ever, a link may lead anywhere
                raise ValueError("not a file (links inside a folder are not followed)")
            with path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror or error}") from None
        if len(data) > LARGEST_FILE:
            raise ValueError(f"larger than {LARGEST_FILE // 1024 // 1024} MiB")
        return data


def _visible(path: Path) -> list[tuple[str, "os.DirEntry[str]"]]:
    with os.scandir(path) as found:
        return [(os.fsencode(each.name).decode("utf-8", "replace"), each) for each in found if each.name[:1] != "."]


def _list_size(file: BinaryIO) -> int:
    """What the end of the archive says of the size of its list; 0 where it says nothing that can be read."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _TAIL))
    tail = file.read(_TAIL)
    file.seek(0)
    whole = len(tail) - 22  # where such an end can begin at the latest: its last bytes may look like another one
    at = whole if tail[max(0, whole) :].startswith(b"PK\x05\x06") else tail.rfind(b"PK\x05\x06", 0, max(0, whole + 4))
    if at < 0:
        return 0
    sizes: list[int] = [struct.unpack_from("<L", tail, at + 12)[0] % 0xFFFF_FFFF]
    if at >= 76 and tail.startswith(b"PK\x06\x06", at - 76):  # where `zipfile` looks for it, and nowhere else
        sizes.append(struct.unpack_from("<Q", tail, at - 36)[0])
    return max(sizes)


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
