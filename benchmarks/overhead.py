"""What the plugin adds to the CPU time of flake8, on an application made for the purpose.

    python benchmarks/overhead.py [MODULES] [ROUNDS]

Makes two virtual environments, one with flake8 alone and one with this checkout installed too; writes an application of
MODULES modules (default 400) that uses SQLAlchemy and FastAPI, and one that uses neither; runs flake8 with `-j1` on
each in turn, ROUNDS times (default 3), and prints the least CPU times and their ratio. Other plugins are not installed;
pip needs a package index. Nothing of the application is run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
DATABASE = """from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://db/app")
maker = async_sessionmaker(engine)


async def get_session():
    async with maker() as session:
        yield session
"""
HANDLERS = """from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import get_session
from app.module_{before} import find as find_before

router = APIRouter()


async def find(session: AsyncSession, key: int) -> object:
    return await session.scalar(select(key))


@router.get("/{number}/{{key}}")
async def read(key: int, session: AsyncSession = Depends(get_session)) -> object:
    return await find(session, key) or await find_before(session, key)
"""
PLAIN = """from app.module_{before} import find as find_before


def find(values: list[int], key: int) -> object:
    return values.index(key)


def read(values: list[int], key: int) -> object:
    return find(values, key) or find_before(values, key)
"""
FILLER = """

def compute_{index}(first: int, second: int) -> int:
    total = 0
    for number in range(first, second):
        total += number * {index} if number % 2 else -number
    return total
"""


def make_application(root: Path, module: str, modules: int) -> None:
    """Write an application of so many modules, each about 250 lines long."""
    package = root / "app"
    package.mkdir(parents=True)
    (root / "pyproject.toml").write_text("")
    (package / "__init__.py").write_text("")
    (package / "database.py").write_text(DATABASE if module is HANDLERS else "")
    filler = "".join(FILLER.format(index=index) for index in range(30))
    for number in range(modules):
        text = module.format(number=number, before=max(number - 1, 0)) + filler
        (package / f"module_{number}.py").write_text(text)


def make_environment(folder: Path, *packages: str) -> str:
    """Make a virtual environment with these packages, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return str(python)


def cpu_time(python: str, application: Path) -> float:
    """Run flake8 over the application, and return the seconds of CPU time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [python, "-m", "flake8", "--isolated", "-j1", "--exit-zero", "."]
    subprocess.run(command, cwd=application, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(modules: int = 400, rounds: int = 3) -> None:
    """Measure, and print a line for each application."""
    with tempfile.TemporaryDirectory() as folder:
        plain = make_environment(Path(folder, "plain"), "flake8")
        with_plugin = make_environment(Path(folder, "plugin"), "flake8", str(CHECKOUT))
        for name, module in (("with SQLAlchemy", HANDLERS), ("without SQLAlchemy", PLAIN)):
            application = Path(folder, name.replace(" ", "-"))
            make_application(application, module, modules)
            times = [
                (cpu_time(plain, application), cpu_time(with_plugin, application))
                for _ in range(rounds)
            ]
            alone, together = (min(column) for column in zip(*times, strict=True))
            change = f"{together / alone - 1:+.1%}"
            sys.stdout.write(f"{name}: {alone:.2f} s → {together:.2f} s, {change}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
