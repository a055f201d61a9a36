"""`include()`, and the files that are named in what is included."""

from __future__ import annotations

import pytest
from tests.wire.chats import Chat, flat, told

from flemma_py.model.document import Severity
from flemma_py.model.evaluated import FilePlace, RenderedFile
from flemma_py.model.reading import Wanted

BOTH = pytest.mark.parametrize("language", ["lua", "yaml"])
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


@BOTH
async def test_text_is_evaluated_by_itself(chat: Chat, language: str) -> None:
    chat.write("parts/hello.md", "Hi {{ who }}, {{ __dirname }} {{ include('more.md') }}{{ name }}")
    chat.write("parts/more.md", "more of {{ __filename }} ")
    text = "{{ include('parts/hello.md', { who = 'you' }) }}"
    result = await chat.evaluate(chat.chat(text, "name = 'Bob'" if language == "lua" else "name: Bob", language))
    folder = chat.folder / "parts"
    assert flat(result) == f"Hi you, {folder} more of {folder}/more.md {{{{ name }}}}"
    (problem,) = result.problems
    assert (problem.text, problem.severity) == ("'name' is not defined", Severity.WARNING)
    assert (problem.line, problem.column) == (4, 3)
    place = "Hi {{ who }}, {{ __dirname }} {{ include('more.md') }}{{ ".__len__()
    assert problem.files == (FilePlace(f"{folder}/hello.md", 0, place),)


@BOTH
async def test_code_and_trimming_work_in_what_is_included(chat: Chat, language: str) -> None:
    loop = "for x in each({'a', 'b'}) do" if language == "lua" else "for x in ['a', 'b']"
    end = "end" if language == "lua" else "endfor"
    chat.write("list.md", f"List:\n{{%- {loop} %}}\n- {{{{ x }}}}\n{{%- {end} %}}")
    assert await chat.said("{{ include('list.md') }}", "", language) == "List:\n- a\n- b"


@BOTH
async def test_a_file_can_be_included_as_it_is(chat: Chat, language: str) -> None:
    path = chat.write("a.png", PNG)
    front = "shot = include('./a.png', { binary = true })" if language == "lua" else "shot: 1"
    shown = "{{ shot }}" if language == "lua" else "{{ include('./a.png', binary=true) }}"
    text = f"a {shown} b {{{{ include('./a.png', {{ binary = true, mime = 'image/x' }}) }}}}"
    result = await chat.evaluate(f"{chat.chat('y', front, language)}\n\n{text}")
    assert told(result) == []
    assert flat(result) == "y\n\na <./a.png image/png> b <./a.png image/x>"
    files = [part for part in result.messages[0].parts if isinstance(part, RenderedFile)]
    assert [(file.path, file.data) for file in files] == [(str(path), PNG)] * 2
    assert [file.line for file in files] == [3 if language == "lua" else 6, 6]
    assert list(result.read) == [str(path)]


async def test_symbols_name_the_mode_too(chat: Chat) -> None:
    chat.write("a.png", PNG)
    text = "{{ include('a.png', { [symbols.BINARY] = true, [symbols.MIME] = 'image/y' }) }}"
    assert await chat.said(text) == "<a.png image/y>"


async def test_an_included_file_is_a_text_to_work_with(chat: Chat) -> None:
    chat.write("a.png", PNG)
    chat.write("a.md", "one @./a.png")
    text = "{{ include('a.md'):upper() .. '!' }} {% local t = { include('a.md') } %}{{ t }}"
    assert await chat.said(text) == 'ONE <./a.png image/png>! ["one <./a.png image/png>"]'


@BOTH
async def test_references_in_included_text_are_relative_to_it(chat: Chat, language: str) -> None:
    chat.write("parts/a b.png", PNG)
    chat.write("parts/1+1.txt", "two")
    chat.write("parts/see.md", "see @./a%20b.png, @./1+1.txt;type=text/x. and @./no.png. {{ 'x @./no.png' }}")
    result = await chat.evaluate(chat.chat("\n{{ include('parts/see.md') }}", "", language))
    assert flat(result) == ("\nsee <./a%20b.png image/png>, <./1+1.txt text/x>. and @./no.png. x @./no.png")
    (problem,) = result.problems
    assert (problem.kind.value, problem.text, problem.line) == (
        "file",
        "./no.png does not exist",
        5 if language == "lua" else 2,
    )
    assert problem.files == (FilePlace(str(chat.folder / "parts/see.md"), 0, 46),)


