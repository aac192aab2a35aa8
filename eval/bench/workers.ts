// Workers as people start them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../core/errors.ts'

export type Worker = { readonly pid: number; readonly stop: () => Promise<void> }

const root = fileURLToPath(new URL('../../', import.meta.url))

/** npm run worker for this database; it takes documents when this resolves. */
export async function startWorker(databaseUrl: string): Promise<Worker> {
  const child = spawn(process.execPath, ['cli/main.ts', 'worker'], {
    cwd: root,
    env: { DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'close')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part))
  while (!said.includes('this worker learns')) {
    const [part] = (await Promise.race([once(child.stderr, 'data'), ended])) as [unknown]
    if (typeof part !== 'string') throw new AppError('bench-failed', `A worker did not start: ${said}`)
  }
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
