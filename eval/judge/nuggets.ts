// Which of the facts that a right answer needs are in it? Recall alone: what else the answer says is not looked at.
import { z } from 'zod'
import { quoted } from '../../server/answer/reply.ts'
import { type Judge, readJson, type Reading } from './ask.ts'
import { type Support, supportShape } from './support.ts'

const shape = z.strictObject({
  facts: z.array(z.strictObject({ fact: z.int().min(1), support: supportShape, evidence: z.string() })),
})
type Found = z.infer<typeof shape>

type Answered = {
  readonly question: string
  readonly answer: string
  /** each a list of wordings that mean the same */
  readonly facts: readonly (readonly string[])[]
}

/** The support of each fact, all of them vital (TREC RAG 2024, AutoNuggetizer); null: unmeasured. */
export async function askNuggets(
  judge: Judge,
  { question, answer, facts }: Answered,
  signal: AbortSignal,
): Promise<(Support | null)[]> {
  // What says nothing holds no fact, and where no fact is asked for there is nothing to find.
  if (answer.trim() === '' || facts.length === 0) return facts.map(() => 'none')
  const numbered = facts.map((wordings, index) => `${index + 1}. ${JSON.stringify(wordings)}`).join('\n')
  const slots = { question: quoted(question), facts: numbered, answer: quoted(answer) }
  const found = await judge.ask('nuggets', slots, (reply) => readFound(reply, answer, facts.length), signal)
  return facts.map((_, index) => found?.facts.find(({ fact }) => fact === index + 1)?.support ?? null)
}

function readFound(reply: string, answer: string, facts: number): Reading<Found> {
  const reading = readJson(reply, shape)
  if ('fault' in reading) return reading
  const numbers = reading.value.facts.map(({ fact }) => fact)
  const isComplete = Array.from({ length: facts }, (_, index) => index + 1).every((n) => numbers.includes(n))
  if (!isComplete || numbers.length !== facts) return { fault: `every fact from 1 to ${facts} needs one verdict` }
  const odd = reading.value.facts.find(({ support, evidence }) =>
    support === 'none' ? false : evidence.trim() === '' || !answer.includes(evidence),
  )
  return odd ? { fault: `"evidence" of fact ${odd.fact} does not stand letter by letter in the answer` } : reading
}
