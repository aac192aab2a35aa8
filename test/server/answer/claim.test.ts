// What a sentence may say otherwise than its source, and what it may not: figures, dates, units, names, and "not".
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../../core/types.ts'
import { createGrounds } from '../../../server/answer/ground.ts'
import { passageOf } from '../../support/passages.ts'

function verdictFor(sentence: string, source: string): Verdict {
  const grounds = createGrounds([passageOf(source)])
  return grounds.judge(sentence, grounds.lock(sentence, 1)).verdict
}

describe('the same in other words is supported', () => {
  it.each([
    ['The queue holds 10k jobs per shard', 'Each shard of the queue holds 10,000 jobs.'],
    [
      'The queue holds 10 000 jobs per shard'.replace(' 000', ',000'),
      'Each shard of the queue holds ten thousand jobs.',
    ],
    ['The cache answers in 50 milliseconds', 'The cache answers in 50 ms.'],
    ['The cache answers in 1 s', 'The cache answers in 1,000 ms.'],
    ['The cache holds 1.5 GB of keys', 'The cache holds 1,500 MB of keys.'],
    ['The fleet runs 5 workers', 'The fleet runs five workers.'],
    ['The fleet runs twenty-five workers', 'The fleet runs 25 workers.'],
    ['The switch cut cost by 30 percent', 'The switch cut cost by 30%.'],
    ['A tenth of the workers is kept back', 'The fleet keeps back 10% of its workers.'],
    ['Traffic may use nine tenths of the fleet', 'Traffic may use up to 90% of the fleet.'],
    ['Half of the shards hold a third of the rows', '50% of the shards hold 33% of the rows.'],
    ['The switch cost $2.5 million in total', 'In total the switch cost $2,500,000.'],
    ['The outage began on 30 March 2017', 'On March 30th, 2017 the outage began.'],
    ['The outage began on 2017-03-30', 'The outage began on March 30, 2017.'],
    ['The outage began in March 2017', 'The outage began on 30/03/2017.'],
    ['The outage lasted through the 2018–19 season', 'The outage lasted through the 2018-2019 season.'],
    ['Google File System stores chunks in triplicate', 'Google File System (GFS) stores chunks in triplicate.'],
    ['GFS stores chunks in triplicate', 'Google File System stores chunks in triplicate.'],
    ['Upgrade the driver to 1.2.3 first', 'First upgrade the driver to v1.2.3.'],
    ['The view `pg_stat` lists open sessions', 'Open sessions are listed by the view pg_stat.'],
    ["The limiter doesn't block reads", 'The limiter does not block reads.'],
    ['The design avoids locks on reads', 'The design takes reads without locks.'],
    ['The lock-free design serves reads', 'The design serves reads without locks.'],
  ])('%j of %j', (sentence, source) => {
    expect(verdictFor(sentence, source)).toBe('supported')
  })
})

describe('what a reader is hurt by is never supported', () => {
  it.each([
    ['another number', 'The queue holds 12,000 jobs per shard', 'Each shard of the queue holds 10,000 jobs.'],
    ['another scale', 'The queue holds 10 million jobs', 'The queue holds 10 billion jobs.'],
    ['another unit', 'The cache answers in 50 s', 'The cache answers in 50 ms.'],
    ['another fraction', 'A quarter of the requests is refused', 'A third of the requests is refused.'],
    ['no percent', 'The switch cut cost by 30 dollars', 'The switch cut cost by 30%.'],
    ['another rate', 'The gateway serves 10 requests per minute', 'The gateway serves 10 requests per second.'],
    ['the number of something else', 'Notion runs 480 databases', 'Notion runs 480 shards on 32 databases.'],
    ['another day', 'The outage began on March 29, 2017', 'The outage began on March 30, 2017.'],
    ['another year', 'The outage began in March 2018', 'The outage began on March 30, 2017.'],
    ['another version', 'Upgrade the driver to v1.2.4 first', 'First upgrade the driver to v1.2.3.'],
    ['another identifier', 'The view pg_locks lists open sessions', 'Open sessions are listed by the view pg_stat.'],
    ['another name', 'The limiter keeps its counts in Memcached', 'The limiter keeps its counts in Redis.'],
    ['another subject', 'Kafka keeps the counts of users', 'Redis keeps the counts of users.'],
    ['a not too many', 'The limiter does not block reads', 'The limiter blocks reads.'],
    ['a not too few', 'The limiter blocks reads', 'The limiter does not block reads.'],
    ['never', 'The limiter never blocks reads', 'The limiter blocks reads.'],
    ['no longer', 'The limiter no longer blocks reads', 'The limiter blocks reads.'],
    ['without', 'The design takes reads without locks', 'The design takes locks for reads.'],
    ['the opposite', 'The shards are merged after the switch', 'The shards are merged before the switch.'],
    ['the opposite by its prefix', 'Replies of the cache are unordered', 'Replies of the cache are ordered.'],
    [
      'a copy with another number of the passage',
      'The ring has 64 nodes in Oregon',
      'The ring has 16 nodes in Oregon. Its 64 nodes ring another in Ohio.',
    ],
  ])('%s: %j of %j', (_, sentence, source) => {
    expect(verdictFor(sentence, source)).not.toBe('supported')
  })
})
