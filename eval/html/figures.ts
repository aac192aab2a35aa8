// Figures as text, and as a small bar.
import { html, type Markup } from './markup.ts'
import type { Estimate, Measure } from './measures.ts'

type Form = Pick<Measure, 'isYesNo'>

/** `64 %`, or `0.640` for what is no yes or no. */
export function figure(value: number, { isYesNo }: Form): string {
  if (Number.isNaN(value)) return '–'
  return isYesNo ? `${fixed(value * 100, 0)} %` : fixed(value, 3)
}

export function interval({ low, high }: Estimate, form: Form): string {
  return `[${figure(low, form)}, ${figure(high, form)}]`
}

/** With its sign; of shares in points. */
export function change(value: number, { isYesNo }: Form): string {
  if (Number.isNaN(value)) return '–'
  const text = isYesNo ? fixed(value * 100, 1) : fixed(value, 3)
  return `${/[1-9]/.test(text) && value > 0 ? '+' : ''}${text}`
}

/** A minus of its own width, and none before a zero. */
function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits)
  return /[1-9]/.test(text) ? text.replace('-', '−') : text.replace('-', '')
}

export function milliseconds(value: number): string {
  return Number.isNaN(value) ? '–' : `${fixed(value, value < 100 ? 1 : 0)} ms`
}

/** A score of one question: what is whole stays so. */
export function score(value: number | null): string {
  if (value === null) return '–'
  return Number.isInteger(value) ? fixed(value, 0) : fixed(value, 3)
}

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}

/** Value and interval of a share as a bar; the figures stand beside it, so it has no text of its own. */
export function bar({ value, low, high }: Estimate): Markup {
  const width = across(Math.max(high - low, 0.005))
  const span = Number.isNaN(low) ? '' : html`<rect class="span" x="${across(low)}" y="5" width="${width}" height="2" />`
  return html`<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">
    <rect class="track" width="100" height="12" />
    <rect class="fill" width="${across(value)}" height="12" />
    ${span}
  </svg>`
}

function across(share: number): string {
  return fixed(share * 100, 1)
}

export function percentOf(share: number): string {
  return figure(share, { isYesNo: true })
}

/** A long name breaks behind its underscores, where a phone has no room for it. */
export function breakable(name: string): Markup[] {
  return name.split(/(?<=_)/).map((part, at) => html`${at > 0 ? html`<wbr />` : ''}${part}`)
}
