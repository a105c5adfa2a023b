"""The Jinja of `profiles.yml`, with dbt's native types and in a sandbox."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from jinja2.nativetypes import NativeCodeGenerator, NativeTemplate
from jinja2.sandbox import SandboxedEnvironment


class RenderError(Exception):
    """A value could not be rendered."""

    def __init__(self, message: str, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable
        """The environment variable that is not set, where that is the reason."""


class Renderer:
    """Renders single values against an environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._jinja = _NativeSandbox(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
        self._jinja.filters.update(as_text=_Text, as_bool=_Bool, as_number=_Number, as_native=_Native)

    def render(self, value: Any) -> Any:
        """The value itself unless it is text. Raises `RenderError`, without quoting what it could not render."""
        if not isinstance(value, str):
            return value
        try:
            return self._jinja.from_string(value).render({"env_var": self._env_var, "var": _var})
        except TemplateSyntaxError:
            raise RenderError("the Jinja expression cannot be parsed") from None
        except TemplateError as error:
            raise RenderError(f"the Jinja expression fails ({type(error).__name__})") from None
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise RenderError(f"the Jinja expression fails ({type(error).__name__})") from None

    def _env_var(self, name: str, default: Any = None) -> Any:
        value = self._env.get(name, default)
        if value is None:
            raise RenderError(f"the environment variable {name} is not set", name)
        return value


def _var(name: str, default: Any = None) -> Any:
    if default is None:
        raise RenderError(f"var({name!r}) has no value here: dbt would take it from --vars")
    return default


class _Text(str):
    """Stays text, whatever it looks like."""


class _Native(str):
    """Becomes the Python literal that it spells, if it spells one."""


class _Bool(_Native):
    pass


class _Number(_Native):
    pass


def _native(nodes: Iterator[Any]) -> Any:
    """dbt's own concatenation: jinja2's would turn every text that looks like a number into one."""
    head = list(islice(nodes, 2))
    if len(head) != 1:
        return "".join(str(value) for value in chain(head, nodes))
    raw = head[0]
    if isinstance(raw, _Text):
        return str(raw)
    if not isinstance(raw, _Native):
        return raw
    try:
        result = ast.literal_eval(raw)
    except (ValueError, SyntaxError, MemoryError):
        result = str(raw)
    if isinstance(raw, _Bool) and not isinstance(result, bool):
        raise RenderError("as_bool: not True or False")
    if isinstance(raw, _Number) and (isinstance(result, bool) or not isinstance(result, int | float)):
        raise RenderError("as_number: not a number")
    return result


class _NativeSandbox(SandboxedEnvironment):
    code_generator_class = NativeCodeGenerator


class _NativeTemplate(NativeTemplate):
    environment_class = _NativeSandbox  # type: ignore[assignment]

    def render(self, *args: Any, **kwargs: Any) -> Any:
        return _native(self.root_render_func(self.new_context(dict(*args, **kwargs))))


_NativeSandbox.template_class = _NativeTemplate
