// The verbs that titles are made of, in the forms that titles have: what is not in the list is taken for no verb.

type Form = { readonly base: string; readonly form: 'base' | 'third' | 'past' | 'gerund' }

// Those that their last letter or their past tells wrongly stand below with their past.
const regular =
  `adopt allow answer analyze automate avoid balance calculate change check close collect combine compare compress compute configure
  connect consolidate contain convert count create debug decide decrease define deliver deploy design detect develop
  diagnose distribute eliminate enable encode encrypt enforce ensure evaluate evolve expand extract fetch fix flow
  generate handle happen help identify implement improve increase index ingest integrate introduce join launch learn
  limit load localize log maintain manage matter measure migrate minimize mitigate monitor move need offer onboard
  operate optimize orchestrate organize partition pick plan predict prepare prevent prioritize process protect prove
  provide query rank reach recommend recover redesign redirect reduce remove render replace replicate require resolve
  retire retrieve reveal route save scale schedule search secure select separate serve shard share ship show
  score simplify solve start stop store stream suggest support switch tame sync synchronize test track train transfer transform
  tune turn update upgrade use validate verify visualize want watch work`.split(/\s+/)

const irregular =
  `become became|begin began|break broke|bring brought|build built|catch caught|choose chose|cost cost|cut cut|deal dealt|
  do did|drive drove|fall fell|find found|get got|give gave|go went|grow grew|have had|hold held|keep kept|lead led|
  leave left|let let|lose lost|make made|outgrow outgrew|put put|shed shed|read read|rebuild rebuilt|rewrite rewrote|run ran|
  send sent|set set|spend spent|split split|take took|teach taught|think thought|win won|write wrote|hide hid`
    .split('|')
    .map((pair) => pair.trim().split(' '))

const thirds: Readonly<Record<string, string>> = { have: 'has', do: 'does', go: 'goes' }

function withEnding(base: string, ending: 's' | 'ed' | 'ing'): string {
  if (ending === 's' && /(?:s|x|z|ch|sh)$/.test(base)) return `${base}es`
  if (ending !== 'ing' && /[^aeiou]y$/.test(base)) return `${base.slice(0, -1)}ie${ending === 's' ? 's' : 'd'}`
  if (ending === 's') return `${base}s`
  if (base.endsWith('e')) return base.slice(0, -1) + ending
  // "plan" doubles its last letter, "load" and "fix" do not.
  const doubles = /^[^aeiou]*[aeiou][^aeiouwxy]$/.test(base) || base === 'begin'
  return base + (doubles ? base.slice(-1) : '') + ending
}

const forms = new Map<string, Form>()
for (const [base = '', past] of [...regular.map((verb) => [verb]), ...irregular]) {
  forms.set(base, { base, form: 'base' })
  forms.set(withEnding(base, 'ing'), { base, form: 'gerund' })
  forms.set(thirds[base] ?? withEnding(base, 's'), { base, form: 'third' })
  forms.set(past ?? withEnding(base, 'ed'), { base, form: 'past' })
}

/** null: it is no verb, or one that we do not know. */
export function verbOf(word: string): Form | null {
  return forms.get(word.toLowerCase()) ?? null
}
