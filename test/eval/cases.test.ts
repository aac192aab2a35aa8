// The committed questions against the documents they are about: a case that is wrong would blame the product.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { words } from '../../core/terms.ts'
import { normalise, readCases } from '../../eval/questions.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const setPath = join(root, 'eval/cases/library.jsonl')
const libraryDir = join(root, 'library')
const documents = new Map(
  readdirSync(libraryDir).map((file) => [file, readFileSync(join(libraryDir, file), 'utf8').split('\n')]),
)
const library = [...documents.values()].map((lines) => lines.join('\n').toLowerCase())

const place = z.strictObject({
  file: z.string(),
  heading: z.string(),
  lines: z.tuple([z.int().min(1), z.int()]),
})
const shape = z.strictObject({
  id: z.string().regex(/^l\d{3}$/),
  kind: z.string(),
  question: z.string().min(4).max(140),
  answerable: z.boolean(),
  history: z.array(z.strictObject({ question: z.string(), answer: z.string() })).optional(),
  sources: z.array(place),
  either: z.literal(true).optional(),
  facts: z.array(z.array(z.string().min(1)).min(1)),
  /** of an unanswerable one: beginnings of words that no document has */
  absent: z.array(z.string()).min(1).optional(),
  /** of an unanswerable one: what comes nearest to it */
  note: z.string().optional(),
})
type Place = z.infer<typeof place>
type Written = z.infer<typeof shape>

const cases = readFileSync(setPath, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => shape.parse(JSON.parse(line)))
const answerable = cases.filter(({ answerable: can }) => can)
const unanswerable = cases.filter(({ answerable: can }) => !can)

/** The ids of those that fail: a list that names its faults when it is not empty. */
function failing(among: readonly Written[], isRight: (test: Written) => boolean): string[] {
  return among.filter((test) => !isRight(test)).map(({ id, question }) => `${id} ${question}`)
}

const linesOf = ({ file, lines: [from, to] }: Place): string[] => (documents.get(file) ?? []).slice(from - 1, to)
const textOf = (at: Place): string => linesOf(at).join('\n').toLowerCase()
const says = (text: string, fact: readonly string[]): boolean =>
  fact.some((wording) => text.includes(wording.toLowerCase()))

const hasText = (line = ''): boolean => line.trim() !== ''

