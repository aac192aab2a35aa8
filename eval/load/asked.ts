// What is asked of which servers, and when: times are milliseconds of the machine's clock.

export type Asked = { readonly question: string; readonly dueAt: number }

/** In turns of the servers. */
export type Asking = { readonly urls: readonly string[]; readonly asked: readonly Asked[] }

export function requestOf(path: string, host: string, body: object): string {
  const json = JSON.stringify(body)
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json`
  return `${head}\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`
}
