"""The manners in which addons are asked, for the typed methods of `Hooks`: collected, first answer, each in turn, observed; fenced or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from mailloom.registry.answers import misfit, misfit_of_all
from mailloom.registry.faults import in_one_line
from mailloom.registry.implementations import Implementations

T = TypeVar("T")


class Asking:
    """Base of `Hooks`."""

    def __init__(self, implementations: Implementations) -> None:
        self.implementations = implementations

    def _collected(self, hook: str, wanted: type[Any], given: Mapping[str, Any] | None = None) -> list[tuple[str, Any]]:
        """Every object of every addon; an addon with one misfit loses its whole contribution to this hook."""
        return [
            (each.addon, value)
            for each, values in self.implementations.fenced(hook, given or {})
            if self._fits(each, misfit_of_all(values, wanted))
            for value in values
        ]

    def _fits(self, each: Any, fault: str) -> bool:
        if fault:
            self.implementations.failed(each, f"it returned {fault}")
        return not fault

    def _first_decided(self, hook: str, given: Mapping[str, Any], wanted: type[T]) -> T | None:
        for each in reversed(self.implementations.of(hook)):
            answer: T | None = self.implementations.decided(each, given, misfit_from(wanted))
            if answer is not None:
                return answer
        return None

    def _each_decided(
        self, hook: str, given: Mapping[str, Any], misfit: Callable[[Any], str], *, backwards: bool = False
    ) -> Iterator[Any]:
        """Answers other than None. Raises HookFailed where one may not be guessed at."""
        asked = self.implementations.of(hook)
        for each in reversed(asked) if backwards else asked:
            answer = self.implementations.decided(each, given, misfit)
            if answer is not None:
                yield answer

    def _first_fenced(self, hook: str, given: Mapping[str, Any], wanted: type[T]) -> T | None:
        return next(self._answers_fenced(hook, given, wanted), None)

    def _answers_fenced(self, hook: str, given: Mapping[str, Any], wanted: type[T]) -> Iterator[T]:
        """Answers other than None, each asked for only when it is wanted."""
        for each in reversed(self.implementations.of(hook)):
            try:
                answer = each(given)
            except Exception as error:
                self.implementations.failed(each, in_one_line(error))
                continue
            if answer is not None and self._fits(each, misfit(answer, wanted)):
                yield answer

    def _each_fenced(
        self, hook: str, given: Mapping[str, Any], addons: Sequence[str] | None = None, *, backwards: bool = False
    ) -> None:
        asked = self.implementations.of(hook)
        for each in reversed(asked) if backwards else asked:
            if addons is not None and each.addon not in addons:
                continue
            try:
                each(given)
            except Exception as error:
                self.implementations.failed(each, in_one_line(error))

    def _own(self, hook: str, addon: str, given: Mapping[str, Any]) -> Any:
        implementation = self.implementations.one(hook, addon)
        return None if implementation is None else implementation(given)

    def _observed(self, hook: str, given: Mapping[str, Any], session: Session) -> None:
        """Call each observer inside a savepoint: what a failing one wrote is undone, what is being observed is not."""
        observers = self.implementations.of(hook)
        if not observers:
            return
        # Outside the fence: a fault of what is being observed must not be taken for the observer's.
        session.flush()
        for each in observers:
            try:
                with session.begin_nested():
                    each(given)
            except Exception as error:
                self.implementations.failed(each, in_one_line(error))


def misfit_from(wanted: type[Any]) -> Callable[[Any], str]:
    """What is wrong with an answer that should be a `wanted`, as a function of it; '' when nothing is."""
    return lambda value: misfit(value, wanted)