async def test_what_a_template_gives_is_no_reference(chat: Chat) -> None:
    chat.write("a.png", PNG)
    result = await chat.evaluate(chat.chat("{{ '@./a.png' }} @./a.png"))
    assert flat(result) == "@./a.png <1.1>"
    assert chat.reader.asked == []


@BOTH
async def test_paths_may_be_absolute_or_in_the_home_folder(chat: Chat, language: str) -> None:
    path = chat.write("deep/x.md", "X")
    chat.write("deep/up.md", "{{ include('../x.md') }}")
    chat.write("x.md", "Y")
    text = f"{{{{ include('{path}') }}}}{{{{ include('~/deep/x.md') }}}}{{{{ include('deep/up.md') }}}}"
    assert await chat.said(text, "", language) == "XXY"
    assert Wanted("~/deep/x.md", str(chat.folder), binary=False) in chat.reader.asked


async def test_without_a_name_paths_are_relative_to_the_working_directory(chat: Chat) -> None:
    chat.write("x.md", "{{ __filename }}")
    chat.place = chat.place.__class__(None, None, chat.place.cwd, chat.place.home, "UTC")
    text = "{{ include('x.md') }} {{ __filename }}|{{ __dirname }}"
    assert await chat.said(text) == f"{chat.folder}/x.md |"


@BOTH
async def test_a_circle_names_its_chain(chat: Chat, language: str) -> None:
    a = chat.write("a.md", "a {{ include('b.md') }}")
    b = chat.write("b.md", "b {{ include('a.md') }}")
    result = await chat.evaluate(chat.chat("{{ include('a.md') }}", "", language))
    assert flat(result) == "a b {{ include('a.md') }}"
    (problem,) = result.problems
    assert problem.kind.value == "file"
    assert problem.text == f"circular include: {chat.folder}/talk.chat -> {a} -> {b} -> {a}"
    assert problem.files == (FilePlace(str(a), 0, 5), FilePlace(str(b), 0, 5))


async def test_a_chat_that_includes_itself_is_a_circle(chat: Chat) -> None:
    chat.write("talk.chat", "@System:\nx")
    result = await chat.evaluate(chat.chat("{{ include('talk.chat') }}"))
    assert "circular include" in result.problems[0].text


@pytest.mark.parametrize(
    ("language", "where"),
    [("lua", "expression"), ("lua", "code"), ("lua", "frontmatter"), ("yaml", "expression"), ("yaml", "code")],
)
async def test_a_missing_file_blocks_unless_an_expression_asked_for_it(chat: Chat, language: str, where: str) -> None:
    call = "include('nowhere.md')"
    code = f"{{% local x = {call} %}}" if language == "lua" else f"{{% set x = {call} %}}"
    text = {"expression": f"\n{{{{ {call} }}}}", "code": f"\n{code}", "frontmatter": ""}[where]
    front = f"\nx = {call}" if where == "frontmatter" else "a = 1" if language == "lua" else "a: 1"
    result = await chat.evaluate(chat.chat(text, front, language))
    ((kind, severity, line, column, said),) = told(result)
    assert (kind, said) == ("file", "nowhere.md does not exist")
    assert severity == ("warning" if where == "expression" else "error")
    assert line == (2 if where == "frontmatter" else 5)
    assert column == {"expression": 3, "code": 13 if language == "lua" else 11, "frontmatter": 4}[where]


@BOTH
async def test_broken_code_in_an_included_file_is_an_error_there(chat: Chat, language: str) -> None:
    code = "x = nil + 1" if language == "lua" else "set x = 1 / 0"
    inner = chat.write("inner.md", f"one\n{{% {code} %}}")
    outer = chat.write("outer.md", "{{ include('inner.md') }}")
    text = "{{ include('outer.md') }}{% if true then %}{% end %}" if language == "lua" else "{{ include('outer.md') }}"
    result = await chat.evaluate(chat.chat(text, "", language))
    (problem,) = result.problems
    assert (problem.kind.value, problem.severity) == ("template", Severity.WARNING)
    assert problem.files == (FilePlace(str(outer), 0, 3), FilePlace(str(inner), 1, 3))
    assert flat(result) == "{{ include('inner.md') }}"


