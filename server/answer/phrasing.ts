// A heading → a question that people would ask, or none: what fits no frame is left out, because a clumsy question is
// worse than one less.
import { isFunctionWord, queryTerms } from '../../core/terms.ts'
import { verbOf } from './verbs.ts'

/** A heading, and what it stands under. */
export type Headed = {
  readonly heading: string
  /** the title of the article that it is a part of; null: it is that title */
  readonly topic: string | null
  /** the words under it */
  readonly body: string
  /** its words as the text writes them within a sentence: "Limiters" → "limiters", "Stripe" → "Stripe" */
  readonly written: (words: readonly string[]) => string[]
}

const LONGEST = 110
const question = /^(?:how|why|what|when|which|who|where)$/i
const auxiliary = /^(?:is|are|was|were|can|could|should|will|would|must|does|do|did|has|have)$/i
// What points at something outside of the heading, or at whoever wrote it.
const pointing = /(?<![\w-])(?:it|them|this|these|those|here|here's|we|our|us|my|i|you|your|one's|they)(?![\w-])/i
const preposition = /^(?:at|by|for|from|in|of|on|to|with|behind|about)$/i
const generic =
  /^(?:the |our |a |an )?(?:table of )?(?:contents?|conclusions?|references?|summary|results?|outcomes?|overview|background|introduction|examples?|example use case|next steps|further reading|appendix|notes?|links?|sponsors?|hiring|main points|core technical (?:concepts?|terms).*|history|(?:new|old|legacy) system|problems?|solutions?|issues?|implementation|legacy|other .*|final .*|key .*|real world uses?(?: cases)?|misc.*|acknowledge?ments?|about .*|related .*|tl;?dr|faq|optimizations|properties|complexit(?:y|ies)|architecture|errors?|performance|design|goals?|original table|benefits?)$/i

