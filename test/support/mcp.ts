// The official client of the Model Context Protocol, of either of its generations.
import { type CallToolResult, Client, type Transport } from '@modelcontextprotocol/client'

/** 2025: with a handshake. 2026: every request says everything about itself. */
export const generations = ['legacy', 'auto'] as const

export async function connected(transport: Transport, mode: (typeof generations)[number] = 'auto'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(transport)
  return client
}

export function textOf({ content }: CallToolResult): string {
  const [part, ...rest] = content
  if (part?.type !== 'text' || rest.length > 0) throw new Error('The result is not one text.')
  return part.text
}
