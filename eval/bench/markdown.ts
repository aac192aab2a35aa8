// Markdown that nobody wrote, as much as asked for and the same for the same number: articles of 5 to 40 kB with
// headings, paragraphs, lists, tables and code. How often a word comes follows the law of Zipf and Mandelbrot, and an
// article has words of its own that it repeats: both decide how many rows of the index of words a document touches.
import { random as randomFrom } from '../stats.ts'

export type Vocabulary = readonly string[]

// A vocabulary has the words that people write, the common ones first, and as many again that are names of somebody's
// programs and products.
const SYLLABLES = 'ba co da fi ga ho ki lu ma ne po qua ri su ta ve wo xi yo zen'.split(' ')

export function vocabularyOf(listed: Iterable<string>): Vocabulary {
  const common = [...listed].filter((word) => /^[a-z]{1,24}$/.test(word))
  return [...common, ...common.map((_, n) => nameOf(n))]
}

/** Four syllables or more, another word for another number. */
function nameOf(n: number): string {
  let rest = n
  let name = ''
  for (let place = 0; place < 4 || rest > 0; place++) {
    name += SYLLABLES[rest % SYLLABLES.length] ?? ''
    rest = Math.floor(rest / SYLLABLES.length)
  }
  return name
}

export const SMALLEST_BYTES = 5_000
export const LARGEST_BYTES = 40_000

/** The n-th article. Sizes are spread evenly over their logarithms: their mean is 17 kB. */
export function article(n: number, vocabulary: Vocabulary): string {
  const random = randomFrom(n)
  const wanted = Math.floor(SMALLEST_BYTES * (LARGEST_BYTES / SMALLEST_BYTES) ** random())
  const writer: Writer = { random, word: wordsOf(random, vocabulary) }
  const parts = [`# ${heading(writer)} ${n}`, paragraph(writer)]
  let length = 0
  for (const part of parts) length += part.length + 2
  while (length < wanted) {
    const part = nextPart(writer)
    parts.push(part)
    length += part.length + 2
  }
  return `${parts.join('\n\n')}\n`
}

type Writer = { readonly random: () => number; readonly word: () => string }

// Zipf and Mandelbrot: the word of rank r has a share of 1 / (r + OFFSET) ** EXPONENT. With these numbers, and with half
// of all words taken from the article's own, a chunk, an article and a library have about as many different terms as
// those of a folder of README files.
const OFFSET = 2.7
const EXPONENT = 1.15
const OWN_WORDS = 200
const OWN_SHARE = 0.5

function wordsOf(random: () => number, vocabulary: Vocabulary): () => string {
  // The inverse of the sum of all shares up to a rank, taken for an integral.
  const power = 1 - EXPONENT
  const first = OFFSET ** power
  const last = (vocabulary.length + OFFSET) ** power
  const any = () => vocabulary[Math.floor((first + random() * (last - first)) ** (1 / power) - OFFSET)] ?? ''
  const own = Array.from({ length: OWN_WORDS }, any)
  return () => (random() < OWN_SHARE ? (own[Math.floor(random() ** 2 * OWN_WORDS)] ?? '') : any())
}

function nextPart(writer: Writer): string {
  const place = writer.random()
  if (place < 0.16) return `${place < 0.11 ? '##' : '###'} ${heading(writer)}`
  if (place < 0.24) return lines(writer, 3, 7, () => `- ${sentence(writer, 4, 14)}`)
  if (place < 0.31) return `\`\`\`\n${lines(writer, 4, 12, () => codeLine(writer))}\n\`\`\``
  if (place < 0.34) return table(writer)
  return paragraph(writer)
}

function heading(writer: Writer): string {
  return upper(many(writer, 2, 6).join(' '))
}

function paragraph(writer: Writer): string {
  return Array.from({ length: between(writer, 2, 6) }, () => sentence(writer, 8, 24)).join(' ')
}

function sentence(writer: Writer, least: number, most: number): string {
  const words = many(writer, least, most).map((word) => marked(writer, word))
  const comma = Math.floor(writer.random() * words.length)
  if (comma > 2 && comma < words.length - 2) words[comma] += ','
  return `${upper(words.join(' '))}.`
}

/** One word of forty is a number, code, bold or a link. */
function marked({ random }: Writer, word: string): string {
  const place = random()
  if (place > 0.025) return word
  if (place < 0.008) return String(Math.floor(10 ** (1 + random() * 4)))
  if (place < 0.014) return `\`${word}\``
  return place < 0.02 ? `**${word}**` : `[${word}](https://example.com/${word})`
}

function codeLine(writer: Writer): string {
  const [name = '', of = '', argument = ''] = many(writer, 3, 3)
  const indent = '  '.repeat(between(writer, 0, 2))
  return `${indent}const ${name} = ${of}.${argument}(${between(writer, 0, 999)})`
}

function table(writer: Writer): string {
  const row = () => `| ${many(writer, 3, 3).join(' | ')} |`
  return [row(), '|---|---|---|', lines(writer, 3, 8, row)].join('\n')
}

function lines(writer: Writer, least: number, most: number, line: () => string): string {
  return Array.from({ length: between(writer, least, most) }, line).join('\n')
}

function many(writer: Writer, least: number, most: number): string[] {
  return Array.from({ length: between(writer, least, most) }, writer.word)
}

function between({ random }: Writer, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1))
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
