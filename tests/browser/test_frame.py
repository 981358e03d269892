"""What is around every page, in a real browser: the theme that is kept, the drawer, the way past the menu, dialogs."""

from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organization

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Window = Callable[..., Page]
LIGHTNESS = """() => {
  const paint = document.createElement("canvas").getContext("2d");
  paint.fillStyle = getComputedStyle(document.body).backgroundColor;
  paint.fillRect(0, 0, 1, 1);
  const [red, green, blue] = paint.getImageData(0, 0, 1, 1).data;
  return (red + green + blue) / 3;
}"""


def is_dark(page: Page) -> bool:
    return float(page.evaluate(LIGHTNESS)) < 100


def test_the_theme_follows_the_system_until_somebody_chooses(window: Window, bruno: Membership) -> None:
    assert is_dark(window(bruno, "/inicio/", color_scheme="dark"))
    page = window(bruno, "/inicio/", color_scheme="light")
    assert not is_dark(page)
    page.get_by_role("button", name="Alternar tema claro e escuro").click()
    assert is_dark(page)
    page.goto("/campanhas/")
    assert is_dark(page), "the choice is kept from page to page"
    page.reload()
    assert is_dark(page)


def test_the_menu_of_a_phone_opens_and_goes_away_by_itself(window: Window, bruno: Membership) -> None:
    page = window(bruno, "/inicio/", 360)
    menu = page.locator("#menu")
    expect(menu).to_be_hidden()
    opener = page.get_by_role("button", name="Abrir menu")
    opener.click()
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    opener.click()
    page.mouse.click(350, 500)
    expect(menu).to_be_hidden()
    opener.click()
    menu.get_by_role("link", name="Campanhas").click()
    page.wait_for_url("**/campanhas/")
    expect(page.locator("#menu")).to_be_hidden()


def test_the_first_tab_leads_past_the_menu(window: Window, bruno: Membership) -> None:
    page = window(bruno, "/inicio/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Ir para o conteúdo")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("path", ["/inicio/", "/campanhas/", "/conversas/", "/leads/", "/numeros/"])
def test_the_focus_is_seen_wherever_it_goes(window: Window, ana: Membership, in_acme: Organization, path: str) -> None:
    page = window(ana, path)
    unseen = []
    for _press in range(30):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
              const one = document.activeElement, style = getComputedStyle(one), after = getComputedStyle(one, "::after");
              const frame = one.closest(".input-frame, .composer, .choice, .segmented label, .switch, .option-card");
              const rings = [style, after, ...(frame ? [getComputedStyle(frame)] : [])];
              const drawn = rings.some((ring) => ring.outlineStyle !== "none" || ring.boxShadow !== "none");
              return one === document.body || drawn ? "" : one.outerHTML.slice(0, 160);
            }"""
        )
        if seen:
            unseen.append(seen)
    assert unseen == []


def test_a_page_that_is_too_old_says_so_in_a_toast(window: Window, bruno: Membership) -> None:
    page = window(bruno, "/campanhas/nova/")
    page.evaluate("document.body.setAttribute('hx-headers', '{}')")
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    page.get_by_role("link", name="Continuar").first.click()
    page.get_by_role("button", name="Adicionar variação").click()
    expect(page.locator("#toasts")).to_contain_text("Esta página ficou velha demais para enviar")
