"""YAML: plain data only, as `safe_load` reads it."""

from __future__ import annotations

from typing import Any

import yaml

from flemma_py.errors import FrontmatterError


def parse(code: str) -> Any:
    try:
        return yaml.safe_load(code)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise FrontmatterError(f"this is no YAML: {reason}", line, column) from error
    except yaml.YAMLError as error:
        raise FrontmatterError(f"this is no YAML: {str(error).splitlines()[0]}", 0, 0) from error
