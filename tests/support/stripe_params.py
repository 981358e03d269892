"""Checks request bodies against the parameter types of the pinned Stripe SDK, which are generated from its API."""

import collections.abc
import sys
import types
import typing
from typing import Any, Literal, NotRequired, Required, get_args, get_origin
from urllib.parse import parse_qsl

from typing_extensions import get_type_hints, is_typeddict


def hints(kind: Any) -> dict[str, Any]:
    names = {"StripeContext": object, "Mapping": collections.abc.Mapping, **vars(sys.modules[kind.__module__])}
    return get_type_hints(kind, localns=names, include_extras=True)


def errors(kind: Any, value: Any, path: str = "$") -> list[str]:
    """Return what is wrong with a body: unknown, missing and mistyped parameters, words outside of their list."""
    origin = get_origin(kind)
    if origin in (NotRequired, Required):
        return errors(get_args(kind)[0], value, path)
    if is_typeddict(kind):
        return _of_object(kind, value, path)
    if origin in (typing.Union, types.UnionType):
        return _of_union(kind, value, path)
    if origin is Literal:
        return [] if value in get_args(kind) else [f"{path}: {value!r} not allowed"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: expected array"]
        return [e for i, item in enumerate(value) for e in errors(get_args(kind)[0], item, f"{path}[{i}]")]
    if origin is dict:
        return [] if isinstance(value, dict) else [f"{path}: expected map"]
    if kind in (Any, object) or not isinstance(kind, type):
        return []
    if kind is int and isinstance(value, bool):
        return [f"{path}: bool for int"]
    return [] if isinstance(value, kind) else [f"{path}: expected {kind.__name__}"]


def _of_object(kind: Any, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: expected object"]
    known = hints(kind)
    found = [f"{path}.{key}: unknown parameter" for key in value if key not in known]
    for key, inner in known.items():
        if key in value:
            found += errors(inner, value[key], f"{path}.{key}")
        elif get_origin(inner) is not NotRequired and key in kind.__required_keys__:
            found.append(f"{path}.{key}: required")
    return found


def _of_union(kind: Any, value: Any, path: str) -> list[str]:
    options = list(get_args(kind))
    words = [option for option in options if get_origin(option) is Literal]
    if str in options and any(word for option in words for word in get_args(option)):
        options.remove(str)  # an open list of words; here only the listed ones are right
    best: list[str] = []
    for option in options:
        found = errors(option, value, path)
        if not found:
            return []
        if not best or (is_typeddict(option) and isinstance(value, dict)):
            best = found
    return best


def decoded(kind: Any, body: str) -> dict[str, Any]:
    """Return a form body with brackets as the nested values that it stands for, typed as the parameters are."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        keys = name.replace("]", "").split("[")
        place = root
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return _typed(kind, root)


def _typed(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (NotRequired, Required):
        return _typed(get_args(kind)[0], value)
    if origin in (typing.Union, types.UnionType):
        fitting = [
            o for o in get_args(kind) if isinstance(value, dict) == (is_typeddict(o) or get_origin(o) in (list, dict))
        ]
        return _typed(fitting[0], value) if fitting else value
    if is_typeddict(kind) and isinstance(value, dict):
        known = hints(kind)
        return {key: _typed(known[key], inner) if key in known else inner for key, inner in value.items()}
    if origin is list and isinstance(value, dict):
        return [_typed(get_args(kind)[0], value[key]) for key in sorted(value, key=int)]
    if kind is int and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if kind is bool and value in ("true", "false"):
        return value == "true"
    return value
