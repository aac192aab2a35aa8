// What a worker says of a database that is away.
import { expect, it } from 'vitest'
import { tellOutages } from '../../store/outage.ts'

const coded = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:5432`), { code })

it('tells an outage in one line with its cause, and once a minute while it lasts', () => {
  const said: string[] = []
  let now = 0
  const tell = tellOutages(
    (message, error) => said.push(`${message}: ${(error as Error).message}`),
    () => now,
  )
  // Four hands that look every two seconds for two minutes.
  for (; now < 120_000; now += 2_000) {
    tell(new Error('Connection terminated unexpectedly'))
    for (let hand = 0; hand < 3; hand++)
      tell({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED', queue: 'documents' })
  }
  expect(said).toEqual([
    'the queue of documents waits for its database, and goes on when it is back: The database cannot be reached (Connection terminated unexpectedly).',
    'the queue of documents waits for its database, and goes on when it is back: The database cannot be reached (Connection terminated unexpectedly).',
  ])
})

it('tells each fault of another kind as it is', () => {
  const said: unknown[] = []
  const tell = tellOutages((_message, error) => said.push(error))
  const faults = [coded('42P01'), new TypeError('x'), coded('42P01')]
  for (const fault of faults) tell(fault)
  expect(said).toEqual(faults)
})
