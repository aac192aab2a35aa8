// The system's git as a child process that asks nobody anything, runs nobody's hooks and speaks only what is allowed.
import { spawn } from 'node:child_process'
import { SourceError } from '../../core/errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type Git = (args: readonly string[], signal: AbortSignal) => Promise<Buffer>

const LONGEST_MS = 600_000
// A listing of half a million files.
const MOST_BYTES = 64_000_000

// What git and ssh need of the user's environment: where programs, keys and certificates lie, and nothing that steers git.
const passedOn = ['PATH', 'HOME', 'USER', 'SSH_AUTH_SOCK', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'SystemRoot', 'TMPDIR']

/** `protocol` is the only one that git may speak, `above` a folder that it does not look into for a repository. Throws SourceError. */
export function openGit(source: string, environment: Environment, protocol: string, above: string): Git {
  const env = {
    ...Object.fromEntries(
      passedOn.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
    ),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_ALLOW_PROTOCOL: protocol,
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CEILING_DIRECTORIES: above,
  }
  return (args, signal) => run(source, [...careful, ...args], env, signal)
}

const careful = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'protocol.ext.allow=never',
  'transfer.fsckObjects=true',
  'http.followRedirects=false',
  'gc.autoDetach=false',
  'maintenance.autoDetach=false',
].flatMap((setting) => ['-c', setting])

function run(source: string, args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal, timeout: LONGEST_MS })
    const parts: Buffer[] = []
    let bytes = 0
    let told = ''
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes > MOST_BYTES) child.kill()
      else parts.push(part)
    })
    child.stderr.on('data', (part: Buffer) => {
      told = `${told}${part.toString()}`.slice(-2_000)
    })
    child.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : startFault(source, error)))
    child.on('close', (code) => {
      if (code === 0 && bytes <= MOST_BYTES) resolve(Buffer.concat(parts))
      else reject(signal.aborted ? (signal.reason as Error) : failure(source, told, code))
    })
  })
}

function startFault(source: string, cause: Error): SourceError {
  const missing = 'code' in cause && cause.code === 'ENOENT'
  const sentence = missing
    ? 'needs git, which is not installed or not on the PATH: install git'
    : `could not be read, because git did not start (${cause.message})`
  return new SourceError(missing ? 'no-git' : 'git-failed', source, `${source} ${sentence}`, { cause })
}

function failure(source: string, told: string, code: number | null): SourceError {
  const lines = told.split('\n').filter((line) => line.trim() !== '')
  const said =
    lines.find((line) => /^(?:fatal|error):/.test(line)) ?? lines.at(-1) ?? `it ended with ${code ?? 'a signal'}`
  return new SourceError('git-failed', source, `${source} could not be read by git: ${said.slice(0, 300)}`)
}
