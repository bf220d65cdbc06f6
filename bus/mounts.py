"""Where the data directory lies: the kernel's list of mounts, and the file systems on which locks and flushes lie.

A write-ahead log needs memory shared between processes and locks that all of them see. On network file systems
both seem to work until two machines write, and then the database is gone.
"""

import re
from pathlib import Path

from needlework.bus.errors import ConfigError

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "smb3fs", "afs", "coda", "ncpfs", "9p", "ceph",
        "glusterfs", "lustre", "gfs", "gfs2", "ocfs2", "orangefs", "pvfs2", "beegfs", "gpfs", "davfs", "webdav",
        "sshfs", "s3fs",
    }
)  # fmt: skip
"""File systems that other machines may write, or whose locks and flushes are not this machine's own."""


def filesystem_of(directory: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the file system that holds `directory`, e.g. "ext4"; None where the system does not tell."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    place = directory.resolve()
    found, deepest = None, -1
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) < 5 or not kind:
            continue
        point = Path(_plain(fields[4]))
        if place.is_relative_to(point) and len(point.parts) >= deepest:  # of two on one place the later lies on top
            found, deepest = kind, len(point.parts)
    return found


def check_local(directory: Path, *, allowed: bool = False, mounts: Path = MOUNTS) -> None:
    """Raises ConfigError where `directory` lies on a network file system and nobody said that this is wanted."""
    kind = filesystem_of(directory, mounts)
    if kind is None or allowed:
        return
    name = kind.removeprefix("fuse.")
    if name in NETWORK or (kind.startswith("fuse.") and name.split(".")[0] in NETWORK):
        raise ConfigError(
            [
                f"{directory} lies on a network file system ({kind}): what is acknowledged there may be lost, and two"
                " machines may write at once. Choose a --data directory on a local disk"
            ],
            ['if no other machine ever writes there, "network_file_system = true" in its needlework.toml overrides'],
        )


def _plain(text: str) -> str:
    """A path of the list, in which blanks are written as numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
