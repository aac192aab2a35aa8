// A command whose server has closed its door and still holds the data directory.
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { pino } from 'pino'
import { connect } from '../../cli/connect.ts'
import { readConfig } from '../../core/config.ts'
import { lockDirectory } from '../../store/lock.ts'
import { temporaryFolder } from '../support/database.ts'

async function closedAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

it('says that the server is shutting down, and not that it has to be started', async () => {
  const dataDir = await temporaryFolder()
  const lock = lockDirectory(dataDir)
  const url = await closedAddress()
  lock.announce({ pid: process.pid, startedAt: new Date().toISOString(), url, token: 'secret' })
  const connection = await connect(readConfig({ DATA_DIR: dataDir }), pino({ level: 'silent' }))
  await expect(connection.request('/v1/search')).rejects.toThrow(
    `The server at ${url} does not answer. It is shutting down: try again in a moment`,
  )
  lock.release()
})
