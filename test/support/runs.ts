// Questions as a run keeps them, without having been asked: as much of each as a test says.
import type { Asked, Outcome, Run } from '../../eval/record.ts'

function outcomeWith(more: Partial<Outcome> = {}): Outcome {
  return {
    query: '',
    status: 'answered',
    reason: null,
    missing: [],
    confidence: null,
    answer: '',
    statements: [],
    citations: [],
    passages: [],
    evidence: null,
    ...more,
  }
}

export function askedWith(id: string, more: Partial<Asked> = {}): Asked {
  return {
    id,
    kind: 'direct',
    cluster: id,
    hash: `hash of ${id}`,
    answerable: true,
    question: `What is ${id}?`,
    history: [],
    facts: [],
    places: [],
    fault: null,
    outcome: outcomeWith(),
    held: { passages: [], citations: [] },
    scores: {},
    ...more,
  }
}

export function runWith(questions: readonly Asked[], more: Partial<Run> = {}): Run {
  return {
    schema: 'footnote-run/1',
    name: 'run',
    set: { file: 'set.jsonl', hash: 'set-1' },
    library: { folder: 'library', hash: 'library-1' },
    environment: { node: 'v24', commit: null, product: 'product-1' },
    options: {},
    questions: [...questions],
    timingsMs: Object.fromEntries(questions.map(({ id }) => [id, { retrieve: 2, firstText: 0, total: 10 }])),
    ...more,
  }
}
