from collections.abc import Callable

import pytest
from django.contrib.messages import add_message, constants
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from core.htmx import HtmxResponseMiddleware


class Said(list):  # type: ignore[type-arg]
    """Stands for the message storage: what is read is gone, as with the real one."""

    def add(self, level: int, message: str, extra_tags: str = "") -> None:
        self.append(type("Message", (), {"level_tag": constants.DEFAULT_TAGS[level], "__str__": lambda _: message})())

    def __iter__(self):  # type: ignore[no-untyped-def]
        while self:
            yield self.pop(0)


def ask(respond: Callable[[HttpRequest], HttpResponse], htmx: bool = True, **headers: str) -> HttpResponse:
    request = RequestFactory().get("/fragmento/", headers={"HX-Request": "true", **headers} if htmx else {})
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    request._messages = Said()  # type: ignore[attr-defined]
    return HtmxResponseMiddleware(respond)(request)


def saying(response: HttpResponse, level: int = constants.SUCCESS) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        add_message(request, level, "Salvo")
        return response

    return respond


def test_every_answer_varies_with_who_asks() -> None:
    assert "HX-Request" in ask(lambda _: HttpResponse("oi"), htmx=False).headers["Vary"]


def test_messages_come_out_of_band_after_a_fragment() -> None:
    html = ask(saying(HttpResponse("<p>oi</p>"))).content.decode()
    assert html.startswith("<p>oi</p>")
    assert 'hx-swap-oob="beforeend:#toasts"' in html
    assert 'data-tone="success"' in html


def test_an_error_has_the_tone_of_danger() -> None:
    assert 'data-tone="danger"' in ask(saying(HttpResponse("oi"), constants.ERROR)).content.decode()


def test_a_page_that_is_no_fragment_is_left_alone() -> None:
    assert ask(saying(HttpResponse("<p>oi</p>")), htmx=False).content == b"<p>oi</p>"


def test_an_empty_answer_with_a_message_changes_nothing_but_the_toasts() -> None:
    answer = ask(saying(HttpResponse(status=204)))
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (200, "none")
    assert b"Salvo" in answer.content


def test_an_empty_answer_without_messages_stays_empty() -> None:
    assert ask(lambda _: HttpResponse(status=204)).status_code == 204


@pytest.mark.parametrize("status", [403, 404, 409, 500])
def test_messages_wait_when_the_answer_is_not_shown(status: int) -> None:
    assert b"Salvo" not in ask(saying(HttpResponse("x", status=status))).content


def test_a_refused_form_shows_its_messages() -> None:
    assert b"Salvo" in ask(saying(HttpResponse("x", status=422))).content


def test_what_is_no_html_is_left_alone() -> None:
    assert ask(saying(JsonResponse({"a": 1}))).content == b'{"a": 1}'


def test_messages_wait_when_the_browser_goes_to_another_page() -> None:
    assert b"Salvo" not in ask(saying(HttpResponse("x", headers={"HX-Location": "/x/"}))).content


def test_a_redirect_takes_the_whole_page_along_with_its_cookies() -> None:
    redirect = HttpResponseRedirect("/campanhas/1/")
    redirect.set_cookie("sessionid", "s")
    answer = ask(lambda _: redirect)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/campanhas/1/")
    assert answer.cookies["sessionid"].value == "s"


def test_who_was_logged_out_comes_back_to_the_page_and_not_to_the_fragment() -> None:
    to_login = HttpResponseRedirect("/conta/login/?next=/fragmento/")
    answer = ask(lambda _: to_login, **{"HX-Current-URL": "http://testserver/campanhas/?p=7"})
    assert answer.headers["HX-Redirect"] == "/conta/login/?next=%2Fcampanhas%2F%3Fp%3D7"
