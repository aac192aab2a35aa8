// An app behind a real socket, for the real clients of others.
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { App } from '../../server/app.ts'

export type Serving = { readonly url: string } & AsyncDisposable

export async function serving({ fetch }: Pick<App, 'fetch'>): Promise<Serving> {
  const { promise: listening, resolve } = Promise.withResolvers<AddressInfo>()
  const server = serve({ fetch, hostname: '127.0.0.1', port: 0 }, resolve)
  const { port } = await listening
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((done) => server.close(done))
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}
