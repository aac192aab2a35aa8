// What is asked of which servers, and when: times are milliseconds of the machine's clock.

export type Asked = { readonly question: string; readonly dueAt: number }

/** In turns of the servers. */
export type Asking = { readonly urls: readonly string[]; readonly asked: readonly Asked[] }

/** Requests as they are written, in turns of the servers, on so many connections at most. */
export type Sending = {
  readonly urls: readonly string[]
  readonly sent: readonly { readonly request: string; readonly dueAt: number }[]
  readonly connections: number
}

type Headers = Readonly<Record<string, string>>

export function requestOf(path: string, host: string, body: object, headers: Headers = {}): string {
  const json = JSON.stringify(body)
  const more = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(json)), ...headers }
  return `${headOf('POST', path, host, more)}${json}`
}

export function headOf(method: string, path: string, host: string, headers: Headers = {}): string {
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