/** A question that stands alone and that the words under this heading should answer; null: there is none to be made. */
export function questionFrom(headed: Headed): string | null {
  const heading = clean(headed.heading)
  if (generic.test(heading) || pointing.test(heading) || /[|:•@#]|\bhttp/.test(heading)) return null
  const words = headed.written(heading.split(' '))
  const name = nameOf(headed)
  const made = asked(words) ?? clause(words) ?? place(words) ?? gerund(words, name) ?? thing(words, name, headed)
  const whole = made && alone(made, name)
  return whole && whole.length <= LONGEST ? whole.charAt(0).toUpperCase() + whole.slice(1) : null
}

/** Without numbering, and without what an afterthought adds to it. */
function clean(heading: string): string {
  return heading
    .replace(/^\s*(?:\d{1,2}[.)]\s+|step \w+:\s*)/i, '')
    .replace(/,? (?:and|or) (?:why|how|what|when|where) .*$/i, '')
    .replace(/\s*\([^)]*\)?\s*$/, '')
    .replace(/[\s.,;:–-]+$/, '')
    .replace(/ now$/i, '')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Already a question, or one that lacks its mark alone: "Why is Spark fast?", "How does the gateway work". */
function asked(words: readonly string[]): string | null {
  const [first = '', second = ''] = words
  const text = words.join(' ').replace(/\?$/, '')
  if (!question.test(first) || text.includes('?')) return null
  if (auxiliary.test(second)) return words.length >= 4 && !preposition.test(words[2] ?? '') ? `${text}?` : null
  if (second === 'to') return words.length >= 4 ? `${first} do you ${words.slice(2).join(' ')}?` : null
  const isSubject = /^what$/i.test(first) && verbOf(second)?.form === 'third'
  return isSubject && words.length >= 4 ? `${text}?` : null
}

/** "How Stripe keeps its API up" → "How does Stripe keep its API up?" */
function clause(words: readonly string[]): string | null {
  const [first = ''] = words
  if (!/^(?:how|why|what)$/i.test(first)) return null
  const at = verbAt(words)
  if (at < 2) return null
  const [subject, verb = '', rest] = [words.slice(1, at).join(' '), words[at], words.slice(at + 1).join(' ')]
  const form = verbOf(verb)
  const [support, base] =
    auxiliary.test(verb) && !['has', 'have', 'did', 'do', 'does'].includes(verb)
      ? [verb, '']
      : [form?.form === 'past' ? 'did' : form?.form === 'third' ? 'does' : 'do', form?.base ?? '']
  return `${[first, support, subject, base, rest].filter((part) => part !== '').join(' ')}?`
}

/** Where the verb of a clause stands, behind its question word and its subject; -1: none is known. */
function verbAt(words: readonly string[]): number {
  return words.findIndex((word, at) => {
    const before = words[at - 1] ?? ''
    if (at < 2 || /^(?:a|an|the|its|their|every|each|of|to|in)$|['’]s$/i.test(before)) return false
    if (/^(?:is|are|was|were|can|could|should|must)$/.test(word)) return true
    const form = verbOf(word)?.form
    // "Bloom filters work", but "image search works": the plain form is a verb only behind a plural.
    return form === 'third' || form === 'past' || (form === 'base' && /[^s'’]s$/.test(before))
  })
}

/** "Sharding databases at Quora" → "How does Quora shard databases?" */
function place(words: readonly string[]): string | null {
  const at = words.lastIndexOf('at')
  const [what, name = '', ...rest] = [words.slice(0, at), ...words.slice(at + 1)]
  const [first = '', ...others] = what
  if (at < 1 || !isName(name) || question.test(first)) return null
  const verb = verbOf(first)
  const end = [...rest, ''].join(' ').trim()
  const tail = end === '' ? '?' : ` ${end}?`
  if (verb?.form === 'gerund')
    return others.length === 0 ? null : `how does ${name} ${verb.base} ${others.join(' ')}${tail}`
  if (what.length === 1 && isName(first)) return `how does ${name} use ${first}${tail}`
  return /^(?:a|an|the)$/.test(first) || verb ? null : `how does ${name} approach ${what.join(' ')}${tail}`
}

/** "Measuring availability" → "How do you measure availability?"; of somebody: "How does BuzzFeed measure …?" */
function gerund(words: readonly string[], name: string | null): string | null {
  const [first = '', second = '', ...rest] = words
  const verb = verbOf(first)
  const object = [second, ...rest].join(' ')
  if (verb?.form !== 'gerund' || !isObject(second, object)) return null
  const owner = ownerIn(second)
  if (owner) return rest.length === 0 ? null : `how did ${owner} ${verb.base} its ${rest.join(' ')}?`
  if (name) return object.includes(name) ? null : `how does ${name} ${verb.base} ${object}?`
  // Which one, only the article knows.
  return isName(second) || second === 'the' ? null : `how do you ${verb.base} ${object}?`
}

/** Not of "Keeping up", "Answering quickly", "Training data, features and model", "Designing Edge Gateway, Uber's …". */
function isObject(second: string, object: string): boolean {
  if (second === '' || preposition.test(second) || /^(?:and|or|,)$/.test(second)) return false
  return !second.endsWith(',') && !/^\w+ly$/.test(object) && !/, .*['’]s /.test(object)
}

function ownerIn(word: string): string | null {
  const owner = /^(.+)['’]s$/.exec(word)?.[1] ?? ''
  return isName(owner) ? owner : null
}

const sorts =
  /^(?:architecture|benefits|challenges|components|design|disadvantages|downsides|advantages|goals|history|issues|limits|problems|pros|cons|purpose|role|types|use cases|uses|assumptions|causes|reasons|principles|steps|phases|guarantees|costs?)$/

const whose =
  /(?:stack|architecture|problem|models?|strateg(?:y|ies)|algorithms?|principles|stages|phases|components|guarantees|decisions|limiters?|shedders?|layers?|platforms?|path|key|index|domains|partitions|linters|states|halves|system|heap|point|clusters|times|process|framework|database|codec|steps|levels?|tools?|features|pipeline|gateway|queue|cache|services?|migration|stores?|DB)$/i

/** What a noun stands for: by its kind, by whose it is, or because the text says what it is. */
function thing(words: readonly string[], name: string | null, { body }: Headed): string | null {
  const bare = /^(?:a|an|the)$/i.test(words[0] ?? '') ? words.slice(1) : words
  const text = bare.join(' ')
  const isClause = bare.some((word) => question.test(word) || auxiliary.test(word) || /[,.!?]$/.test(word))
  if (isClause || /\b(?:journey|transition|approach|that|next steps|at a glance)\b/i.test(text)) return null
  return (
    ofKind(bare, text) ??
    (bare.some(isVerb) ? null : (ofSomebody(bare, text, name) ?? (name ? null : defined(body, text))))
  )
}

/** "Downsides of caching", "API gateway use cases", "Introduction to compilers". */
function ofKind([kind = '', next = '', ...rest]: readonly string[], text: string): string | null {
  const introduced = /^introduction to (?:an? |the )?(.+)$/i.exec(text)?.[1] ?? /^(.+) explained$/i.exec(text)?.[1]
  if (introduced) return `what ${isOf(introduced)} ${introduced}?`
  if (sorts.test(kind) && preposition.test(next) && rest.length > 0) return `what ${isOf(text)} the ${text}?`
  return /^.+ use cases$/.test(text) ? `what are some ${text}?` : null
}

/** "Robinhood's tech stack", and the "tech stack" of an article that is Robinhood's. */
function ofSomebody(bare: readonly string[], text: string, name: string | null): string | null {
  const [first = '', ...rest] = bare
  if (ownerIn(first)) return bare.length >= 3 ? `what ${isOf(text)} ${text}?` : null
  if (!name || text.includes(name) || bare.length < 2 || bare.length > 5) return null
  const isOwned = whose.test(headOf(text)) && !rest.some((word) => preposition.test(word) && word !== 'for')
  return isOwned ? `what ${isOf(text)} ${possessive(name)} ${text}?` : null
}

/** "Keep things small", "jitter spreads the herd": what does something is no thing. "Load shedding" is one. */
function isVerb(word: string, at: number, words: readonly string[]): boolean {
  const [before = '', next = ''] = [words[at - 1], words[at + 1]]
  const form = verbOf(word)?.form
  if (at === 0)
    return form === 'gerund' || (form === 'base' && /^(?:keep|define|make|choose|use|build|stay|set)$/.test(word))
  return (
    form === 'past' ||
    (form === 'third' && !whose.test(word)) ||
    (form === 'gerund' && next.endsWith('s') && !preposition.test(before))
  )
}

/** Where the words under it say what it is, with the article that they give it. */
function defined(body: string, text: string): string | null {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const says = `(?:^|[.\\s(])((?:an?|the) )?${escaped}(?: \\([^)]*\\))? (?:is|are|refers?|means?|describes?)\\b`
  const found = new RegExp(says, 'i').exec(body)
  return found && `what ${isOf(text)} ${(found[1] ?? '').toLowerCase()}${text}?`
}

function headOf(text: string): string {
  return /^(.+?)(?= (?:of|for|in|with|to|on|from|at|behind)\b|$)/.exec(text)?.[1] ?? text
}

/** By its head, which stands before the first preposition. */
function isOf(text: string): 'is' | 'are' {
  const head = headOf(text)
  return /[^s'’ui]s$/i.test(head) || / and /.test(head) ? 'are' : 'is'
}

function possessive(name: string): string {
  return name.endsWith('s') ? `${name}’` : `${name}'s`
}

function isName(word: string): boolean {
  return /^\p{Lu}/u.test(word) && word !== 'Scale'
}

/** Whose article it is: "How Stripe keeps …", "Stripe's …", "… at Stripe". */
function nameOf({ topic, written }: Headed): string | null {
  if (topic === null) return null
  const words = written(clean(topic).split(' '))
  const own = /^(\p{Lu}[\p{L}\p{N}]+)['’]s$/u
  const [owned] = words.flatMap((word) => own.exec(word)?.[1] ?? [])
  const at = words[words.lastIndexOf('at') + 1] ?? ''
  if (words.includes('at') && isName(at)) return at
  const verb = /^(?:how|why|what)$/i.test(words[0] ?? '') ? verbAt(words) : -1
  const subject = words.slice(1, Math.max(1, verb))
  const plain = /^the$/i.test(subject[0] ?? '') ? subject.slice(1) : subject
  const isWhole = plain.length > 0 && plain.length <= 3 && plain.every((word) => isName(word) && !/['’,]/.test(word))
  return isWhole ? subject.join(' ') : (owned ?? null)
}

/** What names nothing and says little needs the name of its article: "What happens after an upload at Facebook?" */
function alone(made: string, name: string | null): string | null {
  const body = made.slice(0, -1).split(' ').slice(1)
  const names = body.some((word) => /\p{Lu}/u.test(word))
  const terms = queryTerms(made).filter((term) => !isFunctionWord(term)).length
  if (names) return terms >= 2 ? made : null
  if (name) return `${made.slice(0, -1)} ${/^the .+ /.test(name) ? 'in' : 'at'} ${name}?`
  return terms >= (made.startsWith('what') ? 1 : 2) ? made : null
}
