// An answer taken apart into claims, each tied to its statement. Whether the claims cover the statement is counted here.
import { z } from 'zod'
import { quoted } from '../../server/answer/reply.ts'
import { type Judge, readJson, type Reading } from './ask.ts'

const shape = z.strictObject({
  claims: z.array(z.strictObject({ statement: z.int().min(1), claim: z.string().trim().min(1) })),
})
type Split = z.infer<typeof shape>

/** The claims of each statement; null: unmeasured, as the judge left the statement or a figure of it out. */
export async function splitAnswer(
  judge: Judge,
  question: string,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<(readonly string[] | null)[]> {
  if (statements.length === 0) return []
  const numbered = statements.map((text, index) => `${index + 1}. ${quoted(text)}`).join('\n')
  const slots = { question: quoted(question), statements: numbered }
  const split = await judge.ask('split', slots, (reply) => readSplit(reply, statements.length), signal)
  return statements.map((text, index) => {
    const claims = split?.claims.filter(({ statement }) => statement === index + 1).map(({ claim }) => claim) ?? []
    return covers(claims, text) ? claims : null
  })
}

function readSplit(reply: string, statements: number): Reading<Split> {
  const reading = readJson(reply, shape)
  if ('fault' in reading) return reading
  const odd = reading.value.claims.find(({ statement }) => statement > statements)
  return odd ? { fault: `there is no statement ${odd.statement}` } : reading
}

/** A claim that is dropped would not be missed otherwise, and a wrong figure is what must not be. */
function covers(claims: readonly string[], statement: string): boolean {
  const told = new Set(claims.flatMap(figuresOf))
  return claims.length > 0 && figuresOf(statement).every((figure) => told.has(figure))
}

/** Digits without the commas between thousands, as "1,000" and "1000" say the same. */
function figuresOf(text: string): string[] {
  return text.replaceAll(/(?<=\d),(?=\d{3})/g, '').match(/\d+/g) ?? []
}
