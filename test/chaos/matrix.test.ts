// docs/reliability.md names tests: each of them is there, by its title.
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')

const rows = read('reliability.md')
  .split('\n')
  .filter((line) => /^\| (?!It |-)/.test(line) && !line.startsWith('|---'))

it.each(rows)('%s names tests that there are', (row) => {
  const last = row.split(' | ').at(-1) ?? ''
  if (last === 'the same |') return
  const named = [...last.matchAll(/\]\(([^)]+)\)((?:,? “[^”]+”)*)/g)]
  expect(named.length).toBeGreaterThan(0)
  for (const [, path = '', titles = ''] of named) {
    expect(existsSync(new URL(`../../docs/${path}`, import.meta.url)), path).toBe(true)
    for (const [, title = ''] of titles.matchAll(/“([^”]+)”/g)) expect(read(path), `${path}: ${title}`).toContain(title)
  }
})
