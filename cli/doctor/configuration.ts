// The settings and what they run on: every fault at once, names that are nearly those of settings, Node's version.
import { type Config, readConfig } from '../../core/config.ts'
import { settings } from '../../core/settings.ts'
import { ConfigError } from '../../core/errors.ts'
import { isLoopback } from '../../core/sites.ts'
import { isPublic } from '../../server/http/limits.ts'
import { distance } from '../../server/answer/spelling.ts'
import { fine, type Finding, look, wrong } from './finding.ts'

type Environment = Readonly<Record<string, string | undefined>>

// TypeScript without a build, node:sqlite and the compile cache; what the packages are locked and tested with.
const OLDEST_NODE = 24

/** The configuration is null when it has faults: what depends on it cannot be checked then. */
export function checkConfiguration(
  env: Environment,
  nodeVersion = process.versions.node,
): { readonly config: Config | null; readonly findings: readonly Finding[] } {
  const around = [...misspelt(env), nodeFinding(nodeVersion)]
  try {
    const config = readConfig(env)
    const set = Object.keys(settings).filter((name) => env[name]?.trim())
    const found = set.length === 0 ? 'nothing is set, everything is at its default' : `${set.join(', ')}: no fault`
    return { config, findings: [fine(found), ...openDoor(config), ...around] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: null, findings: [...error.faults.map(toFinding), ...around] }
  }
}

/** "PORT: "x" is not a port. Expected: …" → what was found, and what to write instead. */
function toFinding(fault: string): Finding {
  const [, found = fault, expected] = /^([\s\S]*?)\. Expected: ([\s\S]*)$/.exec(fault) ?? []
  return wrong(found, `Expected: ${expected ?? 'as the line above says'}. Set it in the environment or in .env.`)
}

/** A setting under a name that is nearly right is silently not set. Short names have too many neighbours. */
function misspelt(env: Environment): Finding[] {
  const known = Object.keys(settings)
  return Object.keys(env)
    .filter((name) => !known.includes(name) && name.length >= 7)
    .flatMap((name) => {
      const meant = known.find((setting) => distance(name.toUpperCase().replaceAll('-', '_'), setting, 2) <= 2)
      return meant ? [look(`${name} is set and is no setting`, `Write ${meant}, if that is what is meant.`)] : []
    })
}

function nodeFinding(version: string): Finding {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return fine(`Node ${version}`)
  return wrong(
    `Node ${version} is too old`,
    `Run the commands through npm ("npm start"), which brings Node ${OLDEST_NODE} along, or install it.`,
  )
}

function openDoor(config: Config): Finding[] {
  const { host, port, publishedHost } = config
  if (isPublic(config)) return [fine(`whoever reaches port ${port} has to show a key`)]
  if (isLoopback(host)) return []
  return [
    look(
      `PUBLISHED_HOST=${publishedHost} says that only this machine reaches port ${port}, and nobody has to show a key`,
      'Publish the port on this address only, or set PUBLISHED_HOST to the one where it is published.',
    ),
  ]
}
