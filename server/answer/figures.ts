// Numbers and dates as they are meant, however they are written: "10k" is 10,000, "five" is 5, "1 s" is 1,000 ms.
import { isFunctionWord, words } from '../../core/terms.ts'

/** A number with its unit; `amount` is in the smallest unit of its kind, so that 1 s equals 1,000 ms. */
export type Figure = {
  readonly value: number
  readonly unit: Unit | null
  /** the words directly behind it: of "480 logical shards" logical and shards */
  readonly counted: readonly string[]
}
export type Unit = { readonly kind: string; readonly size: number }
export type DateParts = { readonly year?: number; readonly month?: number; readonly day?: number }
export type Figures = {
  readonly figures: readonly Figure[]
  /** each date with its possible readings: 03/04/2017 has two */
  readonly dates: readonly (readonly DateParts[])[]
  /** units of rates: of "10 requests per second" the second */
  readonly rates: readonly Unit[]
  /** the text with every figure and date blanked out, so that what is left are words */
  readonly rest: string
}

const unitTable: readonly (readonly [kind: string, size: number, names: string])[] = [
  ['time', 1e-9, 'ns|nanoseconds?'],
  ['time', 1e-6, 'us|µs|μs|microseconds?'],
  ['time', 1e-3, 'ms|msecs?|millis|milliseconds?'],
  ['time', 1, 's|secs?|seconds?'],
  ['time', 60, 'mins?|minutes?'],
  ['time', 3_600, 'h|hrs?|hours?'],
  ['time', 86_400, 'days?'],
  ['time', 604_800, 'weeks?'],
  ['month', 1, 'months?'],
  ['month', 12, 'years?|yrs?'],
  ['bit', 1, 'bits?'],
  ['byte', 1, 'B|bytes?'],
  ['byte', 1e3, 'KB|kB|kilobytes?|KiB'],
  ['byte', 1e6, 'MB|megabytes?|MiB'],
  ['byte', 1e9, 'GB|gigabytes?|GiB|gigs?'],
  ['byte', 1e12, 'TB|terabytes?|TiB'],
  ['byte', 1e15, 'PB|petabytes?|PiB'],
  ['bps', 1e3, 'Kbps|kbps'],
  ['bps', 1e6, 'Mbps|Mbit/s'],
  ['bps', 1e9, 'Gbps|Gbit/s'],
  ['rate', 1, 'rps|RPS|qps|QPS'],
  ['hertz', 1, 'Hz'],
  ['hertz', 1e6, 'MHz'],
  ['hertz', 1e9, 'GHz'],
  ['share', 1, '%|percent|per cent'],
  ['points', 1, 'percentage points?'],
  ['times', 1, 'x|×|times|fold'],
  ['money', 1, 'dollars?|USD'],
  ['euro', 1, 'euros?|EUR'],
  ['length', 1e-3, 'mm|millimetres?|millimeters?'],
  ['length', 1, 'metres?|meters?'],
  ['length', 1e3, 'km|kilometres?|kilometers?'],
  ['mile', 1, 'miles?'],
  ['weight', 1, 'kg|kilos?|kilograms?'],
]
const currency: Readonly<Record<string, Unit>> = { $: { kind: 'money', size: 1 }, '€': { kind: 'euro', size: 1 } }
const unitReaders = unitTable.map(([kind, size, names]) => ({
  unit: { kind, size },
  // Abbreviations mean what they mean by their case (MB is not mb); whole words in any.
  is: new RegExp(`^(?:${names})$`),
  isWord: new RegExp(`^(?:${names})$`, 'i'),
}))

function unitOf(written: string): Unit | null {
  const isWord = written.length > 4
  return unitReaders.find(({ is, isWord: anyCase }) => (isWord ? anyCase : is).test(written))?.unit ?? null
}

const unitNames = unitTable
  .flatMap(([, , names]) => names.split('|'))
  .toSorted((a, b) => b.length - a.length)
  .join('|')
const small =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const scales: Readonly<Record<string, number>> = {
  hundred: 100,
  thousand: 1e3,
  k: 1e3,
  million: 1e6,
  mn: 1e6,
  m: 1e6,
  billion: 1e9,
  bn: 1e9,
  b: 1e9,
  trillion: 1e12,
  t: 1e12,
  dozen: 12,
}
const wordNumber = `(?:${[...tens, ...small].join('|')})(?:[- ](?:${small.join('|')}))?`
const behindUnit = String.raw`(?![\p{L}\p{N}_])`
const figurePattern = new RegExp(
  String.raw`(?<![\p{L}\p{N}_.$€]|\p{L}-|\d[.,])(?<currency>[$€]?)(?:(?<digits>\d+(?:,\d{3})*(?:\.\d+)?)(?<ordinal>st|nd|rd|th)?(?<suffix>[kKMBT]|bn|mn)?|\b(?<spelt>${wordNumber}))(?:[-\s](?<scale>hundred|thousand|million|billion|trillion|dozen)\b)?(?:(?<gap>[-\s]?)(?<unit>(?:${unitNames})${behindUnit}|%))?(?![\p{N}_]|\p{L}|[.,]\d)`,
  'giu',
)
const ratePattern = new RegExp(String.raw`(?:\bper|\bevery|\beach|/)\s?(${unitNames})${behindUnit}`, 'gi')

