"""The public face of the packages: short, and changed on purpose."""

import types

import needlework
import needlework.bus

EXPORTS: dict[types.ModuleType, set[str]] = {needlework: set(), needlework.bus: set()}
"""What each package offers by itself. Everything else is imported from the module that it lives in."""


def test_the_packages_export_what_is_written_here() -> None:
    for package, expected in EXPORTS.items():
        public = {
            name
            for name, value in vars(package).items()
            if not name.startswith("_") and not isinstance(value, types.ModuleType)
        }
        assert public == expected, package.__name__
        assert set(getattr(package, "__all__", expected)) == expected
