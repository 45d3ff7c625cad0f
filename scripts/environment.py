"""The Python environment of a check, made once and again when its requirements change."""

import shutil
import subprocess
import sys
from pathlib import Path


def environment(name, folder):
    """Makes the environment of scripts/requirements-NAME.txt in a folder; returns its Python."""
    requirements, stamp = Path(__file__).resolve().parent / f"requirements-{name}.txt", folder / "venv/made"
    if not stamp.is_file() or stamp.stat().st_mtime < requirements.stat().st_mtime:
        shutil.rmtree(folder / "venv", ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        pip = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", requirements], check=True)
        stamp.touch()
    return folder / "venv/bin/python"
