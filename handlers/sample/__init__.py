"""A small made-up workspace to look around in: `needlework serve --demo`."""
