"""The evaluation worker with dialects that allow everything: its walls hold, whatever the language does.

The dialects stand in a folder of their own, so this is also the proof that one more of them is one more file.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flemma_py.errors import EvaluationError
from flemma_py.evaluation.client import DIALECTS, Evaluation

TOYS = {
    "printer": """
        import os, sys
        from lupa import luajit21
        def evaluate(code):
            print("from Python", flush=True)
            os.write(1, b'{"value": "from a descriptor"}\\n')
            luajit21.LuaRuntime().execute("print('from Lua') io.write('x') io.flush()")
            return "heard" + repr(sys.stdin.read())
        """,
    "lua": """
        from lupa import luajit21
        def evaluate(code):
            return str(luajit21.LuaRuntime(max_memory=100 << 20).execute(code))
        """,
    "python": """
        import json, os, resource, sys
        from pathlib import Path
        def evaluate(code):
            return str(eval(code))
        """,
}


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    folder = tmp_path / "toy_dialects"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, source in TOYS.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(source))
    monkeypatch.syspath_prepend(str(tmp_path))
    return (*DIALECTS, folder.name)


@pytest.fixture
async def playground(toys: tuple[str, ...]) -> AsyncIterator[Evaluation]:
    evaluation = Evaluation(packages=toys, time_limit=0.5)
    yield evaluation
    await evaluation.close()


async def refusal(evaluation: Evaluation, dialect: str, code: str) -> str:
    with pytest.raises(EvaluationError) as caught:
        await evaluation.evaluate(dialect, code)
    return caught.value.message


@pytest.mark.parametrize(
    ("dialect", "attack", "told"),
    [
        ("lua", "while true do pcall(function() while true do end end) end", "longer than"),
        ("lua", "return ('a'):rep(400):find(('a*'):rep(9) .. 'b')", "longer than"),
        ("lua", "return ('x'):rep(1e9)", "memory limit"),
        ("python", "9 ** 9 ** 9", "longer than"),
        ("python", "'a' * 10 ** 9", "memory limit"),
        ("python", "'a' * 10 ** 8", "result is longer"),
        ("python", "len([0] * 10 ** 8)", "memory limit"),
        ("python", "(lambda f: f(f))(lambda f: f(f))", "RecursionError"),
        ("python", "nowhere", "NameError: name 'nowhere' is not defined"),
        ("python", "os.kill(os.getpid(), 11)", "died twice"),
        ("python", "sys.exit()", "died twice"),
        ("nowhere", "1", "no dialect 'nowhere'; known are calculator, lua, printer, python"),
    ],
)
async def test_an_attack_on_an_open_dialect_ends_and_the_next_request_works(
    playground: Evaluation, dialect: str, attack: str, told: str
) -> None:
    assert told in await refusal(playground, dialect, attack)
    assert await playground.evaluate("calculator", "6 * 7") == "42"


async def test_a_fault_of_a_dialect_is_logged_with_its_trace(
    playground: Evaluation, caplog: pytest.LogCaptureFixture
) -> None:
    await refusal(playground, "python", "nowhere")
    assert "Traceback" in caplog.text
    assert "toy_dialects" in caplog.text


async def test_what_code_prints_does_not_reach_the_protocol(playground: Evaluation) -> None:
    for _ in range(3):
        assert await playground.evaluate("printer", "") == "heard''"


async def test_any_text_comes_back_as_it_is(playground: Evaluation) -> None:
    text = "".join(map(chr, [*range(0x300), 0x2028, 0xD800, 0xDFFF, 0xFFFF, 0x1F600])) + "\r\n"
    assert await playground.evaluate("python", repr(text)) == text


async def test_the_largest_result_fits_through_the_pipe_even_where_each_character_is_escaped(
    toys: tuple[str, ...],
) -> None:
    evaluation = Evaluation(packages=toys, time_limit=20)
    try:
        assert await evaluation.evaluate("python", "chr(1) * 8_000_000") == "\x01" * 8_000_000
        assert await evaluation.evaluate("python", "chr(0x1F600) * 8_000_000") == "\U0001f600" * 8_000_000
    finally:
        await evaluation.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_the_worker_has_no_environment_no_descriptors_and_a_session_of_its_own(
    playground: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    try:
        seen = json.loads(
            await playground.evaluate(
                "python",
                """json.dumps({
                    "environment": dict(os.environ),
                    "open": {n: os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                             if os.path.exists(f"/proc/self/fd/{n}")},
                    "folder": os.getcwd(),
                    "session": os.getsid(0) == os.getpid(),
                    "limits": [resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CORE)],
                    "isolated": sys.flags.isolated,
                })""",
            )
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert seen["environment"].keys() <= {"LC_CTYPE"}  # Python's own doing, where there is no locale
    assert [target for target in seen["open"].values() if target.startswith("pipe:")][2:] == []
    assert {seen["open"][number] for number in "012"} == {"/dev/null"}
    assert seen["folder"] == "/"
    assert seen["session"]
    assert seen["limits"] == [[400 << 20, 400 << 20], [0, 0]]
    assert seen["isolated"] == 1


async def test_a_request_whose_worker_is_killed_is_done_again(playground: Evaluation, tmp_path: Path) -> None:
    flag = tmp_path / "began"
    code = f"Path({str(flag)!r}).exists() or (Path({str(flag)!r}).touch(), os.kill(os.getpid(), 9))"
    assert await playground.evaluate("python", code) == "True"
