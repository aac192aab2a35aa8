// @ts-check
// The one line in pages of other sites: loads the ask box from where this file comes from. It is a classic script,
// because only such a one can read its own tag.
{
  const script = document.currentScript
  if (script instanceof HTMLScriptElement) {
    const { origin } = new URL(script.src)
    import(`${origin}/widget-box.js`)
      .then(({ placeBox }) => placeBox(script.dataset))
      // Said to whoever builds the page: readers of a site are not bothered with a box that is not there.
      .catch((error) =>
        reportError(
          new Error(
            `Footnote: the ask box of ${origin} is not shown. The server must run with WIDGET_ORIGINS=${location.origin}, ` +
              `and a policy of this page must allow ${origin} in script-src and connect-src.`,
            { cause: error },
          ),
        ),
      )
  }
}
