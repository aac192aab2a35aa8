import { expect, test } from 'vitest'
import { plainMath } from '../../../ingest/parse/math.ts'

test.each([
  ['each of $n$ boats', 'each of n boats'],
  ['in $O(1)$ or $O(n \\log n)$ time', 'in O(1) or O(n log n) time'],
  ['about $10^5$ or $2^{10}$ or $2^{n-1}$', 'about 10^5 or 2^10 or 2^(n-1)'],
  ['with $X - X$ or $(X * 2) - X$', 'with X - X or (X * 2) - X'],
  ['by $\\text{hash}(\\text{key}) \\bmod R$, then', 'by hash(key) mod R, then'],
  ['$$\\text{wait} = (\\text{base})\n^{(\\text{tries})}$$', 'wait = (base)^(tries)'],
  ['so $\\frac{a}{b+1} \\leq x_i$', 'so a/(b+1) ≤ x_i'],
])('%j becomes %j', (raw, plain) => {
  expect(plainMath(raw)).toBe(plain)
})

test.each([
  'It costs $35.',
  'between $5 and $10',
  'from $1bn to $2bn, or $3-$4',
  '$60 million in 2020, $12 million more than in 2019$',
  '$HOME/bin:$PATH',
  'US$30 (or 30$)',
  'pay $5/month or 60$',
  '$\\unknown{n}$',
  'a \\$n\\$ sign',
])('%j stays', (raw) => {
  expect(plainMath(raw)).toBe(raw)
})