/** The nearest heading above a line, or the title where the text has none yet. */
function headingAt(file: string, line: number): string | undefined {
  const above = (documents.get(file) ?? []).slice(0, line)
  const heading = above.findLast((text) => /^#+ /.test(text))?.replace(/^#+ /, '')
  return heading ?? above.find((text) => text.startsWith('title: '))?.slice('title: '.length)
}

describe('the committed cases', () => {
  it('are of these kinds, as docs/evaluation.md says', () => {
    const kinds = Object.groupBy(cases, ({ kind }) => kind)
    const counts = Object.entries(kinds).map(([kind, of]) => [kind, of?.length])
    expect(Object.fromEntries(counts)).toEqual({
      ambiguous_entity: 6,
      comparison: 9,
      direct: 26,
      false_premise: 14,
      followup: 19,
      how: 16,
      list: 25,
      multi_hop: 9,
      numeric: 25,
      paraphrase: 28,
      typo: 11,
      unanswerable: 44,
      vague: 11,
      why: 16,
    })
    const page = readFileSync(join(root, 'docs/evaluation.md'), 'utf8')
    expect(counts.filter(([kind, count]) => !page.includes(`| ${kind} | ${count} |`))).toEqual([])
  })

  it('are numbered without a gap, so that an id is never given twice', () => {
    expect(cases.map(({ id }) => id)).toEqual(cases.map((_, at) => `l${String(at + 1).padStart(3, '0')}`))
  })

  it('ask nothing twice, a follow-up together with what came before it', () => {
    const asked = cases.map(({ question, history = [] }) =>
      normalise([...history.map((turn) => turn.question), question].join(' ')),
    )
    expect(asked.filter((question, at) => asked.indexOf(question) !== at)).toEqual([])
  })

  it('are read by the harness', async () => {
    const read = await readCases(setPath, libraryDir)
    expect(read.map(({ id }) => id)).toEqual(cases.map(({ id }) => id))
    // Places of which nothing is left to compare would count every answer as wrong.
    expect(read.filter(({ answerable: can, gold }) => can && gold.length === 0).map(({ id }) => id)).toEqual([])
  })

  it('ask about every document of the library', () => {
    const asked = new Set(cases.flatMap(({ sources }) => sources.map(({ file }) => file)))
    expect([...documents.keys()].filter((file) => !asked.has(file))).toEqual([])
  })

  it('stand nowhere else in the repository, so that nothing was made to fit one of them', () => {
    const questions = new Map(cases.map(({ id, question }) => [normalise(question), id]))
    const quoted = textFiles().flatMap((path) =>
      Array.from(readFileSync(path, 'utf8').matchAll(/(["'`])((?:(?!\1).)+)\1/g), ([, , text = '']) => normalise(text)),
    )
    expect(quoted.length).toBeGreaterThan(1000)
    expect(quoted.flatMap((text) => questions.get(text) ?? [])).toEqual([])
  })
})

describe('an answerable case', () => {
  it('lists places that begin and end with text, within one section, under the heading that it names', () => {
    const wrong = answerable.flatMap(({ id, sources }) =>
      sources
        .filter((at) => {
          const lines = linesOf(at)
          const isWhole = lines.length === at.lines[1] - at.lines[0] + 1 && hasText(lines[0]) && hasText(lines.at(-1))
          return !isWhole || lines.some((line) => /^#+ /.test(line)) || headingAt(at.file, at.lines[0]) !== at.heading
        })
        .map((at) => `${id} ${at.file} ${at.lines.join('-')} ${at.heading}`),
    )
    expect(wrong).toEqual([])
    expect(failing(answerable, ({ sources }) => sources.length > 0)).toEqual([])
  })

  it('lists no place twice', () => {
    expect(
      failing(
        answerable,
        ({ sources }) =>
          new Set(sources.map(({ file, lines }) => `${file} ${lines.join('-')}`)).size === sources.length,
      ),
    ).toEqual([])
  })

  it('needs facts, each of which stands in its places', () => {
    expect(
      failing(
        answerable,
        ({ sources, facts }) => facts.length > 0 && facts.every((fact) => sources.some((at) => says(textOf(at), fact))),
      ),
    ).toEqual([])
  })

  it('lists no place that has none of its facts', () => {
    expect(
      failing(answerable, ({ sources, facts }) => sources.every((at) => facts.some((fact) => says(textOf(at), fact)))),
    ).toEqual([])
  })

  it('says that any of several places is enough exactly where each of them has every fact', () => {
    expect(
      failing(
        answerable,
        ({ sources, facts, either = false }) =>
          either === (sources.length > 1 && sources.every((at) => facts.every((fact) => says(textOf(at), fact)))),
      ),
    ).toEqual([])
  })

  it('does not say its own answer: some fact stands not yet in the question', () => {
    expect(
      failing(answerable, ({ question, facts }) => facts.some((fact) => !says(question.toLowerCase(), fact))),
    ).toEqual([])
  })

  it('of several steps needs places in several documents', () => {
    const steps = answerable.filter(({ kind }) => kind === 'multi_hop' || kind === 'comparison')
    expect(failing(steps, ({ sources }) => new Set(sources.map(({ file }) => file)).size > 1)).toEqual([])
  })
})

describe('an unanswerable case', () => {
  it('has neither places nor facts, and says what comes nearest', () => {
    expect(
      failing(unanswerable, ({ sources, facts, note }) => sources.length + facts.length === 0 && note !== undefined),
    ).toEqual([])
    expect(failing(answerable, ({ absent, note }) => absent === undefined && note === undefined)).toEqual([])
  })

  it('names words that begin nothing in any document', () => {
    expect(failing(unanswerable, ({ absent = [] }) => absent.every(isAbsent))).toEqual([])
    expect(isAbsent('Stripe')).toBe(false)
  })

  it('is one exactly where its kind says so', () => {
    expect(failing(cases, ({ kind, answerable: can }) => can === (kind !== 'unanswerable'))).toEqual([])
  })
})

describe('a case of the kind', () => {
  it('followup, and no other, has a conversation before it', () => {
    expect(failing(cases, ({ kind, history = [] }) => (kind === 'followup') === history.length > 0)).toEqual([])
  })

  it('followup leaves it to the conversation whom it is about', () => {
    const followUps = answerable.filter(({ kind }) => kind === 'followup')
    // Files are named after their company, or their subject, first.
    expect(
      failing(followUps, ({ question, sources }) =>
        sources.every(({ file }) => !question.toLowerCase().includes(file.split('-')[0] ?? file)),
      ),
    ).toEqual([])
  })

  it('paraphrase shares no rare word with its places', () => {
    const paraphrases = answerable.filter(({ kind }) => kind === 'paraphrase')
    expect(
      failing(paraphrases, ({ question, sources }) => {
        const held = termsOf(sources.map(textOf).join('\n'))
        return [...termsOf(question)].every((term) => !held.has(term) || documentsWith(term) >= RARE)
      }),
    ).toEqual([])
  })

  it('typo has at least two words that no document has', () => {
    const typos = answerable.filter(({ kind }) => kind === 'typo')
    expect(
      failing(typos, ({ question }) => [...termsOf(question)].filter((term) => documentsWith(term) === 0).length >= 2),
    ).toEqual([])
  })
})

/** No word of any document begins so. */
function isAbsent(word: string): boolean {
  return !library.some((text) => ` ${normalise(text)}`.includes(` ${normalise(word)}`))
}

/** Of 63 documents: a word in fewer of them points at its document, one in more is common speech. */
const RARE = 10

const termsInDocuments = library.map(termsOf)
const documentsWith = (term: string): number => termsInDocuments.filter((terms) => terms.has(term)).length

function termsOf(text: string): ReadonlySet<string> {
  return new Set(words(text).map(({ term }) => term))
}

/** Where a question of the set would be seen by whoever works on the product. */
function textFiles(): string[] {
  const folders = ['cli', 'core', 'docs', 'eval', 'ingest', 'models', 'prompts', 'server', 'store', 'test', 'web']
  const below = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  return ['README.md', ...below].filter((path) => /\.(?:ts|js|md|html|txt)$/.test(path)).map((path) => join(root, path))
}