export function readFigures(text: string): Figures {
  const dates: (readonly DateParts[])[] = []
  const figures: Figure[] = []
  let rest = text.replace(shortRange, writeOut).replace(datePattern, (match, ...groups) => {
    const readings = readDate(groups.at(-1) as Record<string, string | undefined>)
    if (readings.length === 0) return match
    dates.push(readings)
    return ' '.repeat(match.length)
  })
  rest = rest.replace(fractionPattern, (match, ...found) => {
    const [part = '', name = ''] = found.slice(0, 6).filter((each) => each !== undefined) as string[]
    figures.push({ value: shareOf(part, name), unit: percent, counted: [] })
    return ' '.repeat(match.length)
  })
  const rates = [...rest.matchAll(ratePattern)].flatMap(([, unit = '']) => unitOf(unit) ?? [])
  const undated = rest
  rest = rest.replace(figurePattern, (match, ...groups) => {
    const at = groups.at(-3) as number
    const figure = readFigure(groups.at(-1) as Record<string, string | undefined>)
    const behind = undated.slice(at + match.length, at + match.length + 60)
    figures.push({ ...figure, counted: counts(match) ? countedBy(behind) : [] })
    return ' '.repeat(match.length)
  })
  return { figures, dates, rates, rest }
}

const fractionNames = 'half third quarter|fourth fifth sixth seventh eighth ninth tenth'.split(' ')
// "A tenth of", "two thirds", "half the": but no third party, no half hour and no quarter of a year that is counted.
const fractionPattern = new RegExp(
  String.raw`\b(?:(?:(an?|one)[- ])(${fractionNames.join('|')})(?= of\b)|(${small.slice(2, 10).join('|')})[- ](${fractionNames.join('|')})s\b|()(half)(?= (?:of|the|its|their)\b))`,
  'giu',
)
const percent: Unit = { kind: 'share', size: 1 }

function shareOf(part: string, name: string): number {
  const of = fractionNames.findIndex((names) => names.split('|').includes(name.toLowerCase())) + 2
  return (100 * Math.max(1, small.indexOf(part.toLowerCase()))) / of
}

// "2018–19" is two years; 2018-11 is a month.
const shortRange = /\b((?:19|20)\d{2})([-–])(\d{2})(?![\d-])/g

function writeOut(range: string, from: string, dash: string, to: string): string {
  return dash === '–' || Number(to) > 12 ? `${from}${dash}${from.slice(0, 2)}${to}` : range
}

/** Years and ordinals count nothing. */
function counts(written: string): boolean {
  return !/^(?:19|20)\d{2}$|\d(?:st|nd|rd|th)$/i.test(written)
}

function readFigure(parts: Record<string, string | undefined>): Omit<Figure, 'counted'> {
  const { currency: sign = '', digits, spelt = '', suffix = '', scale = '', unit = '', gap } = parts
  // The 1990s are no seconds.
  const isDecade = unit === 's' && gap === '' && /^(?:19|20)\d0$/.test(digits ?? '')
  const base = digits === undefined ? spelled(spelt) : Number(digits.replaceAll(',', ''))
  const value = base * (scales[suffix.toLowerCase()] ?? 1) * (scales[scale.toLowerCase()] ?? 1)
  return { value, unit: currency[sign] ?? (unit === '' || isDecade ? null : unitOf(unit)) }
}

function spelled(text: string): number {
  return text
    .toLowerCase()
    .split(/[- ]/)
    .reduce((sum, word) => sum + (tens.includes(word) ? (tens.indexOf(word) + 2) * 10 : small.indexOf(word)), 0)
}

