// Scores of the public sets, by hand and against second implementations that are too simple to be wrong.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auroc } from '../../eval/score/auroc.ts'
import { rougeL, tokens } from '../../eval/score/rouge.ts'
import { coverOf, type Place, shared } from '../../eval/score/spans.ts'
import { containsGold, normaliseAnswer, tokenF1 } from '../../eval/score/squad.ts'
import { newWords, sharedWords } from '../../eval/score/words.ts'
import { mean } from '../../eval/stats.ts'

const words = fc.array(fc.constantFrom('red', 'blue', 'green', '7'), { maxLength: 7 })

describe('ROUGE-L', () => {
  it.each<[number, string, string[]]>([
    [1, 'the cat sat', ['The cat, sat!']],
    // "police the gunman" and "police killed the gunman" share 3 words in order: 2·3 / (4 + 4).
    [0.75, 'police kill the gunman', ['police killed the gunman']],
    [0.5, 'the gunman kill police', ['police killed the gunman']],
    [0.8, 'a b', ['x', 'a b c']],
    [0, 'a b', ['c d']],
    [0, '', ['a']],
    [0, 'a', ['']],
    [0, '…', ['…']],
    [0, 'a', []],
  ])('is %d for %j against %j', (score, text, references) => {
    expect(rougeL(text, references)).toBeCloseTo(score, 10)
  })

  it('counts words as they are written but for case, in any script', () => {
    expect(tokens('Redis’ 1,000 Ünïts – ﬁne 北京!')).toEqual(['redis', '1', '000', 'ünïts', 'fine', '北京'])
  })

  it('is what trying every subsequence gives', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const longest = Math.max(...subsequences(a).map((part) => (isWithin(part, b) ? part.length : 0)))
        const expected = longest === 0 ? 0 : (2 * longest) / (a.length + b.length)
        expect(rougeL(a.join(' '), [b.join(' ')])).toBeCloseTo(expected, 10)
      }),
    )
  })
})

function subsequences(list: readonly string[]): string[][] {
  const [first, ...rest] = list
  if (first === undefined) return [[]]
  return subsequences(rest).flatMap((part) => [part, [first, ...part]])
}

function isWithin(part: readonly string[], list: readonly string[]): boolean {
  let at = 0
  for (const word of list) if (word === part[at]) at++
  return at === part.length
}

describe('AUROC', () => {
  it.each<[number, number[], number[]]>([
    [1, [2, 3], [0, 1]],
    [0, [0], [1, 2]],
    [0.5, [1], [1]],
    // 3 beats both, 1 beats 0 and ties with 1: (2 + 1.5) of 4.
    [0.875, [1, 3], [0, 1]],
  ])('is %d for %j above %j', (area, high, low) => {
    expect(auroc(high, low)).toBe(area)
  })

  it('is the share of pairs in the right order', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(scores, scores, (high, low) => {
        const pairs = high.flatMap((a) => low.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
        expect(auroc(high, low)).toBeCloseTo(mean(pairs), 10)
      }),
    )
  })

  it('knows nothing of an empty group', () => {
    expect([auroc([], [1]), auroc([1], []), auroc([], [])]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })
})

function count(list: readonly string[], word: string): number {
  return list.filter((each) => each === word).length
}

