// Markup that is made in one place only: text can stand in it, and never become it.

const made = Symbol('made by html')

/** No JSON holds a symbol, so nothing that was read from a file can pass for markup. */
export type Markup = { readonly [made]: string }
export type Part = Markup | string | number | null | readonly Part[]

/** What the template says is markup, what is put into it is text, also within the quotes of an attribute. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { [made]: strings.reduce((before, string, at) => before + written(parts[at - 1] ?? null) + string) }
}

export function sourceOf(markup: Markup): string {
  return markup[made]
}

function written(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part))
  return made in part ? part[made] : part.map(written).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Characters that markup is made of are written as entities. Controls are shown as U+FFFD: HTML forbids them, and
 * those of direction could make a quote look like other words than it has.
 */
function escape(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex
      .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
      .replace(/[&<>"']/g, (each) => ENTITIES[each] ?? '')
  )
}

/** At most `most` characters, no pair of them cut in two. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
