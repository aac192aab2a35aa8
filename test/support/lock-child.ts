// A process that takes the lock of a data directory and holds it until it is killed, or says why it cannot.
import { lockDirectory } from '../../store/lock.ts'

const [dir = '', url = ''] = process.argv.slice(2)
try {
  const lock = lockDirectory(dir)
  if (url) lock.announce({ pid: process.pid, startedAt: new Date().toISOString(), url, token: 'secret-token' })
  process.stderr.write('locked\n')
  setInterval(() => {}, 60_000)
} catch (error) {
  process.stderr.write(`refused: ${error instanceof Error ? error.message : String(error)}\n`)
}