describe('a short answer', () => {
  it('is compared without case, punctuation and articles', () => {
    expect(normaliseAnswer('  The U.S. Army’s an "A-team" ')).toBe('us army’s ateam')
    expect(normaliseAnswer('Theatre and banana')).toBe('theatre and banana')
    expect(normaliseAnswer('à la carte, aérien, é a b')).toBe('à la carte aérien é b')
  })

  it.each<[number, string, string[]]>([
    [1, 'in October 1973', ['nothing', 'the October, 1973']],
    [0, 'in October 19735', ['October 1973']],
    [0, '', ['x']],
    [0, 'x', []],
  ])('stands in the text or not: %i for %j of %j', (score, text, references) => {
    expect(containsGold(text, references)).toBe(score)
  })

  it.each<[number, string, string[]]>([
    [1, 'The oil', ['oil']],
    // 1 word of 3 and of 1.
    [0.5, 'in oil crisis', ['oil']],
    [0.5, 'in oil crisis', ['gas', 'oil']],
    [2 / 3, 'oil oil', ['oil']],
    [0, 'gas', ['oil']],
    [0, 'the', ['oil']],
    [1, 'the', ['a']],
  ])('has the token F1 %d for %j against %j', (score, text, references) => {
    expect(tokenF1(text, references)).toBeCloseTo(score, 10)
  })

  it('has a token F1 that does not care for order, and is what counting by word gives', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        fc.pre(a.length > 0 && b.length > 0)
        const common = [...new Set(a)].reduce((sum, word) => sum + Math.min(count(a, word), count(b, word)), 0)
        const [precision, recall] = [common / a.length, common / b.length]
        const expected = common === 0 ? 0 : (2 * precision * recall) / (precision + recall)
        expect(tokenF1(a.join(' '), [b.toReversed().join(' ')])).toBeCloseTo(expected, 10)
      }),
    )
  })
})

function place(start: number, end: number, text = 'a'): Place {
  return { text, start, end }
}

function letters(list: readonly Place[]): string[] {
  return list.flatMap(({ text, start, end }) => Array.from({ length: end - start }, (_, at) => `${text}${start + at}`))
}

describe('covered evidence', () => {
  it.each<[string, Place[], Place[], number, number, number]>([
    ['exactly what is needed', [place(0, 10)], [place(0, 10)], 1, 1, 1],
    ['half of it, and as much else', [place(5, 15)], [place(0, 10)], 0.5, 0.5, 5 / 15],
    ['the same twice', [place(0, 10), place(0, 10)], [place(0, 10)], 1, 0.5, 0.5],
    ['two of three places', [place(0, 4), place(6, 8)], [place(0, 4), place(6, 8), place(20, 24)], 0.6, 1, 0.6],
    ['a stranger with the same numbers', [place(0, 10, 'b')], [place(0, 10)], 0, 0, 0],
    ['nothing', [], [place(0, 10)], 0, 0, 0],
  ])('of %s', (_name, retrieved, evidence, recall, precision, iou) => {
    const found = coverOf(retrieved, evidence)
    expect([found.recall, found.precision, found.iou]).toEqual([recall, precision, iou].map((n) => expect.closeTo(n)))
  })

  it('is what counting character by character gives', () => {
    const places = fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 8 }), fc.constantFrom('a', 'b'))
        .map(([start, length, text]) => place(start, start + length, text)),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(places, places, (retrieved, evidence) => {
        const [shown, wanted] = [letters(retrieved), new Set(letters(evidence))]
        const covered = new Set(shown).intersection(wanted).size
        expect(coverOf(retrieved, evidence)).toEqual({
          recall: expect.closeTo(covered / wanted.size),
          precision: expect.closeTo(covered / shown.length),
          iou: expect.closeTo(covered / (shown.length + wanted.size - covered)),
        })
      }),
    )
  })

  it('needs more than a common border', () => {
    expect(shared(place(0, 5), place(5, 9))).toBeNull()
    expect(shared(place(0, 6), place(5, 9))).toEqual(place(5, 6))
  })
})

describe('the words of two questions', () => {
  it('are compared by their stems, each once, without those that only ask', () => {
    expect(sharedWords('How does Stripe limit the rate?', 'Which rates did Stripe limit in production?')).toEqual({
      recall: 0.75,
      precision: 1,
      f1: expect.closeTo(6 / 7),
    })
    expect(sharedWords('bread', 'Stripe')).toEqual({ recall: 0, precision: 0, f1: 0 })
  })

  it('are new when the other has no form of them', () => {
    expect([...newWords('How are shards split by Notion?', 'why sharding?')]).toEqual(['split', 'notion'])
  })
})
