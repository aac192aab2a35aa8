// LaTeX left between dollars → plain words: `$O(n)$` is O(n). A reader of plain text sees no formula, and a search
// for "10^5" must find it. Only what is surely a formula is touched: the other thing between dollars is two prices.

/** Most texts have no dollar; those pay for one look. */
export function plainMath(text: string): string {
  if (!text.includes('$')) return text
  return text
    .replace(/\$\$([^$]{1,400})\$\$/g, (whole, body: string) => plain(body.trim()) ?? whole)
    .replace(/(?<![\\$\w])\$(?=\S)([^$\n]{1,200})(?<=\S)\$(?![$\w])/g, (whole, body: string) => plain(body) ?? whole)
}

const symbols = new Map(
  (
    'times × cdot · div ÷ pm ± leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ approx ≈ sim ~ ldots … dots … cdots … infty ∞ to → ' +
    'rightarrow → in ∈ cup ∪ cap ∩ sum Σ prod Π sqrt √ alpha α beta β gamma γ delta δ epsilon ε lambda λ mu μ pi π ' +
    'sigma σ theta θ bmod mod mod mod log log ln ln min min max max exp exp sin sin cos cos lceil ⌈ rceil ⌉ ' +
    'lfloor ⌊ rfloor ⌋ % % $ $ # # & & _ _'
  )
    .split(' ')
    .flatMap((name, i, all): [string, string][] => (i % 2 === 0 ? [[name, all[i + 1] ?? '']] : [])),
)
// Commands that only space or size what follows.
const spacing = new Set([',', ';', ':', '!', ' ', '\\', 'left', 'right', 'quad', 'qquad', 'displaystyle'])

/** Null: this is no formula, or one with signs that have no plain form. */
function plain(body: string): string | null {
  if (!isFormula(body)) return null
  let known = true
  const words = body
    .replace(/\\(?:text|math(?:rm|bf|it|sf|tt)|operatorname)\s*\{([^{}]*)\}/g, '$1')
    .replace(
      /\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g,
      (_, over: string, under: string) => `${group(over)}/${group(under)}`,
    )
    .replace(/\\([A-Za-z]+|.)/gs, (_, name: string) => {
      const sign = spacing.has(name) ? ' ' : symbols.get(name)
      known &&= sign !== undefined
      return sign ?? ''
    })
    .replace(/(\s*[\^_])\{([^{}]*)\}/g, (_, sign: string, inner: string) => `${sign.trim()}${group(inner)}`)
    .replace(/[{}]/g, '')
    .replace(/\s+/g, ' ')
  return known ? words.trim() : null
}

/** Of a formula the words are short (`mod`, `max`) or marked by a backslash; of a price they are not. */
function isFormula(body: string): boolean {
  if (/\\[A-Za-z]{2}/.test(body)) return true
  if (/^(?:\p{L}|\d+)$/u.test(body)) return true
  if (/\p{L}{4}/u.test(body) || /^\d[\d.,]*\s*\p{L}{2}/u.test(body)) return false
  return /[\^_=<>+*]|\p{L}\(|[\p{L}\d)] ?[-/] ?[\p{L}\d(]/u.test(body)
}

function group(inner: string): string {
  return /^(?:\w+|\(.*\))$/s.test(inner) ? inner : `(${inner})`
}
