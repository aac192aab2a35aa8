// What changed against the baseline, question by question: what was lost stands first.
import { score } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { type Measure, type Pair, rightness } from './measures.ts'
import { anchorOf } from './question.ts'

type Moved = { readonly name: string; readonly before: number; readonly now: number; readonly gain: number }
export type Flip = { readonly pair: Pair; readonly moved: readonly Moved[]; readonly gain: number }

/** Questions of which a yes became a no, or a no a yes: first what ends worse, then by the sum of what it lost. */
export function flipsOf(measures: readonly Measure[], pairs: readonly Pair[]): Flip[] {
  return pairs
    .flatMap((pair) => {
      const moved = measures.flatMap((each) => move(each, pair))
      if (moved.length === 0) return []
      const gain = (rightness(pair.now) ?? 0) - (rightness(pair.before) ?? 0)
      return [{ pair, moved, gain, sum: moved.reduce((sum, each) => sum + each.gain, 0) }]
    })
    .sort((a, b) => a.gain - b.gain || a.sum - b.sum)
}

function move({ name, of, isYesNo, better }: Measure, pair: Pair): Moved[] {
  const [now, before] = [of(pair.now), of(pair.before)]
  if (!isYesNo || now === null || before === null || now === before) return []
  return [{ name, before, now, gain: { more: now - before, less: before - now, neither: 0 }[better] }]
}

export function flipList(flips: readonly Flip[], strangers: number): Markup {
  const lost = flips.filter(({ gain }) => gain < 0).length
  const won = flips.filter(({ gain }) => gain > 0).length
  const told = `${lost} end worse, ${won} better; ${flips.length - lost - won} only changed on the way.`
  const alone =
    strangers > 0 ? ` ${strangers} questions were not asked by both runs in the same form, and are not compared.` : ''
  const rows = flips.map(({ pair, moved, gain }) => {
    const changes = moved.map(
      ({ name, before, now, gain }) =>
        html`<li class="${gain < 0 ? 'worse' : gain > 0 ? 'better' : ''}">
          ${name} ${score(before)} → ${score(now)}
        </li>`,
    )
    const { now } = pair
    return html`<li>
      <span class="chip ${gain < 0 ? 'wrong' : gain > 0 ? 'right' : ''}"
        >${gain < 0 ? '▼ worse' : gain > 0 ? '▲ better' : '= as right as before'}</span
      >
      <a href="#${anchorOf(now)}">${now.question}</a> <small>${now.id}, ${now.kind}</small>
      <ul class="moves">
        ${changes}
      </ul>
    </li>`
  })
  return html`<p>${told}${alone}</p>
    <ol class="flips">
      ${rows}
    </ol>`
}
