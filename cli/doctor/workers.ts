// Who learns documents on Postgres: does anybody, while some wait?
import type { Config } from '../../core/config.ts'
import type { Waiting } from '../reader.ts'
import { describeLearning } from '../status.ts'
import { fine, type Finding, look, wrong } from './finding.ts'

export function checkWorkers({ workers, documents }: Waiting, config: Pick<Config, 'workers'>): Finding {
  if (workers > 0) return fine(describeLearning({ workers, documents }))
  if (documents > 0)
    return wrong(
      `${documents === 1 ? '1 document waits' : `${documents} documents wait`} for a worker, and none is running`,
      'Start one: npm run worker.',
    )
  if (config.workers === 'beside') return fine('none is running; a server learns beside its answers')
  return look('WORKERS=only, and no worker is running: nothing can be learned', 'Start one: npm run worker.')
}
