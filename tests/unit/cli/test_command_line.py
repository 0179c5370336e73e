"""How the command ``hub`` starts, fails and ends."""

import errno
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import hub
import hub.cli.main as main
from hub.cli.explain_codes import CODES
from hub.cli.main import COMMANDS, Entry, run
from hub.cli.session import Session, pass_session
from hub.core.errors import NeedsReauth
from hub.core.secrets import Redactor, Secret

ROOT = Path(hub.__file__).parents[1]
Raise = Callable[[BaseException], None]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Installs a command ``fail`` that raises."""

    def install(error: BaseException) -> None:
        @click.command()
        @pass_session
        def fail(session: Session) -> None:
            raise error

        monkeypatch.setattr(sys.modules[__name__], "fail", fail, raising=False)
        monkeypatch.setitem(COMMANDS, "fail", Entry(f"{__name__}:fail", "Fails."))

    return install


def test_help_lists_every_command_without_importing_it() -> None:
    """``hub --help`` stays quick because no room and no heavy library is loaded for it."""
    code = (
        "import sys; from hub.cli.main import run; run(['--help']); heavy = "
        "{'pydantic', 'sqlalchemy', 'httpx', 'rich', 'numpy', 'cryptography'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert done.stderr == ""
    assert all(re.search(rf"^  {name} ", done.stdout, re.MULTILINE) for name in COMMANDS)


def test_check_imports_nothing_that_it_does_not_look_at(tmp_path: Path) -> None:
    """``hub check`` reads settings: it needs no database, no numbers and nothing of the shipped."""
    (tmp_path / "hub.toml").write_text('[hub]\nname = "Shop"\n', "utf-8")
    code = (
        "import sys; from hub.cli.main import run; code = run(['check']); heavy = "
        "{'sqlalchemy', 'numpy', 'httpx', 'hub.voc', 'hub.segments', 'hub.journeys'}"
        " & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else code)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_of_the_table_exists() -> None:
    """An entry whose module or attribute is gone would fail only when a customer types it."""
    ctx = click.Context(main.cli)

    commands = [main.cli.get_command(ctx, name) for name in COMMANDS]

    assert all(isinstance(command, click.Command) and command.help for command in commands)


@pytest.mark.parametrize("line", ["--json check", "check --json", "config show --json"])
def test_shared_options_are_accepted_anywhere(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--config and --json work before and after the command's name."""
    path = tmp_path / "hub.toml"
    path.write_text("")

    assert run([*line.split(), "--config", str(path)]) == 0
    assert capsys.readouterr().out.startswith(("{", "["))


def test_environment_names_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CXHUB_CONFIG replaces ./hub.toml, for services."""
    (tmp_path / "other.toml").write_text("")
    monkeypatch.setenv("CXHUB_CONFIG", str(tmp_path / "other.toml"))

    assert run(["check"]) == 0
    assert "other.toml: no mistakes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("chekc", 'no command "chekc"; did you mean "check"?'),
        ("check --conect", "--conect"),
        ("explain", "HUB-nnn"),
    ],
)
def test_misspelt_command_line_is_one_line_and_exit_2(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A usage error says what was not understood and where the help is."""
    assert run(line.split()) == 2

    err = capsys.readouterr().err
    assert err.startswith("error HUB-203: ")
    assert said in err
    assert "--help" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("line", ["", "audit"])
def test_a_noun_alone_is_answered_with_its_help(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is told off for looking; a script still gets exit code 2."""
    assert run(line.split()) == 2

    err = capsys.readouterr().err
    assert err.startswith("Usage: hub")
    assert "HUB-" not in err.replace("HUB-nnn", "")


def test_help_tells_whole_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command does is not cut off in the middle of a word."""
    for name in COMMANDS:
        run([name, "--help"])

    assert "..." not in capsys.readouterr().out.replace("ARGS]...", "").replace("]...", "")


def test_hub_error_is_one_line_with_its_code_and_exit(
    failing: Raise, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code tells a script what kind of failure it was."""
    failing(NeedsReauth("crm: token rejected (401). Create one, then: hub check --connect crm"))

    assert run(["fail"]) == 4
    assert capsys.readouterr().err == (
        "error HUB-400: crm: token rejected (401). Create one, then: hub check --connect crm\n"
    )


def test_revealed_secret_is_redacted_from_an_error(
    failing: Raise, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even a message that quotes the token leaves the hub without it."""
    failing(NeedsReauth("crm: c4nary-token was rejected"))
    session = Session()
    session.loaded = _app_with_secret("c4nary-token")

    run(["fail"], session)

    assert capsys.readouterr().err == "error HUB-400: crm: *** was rejected\n"


def test_bug_becomes_a_report_without_data_or_secret(
    failing: Raise, capsys: pytest.CaptureFixture[str]
) -> None:
    """HUB-900 names a private file with frames and types, not what the exception quoted."""
    failing(KeyError("jane@example.com"))

    assert run(["fail"]) == 1

    err = capsys.readouterr().err
    path = Path(err.split()[-1])
    report = path.read_text()
    mode = path.stat().st_mode & 0o777
    path.unlink()
    assert err.startswith("error HUB-900: ")
    assert "Traceback" not in err
    assert "builtins.KeyError" in report
    assert "in fail" in report
    assert "jane@example.com" not in err + report
    assert mode == 0o600


@pytest.mark.parametrize(
    ("error", "exit_code", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 5, "HUB-521"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.csv"), 5, "HUB-520"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
    ],
    ids=["disk full", "no file", "ctrl-c", "abort"],
)
def test_the_machines_failures_have_codes_too(
    failing: Raise,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    exit_code: int,
    code: str,
) -> None:
    """Full disk, missing file and Ctrl-C end in a line and a documented exit code."""
    failing(error)

    assert run(["fail"]) == exit_code
    assert code in capsys.readouterr().err


def test_every_code_in_the_source_is_explained() -> None:
    """A message with a code that ``hub explain`` does not know sends its reader nowhere."""
    sources = [p for room in ("hub", "connectors") for p in (ROOT / room).rglob("*.py")]

    used = {code for p in sources for code in re.findall(r'"(HUB-\d{3})"', p.read_text("utf-8"))}

    assert used - set(CODES) == set()


def test_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A code is found in any case; one that does not exist fails."""
    assert run(["explain", "hub-213"]) == 0
    assert "chmod 600" in capsys.readouterr().out
    assert run(["explain", "HUB-999"]) == 1


HELP = """
import sys
from hub.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
known = {*sys.stdlib_module_names, "_distutils_hack", "__main__"}
print(*sorted({name.partition(".")[0] for name in sys.modules} - known), file=sys.stderr)
"""


def test_help_loads_nothing_but_the_command_line() -> None:
    """Whoever asks for help waits for no database, no settings and no network library."""
    done = subprocess.run(
        [sys.executable, "-c", HELP], capture_output=True, check=True, text=True, cwd=ROOT
    )

    assert "Commands:" in done.stdout
    assert done.stderr.split() == ["click", "hub"]


def _app_with_secret(value: str) -> "hub.app.App":
    from hub.app import App

    redactor = Redactor()
    redactor.add(Secret.of(value))
    return App(None, redactor, None, None, None)  # type: ignore[arg-type]
