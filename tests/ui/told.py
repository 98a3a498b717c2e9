"""Waits until the API tells something to whoever is logged in on a page.

A page's own `wait_for_function` takes a promise for true, whatever becomes of it: it waits for no answer.
"""

from __future__ import annotations

from playwright.sync_api import Page

_UNTIL = """async ([path, places]) => {
  const late = performance.now() + 60_000;
  for (;;) {
    let told = await (await fetch(`/api/v1${path}`)).json();
    for (const place of places) told = told?.[place];
    if (told) return;
    if (performance.now() > late) throw new Error(`${path} never told ${places.join(".")}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}"""


def until_told(page: Page, path: str, *places: str | int) -> None:
    """Until what *path* of the API tells is true at these *places* of its answer."""
    page.evaluate(_UNTIL, [path, list(places)])
