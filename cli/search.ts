// npm run search: the passages an answer would be made from.
import { queryTerms } from '../core/terms.ts'
import type { CommandOptions } from './connect.ts'
import { widthOf } from './layout.ts'
import { describeProblem, passageLines, type WirePassage } from './print.ts'

export async function search(query: string, { connection, json, signal }: CommandOptions): Promise<number> {
  const response = await connection.request('/v1/search', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal,
  })
  if (!response.ok) throw await describeProblem(response)
  const found = (await response.json()) as { passages: WirePassage[] }
  const sheet = { width: widthOf(process.stdout), url: connection.url }
  if (!json && found.passages.length > 0 && !holdsAWord(query, found.passages))
    process.stderr.write(
      'None of these passages holds a word of the query as it is written: they are only the nearest.\n',
    )
  if (json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else process.stdout.write(found.passages.length > 0 ? passageLines(found.passages, sheet) : 'Nothing found.\n')
  return 0
}

function holdsAWord(query: string, passages: readonly WirePassage[]): boolean {
  const held = new Set(passages.flatMap(({ headings, text }) => queryTerms([...headings, text].join('\n'))))
  return queryTerms(query).some((term) => held.has(term))
}