async def test_a_refused_file_says_what_would_help(chat: Chat) -> None:
    path = chat.write("../secret.md", "x").resolve()
    result = await chat.evaluate(chat.chat(f"{{{{ include('{path}') }}}}"))
    (problem,) = result.problems
    assert problem.text == f"{path} lies outside the project"
    assert problem.ask == str(path)


async def test_pcall_catches_a_file_that_is_missing(chat: Chat) -> None:
    text = "{% local ok, why = pcall(include, 'no.md') %}{{ ok }} {{ why }} {{ tostring(why) }} {{ type(why) }}"
    assert await chat.said(text) == "false no.md does not exist no.md does not exist table"


@pytest.mark.parametrize("call", ["include()", "include(1)", "include('')", "include('x', 3)"])
@BOTH
async def test_include_wants_a_path(chat: Chat, language: str, call: str) -> None:
    result = await chat.evaluate(chat.chat(f"{{{{ {call} }}}}", "", language))
    assert len(result.problems) == 1
    assert flat(result) == f"{{{{ {call} }}}}"
    assert chat.reader.asked == []


@BOTH
@pytest.mark.parametrize("inner", ["lua", "json", ""])
async def test_of_a_chat_its_system_prompt_and_variables_are_taken(chat: Chat, language: str, inner: str) -> None:
    front = {
        "lua": "```lua\nname = name or 'Bob'\nflemma.opt.model = 'x'\n```\n",
        "json": '```json\n{"name": "Bob", "flemma": {"model": "x"}}\n```\n',
        "": "",
    }[inner]
    name = "{{ name }}" if inner else "Bob"
    chat.write("a.png", PNG)
    chat.write(
        "base.chat", f"{front}@System:\nold\n\n@You:\nchatter {{{{ nope }}}}\n\n@System:\nHi {name} @./a.png\n\n"
    )
    if language == "lua":
        text = "{% local text, vars = include('base.chat') %}{{ text }}|{{ vars.name }}"
    else:
        text = "{% set base = include('base.chat') %}{{ base }}|{{ base.name if base.variables else '' }}"
    result = await chat.evaluate(chat.chat(text, "", language))
    assert told(result) == []
    assert flat(result) == f"Hi Bob <./a.png image/png>|{'Bob' if inner else ''}"
    assert result.operations == ()
    assert result.variables == ()


async def test_broken_frontmatter_of_an_included_chat_says_so(chat: Chat) -> None:
    base = chat.write("base.chat", "```lua\nx = = 1\n```\n@System:\nHi")
    result = await chat.evaluate(chat.chat("{{ include('base.chat') }}"))
    (problem,) = result.problems
    assert (problem.kind.value, problem.severity) == ("frontmatter", Severity.WARNING)
    assert problem.files == (FilePlace(str(base), 1, 2),)


async def test_literal_text_is_no_template(chat: Chat) -> None:
    chat.write("raw.md", "{{ nope }} @./x.png")
    chat.reader.literal = True
    assert await chat.said("{{ include('raw.md') }}") == "{{ nope }} @./x.png"


async def test_a_file_is_read_once_in_an_evaluation(chat: Chat) -> None:
    chat.write("a.md", "A")
    assert await chat.said("{% for i = 1, 500 do %}{{ include('a.md') }}{% end %}") == "A" * 500
    assert len(chat.reader.asked) == 1


async def test_the_time_that_reading_takes_is_not_the_evaluations(chat: Chat) -> None:
    for number in range(3):
        chat.write(f"{number}.md", "x")
    chat.reader.slow = 0.6
    assert await chat.said("{% for i = 0, 2 do %}{{ include(i .. '.md') }}{% end %}") == "xxx"


async def test_functions_can_be_handed_to_an_included_file(chat: Chat) -> None:
    chat.write("a.md", "{{ shout('hi') }}")
    assert await chat.said("{{ include('a.md', { shout = string.upper }) }}") == "HI"
