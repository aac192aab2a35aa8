// Sums in WebAssembly are those that a loop over the same numbers makes.
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import wabt from 'wabt'
import { openRows } from '../../models/static-rows.ts'

const DIMENSIONS = 32
const ROWS = 40
const cells = Int8Array.from({ length: ROWS * DIMENSIONS }, (_, n) => ((n * 7919) % 256) - 128)
const addRows = await openRows(cells, DIMENSIONS)

const url = (name: string) => new URL(`../../models/static/${name}`, import.meta.url)

it('is made of its text', async () => {
  const compiler = await wabt()
  const parsed = compiler.parseWat('rows.wat', await readFile(url('rows.wat')), { simd: true })
  // What to write there when the text has changed.
  expect(Buffer.from(parsed.toBinary({}).buffer).toString('hex')).toBe(
    (await readFile(url('rows.wasm'))).toString('hex'),
  )
})

const weighted = fc.array(
  fc.record({ row: fc.nat(ROWS - 1), factor: fc.float({ min: -8, max: 8, noNaN: true, noDefaultInfinity: true }) }),
  { maxLength: 60 },
)

it('adds any rows by any factors, as often as it is asked', () => {
  fc.assert(
    fc.property(weighted, (asked) => {
      const sums = addRows(
        asked.map(({ row }) => row),
        Float64Array.from(asked, ({ factor }) => factor),
      )
      const rooms = asked.reduce((sum, { factor }) => sum + 128 * Math.abs(factor), 1)
      for (let column = 0; column < DIMENSIONS; column++) {
        const exact = asked.reduce((sum, { row, factor }) => sum + factor * (cells[row * DIMENSIONS + column] ?? 0), 0)
        expect(Math.abs((sums[column] ?? NaN) - exact)).toBeLessThan(1e-5 * rooms)
      }
    }),
  )
})

it('adds more rows than one call takes', () => {
  const rows = Array.from({ length: 2_500 }, (_, n) => n % ROWS)
  const sums = addRows(rows, new Float64Array(2_500).fill(1))
  const exact = rows.reduce((sum, row) => sum + (cells[row * DIMENSIONS + 3] ?? 0), 0)
  expect(sums[3]).toBe(exact)
})
