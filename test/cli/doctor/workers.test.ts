import { describe, expect, it } from 'vitest'
import { checkWorkers } from '../../../cli/doctor/workers.ts'
import { describeLearning } from '../../../cli/status.ts'

describe('documents that wait', () => {
  it('for a worker that there is not must be changed', () => {
    expect(checkWorkers({ workers: 0, documents: 12 }, { workers: 'only' })).toMatchObject({
      level: 'wrong',
      found: '12 documents wait for a worker, and none is running',
      remedy: expect.stringContaining('npm run worker') as string,
    })
  })

  it('for workers that are alive are fine', () => {
    expect(checkWorkers({ workers: 3, documents: 12 }, { workers: 'only' })).toMatchObject({ level: 'fine' })
  })

  it('are counted beside the workers, whether or not these are busy', () => {
    expect([0, 1, 12].map((documents) => describeLearning({ workers: 3, documents }))).toEqual([
      '3 workers, nothing waits',
      '3 workers, 1 document waits',
      '3 workers, 12 documents wait',
    ])
    expect(describeLearning({ workers: 0, documents: 2 })).toContain('npm run worker')
  })
})

describe('a database without workers where nothing waits', () => {
  it('is worth a look only when servers learn nothing themselves', () => {
    const levels = (['only', 'beside'] as const).map((workers) =>
      checkWorkers({ workers: 0, documents: 0 }, { workers }),
    )
    expect(levels).toMatchObject([{ level: 'look' }, { level: 'fine' }])
  })
})