/** At most two words that say something, up to the end of the phrase. */
function countedBy(behind: string): string[] {
  const phrase = /^[^.,;:()[\]!?\n\d]*/.exec(behind)?.[0] ?? ''
  const terms: string[] = []
  for (const { term } of words(phrase).slice(0, 3)) {
    // "ten of the shards" counts shards; "ten at the same time" counts nothing named here.
    if (isFunctionWord(term)) break
    if (terms.length < 2) terms.push(term)
  }
  return terms
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const month = String.raw`(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?|january|february|march|april|may|june|july|august|september|october|november|december`
const datePattern = new RegExp(
  [
    String.raw`\b(?<isoYear>\d{4})-(?<isoMonth>\d{2})(?:-(?<isoDay>\d{2}))?(?!\d)`,
    String.raw`\b(?<monthFirst>${month})\s+(?:(?<dayBehind>\d{1,2})(?:st|nd|rd|th)?(?!\d))?(?:,?\s*(?<yearBehind>(?:19|20)\d{2}))?(?!\d)`,
    String.raw`\b(?<dayFirst>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(?<monthBehind>${month})(?:,?\s+(?<yearLast>(?:19|20)\d{2}))?(?!\p{L})`,
    String.raw`\b(?<slashA>\d{1,2})[/.](?<slashB>\d{1,2})[/.](?<slashYear>(?:19|20)\d{2})\b`,
  ].join('|'),
  'giu',
)

function readDate(parts: Record<string, string | undefined>): DateParts[] {
  const { isoYear, isoMonth, isoDay, slashA, slashB, slashYear } = parts
  if (isoYear) return [datedBy(isoYear, Number(isoMonth), isoDay)]
  if (slashYear) return [datedBy(slashYear, Number(slashA), slashB), datedBy(slashYear, Number(slashB), slashA)]
  const name = (parts['monthFirst'] ?? parts['monthBehind'] ?? '').toLowerCase().slice(0, 3)
  const day = parts['dayBehind'] ?? parts['dayFirst']
  const year = parts['yearBehind'] ?? parts['yearLast']
  // "may" and "march" alone are words.
  if (day === undefined && year === undefined) return []
  return [datedBy(year, months.indexOf(name) + 1, day)]
}

function datedBy(year: string | undefined, monthNumber: number, day: string | undefined): DateParts {
  return { ...(year && { year: Number(year) }), month: monthNumber, ...(day && { day: Number(day) }) }
}

export type Match = 'held' | 'missing' | 'contradicted'

/** Is this number among these, in this unit? The same number in another unit contradicts it. */
export function matchFigure(wanted: Figure, { figures, dates, rates }: Figures): Match {
  const alike = figures.filter((each) => each.value === wanted.value)
  if (figures.some((each) => isSame(wanted, each))) return countsOtherwise(wanted, figures) ? 'contradicted' : 'held'
  const isInDate = dates.flat().some(({ year, day }) => year === wanted.value || day === wanted.value)
  if (!wanted.unit) return isInDate ? 'held' : countsOtherwise(wanted, figures) ? 'contradicted' : 'missing'
  if (alike.some(({ unit }) => unit === null) && mentions(wanted.unit, figures, rates)) return 'held'
  return alike.some(({ unit }) => unit !== null) ? 'contradicted' : 'missing'
}

function isSame(wanted: Figure, each: Figure): boolean {
  if (!wanted.unit) return each.value === wanted.value
  if (wanted.unit.kind !== each.unit?.kind) return false
  const ratio = (each.value * each.unit.size) / (wanted.value * wanted.unit.size)
  // A third is 33 % to most writers.
  const isRounded = wanted.unit.kind === 'share' && Math.abs(each.value - wanted.value) < 0.5
  if (isRounded && [each, wanted].some(({ value }) => !Number.isInteger(value * 10))) return true
  // Whether a kilobyte has 1,000 bytes or 1,024 is left open.
  const isBinary =
    wanted.unit.kind === 'byte' && [1.024, 1.024 ** 2, 1.024 ** 3].some((k) => near(ratio, k) || near(ratio, 1 / k))
  return near(ratio, 1) || (wanted.value === each.value && wanted.value === 0) || isBinary
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-6
}

/** "480 databases" of a text in which 480 counts the shards and 32 the databases. */
function countsOtherwise(wanted: Figure, figures: readonly Figure[]): boolean {
  const counting = figures.filter(({ counted }) => counted.some((term) => wanted.counted.includes(term)))
  return counting.length > 0 && !counting.some((each) => isSame(wanted, each))
}

function mentions(unit: Unit, figures: readonly Figure[], rates: readonly Unit[]): boolean {
  return [...figures.map((each) => each.unit), ...rates].some(
    (each) => each?.kind === unit.kind && each.size === unit.size,
  )
}

/** `loosely`: parts that the evidence leaves out may be anything. */
export function holdsDate(wanted: readonly DateParts[], { dates }: Figures, loosely = false): boolean {
  const agree = (want: number | undefined, have: number | undefined) =>
    want === undefined || want === have || (loosely && have === undefined)
  return wanted.some((date) =>
    dates
      .flat()
      .some((each) => agree(date.year, each.year) && agree(date.month, each.month) && agree(date.day, each.day)),
  )
}

export function holdsRate(unit: Unit, { figures, rates }: Figures): boolean {
  return mentions(unit, figures, rates) || figures.some((each) => each.unit?.kind === 'rate')
}
