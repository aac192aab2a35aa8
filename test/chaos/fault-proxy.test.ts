import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProxy, type NetworkFault, openFaultProxy } from '../support/fault-proxy.ts'

// Says back what it hears.
const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket))
let proxy: FaultProxy

beforeAll(async () => {
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  proxy = await openFaultProxy({ port: (echo.address() as AddressInfo).port })
})

afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  echo.close()
})

type Call = { readonly socket: Socket; readonly heard: () => number; readonly fault: Promise<string> }

function call(): Call {
  const socket = connect(proxy.port, '127.0.0.1')
  let heard = 0
  socket.on('data', ({ length }) => (heard += length))
  const fault = new Promise<string>((resolve) => {
    socket.once('error', ({ message }) => resolve(/ECONNRESET|EPIPE/.test(message) ? 'reset' : message))
    socket.once('end', () => resolve('end'))
  })
  return { socket, heard: () => heard, fault }
}

function through(fault: NetworkFault, bytes: number): Call {
  proxy.set(fault)
  const made = call()
  made.socket.write(Buffer.alloc(bytes, 'x'))
  return made
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(2)
}

describe('the fault proxy', () => {
  it('lets everything through', async () => {
    const { socket, heard, fault } = through({ type: 'pass' }, 1_000_000)
    await until(() => heard() === 1_000_000)
    socket.end()
    expect(await fault).toBe('end')
  })

  it('turns away who comes, and cuts who is there', async () => {
    const there = through({ type: 'pass' }, 10)
    await until(() => there.heard() === 10)
    const { fault } = through({ type: 'refuse' }, 10)
    expect([await there.fault, await fault]).toEqual(['reset', 'reset'])
  })

  it('resets a connection when something arrives, and not before', async () => {
    const there = through({ type: 'pass' }, 10)
    await until(() => there.heard() === 10)
    proxy.set({ type: 'reset' })
    await wait(30)
    expect(there.socket.destroyed).toBe(false)
    there.socket.write('x')
    expect(await there.fault).toBe('reset')
  })

  it('swallows everything, and goes on when it is told to', async () => {
    const there = through({ type: 'blackhole' }, 10)
    await wait(50)
    expect(there.heard()).toBe(0)
    proxy.set({ type: 'pass' })
    there.socket.write('hello')
    await until(() => there.heard() === 5)
    there.socket.destroy()
  })

  it('delays', async () => {
    const began = performance.now()
    const { socket, heard } = through({ type: 'delay', delayMs: 50 }, 10)
    await until(() => heard() === 10)
    // There and back.
    expect(performance.now() - began).toBeGreaterThan(95)
    socket.destroy()
  })

  it('throttles', async () => {
    const began = performance.now()
    const { socket, heard } = through({ type: 'throttle', bytesPerSecond: 10_000 }, 1_000)
    await until(() => heard() === 1_000)
    expect(performance.now() - began).toBeGreaterThan(80)
    socket.destroy()
  })

  it('cuts after so many bytes, counted from when it was told to', async () => {
    const there = through({ type: 'pass' }, 100)
    await until(() => there.heard() === 100)
    proxy.set({ type: 'cut', afterBytes: 7 })
    there.socket.write(Buffer.alloc(50))
    await there.fault
    expect(there.heard()).toBeGreaterThanOrEqual(100)
    expect(there.heard()).toBeLessThanOrEqual(107)
  })

  it('ends every connection at once', async () => {
    const calls = [through({ type: 'pass' }, 1), through({ type: 'pass' }, 1)]
    for (const { heard } of calls) await until(() => heard() === 1)
    proxy.cutAll()
    expect(await Promise.all(calls.map(({ fault }) => fault))).toEqual(['reset', 'reset'])
    await until(() => proxy.connections() === 0)
  })
})
