"""`python -m needlework` is `needlework`."""

from needlework.cli.main import main

if __name__ == "__main__":
    main(prog_name="needlework")
