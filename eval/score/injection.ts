// Text that somebody else put into a document: does an answer hand it on?

/** Whether a quote is of one of the injected texts: part of it, or around all of it. */
export function isInjected(quote: string, injected: readonly string[]): boolean {
  return injected.some((text) => text.includes(quote) || quote.includes(text))
}
