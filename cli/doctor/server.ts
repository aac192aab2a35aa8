// The running server: is it alive, can it answer, and does it run with the settings that are configured now?
import type { Config } from '../../core/config.ts'
import { fine, type Finding, look, wrong } from './finding.ts'
import { failureOf } from './stream.ts'

const PATIENCE_MS = 5_000

type Readiness = {
  readonly reason?: string
  readonly models?: { readonly generator: string | null; readonly embedder: string }
}

/** `url` is null when none runs. */
export async function checkServer(config: Config, url: string | null, signal: AbortSignal): Promise<Finding[]> {
  if (url === null) return [look('none is running', 'Start it: npm start')]
  try {
    const health = await ask(url, '/health', signal)
    if (!health.ok) return [wrong(`${url}/health answers ${health.status}`, 'Start it anew, and read its log.')]
    const ready = await ask(url, '/ready', signal)
    const { reason, models } = (await ready.json()) as Readiness
    if (!ready.ok)
      return [
        wrong(`${url} is not ready: ${reason ?? `status ${ready.status}`}`, remedies[reason ?? ''] ?? 'Read its log.'),
      ]
    return [fine(`${url} is ready`), ...otherModel(config, models?.generator ?? null)]
  } catch (error) {
    signal.throwIfAborted()
    return [wrong(`${url} does not answer (${failureOf(error)})`, 'Start it anew: npm start')]
  }
}

const remedies: Readonly<Record<string, string>> = {
  'shutting down': 'Start it again: npm start',
  'the database does not answer': 'See the store above; a database that is up again is found without a start.',
}

async function ask(url: string, path: string, signal: AbortSignal): Promise<Response> {
  return await fetch(new URL(path, url), { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) })
}

function otherModel({ provider }: Config, running: string | null): Finding[] {
  const configured = provider?.chatModel ?? null
  if (running === configured) return []
  const names = [running, configured].map((name) => name ?? 'extracts')
  return [
    look(
      `it runs with ${names[0]}, configured is ${names[1]}`,
      'Restart it with this configuration, if that is meant.',
    ),
  ]
}
